//! Which worktrees have vanished: of those that are recorded here, and of those that git alone still lists. One answer
//! for all who act on it: pruning, mending, and whoever names one.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::host::git::{GitWorktree, Repository, index_device};
use crate::host::place;
use crate::model::advised::{git, wt};
use crate::model::presence::Presence;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::ops::rows::WorktreeRow;
use crate::ops::vanished::Lookout;

/// What a look at one row says.
pub enum AbsenceLook {
    There,
    Vanished,
    Kept(String),
}

/// Looks whether the row's worktree has vanished for good, and git's record of it may go; where a person `names` it, no
/// evidence is asked for.
pub fn judge(
    context: &Context,
    repository: &Repository,
    lookout: &Lookout<'_>,
    row: &WorktreeRow,
    names: bool,
) -> AbsenceLook {
    let looked = look_at_folder(context, repository, lookout, row, names);
    let admin = row.worktree.as_ref().and_then(|worktree| worktree.admin.as_deref());
    match (&looked, admin) {
        // No ref keeps what those clones alone have.
        (AbsenceLook::Vanished, Some(admin)) if !repository.submodules_of(admin).is_empty() => {
            AbsenceLook::Kept(format!(
                "git's record of it holds clones of submodules: `{remove}` gives them up",
                remove = wt("remove --force {}", &[&row.name()])
            ))
        }
        _ => looked,
    }
}

fn look_at_folder(
    context: &Context,
    repository: &Repository,
    lookout: &Lookout<'_>,
    row: &WorktreeRow,
    names: bool,
) -> AbsenceLook {
    let Some(entry) = &row.entry else {
        return row.worktree.as_ref().map_or(AbsenceLook::There, |worktree| {
            look_at_git_alone(context, repository, lookout, worktree, names)
        });
    };
    of_presence(if names { lookout.presence_if_named(entry) } else { lookout.presence(entry) })
}

fn of_presence(presence: Presence) -> AbsenceLook {
    match presence {
        Presence::There => AbsenceLook::There,
        Presence::Vanished => AbsenceLook::Vanished,
        Presence::Kept(why) => AbsenceLook::Kept(why.to_owned()),
        Presence::Moved(path) => {
            AbsenceLook::Kept(format!("git moved it to {}: `wt validate --fix` follows", path.display()))
        }
        Presence::Carried(path) => AbsenceLook::Kept(format!(
            "it moved to {}: `git worktree repair` mends git's links",
            path.display()
        )),
    }
}

/// git alone knows it, so less is known about where it lay: what may lie on a disk that is not mounted is kept.
fn look_at_git_alone(
    context: &Context,
    repository: &Repository,
    lookout: &Lookout<'_>,
    worktree: &GitWorktree,
    names: bool,
) -> AbsenceLook {
    let Some(admin) = worktree.admin.as_deref().filter(|_| worktree.missing) else {
        return AbsenceLook::There;
    };
    if worktree.initializing || worktree.broken.is_some() {
        return AbsenceLook::Kept(
            "git's record of it is half made: `wt validate` looks into that".to_owned(),
        );
    }
    if !place::is_gone(&worktree.path) {
        return AbsenceLook::Kept(format!(
            "{} is there, but its .git is not: `git worktree repair` may mend it",
            worktree.path.display()
        ));
    }
    let entry = as_entry(context, repository, worktree, admin);
    if names {
        return of_presence(lookout.presence_if_named(&entry));
    }
    if let Some(said) = moved_in_words(repository, &worktree.path, admin) {
        return AbsenceLook::Kept(said);
    }
    let device = index_device(&repository.admin_dir(admin));
    let was_elsewhere = device.is_some_and(|device| place::lies_off_device(&worktree.path, device));
    let presence = lookout.presence_of_unrecorded(&entry);
    if presence == Presence::Vanished && was_elsewhere {
        return AbsenceLook::Kept("its disk is not mounted".to_owned());
    }
    of_presence(presence)
}

/// Says where a worktree whose folder is gone from `path` looks moved to, and what makes it one again; `None` where nothing
/// is seen of it.
#[must_use]
pub fn moved_in_words(repository: &Repository, path: &Path, admin: &str) -> Option<String> {
    let folder = moved_by_hand(repository, path, admin)?;
    let repair = git("worktree repair {}", &[&folder.display()]).at(repository.root().display());
    Some(format!("it looks moved to {}: `{repair}` makes it that worktree again", folder.display()))
}

/// A folder beside the recorded one whose `.git` names the worktree's record: it was renamed without git's knowing.
fn moved_by_hand(repository: &Repository, path: &Path, admin: &str) -> Option<PathBuf> {
    let beside = path.parent()?.read_dir().ok()?.flatten().take(MOST_BESIDE);
    let mut folders = beside.map(|found| found.path());
    folders.find(|folder| repository.find_admin_named_by(folder).is_some_and(|named| named == admin))
}

/// How many folders beside a vanished one are looked at.
const MOST_BESIDE: usize = 1000;

/// The record that such a worktree would have.
fn as_entry(context: &Context, repository: &Repository, worktree: &GitWorktree, admin: &str) -> Entry {
    let id = repository.find_id().unwrap_or_else(|| RepositoryId(String::new()));
    let (name, path) = (admin.to_owned(), worktree.path.clone());
    Entry {
        admin: admin.to_owned(),
        branch: worktree.head.branch().map(str::to_owned),
        ..Entry::new(repository.root(), id, name, path, "git", context.now())
    }
}
