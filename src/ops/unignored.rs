//! What `wt init` proposes to carry or to make, and git does not ignore: such a thing is never carried, and a worktree in which
//! it was made counts as changed.

use std::path::Path;

use crate::host::git::Repository;
use crate::model::import::made::made_by;
use crate::model::import::proposal::FileProposal;

/// Returns a sentence for each, with the line of `.gitignore` that is missing. What git tracks is meant to be there;
/// `untracked` are the paths that it does not (folders end in `/`).
pub(super) fn warnings(
    root: &Path,
    repository: &Repository,
    untracked: &[String],
    found: &FileProposal,
) -> Vec<String> {
    let is_ignored = |path: &str| {
        // What is not there yet is known to be a folder by what would lie in it.
        [path.to_owned(), format!("{path}/x")]
            .iter()
            .any(|path| repository.is_ignored(&root.join(path)).unwrap_or(true))
    };
    let is_tracked = |path: &str| {
        let is_new = |known: &String| {
            let known = known.trim_end_matches('/');
            Path::new(path).starts_with(known) || Path::new(known).starts_with(path)
        };
        root.join(path).symlink_metadata().is_ok() && !untracked.iter().any(is_new)
    };
    let is_missing = |path: &str| !is_ignored(path) && !is_tracked(path);
    let mut said: Vec<String> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for step in &found.setup {
        let Some(made) = made_by(&step.command) else { continue };
        if !named.contains(&made) && is_missing(&made) {
            said.push(format!(
                "git does not ignore {made}, which `{}` makes: every worktree would count as changed. Its line in .gitignore: \
                 /{made}/",
                step.command
            ));
            named.push(made);
        }
    }
    for one in &found.carry {
        let path = one.pattern.trim_start_matches('/').trim_end_matches('/');
        // A pattern may name many, or take one out again.
        let is_plain = !path.is_empty() && !path.contains(['*', '?', '[', '\\']) && !path.starts_with('!');
        if is_plain && !named.iter().any(|known| known == path) && is_missing(path) {
            let line = if root.join(path).is_dir() { format!("/{path}/") } else { format!("/{path}") };
            said.push(format!(
                "git does not ignore {path}, so it would not be carried. Its line in .gitignore: {line}"
            ));
            named.push(path.to_owned());
        }
    }
    said
}
