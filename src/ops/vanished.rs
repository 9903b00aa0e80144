//! Worktrees that went away behind our back: their records are released, so that their ports are free again. git's own
//! records stay: what was staged there may be all that is left of somebody's work.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::Result;
use crate::host::git::{Repository, Worktree};
use crate::host::place::{self, Surroundings};
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::presence::{Presence, Sighting, presence};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;

use super::env;
use super::services::forget::{self as services, Remnants};

/// How many folders beside a vanished one are looked at.
const MOST_BESIDE: usize = 1000;

/// Looks at recorded worktrees, with what is around them read once.
#[derive(Debug)]
pub struct Lookout<'a> {
    context: &'a Context,
    /// `None` where the repository itself cannot be reached.
    repository: Option<&'a Repository>,
    worktrees: Vec<Worktree>,
    here: Surroundings,
}

impl<'a> Lookout<'a> {
    /// Prepares to look at the worktrees of `repository`.
    ///
    /// # Errors
    ///
    /// Fails when git's own records cannot be read.
    pub fn new(context: &'a Context, repository: Option<&'a Repository>) -> Result<Self> {
        let worktrees = repository.map(Repository::worktrees).transpose()?.unwrap_or_default();
        Ok(Self { context, repository, worktrees, here: Surroundings::read() })
    }

    /// Returns what the recorded worktree is now.
    #[must_use]
    pub fn presence(&self, entry: &Entry) -> Presence {
        match presence(entry, &self.look(entry)) {
            // Its locks and moves cannot be seen; only where the repository went too is nothing left to ask.
            Presence::Vanished if self.repository.is_none() && !place::is_gone(&entry.repository) => {
                Presence::Kept("its repository cannot be reached")
            }
            presence => presence,
        }
    }

    fn look(&self, entry: &Entry) -> Sighting {
        let worktree = self.find_worktree(entry);
        let moved = worktree.filter(|worktree| !worktree.missing && !is_same(&worktree.path, &entry.path));
        let lock = worktree.and_then(|worktree| worktree.lock.as_ref().filter(|_| !worktree.initializing));
        Sighting {
            host: self.context.host.name(),
            gone: place::is_gone(&entry.path),
            place: self.here.place_of(&entry.path),
            beyond_empty_folder: place::lies_beyond_empty_folder(&entry.path),
            locked: lock.is_some(),
            moved_to: moved.map(|worktree| worktree.path.clone()),
            carried_to: self.repository.and_then(|repository| carried(repository, entry)),
        }
    }

    /// Returns git's record of the entry's worktree.
    #[must_use]
    pub fn find_worktree(&self, entry: &Entry) -> Option<&Worktree> {
        let by_admin = |worktree: &&Worktree| {
            worktree.admin.as_deref().is_some_and(|admin| !admin.is_empty() && admin == entry.admin)
        };
        let by_path = |worktree: &&Worktree| worktree.admin.is_some() && worktree.path == entry.path;
        self.worktrees.iter().find(by_admin).or_else(|| self.worktrees.iter().find(by_path))
    }

    /// Returns the repository; `None` where it cannot be reached.
    #[must_use]
    pub fn repository(&self) -> Option<&'a Repository> {
        self.repository
    }

    /// Returns git's records of all worktrees.
    #[must_use]
    pub fn worktrees(&self) -> &[Worktree] {
        &self.worktrees
    }
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

/// Releases the records of this repository's vanished worktrees, and returns what there is to say about it. Never fails:
/// what cannot be released now is left for the next command.
pub fn release(context: &Context) -> Vec<String> {
    let Some(repository) = &context.repository else { return Vec::new() };
    release_of(context, repository).unwrap_or_default()
}

fn release_of(context: &Context, repository: &Repository) -> Result<Vec<String>> {
    let Some(id) = repository.find_id() else { return Ok(Vec::new()) };
    let registry = context.store()?.read()?;
    let gone: Vec<&Entry> = registry.living(&id).filter(|entry| may_have_vanished(entry)).collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let lookout = Lookout::new(context, Some(repository))?;
    let mut said = Vec::new();
    for entry in gone {
        match lookout.presence(entry) {
            Presence::Vanished => {
                release_one(context, repository, entry, &mut said)?;
            }
            Presence::Moved(to) => follow(context, repository, entry, &to)?,
            Presence::There | Presence::Carried(_) | Presence::Kept(_) => {}
        }
    }
    Ok(said)
}

/// Follows the worktrees that git moved, so that what runs in them is known for theirs. Never fails, as [`release`].
pub fn follow_moves(context: &Context) {
    let Some(repository) = &context.repository else { return };
    let _ = follow_all(context, repository);
}

fn follow_all(context: &Context, repository: &Repository) -> Result<()> {
    let Some(id) = repository.find_id() else { return Ok(()) };
    let registry = context.store()?.read()?;
    let gone: Vec<&Entry> = registry.living(&id).filter(|entry| may_have_vanished(entry)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let lookout = Lookout::new(context, Some(repository))?;
    for entry in gone {
        if let Presence::Moved(to) = lookout.presence(entry) {
            follow(context, repository, entry, &to)?;
        }
    }
    Ok(())
}

/// Lets the record say where git moved the worktree, proven by folder and admin entry naming each other.
fn follow(context: &Context, repository: &Repository, entry: &Entry, to: &Path) -> Result<()> {
    if repository.require_own(to).is_err()
        || repository.find_admin_named_by(to).as_deref() != Some(entry.admin.as_str())
    {
        return Ok(());
    }
    let now = context.now();
    let place = Surroundings::read().place_of(to);
    context.store()?.update(|registry| {
        let known = registry.find_by_sequence(entry.sequence);
        let Some(known) = known.filter(|known| known.path == entry.path && may_have_vanished(known)) else {
            return Ok(());
        };
        to.clone_into(&mut known.path);
        known.place = Some(place);
        let event = Event::new("worktree_moved").of(&entry.repository, &entry.name);
        registry.record_event(now, event.with("to", to.display().to_string()));
        Ok(())
    })
}

/// Answers whether a closer look is due: cheap, for it is asked of every worktree.
#[must_use]
pub fn may_have_vanished(entry: &Entry) -> bool {
    entry.state == EntryState::Active && place::is_gone_quickly(&entry.path)
}

/// What became of a record that was to be released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    Done,
    /// It changed, or its folder came back.
    Changed,
    /// Processes of it still run, perhaps on its ports.
    Kept(String),
}

/// Releases one vanished worktree's record, unless it changed or came back meanwhile, or something of it still runs; says
/// what there is to say about it.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn release_one(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    said: &mut Vec<String>,
) -> Result<Release> {
    let release = drop_record(context, entry, "vanished")?;
    let (name, path) = (&entry.name, entry.path.display());
    let moved = moved_by_hand(repository, entry);
    match &release {
        Release::Done => {
            env::forget_exclude(context, repository, &entry.repository_id)?;
            let ports: Vec<String> = entry.ports().map(|port| port.to_string()).collect();
            let freed = match ports.len() {
                0 => String::new(),
                1 => format!("; port {} is free again", ports[0]),
                _ => format!("; ports {} are free again", ports.join(", ")),
            };
            said.push(format!("`{name}` was released: its folder {path} is gone{freed}"));
            if let Some(folder) = moved {
                said.push(format!(
                    "it looks moved to {0}: `git -C '{1}' worktree repair '{0}'` makes it a worktree again, \
                     `wt adopt '{0}'` records it",
                    folder.display(),
                    repository.root().display()
                ));
            }
        }
        Release::Kept(why) => {
            said.push(format!(
                "`{name}` and its ports are kept for now: its folder {path} is gone, but {why}"
            ));
            if let Some(folder) = moved {
                said.push(format!(
                    "it looks moved to {0}: `git -C '{1}' worktree repair '{0}'` makes it that worktree again",
                    folder.display(),
                    repository.root().display()
                ));
            }
        }
        Release::Changed => {}
    }
    Ok(release)
}

/// A folder beside the recorded one whose `.git` names the worktree's record: it was renamed without `git worktree move`.
fn moved_by_hand(repository: &Repository, entry: &Entry) -> Option<PathBuf> {
    let beside = entry.path.parent()?.read_dir().ok()?.flatten().take(MOST_BESIDE);
    let mut beside = beside.map(|found| found.path());
    beside.find(|folder| repository.find_admin_named_by(folder).is_some_and(|admin| admin == entry.admin))
}

/// Takes the record out of the registry while it is as it was seen, its folder is still gone and nothing of it runs; its
/// ports are remembered for a worktree of the same branch.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn drop_record(context: &Context, entry: &Entry, why: &str) -> Result<Release> {
    let now = context.now();
    let is_it = |known: &Entry| known.sequence == entry.sequence && known.path == entry.path;
    let stands =
        |registry: &Registry| registry.entries().any(|known| is_it(known) && may_have_vanished(known));
    if !stands(&context.store()?.read()?) {
        return Ok(Release::Changed);
    }
    // Before its ports are anybody's: whoever listens on them must have gone.
    let seat = match services::settle(context, entry)? {
        Remnants::None(seat) => seat,
        Remnants::Some(why) => return Ok(Release::Kept(why)),
    };
    let is_dropped = context.store()?.update(|registry| {
        if !stands(registry) {
            return Ok(false);
        }
        let Some(taken) = registry.take(|known| is_it(known) && may_have_vanished(known)) else {
            return Ok(false);
        };
        registry.remember_vanished(&taken);
        let ports: Vec<u16> = taken.ports().map(Port::number).collect();
        let event = Event::new("released").of(&taken.repository, &taken.name);
        registry.record_event(now, event.with("why", why).with("ports", ports));
        Ok(true)
    })?;
    if !is_dropped {
        return Ok(Release::Changed);
    }
    services::forget_settled(context, entry, seat);
    Ok(Release::Done)
}
