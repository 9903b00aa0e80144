//! Worktrees whose record in git is damaged or names the folder of another: what there is to say of them, and what helps.

use std::path::Path;

use crate::error::{Code, Failure, Result};
use crate::host::git::{GitWorktree, RecordDamage, Repository};
use crate::model::advised::{git, wt};
use crate::model::checks::git::let_follow;
use crate::ops::rows::WorktreeRow;

/// Proves that the folder is the worktree's own and its record whole: two of git's records may name one folder.
///
/// # Errors
///
/// `git_failed`, with what helps.
pub fn require_own(repository: &Repository, row: &WorktreeRow) -> Result<()> {
    match of_row(repository, row) {
        Some((worktree, damage)) => Err(refusal(repository, &row.name(), worktree, &damage)),
        None => repository.require_own(row.path()),
    }
}

/// Returns what is wrong with git's record of the row's worktree.
#[must_use]
pub fn of_row<'a>(repository: &Repository, row: &'a WorktreeRow) -> Option<(&'a GitWorktree, RecordDamage)> {
    let worktree = row.worktree.as_ref()?;
    repository.damage(worktree).map(|damage| (worktree, damage))
}

/// Answers whether a record stays as it is: one that changed just now somebody may be writing.
#[must_use]
pub fn is_for_good(repository: &Repository, worktree: &GitWorktree, damage: &RecordDamage) -> bool {
    matches!(damage, RecordDamage::Displaced(_)) || repository.is_settled(worktree)
}

/// Says what is wrong.
#[must_use]
pub fn in_words(worktree: &GitWorktree, damage: &RecordDamage) -> String {
    let path = worktree.path.display();
    match damage {
        RecordDamage::Record(why) => format!("git's record of it is damaged: {why}"),
        RecordDamage::Displaced(owner) => {
            format!("git's record of it names {path}, which is the folder of the worktree `{owner}`")
        }
        RecordDamage::Unlinked(None) => {
            format!("{path} is there, and its `.git` does not lead to git's record of it")
        }
        RecordDamage::Unlinked(Some(other)) => {
            format!("{path} is there, and its `.git` leads to git's record of `{other}`")
        }
    }
}

/// Says what helps, the last resort included.
#[must_use]
pub fn cure(repository: &Repository, name: &str, path: &Path, damage: &RecordDamage) -> String {
    let prune = wt("prune {}", &[&name]);
    match damage {
        RecordDamage::Record(_) => {
            format!("`{prune}` puts git's record of it into the trash; its files stay where they are")
        }
        RecordDamage::Displaced(owner) => format!(
            "where its own folder is still there, `git worktree repair` in that one mends it; else `{prune}` puts the record \
             into the trash, and `{owner}` stays as it is"
        ),
        RecordDamage::Unlinked(Some(other)) => let_follow(repository.root(), path, other),
        RecordDamage::Unlinked(None) => format!(
            "`{}` makes the link anew where that folder is the worktree; else move it away",
            git("worktree repair", &[]).at(repository.root().display())
        ),
    }
}

/// The refusal of whatever needs a worktree that is whole.
#[must_use]
pub fn refusal(
    repository: &Repository,
    name: &str,
    worktree: &GitWorktree,
    damage: &RecordDamage,
) -> Failure {
    Failure::new(Code::GitFailed, format!("`{name}` is left alone: {}", in_words(worktree, damage)))
        .hint(cure(repository, name, &worktree.path, damage))
        .detail("path", worktree.path.display().to_string())
}
