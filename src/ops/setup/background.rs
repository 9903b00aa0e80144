//! The commands that nobody waits for: after the setup another `wt` of ours runs them, away from the terminal, one after the
//! other until one fails.

use super::order::{End, Order, log_folder, make_log_folder, marker};
use super::plan::{self, CommandSurroundings, WorktreeCommand};
use super::work::background_lock;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::host::process::spawn;
use crate::host::services::log_file::LogFile;
use crate::model::event::Event;
use crate::model::process::ProcessId;
use crate::model::registry::entry::Entry;
use crate::ops::{foreign, trust};

/// The key of the commands.
const BACKGROUND: &str = "worktree.background";

/// Starts the commands beside us and does not wait; returns what there is to say where they are not trusted.
///
/// # Errors
///
/// Fails when the system cannot start any process, or what was trusted cannot be read.
pub(super) fn start(context: &Context, repository: &Repository, entry: &Entry) -> Result<Option<String>> {
    let commands = plan::commands(BACKGROUND, &context.config.worktree.background);
    if commands.is_empty() {
        return Ok(None);
    }
    if foreign::is_foreign(repository, entry) {
        return Ok(None);
    }
    if !plan::untrusted(context, entry, &commands)?.is_empty() {
        let allowing = trust::allowing(context);
        return Ok(Some(format!(
            "its commands in the background were not run, since they are not trusted: `{allowing}` shows and allows them"
        )));
    }
    let file = context.config_file.as_ref().map(|file| file.to_string_lossy().into_owned());
    let mut words = vec!["setup", "--detached", "--quiet", "--no-input", "--worktree", &entry.name];
    words.extend(file.iter().flat_map(|file| ["--config", file.as_str()]));
    let failed =
        |error| Failure::from_io(error, Code::Internal, "the commands in the background cannot be started");
    // In our own group, which it leaves: a leader could not.
    spawn::detach(&words, repository.root(), true).map_err(failed)?;
    Ok(None)
}

/// Runs the commands, as the `wt` that was started for that. Does nothing while another one is at it.
///
/// # Errors
///
/// When the registry or the log cannot be written; `not_found` once the worktree is on its way out.
pub fn run(context: &Context, repository: &Repository, entry: &Entry) -> Result<()> {
    spawn::leave_session();
    let commands = plan::commands(BACKGROUND, &context.config.worktree.background);
    let is_refused = foreign::is_foreign(repository, entry);
    if commands.is_empty() || is_refused || !plan::untrusted(context, entry, &commands)?.is_empty() {
        return Ok(());
    }
    let Some(hold) = FileHold::try_take(&background_lock(context, entry)?)? else { return Ok(()) };
    let ended = run_all(context, repository, entry, &commands);
    hold.release();
    ended
}

fn run_all(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    commands: &[WorktreeCommand],
) -> Result<()> {
    let folder = log_folder(context.host.dirs()?.state(), entry);
    make_log_folder(context, entry)?;
    let log = LogFile::start(&folder, "background").map_err(super::order::unlogged)?;
    note(context, entry, Event::new("background_started"))?;
    for (index, command) in commands.iter().enumerate() {
        let said = |reason: String| {
            // A full disk is told by what the command writes itself.
            let _ = log.note(&reason);
            note(context, entry, Event::new("background_failed").about_command(&command.text, &reason))
        };
        let sight = CommandSurroundings::of(context, repository, entry)
            .and_then(|sight| Ok((sight.words(command)?, sight)));
        let (words, sight) = match sight {
            Ok(sight) => sight,
            Err(failure) => return said(failure.message().to_owned()),
        };
        let _ = log.note(&format!("$ {}", command.text));
        let order = Order {
            words: &words,
            folder: &entry.path,
            variables: &sight.variables,
            log: &log,
            marker: &marker(entry),
            which: &format!("background/{index}"),
            until: None,
        };
        // What began after the removal was on record is ended by nobody else.
        let mut begun = |_: &ProcessId| require_wanted(context, entry);
        match order.run(context, &mut begun, &mut || {})? {
            End::Exited(0) => {}
            End::Exited(status) => return said(format!("ended with status {status}")),
            End::NotStarted(reason) => return said(reason),
            End::TooLate | End::Interrupted => return said("interrupted".to_owned()),
            End::Unwanted(failure) => return Err(failure),
        }
    }
    note(context, entry, Event::new("background_done"))
}

fn require_wanted(context: &Context, entry: &Entry) -> Result<()> {
    let registry = context.store()?.read()?;
    let known = registry.entries().find(|known| known.sequence == entry.sequence);
    match known.filter(|known| known.may_run()) {
        Some(_) => Ok(()),
        None => Err(Failure::new(Code::NotFound, format!("`{}` was removed meanwhile", entry.name))),
    }
}

fn note(context: &Context, entry: &Entry, event: Event) -> Result<()> {
    let now = context.now();
    let event = event.of(&entry.repository, &entry.name);
    context.store()?.update(|registry| {
        registry.record_event(now, event.clone());
        Ok(())
    })
}
