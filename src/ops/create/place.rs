//! The folder of a new worktree: refused where something is already.

use std::path::Path;

use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::registry::table::Registry;

/// Refuses a path where something is; answers whether an empty folder stands there.
pub(super) fn require_free_path(repository: &Repository, registry: &Registry, path: &Path) -> Result<bool> {
    if let Some(taken) = registry.find_at(path) {
        let remove = wt("remove {}", &[&taken.name]);
        let is_here = repository.find_id().as_ref() == Some(&taken.repository_id);
        let remove = if is_here { remove } else { remove.at(taken.repository.display()) };
        let hint = if taken.is_main() {
            "give another folder with `--path`".to_owned()
        } else {
            format!("`{remove}` takes it back, or give another folder with `--path`")
        };
        return Err(Failure::new(
            Code::WorktreeExists,
            format!("{} is recorded as worktree `{}`", path.display(), taken.name),
        )
        .hint(hint));
    }
    if let Some(registered) = repository.find_worktree(path)? {
        let hint =
            if registered.missing { "`wt prune` drops it" } else { "give another folder with `--path`" };
        return Err(Failure::new(Code::WorktreeExists, format!("{} is a worktree already", path.display()))
            .hint(hint));
    }
    if path.starts_with(repository.common_dir()) {
        return Err(Failure::new(
            Code::PathNotEmpty,
            format!("{} lies inside the git directory", path.display()),
        )
        .hint("give another folder with `--path`"));
    }
    let Ok(found) = path.symlink_metadata() else {
        return require_free_parents(path).map(|()| false);
    };
    let empty = found.is_dir() && path.read_dir().is_ok_and(|mut entries| entries.next().is_none());
    if empty {
        return Ok(true);
    }
    let what = if found.is_dir() { "is a folder with something in it" } else { "is a file" };
    Err(Failure::new(Code::PathNotEmpty, format!("{} {what}", path.display()))
        .hint("move it away, choose another identifier, or give another folder with `--path`")
        .detail("path", path.display().to_string()))
}

/// Refuses a path below something that is not a folder.
fn require_free_parents(path: &Path) -> Result<()> {
    match path.ancestors().skip(1).find(|above| above.symlink_metadata().is_ok()) {
        Some(above) if !above.is_dir() => {
            Err(Failure::new(Code::PathNotEmpty, format!("{} is not a folder", above.display()))
                .hint("move it away, or give another folder with `--path`"))
        }
        _ => Ok(()),
    }
}
