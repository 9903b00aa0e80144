//! Worktrees that went away behind our back: their records are released, so that their ports are free again. git's own
//! records stay: what was staged there may be all that is left of somebody's work.

pub mod release;
pub mod room;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::{GitWorktree, Repository};
use crate::host::place::{self, GoneGlance, HostSurroundings};
use crate::model::event::Event;
use crate::model::matching::{Matching, WorktreeMark};
use crate::model::presence::{Presence, PresenceFacts, presence, presence_if_named, presence_of_unrecorded};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::place::FolderPlace;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::ops::rows::mark;

/// Looks at recorded worktrees, with what is around them read once.
#[derive(Debug)]
pub struct Lookout<'a> {
    /// `None` where the repository itself cannot be reached.
    repository: Option<&'a Repository>,
    worktrees: Vec<GitWorktree>,
    matching: Matching,
    here: HostSurroundings,
    /// This machine's name.
    host: String,
    /// The places of folders that are gone, by the folder above: many worktrees lie side by side.
    places: RefCell<HashMap<PathBuf, FolderPlace>>,
}

impl<'a> Lookout<'a> {
    /// Prepares to look at the worktrees of `repository`.
    ///
    /// # Errors
    ///
    /// Fails when git's own records cannot be read.
    pub fn new(context: &Context, repository: Option<&'a Repository>) -> Result<Self> {
        let worktrees = repository.map(Repository::worktrees).transpose()?.unwrap_or_default();
        let matching = Matching::of(worktrees.iter().map(mark));
        let here = HostSurroundings::read();
        let (host, places) = (context.host.name(), RefCell::default());
        Ok(Self { repository, worktrees, matching, here, host, places })
    }

    /// Reads again whatever may have changed of the worktree that git calls `admin`, and of what is around it; the others stay
    /// as they were seen. So many can be looked at one after the other, each right before it goes.
    ///
    /// # Errors
    ///
    /// Fails when git's own record of it cannot be read.
    pub fn look_again_at(&mut self, admin: &str) -> Result<()> {
        self.here = HostSurroundings::read();
        self.places.borrow_mut().clear();
        let Some(repository) = self.repository else { return Ok(()) };
        let Some(at) = self.matching.forget(admin) else { return Ok(()) };
        if let (Some(now), Some(known)) =
            (repository.find_worktree_called(admin)?, self.worktrees.get_mut(at))
        {
            self.matching.note_again(at, mark(&now));
            *known = now;
        }
        Ok(())
    }

    /// Returns what the recorded worktree is now.
    #[must_use]
    pub fn presence(&self, entry: &Entry) -> Presence {
        match presence(entry, &self.facts(entry)) {
            // Its locks and moves cannot be seen; only where the repository went too is nothing left to ask.
            Presence::Vanished
                if self.repository.is_none()
                    && !place::is_gone(&entry.repository)
                    && !stands_another(entry) =>
            {
                Presence::Kept("its repository cannot be reached")
            }
            presence => presence,
        }
    }

    /// Returns what the worktree is now that git alone has on record, as `entry` would record it.
    #[must_use]
    pub fn presence_of_unrecorded(&self, entry: &Entry) -> Presence {
        let Some(repository) = self.repository else { return self.presence(entry) };
        let others = self
            .worktrees
            .iter()
            .filter(|worktree| worktree.admin.as_deref() != Some(entry.admin.as_str()) && !worktree.missing);
        let folders = others.map(|worktree| worktree.path.as_path());
        let shares = self.here.shares_ground(&entry.path, folders.chain([repository.common_dir()]));
        presence_of_unrecorded(entry, &self.facts(entry), shares)
    }

    /// Returns what the worktree is now for somebody who names it as one that is gone.
    #[must_use]
    pub fn presence_if_named(&self, entry: &Entry) -> Presence {
        presence_if_named(entry, &self.facts(entry))
    }

    fn facts(&self, entry: &Entry) -> PresenceFacts {
        let worktree = self.find_worktree(entry);
        let lock = worktree.and_then(|worktree| worktree.lock.as_ref().filter(|_| !worktree.initializing));
        let gone = place::is_gone(&entry.path);
        PresenceFacts {
            host: self.host.clone(),
            gone,
            place: if gone { self.place_of(&entry.path) } else { self.here.place_of_what_is_there() },
            beyond_empty_folder: place::lies_beyond_empty_folder(&entry.path),
            locked: lock.is_some(),
            moved_to: self.moved_to(entry),
            carried_to: self.repository.and_then(|repository| carried(repository, entry)),
        }
    }

    /// Returns where git says the worktree is, when that is another folder that exists.
    fn moved_to(&self, entry: &Entry) -> Option<PathBuf> {
        let worktree = self.find_worktree(entry)?;
        let is_moved = !worktree.missing && !is_same(&worktree.path, &entry.path);
        is_moved.then(|| worktree.path.clone())
    }

    fn place_of(&self, path: &Path) -> FolderPlace {
        let Some(parent) = path.parent() else { return self.here.place_of(path) };
        let mut places = self.places.borrow_mut();
        if let Some(known) = places.get(parent) {
            return known.clone();
        }
        let place = self.here.place_of(path);
        places.insert(parent.to_path_buf(), place.clone());
        place
    }

    /// Returns git's record of the entry's worktree.
    #[must_use]
    pub fn find_worktree(&self, entry: &Entry) -> Option<&GitWorktree> {
        self.matching.places(WorktreeMark::of(entry)).find_map(|at| self.worktrees.get(at))
    }

    /// Returns git's worktrees as they were read, the main one first.
    #[must_use]
    pub fn worktrees(&self) -> &[GitWorktree] {
        &self.worktrees
    }

    /// Returns the repository; `None` where it cannot be reached.
    #[must_use]
    pub fn repository(&self) -> Option<&'a Repository> {
        self.repository
    }
}

/// Answers whether another repository stands where the entry's was, as after a deletion and a new clone: one with another
/// id, or with none yet, that has no worktree of that name or folder. What was of the former one is nobody's any more.
#[must_use]
pub fn stands_another(entry: &Entry) -> bool {
    let Ok(found) = Repository::discover(&entry.repository) else { return false };
    if !is_same(found.root(), &entry.repository) || found.find_id().as_ref() == Some(&entry.repository_id) {
        return false;
    }
    let is_it = |worktree: &GitWorktree| {
        worktree.path == entry.path || worktree.admin.as_deref() == Some(entry.admin.as_str())
    };
    if entry.is_main() {
        return true;
    }
    found.worktrees().is_ok_and(|worktrees| !worktrees.iter().any(is_it))
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// A folder at the same distance from where the repository is now, which still names the worktree's git folder.
fn carried(repository: &Repository, entry: &Entry) -> Option<PathBuf> {
    if repository.root() == entry.repository {
        return None;
    }
    let beneath = |old: &Path, new: &Path| Some(new.join(entry.path.strip_prefix(old).ok()?));
    let within = beneath(&entry.repository, repository.root());
    let beside = || beneath(entry.repository.parent()?, repository.root().parent()?);
    let folder = within.or_else(beside).filter(|folder| *folder != entry.path)?;
    repository.find_admin_mentioned_by(&folder).filter(|admin| *admin == entry.admin).map(|_| folder)
}

/// Follows the worktrees that git moved, so that what runs in them is known for theirs. Never fails, as [`release`].
pub fn follow_moves(context: &Context) {
    let Some(repository) = &context.repository else { return };
    let _ = follow_all(context, repository);
}

/// Returns the registry with each worktree where it is now, as if the moves had been followed; nothing is written.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn read_where_they_are(context: &Context) -> Result<Arc<Registry>> {
    let mut registry = context.store()?.read()?;
    let Some(repository) = &context.repository else { return Ok(registry) };
    for (sequence, to) in moved(context, repository, &registry).unwrap_or_default() {
        if let Some(known) = Arc::make_mut(&mut registry).find_by_sequence(sequence) {
            known.path = to;
        }
    }
    Ok(registry)
}

fn follow_all(context: &Context, repository: &Repository) -> Result<()> {
    let registry = context.store()?.read()?;
    for (sequence, to) in moved(context, repository, &registry)? {
        if let Some(entry) = registry.entries().find(|entry| entry.sequence == sequence) {
            follow(context, repository, entry, &to)?;
        }
    }
    Ok(())
}

/// Returns the worktrees that git moved, by their number, with where they are: proven by folder and admin entry naming each
/// other.
fn moved(context: &Context, repository: &Repository, registry: &Registry) -> Result<Vec<(u64, PathBuf)>> {
    let Some(id) = repository.find_id() else { return Ok(Vec::new()) };
    let gone = seemingly_vanished(registry, &id);
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let lookout = Lookout::new(context, Some(repository))?;
    // Asked by every command, so that nothing but git's word on it is looked up.
    let moved = gone.into_iter().filter_map(|entry| {
        let to = lookout.moved_to(entry).filter(|to| is_there(repository, entry, to))?;
        Some((entry.sequence, to))
    });
    Ok(moved.collect())
}

/// Answers whether the worktree is at `to`: folder and admin entry name each other.
fn is_there(repository: &Repository, entry: &Entry, to: &Path) -> bool {
    if entry.is_main() {
        return repository.is_main_worktree(to);
    }
    repository.require_own(to).is_ok()
        && repository.find_admin_named_by(to).as_deref() == Some(entry.admin.as_str())
}

/// Lets the record say where git moved the worktree, once that is proven.
fn follow(context: &Context, repository: &Repository, entry: &Entry, to: &Path) -> Result<()> {
    if !is_there(repository, entry, to) {
        return Ok(());
    }
    let now = context.now();
    let place = HostSurroundings::read().place_of(to);
    context.store()?.update(|registry| {
        let known = registry.find_by_sequence(entry.sequence);
        let Some(known) = known.filter(|known| known.path == entry.path && may_have_vanished(known)) else {
            return Ok(());
        };
        to.clone_into(&mut known.path);
        if known.is_main() {
            to.clone_into(&mut known.repository);
        }
        known.place = Some(place.clone());
        let event = Event::new("worktree_moved").of(&entry.repository, &entry.name);
        registry.record_event(now, event.with("to", to.display().to_string()));
        Ok(())
    })
}

/// Returns the living records of which a closer look is due, as [`may_have_vanished`] at less cost where they are many.
fn seemingly_vanished<'a>(registry: &'a Registry, id: &'a RepositoryId) -> Vec<&'a Entry> {
    let active = || {
        let is_it = |entry: &&Entry| entry.state == EntryState::Active && entry.notes.renaming.is_absent();
        registry.living(id).filter(is_it)
    };
    let glance = GoneGlance::at(active().map(|entry| entry.path.as_path()));
    active().filter(|entry| glance.seems_gone(&entry.path)).collect()
}

/// Answers whether a closer look is due: cheap, for it is asked of every worktree.
#[must_use]
pub fn may_have_vanished(entry: &Entry) -> bool {
    // One that is being renamed is on its way to another place.
    entry.state == EntryState::Active
        && entry.notes.renaming.is_absent()
        && place::is_gone_quickly(&entry.path)
}
