//! The mark of a stranger's code, written in both places: the record and git's folder of the worktree.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::branch::RemoteBranch;
use crate::model::foreign::{Followed, ForeignMark, WrittenMark};
use crate::model::registry::entry::Entry;
use crate::ops::branches;
use crate::ops::foreign::descent::of_commit;

/// Writes the mark of a recorded worktree, and returns the record.
///
/// # Errors
///
/// `not_found` where the record went meanwhile; when one of the two cannot be written.
pub fn write(context: &Context, repository: &Repository, entry: &Entry, mark: &ForeignMark) -> Result<Entry> {
    // First where it makes foreign, whatever becomes of the other.
    if !entry.admin.is_empty() {
        repository.write_foreign_mark(&entry.admin, mark)?;
    }
    let known = context.store()?.update(|registry| {
        let Some(known) = registry.find_by_sequence(entry.sequence) else {
            return Err(Failure::new(Code::NotFound, format!("`{}` was removed meanwhile", entry.name)));
        };
        known.notes.foreign.write(mark);
        Ok(known.clone())
    })?;
    Ok(Entry { path: entry.path.clone(), ..known })
}

/// Returns the mark of a worktree that something else made: the one that git's folder has, else a new one where its branch
/// or the commit that is checked out is a stranger's.
///
/// # Errors
///
/// `interrupted`; when the registry, the refs or git's configuration cannot be read.
pub fn of_adopted(
    context: &Context,
    repository: &Repository,
    admin: Option<&str>,
    branch: Option<&str>,
    commit: Option<&str>,
) -> Result<Option<ForeignMark>> {
    match admin.map_or(WrittenMark::Nothing, |admin| repository.foreign_mark(admin)) {
        WrittenMark::Mark(mark) => Ok(Some(*mark)),
        WrittenMark::Unreadable => Ok(Some(foreign())),
        WrittenMark::Nothing => {
            let followed = branch.map(|branch| repository.followed(branch)).unwrap_or_default();
            judged(context, repository, &followed, commit)
        }
    }
}

/// Returns the mark of a worktree whose new branch is to follow `branch`, and to begin there.
///
/// # Errors
///
/// As [`of_adopted`].
pub fn of_remote(
    context: &Context,
    repository: &Repository,
    branch: &RemoteBranch,
) -> Result<Option<ForeignMark>> {
    let merge = Some(format!("refs/heads/{}", branch.name));
    let followed = Followed { remote: Some(branch.remote.clone()), merge };
    judged(context, repository, &followed, Some(&branch.commit))
}

fn judged(
    context: &Context,
    repository: &Repository,
    followed: &Followed,
    commit: Option<&str>,
) -> Result<Option<ForeignMark>> {
    if followed.is_pull() {
        return Ok(Some(foreign()));
    }
    if followed.names_another() {
        let own = repository.own_remotes(branches::configured(context, repository))?;
        if followed.is_of_strangers(own) && !repository.is_pushed_alone(followed)? {
            return Ok(Some(foreign()));
        }
    }
    commit.map_or(Ok(None), |commit| of_commit(context, repository, commit))
}

fn foreign() -> ForeignMark {
    ForeignMark { foreign: true, ..ForeignMark::default() }
}
