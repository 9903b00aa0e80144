//! The mark of a stranger's code, written in both places: the record and git's folder of the worktree.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
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
/// Fails when git's configuration cannot be read.
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

/// Returns the mark of a worktree whose new branch is to follow one of `remote`, and to begin at `commit`.
///
/// # Errors
///
/// As [`of_adopted`].
pub fn of_remote(
    context: &Context,
    repository: &Repository,
    remote: &str,
    commit: &str,
) -> Result<Option<ForeignMark>> {
    let followed = Followed { remote: Some(remote.to_owned()), merge: None };
    judged(context, repository, &followed, Some(commit))
}

fn judged(
    context: &Context,
    repository: &Repository,
    followed: &Followed,
    commit: Option<&str>,
) -> Result<Option<ForeignMark>> {
    if *followed != Followed::default() {
        let own = repository.own_remotes(branches::configured(context, repository))?;
        if followed.is_of_strangers(&own) {
            return Ok(Some(foreign()));
        }
    }
    commit.map_or(Ok(None), |commit| of_commit(context, repository, commit))
}

fn foreign() -> ForeignMark {
    ForeignMark { foreign: true, ..ForeignMark::default() }
}
