//! The end of a worktree whose folder was deleted or moved by hand: its services end with it, as they are configured to.
//! What git was told of, as by `git worktree move`, is no end.

use super::supervisor::Supervisor;
use crate::host::git::is_moved_untold;
use crate::host::services::open_folder::OpenFolder;

/// git renames a folder first and writes its record after that: only what stays elsewhere was moved by hand.
const LOOKS: u32 = 2;

impl Supervisor<'_> {
    /// Ends everything once the folder is no worktree any more.
    pub(super) fn look_at_worktree(&mut self) {
        let Some(folder) = self.worktree.as_ref().filter(|_| !self.is_worktree_gone) else { return };
        let is_deleted = folder.is_deleted();
        let is_elsewhere = !is_deleted && is_elsewhere(folder);
        self.times_elsewhere = if is_elsewhere { self.times_elsewhere.saturating_add(1) } else { 0 };
        // What was deleted is nobody's any more; what was moved may be a worktree again, and keeps its record.
        self.is_worktree_gone = is_deleted;
        if is_deleted || self.times_elsewhere == LOOKS {
            self.stop_everything();
            self.work();
        }
    }
}

fn is_elsewhere(folder: &OpenFolder) -> bool {
    folder.find_path().is_some_and(|path| is_moved_untold(&path))
}
