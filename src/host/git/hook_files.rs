//! A hook's file and the one kept beside it: what lies there, and each change as one step of the file system, so that a
//! kill between two steps leaves every byte of the user's under a name.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::model::hooks::folder::{FolderOwner, HooksFolder};
use crate::model::hooks::partner::Partner;
use crate::model::hooks::step::{FoundHook, HookStep};
use crate::model::hooks::text::GitHook;

/// Longer than any hook of ours: what is longer is foreign, and read no further.
const LONGEST: u64 = 64 * 1024;

/// The names of one hook in one folder.
#[derive(Clone, Debug)]
pub struct HookPlace {
    hook: GitHook,
    target: PathBuf,
    chained: PathBuf,
}

impl HookPlace {
    /// The hook `hook` in `folder`: under its own name, or where pre-commit put ours when it took that name. From there
    /// pre-commit calls ours, which must then not call pre-commit.
    #[must_use]
    pub fn new(folder: &Path, hook: GitHook) -> Self {
        let (usual, legacy) = (folder.join(hook.name()), legacy(folder, hook));
        let is_moved = found(&legacy, hook).is_ours()
            && plain_text(&usual).is_some_and(|text| Partner::find_in(&text) == Some(Partner::PreCommit));
        let target = if is_moved { legacy } else { usual };
        Self { hook, target, chained: folder.join(hook.chained_name()) }
    }

    /// Reads what lies at the hook's name and at the chained one's.
    #[must_use]
    pub fn read(&self) -> (FoundHook, FoundHook) {
        (found(&self.target, self.hook), found(&self.chained, self.hook))
    }

    /// Answers whether the hook and the chained one are the same to the byte, in content and mode.
    #[must_use]
    pub fn is_twins(&self) -> bool {
        let mode = |path: &Path| path.symlink_metadata().ok().map(|found| found.mode());
        mode(&self.target).is_some()
            && mode(&self.target) == mode(&self.chained)
            && files::is_same_tree(&self.target, &self.chained)
    }

    /// Returns the path of the hook that was kept.
    #[must_use]
    pub fn chained(&self) -> &Path {
        &self.chained
    }

    /// Removes what a killed command left of ours under the names it writes to first.
    pub fn sweep_drafts(&self) {
        for path in [&self.target, &self.chained] {
            let draft = draft(path);
            if found(&draft, self.hook).is_ours() {
                let _ = fs::remove_file(draft);
            }
        }
    }

    /// Removes our file from where lefthook puts the hook that it found, and calls it no more; answers whether it did.
    pub fn remove_aside(&self) -> bool {
        let aside = self.chained.with_file_name(format!("{}.old", self.hook.name()));
        found(&aside, self.hook).is_ours() && fs::remove_file(aside).is_ok()
    }

    /// Takes one step, after a last look at what it acts on.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`; `hook_foreign` when something else lies there than was planned for.
    pub fn take(&self, step: HookStep) -> Result<()> {
        let (target, chained) = self.read();
        let expected = match step {
            HookStep::Write => target == FoundHook::Nothing,
            HookStep::Renew | HookStep::Remove => target.is_ours(),
            HookStep::Chain => {
                target != FoundHook::Nothing && !target.is_ours() && chained == FoundHook::Nothing
            }
            HookStep::DropCopy => chained.is_ours(),
            HookStep::Supersede | HookStep::DropTwin => !target.is_ours() && self.is_twins(),
            HookStep::Restore => {
                (target == FoundHook::Nothing || target.is_ours()) && chained != FoundHook::Nothing
            }
        };
        if !expected {
            return Err(Failure::new(
                Code::HookForeign,
                format!("{} changed while it was being worked on", self.target.display()),
            )
            .hint("run the command again"));
        }
        match step {
            HookStep::Write => self.write_new(&self.target),
            HookStep::Renew | HookStep::Supersede => {
                files::replace(&self.target, self.hook.shim().as_bytes(), 0o755)
            }
            HookStep::Chain => self.chain(),
            HookStep::DropCopy | HookStep::DropTwin => remove(&self.chained),
            HookStep::Restore if target == FoundHook::Nothing => {
                files::rename_new(&self.chained, &self.target)
            }
            HookStep::Restore => {
                fs::rename(&self.chained, &self.target).map_err(|error| refused(&self.target, error))
            }
            HookStep::Remove => remove(&self.target),
        }?;
        // What cannot be made durable is still there: a power loss undoes the step, never half of it.
        let _ = self.target.parent().map(files::sync_folder);
        Ok(())
    }

    /// Writes our file whole at a name where nothing lies.
    fn write_new(&self, path: &Path) -> Result<()> {
        let draft = draft(path);
        files::replace(&draft, self.hook.shim().as_bytes(), 0o755)?;
        files::rename_new(&draft, path).inspect_err(|_| {
            let _ = fs::remove_file(&draft);
        })
    }

    /// Our file is laid under the chained name and exchanged with the user's: each name always has one of the two.
    fn chain(&self) -> Result<()> {
        self.write_new(&self.chained)?;
        match renameat_with(CWD, &self.chained, CWD, &self.target, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(()),
            // A file system without an exchange (NFS): the user's is kept first, then ours takes its place.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
                remove(&self.chained)?;
                files::rename_new(&self.target, &self.chained)?;
                self.write_new(&self.target)
            }
            Err(error) => {
                let _ = fs::remove_file(&self.chained);
                Err(refused(&self.target, error.into()))
            }
        }
    }
}

/// Where pre-commit keeps the hook that it found, which it calls first.
pub(super) fn legacy(folder: &Path, hook: GitHook) -> PathBuf {
    folder.join(format!("{}.legacy", hook.name()))
}

fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    path.with_file_name(format!("{name}.wt-new"))
}

/// Reads what lies at `path`, as a hook `hook`.
#[must_use]
pub fn found(path: &Path, hook: GitHook) -> FoundHook {
    let Ok(metadata) = path.symlink_metadata() else { return FoundHook::Nothing };
    if metadata.is_symlink() {
        return FoundHook::Link;
    }
    if !metadata.is_file() {
        return FoundHook::Strange;
    }
    let bytes =
        if metadata.len() > LONGEST { Vec::new() } else { files::read_plain(path).unwrap_or_default() };
    let executable = metadata.permissions().mode() & 0o111 != 0;
    FoundHook::File { author: hook.authorship(&bytes), executable }
}

/// Returns the text that git would run at `path`, links followed; `None` where it would run nothing.
#[must_use]
pub fn runnable_text(path: &Path) -> Option<Vec<u8>> {
    let runs = path.metadata().is_ok_and(|found| found.permissions().mode() & 0o111 != 0);
    runs.then(|| plain_text(path)).flatten()
}

/// Reads a file of the length of a hook, links followed; nothing else is opened, since a pipe would never end.
pub(super) fn plain_text(path: &Path) -> Option<Vec<u8>> {
    let metadata = path.metadata().ok()?;
    let is_short = metadata.is_file() && metadata.len() <= LONGEST;
    is_short.then(|| files::read_plain(path).ok()).flatten()
}

/// Looks at a hooks folder.
#[must_use]
pub fn folder_facts(path: &Path) -> HooksFolder {
    let path = super::paths::canonical(path);
    let metadata = path.metadata().ok();
    let us = rustix::process::geteuid().as_raw();
    let our_group = rustix::process::getegid().as_raw();
    let owner = metadata.as_ref().map(|found| FolderOwner {
        is_us: found.uid() == us,
        is_our_group: found.gid() == our_group,
        mode: found.mode() & 0o7777,
    });
    HooksFolder { path, owner, is_file: metadata.is_some_and(|found| !found.is_dir()) }
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| refused(path, error))
}

fn refused(path: &Path, error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Permission, format!("{} cannot be changed", path.display()))
}
