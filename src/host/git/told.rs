//! What the user was told about a worktree, noted in the folder that git keeps for it: it goes with the worktree.

use git2::{ObjectType, Oid};

use super::repository::Repository;
use crate::host::files;

const NOTE: &str = "wt-config-told";

impl Repository {
    /// Notes that the user is told about this text of the worktree's own configuration. Answers whether that is new.
    #[must_use]
    pub fn note_told(&self, admin: &str, text: &str) -> bool {
        let note = self.admin_dir(admin).join(NOTE);
        let Ok(id) = Oid::hash_object(ObjectType::Blob, text.as_bytes()) else { return true };
        let line = format!("{id}\n");
        if files::read_plain_text(&note).is_ok_and(|known| known == line) {
            return false;
        }
        // Without the note it is merely said again.
        let _ = files::make(&note, line.as_bytes(), 0o644);
        true
    }
}
