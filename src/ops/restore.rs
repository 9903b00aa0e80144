//! Undoes a removal: files with their uncommitted changes, index, branch, the same ports if they are free, env block.

use schemars::JsonSchema;
use serde::Serialize;

pub use super::restorable::short;
use super::restorable::{is_beginning, is_called, removed};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::git::{GitWorktree, Repository};
use crate::host::lock::FileHold;
use crate::host::moving::{self, Unmovable};
use crate::host::process::identity;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::journal::Trash;
use crate::model::registry::table::Registry;
use crate::model::setup::SetupState;
use crate::model::suggestion;
use crate::model::view::WorktreeView;
use crate::ops::unmovable::{made_anew, unmovable};
use crate::ops::{claims, find, remove, view};

/// A removed worktree that can come back.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Restorable {
    pub name: String,
    pub path: std::path::PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    pub removed_at: jiff::Timestamp,
    pub until: jiff::Timestamp,
    /// Names this removal alone: of two worktrees of one name each can be asked for by its beginning.
    pub token: String,
}

/// What can be restored, the latest first.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct RestorableList {
    pub restorable: Vec<Restorable>,
}

/// What a restore brought back.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    pub worktree: WorktreeView,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Returns what can be restored in this repository, the latest first.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn restorable(context: &Context) -> Result<RestorableList> {
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    let found = removed(repository, &registry).into_iter().map(|(entry, trash)| Restorable {
        name: entry.name,
        path: entry.path,
        branch: entry.branch,
        removed_at: trash.removed_at,
        until: trash.until,
        token: trash.token,
    });
    Ok(RestorableList { restorable: found.collect() })
}

/// Brings the worktree called `name` back, the latest removed one of that name, or the one whose token begins so.
///
/// # Errors
///
/// `not_found` when there is none, or a link where it was kept; `path_not_empty`, `worktree_exists` or `branch_checked_out` when its place is taken;
/// nothing has changed then.
pub fn restore(context: &Context, name: &str) -> Result<Report> {
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    let (entry, trash) = wanted(context, repository, &registry, name)?;
    require_place(repository, &registry, &entry, &trash)?;
    require_kept(repository, &trash)?;
    require_movable(&trash)?;
    let entry = if entry.sequence == 0 { take_up(context, repository, &entry)? } else { entry };
    let _held = context.host.interrupt.hold();
    let hold = FileHold::take(&context.host.dirs()?.creating_folder()?.join(&trash.token))?;
    let mut warnings = claims::catch_up(context);
    claims::see(context, false);
    let entry = begin(context, repository, &entry, &trash)?;
    let taken = claims::take(context, None, &entry);
    let brought = taken.and_then(|()| bring_back(context, repository, &entry, &trash, &mut warnings));
    // Wherever the folder stands now decides what the entry becomes.
    remove::settle_saying(context, repository, &entry, &mut warnings)?;
    hold.release();
    brought?;
    warnings.extend(repository.links_in_words());
    let registry = context.store()?.read()?;
    let known = registry.entries().find(|known| known.sequence == entry.sequence).cloned();
    let Some(entry) = known else {
        return Err(Failure::new(Code::NotFound, format!("`{name}` was taken away again")));
    };
    if entry.notes.setup.read().is_some_and(|setup| setup.state == SetupState::TornDown) {
        warnings.push(format!(
            "its teardown was begun when it was removed, so what its setup had made outside of it may be gone: `{}` makes it again",
            wt("setup {}", &[&entry.name])
        ));
    }
    Ok(Report { worktree: view::of_entry(context, repository, &entry)?, warnings })
}

/// Records what was described, as removed, so that it can be brought back like any other.
fn take_up(context: &Context, repository: &Repository, entry: &Entry) -> Result<Entry> {
    let record = repository.record()?;
    let host = context.host.name();
    context.store()?.update(|registry| {
        registry.remember_repository(record.clone());
        Ok(registry.insert(Entry { host: host.clone(), place: None, ..entry.clone() }))
    })
}

fn wanted(
    context: &Context,
    repository: &Repository,
    registry: &Registry,
    name: &str,
) -> Result<(Entry, Trash)> {
    let all = removed(repository, registry);
    let names: Vec<String> = all.iter().map(|(entry, _)| entry.name.clone()).collect();
    if let Some(found) = all.iter().find(|(entry, _)| is_called(entry, name)) {
        return Ok(found.clone());
    }
    let mut of_token = all.into_iter().filter(|(_, trash)| is_beginning(name, &trash.token));
    if let (Some(found), None) = (of_token.next(), of_token.next()) {
        return Ok(found);
    }
    if let Some(found) = find::find_named(context, registry, name)?.filter(|found| found.path.is_dir()) {
        let message =
            format!("`{}` is there, at {}: nothing of it was removed", found.name, found.path.display());
        let path = wt("path {}", &[&found.name]);
        return Err(Failure::new(Code::WorktreeExists, message)
            .hint(format!("`{path}` names its folder; `wt restore` lists what can be restored")));
    }
    let near: Vec<&str> = names.iter().map(String::as_str).collect();
    // git's record of a folder that was deleted by hand is no removal yet.
    let is_it = |worktree: &GitWorktree| {
        let admin = worktree.admin.as_deref().unwrap_or_default();
        (admin == name || admin.strip_suffix(name).is_some_and(|before| before.ends_with('-')))
            && !worktree.path.exists()
    };
    let gone = repository.worktrees()?.into_iter().find(is_it).and_then(|worktree| worktree.admin);
    let hint = match suggestion::nearest(name, &near) {
        _ if let Some(gone) = gone => format!(
            "its folder was deleted by hand: `{prune}` keeps what git knows of it, then `{restore}` brings it back",
            prune = wt("prune {}", &[&gone]),
            restore = wt("restore {}", &[&gone])
        ),
        Some(near) => format!("did you mean `{near}`? `wt restore` lists what can be restored"),
        None => "`wt restore` lists what can be restored".to_owned(),
    };
    Err(Failure::new(Code::NotFound, format!("no removed worktree `{}` is kept", name.escape_debug()))
        .hint(hint))
}

/// Refuses while something stands where the worktree was.
fn require_place(repository: &Repository, registry: &Registry, entry: &Entry, trash: &Trash) -> Result<()> {
    if let Some(taken) = registry.find_living(&entry.repository_id, &entry.name) {
        return Err(Failure::new(
            Code::WorktreeExists,
            format!("worktree `{}` exists again, at {}", taken.name, taken.path.display()),
        )
        // By its name it would be the one removed last that comes back.
        .hint(format!(
            "`{remove}` first, then `{restore}`; both stay restorable",
            remove = wt("remove {}", &[&taken.name]),
            restore = wt("restore {}", &[&short(&trash.token)])
        )));
    }
    // Out of sight where its record was taken away, and there all the time: it gets its record again.
    let waits = trash.is_record_only() && repository.is_folder_of(&entry.path, &entry.admin);
    if entry.path.symlink_metadata().is_ok() && !waits {
        return Err(Failure::new(Code::PathNotEmpty, format!("{} is taken", entry.path.display()))
            .hint("move away what stands there, then restore again"));
    }
    if let Some(branch) = &entry.branch
        && let Some(used) = repository.branch_in_use(branch)?
    {
        return Err(Failure::new(
            Code::BranchCheckedOut,
            format!("branch `{branch}` is checked out in {} by now", used.path.display()),
        )
        .hint("switch that worktree to another branch, then restore again"));
    }
    Ok(())
}

/// Refuses what is no folder any more where the files were put: a link would be moved instead of them.
fn require_kept(repository: &Repository, trash: &Trash) -> Result<()> {
    let admin = repository.trash_dir(&trash.token);
    let folder = (!trash.is_record_only()).then_some(&trash.folder);
    for kept in folder.into_iter().chain([&admin]) {
        let is_link = kept.symlink_metadata().is_ok_and(|found| found.is_symlink());
        if is_link {
            let kept = kept.display();
            return Err(Failure::new(
                Code::NotFound,
                format!("{kept} is a link by now, and no folder: what was removed is not there"),
            )
            .hint(format!(
                "nothing was changed; put the removed folder back at {kept}, then restore again"
            )));
        }
    }
    Ok(())
}

/// Refuses what the system would not rename.
fn require_movable(trash: &Trash) -> Result<()> {
    let place = trash.folder.parent().unwrap_or(&trash.folder);
    let reason = if trash.is_record_only() { None } else { moving::why_unmovable(&trash.folder, place) };
    let Some(reason) = reason else { return Ok(()) };
    let message = format!("{} cannot be moved back: {}", trash.folder.display(), unmovable(reason));
    Err(Failure::new(Code::Permission, message).hint(match reason {
        Unmovable::LowerLayer => made_anew(&trash.folder),
        Unmovable::Mounted => "unmount it first, then restore again".to_owned(),
    }))
}

/// Marks the entry as being moved, so that a later command can settle it.
fn begin(context: &Context, repository: &Repository, entry: &Entry, trash: &Trash) -> Result<Entry> {
    let trash = Trash { restoring: true, ..trash.clone() };
    let state = EntryState::Removing { process: identity::current()?, trash };
    let now = context.now();
    let (sequence, seen) = (entry.sequence, entry.state.clone());
    context.store()?.update(|registry| {
        let Some(known) = registry.find_by_sequence(sequence).filter(|known| known.state == seen) else {
            return Err(Failure::new(Code::NotFound, "it is being restored or deleted by another `wt`")
                .hint("`wt restore` lists what can be restored"));
        };
        known.state = state.clone();
        // The repository may have been moved since.
        repository.root().clone_into(&mut known.repository);
        claims::note(context, known)?;
        let known = known.clone();
        registry.record_event(now, Event::new("restored").of(repository.root(), &known.name));
        Ok(known)
    })
}

fn bring_back(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    trash: &Trash,
    warnings: &mut Vec<String>,
) -> Result<()> {
    if let (Some(branch), Some(tip)) = (&entry.branch, &trash.head) {
        match repository.find_branch(branch)? {
            None => repository.create_branch(branch, tip, "wt restore")?,
            Some(now) if now != *tip => warnings.push(format!(
                "branch `{branch}` has moved since: its files are as they were, so `git status` shows the difference"
            )),
            Some(_) => {}
        }
    }
    if let Some(parent) = entry.path.parent() {
        files::make_folders(parent)?;
    }
    if trash.is_record_only() {
        warnings.push(
            "its folder was gone when it was removed: the files are those git knew, staged changes included"
                .to_owned(),
        );
        let waits = repository.is_folder_of(&entry.path, &entry.admin);
        if waits {
            warnings.pop();
        }
        remove::put_admin_back(context, repository, entry, &repository.trash_dir(&trash.token))?;
        return if waits { Ok(()) } else { repository.fill_from_index(&entry.path) };
    }
    // It may have been swapped since it was looked at.
    require_kept(repository, trash)?;
    // The folder first, so that no `git worktree prune` finds a record without it.
    files::rename_new(&trash.folder, &entry.path)?;
    remove::put_admin_back(context, repository, entry, &repository.trash_dir(&trash.token))
}
