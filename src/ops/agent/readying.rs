//! Makes a worktree ready that an agent was the first to enter: ignored files are carried, then its setup runs, then what
//! nobody waits for. A second `wt` does that, since the session must not wait.

use std::path::Path;
use std::{fs, process};

use jiff::Timestamp;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::carry::stage::ASIDE;
use crate::host::files;
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::host::process::{identity, spawn};
use crate::host::remove_tree::remove_tree;
use crate::model::event::Event;
use crate::model::readying::{self, Readying, ReadyingStep};
use crate::model::registry::entry::Entry;
use crate::ops::foreign::is_foreign;
use crate::ops::watch::Watch;
use crate::ops::{carry, env_files, setup};

/// The words of the command that does it.
const WORDS: [&str; 2] = ["agent", "make-ready"];

/// Answers whether the worktree is to be made ready now: one that was adopted just now, also by git's hook, and was never set
/// up. One of a stranger is not, nor is the main one, which others are made ready from.
pub(super) fn is_due(context: &Context, repository: &Repository, entry: &Entry) -> bool {
    entry.created_by == "adopt"
        && !entry.is_main()
        && entry.notes.setup.is_absent()
        && !is_foreign(repository, entry)
        && readying::is_due(
            entry.created_at,
            entry.notes.readying.read().as_ref(),
            context.now(),
            identity::is_alive,
        )
}

/// Answers whether somebody was asked to begin just now.
pub(super) fn is_beginning(entry: &Entry, now: Timestamp) -> bool {
    entry.notes.readying.read().is_some_and(|readying| readying.is_beginning(now))
}

/// Notes that it begins.
pub(super) fn begin(entry: &mut Entry, now: Timestamp) {
    entry.notes.readying.write(&Readying { step: ReadyingStep::Begun, at: now, process: None });
}

/// Starts the `wt` that does it, and does not wait.
pub(super) fn start(context: &Context, repository: &Repository, entry: &Entry) -> Result<()> {
    let file = context.config_file.as_ref().map(|file| file.to_string_lossy().into_owned());
    let mut words = WORDS.to_vec();
    words.extend(["--quiet", "--no-input", &entry.name]);
    words.extend(file.iter().flat_map(|file| ["--config", file.as_str()]));
    spawn::detach(&words, repository.root(), true).map(drop).map_err(|error| {
        Failure::from_io(error, Code::Internal, "the setup in the background cannot be started")
    })
}

/// Does it, as the `wt` that was started for that; nothing while another one is at it.
///
/// # Errors
///
/// When the registry cannot be written, or carrying fails; the setup is left then, for what it needs may be missing.
pub fn make_ready(context: &Context, repository: &Repository, entry: &Entry) -> Result<()> {
    spawn::leave_session();
    let name = format!("readying-{}-{}", entry.sequence, entry.created_at.as_second());
    let lock = context.host.dirs()?.creating_folder()?.join(name);
    let Some(hold) = FileHold::try_take(&lock)? else { return Ok(()) };
    if entry.is_main() || !entry.notes.setup.is_absent() || is_foreign(repository, entry) {
        hold.release();
        return step(context, entry, ReadyingStep::Done, None);
    }
    step(context, entry, ReadyingStep::Carrying, None)?;
    let carried = bring(context, repository, entry);
    let event =
        carried.as_ref().err().map(|failure| Event::new("carry_failed").with("reason", failure.message()));
    step(context, entry, ReadyingStep::Done, event.as_ref())?;
    carried?;
    let entry = current(context, entry)?;
    let outcome = setup::run(context, repository, &entry, setup::SetupWish::Along, &Nobody);
    hold.release();
    outcome.map(drop)
}

/// Nobody watches.
struct Nobody;

impl Watch for Nobody {
    fn files(&self, _done: usize, _total: usize) {}
}

/// Carries what the lists name. An env file that is nothing but our own block gives way to the one that is carried, and
/// gets the block again.
fn bring(context: &Context, repository: &Repository, entry: &Entry) -> Result<()> {
    let Some(plan) = carry::plan(context, repository, &carry::CarryWish::Usual)? else { return Ok(()) };
    let hold = carry::hold(context, entry)?;
    // Copies of a dead process go; what it had exchanged for them is kept.
    carry::clear_leftovers(context, &plan, entry)?;
    carry::begin(context, Some(&plan), entry)?;
    let gives_way = |path: &str| env_files::is_block_alone(&entry.path, path);
    let target = carry::CarryTarget { entry, admin: &entry.admin, gives_way: &gives_way };
    let brought = carry::bring_beside(context, repository, &plan, &target, &Nobody);
    if brought.is_err() {
        take_own_away(&entry.path);
        carry::forget(context, entry);
    }
    hold.release();
    let entry = current(context, entry)?;
    if entry.env {
        env_files::follow(context, repository, &entry)?;
    }
    brought.map(drop)
}

/// Takes away our own copies on their way: they never came to their places.
fn take_own_away(folder: &Path) {
    for found in fs::read_dir(folder).into_iter().flatten().flatten() {
        if files::draft_pid_of(&found.file_name(), ASIDE) == Some(process::id()) {
            // The next one tries again.
            let _ = remove_tree(&found.path());
        }
    }
}

fn current(context: &Context, entry: &Entry) -> Result<Entry> {
    let registry = context.store()?.read()?;
    let known = registry.entries().find(|known| known.sequence == entry.sequence && known.may_run());
    let known = known
        .ok_or_else(|| Failure::new(Code::NotFound, format!("`{}` was removed meanwhile", entry.name)))?;
    Ok(Entry { path: entry.path.clone(), ..known.clone() })
}

fn step(context: &Context, entry: &Entry, step: ReadyingStep, event: Option<&Event>) -> Result<()> {
    let now = context.now();
    let process = if step == ReadyingStep::Done { None } else { Some(identity::current()?) };
    context.store()?.update(|registry| {
        let Some(known) = registry.find_by_sequence(entry.sequence).filter(|known| known.may_run()) else {
            return Err(Failure::new(Code::NotFound, format!("`{}` was removed meanwhile", entry.name)));
        };
        known.notes.readying.write(&Readying { step, at: now, process: process.clone() });
        let (repository, name) = (known.repository.clone(), known.name.clone());
        if let Some(event) = event {
            registry.record_event(now, event.clone().of(&repository, &name));
        }
        Ok(())
    })
}
