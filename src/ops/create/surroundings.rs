//! What a new worktree's place changes for git and is easily missed: a folder inside of the main worktree would be
//! untracked there, and hooks that a tool keeps in an untracked folder are not in the new one.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::host::exclude;
use crate::host::git::Repository;
use crate::host::interrupt::Interrupt;
use crate::model::registry::journal::Journal;

/// Tells git to ignore the new worktree where it lies inside of another one, and returns what should be known.
pub fn attend(repository: &Repository, path: &Path, journal: &Journal, interrupt: &Interrupt) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Err(failure) = exclude_inside(repository, path, journal, interrupt) {
        warnings.push(format!("the worktree around it will show {} as untracked: {failure}", path.display()));
    }
    warnings.extend(missing_hooks(repository, path));
    warnings.extend(repository.links_in_words());
    warnings
}

/// In the main worktree the line names the topmost folder that this create made, so that the worktrees beside it need none of
/// their own.
fn exclude_inside(
    repository: &Repository,
    path: &Path,
    journal: &Journal,
    interrupt: &Interrupt,
) -> Result<()> {
    let Some(around) = find_around(repository, path) else { return Ok(()) };
    if repository.is_ignored_in(&around, path)? {
        return Ok(());
    }
    // The line counts in all worktrees: of a folder that is new in a linked one the others may have files.
    let is_new = |folder: &&Path| folder.starts_with(&around) && *folder != around;
    let new = journal.new_parents.iter().map(PathBuf::as_path).find(is_new);
    let ignored = new.filter(|_| around == repository.root()).unwrap_or(path);
    let Ok(relative) = ignored.strip_prefix(&around) else { return Ok(()) };
    exclude::add_folder(repository.common_dir(), relative, interrupt)
}

/// Returns the innermost worktree of the repository that the path lies in.
fn find_around(repository: &Repository, path: &Path) -> Option<PathBuf> {
    let above = path.ancestors().skip(1).find(|folder| folder.join(".git").symlink_metadata().is_ok())?;
    let is_main = !repository.is_bare() && above == repository.root();
    (is_main || repository.find_admin_named_by(above).is_some()).then(|| above.to_path_buf())
}

/// A tool such as husky sets a relative `core.hooksPath` to a folder that git does not track: each worktree needs the
/// tool's own setup.
fn missing_hooks(repository: &Repository, path: &Path) -> Option<String> {
    let folder = repository.relative_hooks_folder(path)?;
    let is_left_behind =
        !repository.is_bare() && repository.root().join(&folder).is_dir() && !path.join(&folder).is_dir();
    is_left_behind.then(|| {
        format!(
            "git's hooks do not run in this worktree yet: `core.hooksPath` is {}, which git does not bring along; \
             the tool that made it does (husky: `npm install`)",
            folder.display()
        )
    })
}
