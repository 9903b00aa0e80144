//! Runs a worktree's setup: its commands one after the other, until one fails. The worktree stays in any case.

use std::path::PathBuf;
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

use super::order::{self, End, Order, log_folder, make_log_folder, marker, unlogged};
use super::outcome::{SetupOutcome, SetupWish};
use super::owing;
use super::plan::{self, CommandSurroundings, WorktreeCommand};
use super::work::{is_at_work, lock_file};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::host::process::identity;
use crate::host::services::log_file::{self, LogFile};
use crate::host::services::log_reader;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::excerpt::excerpt;
use crate::model::foreign::ForeignStanding;
use crate::model::process::ProcessId;
use crate::model::registry::entry::Entry;
use crate::model::services::state::spoken;
use crate::model::setup::{Setup, SetupState, SetupView};
use crate::model::view::WorktreeView;
use crate::ops::notify::start;
use crate::ops::{foreign, trust, watch::Watch};

/// The key of the commands.
pub(super) const SETUP: &str = "worktree.setup";

/// How many lines of the log an error shows.
const LAST_WORDS: usize = 10;

/// How many are looked at for the one that tells why.
const LOOKED_AT: usize = 200;

/// The answer of a setup that was asked for by itself.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    /// As it stands now, its setup among the rest.
    pub worktree: WorktreeView,
}

/// Runs the setup of a recorded worktree.
///
/// # Errors
///
/// `locked` while another one runs, `untrusted` where it was asked for by itself; when the registry or the log cannot be
/// written. A setup that fails is in the answer.
pub fn run(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    wish: SetupWish,
    watch: &dyn Watch,
) -> Result<SetupOutcome> {
    let commands = plan::commands(SETUP, &context.config.worktree.setup);
    if commands.is_empty() {
        let unsaid = owing::note(context, repository, entry)?;
        let outcome = SetupOutcome::of(context, entry).go_on(context, repository, entry);
        return Ok(outcome.warned(unsaid));
    }
    let _held = context.host.interrupt.hold();
    let standing = foreign::of_entry(repository, entry);
    if standing.is_foreign {
        return of_strangers(context, entry, &standing, wish);
    }
    let refused = plan::untrusted(context, entry, &commands)?;
    if !refused.is_empty() {
        return not_trusted(context, entry, &refused, wish);
    }
    let Some(hold) = FileHold::try_take(&lock_file(context, entry)?)? else { return Err(busy(entry)) };
    let owed = owing::note(context, repository, entry)?;
    let mut runner = Runner::begin(context, repository, entry, commands)?;
    let ended = runner.run(watch);
    let outcome = runner.finish(ended);
    hold.release();
    let outcome = outcome?.warned(owed);
    Ok(if outcome.failure.is_none() { outcome.go_on(context, repository, entry) } else { outcome })
}

/// Answers whether a worktree that is asked for again is to be set up again: where that was not done, and there is something
/// to do. What goes on behind was started with it.
#[must_use]
pub fn is_wanted_again(context: &Context, setup: &SetupView) -> bool {
    match setup.state {
        SetupState::Done => false,
        SetupState::None => !context.config.worktree.setup.is_empty(),
        _ => true,
    }
}

/// Notes that nobody wanted the setup of a new worktree.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn skip(context: &Context, entry: &Entry) -> Result<SetupOutcome> {
    if context.config.worktree.setup.is_empty() {
        return Ok(SetupOutcome::of(context, entry));
    }
    let entry = note(context, entry, &Setup::new(SetupState::Skipped, context.now()), None)?;
    let setup = wt("setup {}", &[&entry.name]);
    Ok(SetupOutcome {
        hint: Some(format!("`{setup}` runs the setup later")),
        ..SetupOutcome::of(context, &entry)
    })
}

/// None of it is run in a stranger's code.
fn of_strangers(
    context: &Context,
    entry: &Entry,
    standing: &ForeignStanding,
    wish: SetupWish,
) -> Result<SetupOutcome> {
    if wish == SetupWish::Asked {
        return Err(foreign::refusal(entry, standing));
    }
    let entry = note(context, entry, &Setup::new(SetupState::Untrusted, context.now()), None)?;
    let trust = wt("trust --here", &[]).at(entry.path.display());
    let setup = wt("setup {}", &[&entry.name]);
    let hint = format!(
        "its setup was not run, since the code is a stranger's: look at it, then `{trust}` and `{setup}`"
    );
    Ok(SetupOutcome { hint: Some(hint), ..SetupOutcome::of(context, &entry) })
}

fn not_trusted(
    context: &Context,
    entry: &Entry,
    refused: &[String],
    wish: SetupWish,
) -> Result<SetupOutcome> {
    let mut report = trust::status(context)?;
    report.commands.retain(|view| refused.contains(&view.command.key));
    if wish == SetupWish::Asked {
        return Err(trust::untrusted(&report, "the setup is not trusted, so none of it is run"));
    }
    let entry = note(context, entry, &Setup::new(SetupState::Untrusted, context.now()), None)?;
    let setup = wt("setup {}", &[&entry.name]);
    let hint = format!(
        "its setup was not run, since its commands are not trusted: `{}` shows and allows them, then `{setup}` runs it",
        report.allowing
    );
    Ok(SetupOutcome { hint: Some(hint), ..SetupOutcome::of(context, &entry) })
}

fn busy(entry: &Entry) -> Failure {
    let process = entry.notes.setup.read().and_then(|setup| setup.process);
    let by = process.map(|process| format!(" (pid {})", process.pid)).unwrap_or_default();
    Failure::new(Code::Locked, format!("the setup of `{}` is being run by another `wt`{by}", entry.name))
        .hint(format!("`{}` shows what it writes", wt("logs --setup --worktree {}", &[&entry.name])))
}

/// Records how the setup stands, and an event where one is named; returns the worktree as recorded.
///
/// # Errors
///
/// `not_found` when the worktree is on its way out, or gone.
fn note(context: &Context, entry: &Entry, setup: &Setup, event: Option<&Event>) -> Result<Entry> {
    let now = context.now();
    let known = context.store()?.update(|registry| {
        let known = registry.find_by_sequence(entry.sequence).filter(|known| known.may_run());
        let Some(known) = known else {
            return Err(Failure::new(Code::NotFound, format!("`{}` was removed meanwhile", entry.name)));
        };
        known.notes.setup.write(setup);
        let known = known.clone();
        if let Some(event) = event {
            registry.record_event(now, event.clone().of(&known.repository, &known.name));
        }
        Ok(known)
    })?;
    Ok(Entry { path: entry.path.clone(), ..known })
}

/// A setup on its way.
struct Runner<'a> {
    context: &'a Context,
    entry: Entry,
    commands: Vec<WorktreeCommand>,
    sight: Result<CommandSurroundings>,
    log: LogFile,
    log_path: PathBuf,
    until: Option<Instant>,
}

/// Why a setup stopped before its end.
struct Stop {
    command: WorktreeCommand,
    exit: Option<u8>,
    reason: String,
    code: Code,
}

impl<'a> Runner<'a> {
    fn begin(
        context: &'a Context,
        repository: &Repository,
        entry: &Entry,
        commands: Vec<WorktreeCommand>,
    ) -> Result<Self> {
        // Somebody may have run it since.
        let registry = context.store()?.read()?;
        let known = registry.entries().find(|known| known.sequence == entry.sequence);
        let known =
            known.map_or_else(|| entry.clone(), |known| Entry { path: entry.path.clone(), ..known.clone() });
        if is_at_work(context, &known) {
            return Err(busy(&known));
        }
        // One whose `wt` was killed may go on: two at once spoil each other's work.
        if let Some(Setup { state: SetupState::Running, leader: Some(leader), index: Some(index), .. }) =
            known.notes.setup.read()
        {
            let which = which(index);
            order::end(
                &marker(&known),
                Some(&which),
                std::slice::from_ref(&leader),
                &context.host.interrupt,
            )?;
        }
        let state = context.host.dirs()?;
        make_log_folder(context, &known)?;
        let folder = log_folder(state.state(), &known);
        let log = LogFile::start(&folder, "setup").map_err(unlogged)?;
        let log_path = log_file::path(&folder, "setup");
        let begun = context.host.clock.instant();
        let until = context.config.worktree.setup_timeout.and_then(|limit| begun.checked_add(limit));
        let sight = CommandSurroundings::of(context, repository, &known);
        let mut runner = Self { context, entry: known, commands, sight, log, log_path, until };
        let first = runner.running(0, None)?;
        runner.entry = note(context, &runner.entry, &first, Some(&Event::new("setup_started")))?;
        Ok(runner)
    }

    fn running(&self, index: usize, leader: Option<ProcessId>) -> Result<Setup> {
        Ok(Setup {
            command: self.commands.get(index).map(|command| command.text.clone()),
            index: Some(index),
            log: Some(self.log_path.clone()),
            process: Some(identity::current()?),
            leader,
            ..Setup::new(SetupState::Running, self.context.now())
        })
    }

    /// Runs the commands; `Some` where it stopped before its end.
    fn run(&mut self, watch: &dyn Watch) -> Result<Option<Stop>> {
        let commands = self.commands.clone();
        for (index, command) in commands.iter().enumerate() {
            if let Some(stop) = self.run_one(index, command, watch)? {
                return Ok(Some(stop));
            }
        }
        Ok(None)
    }

    fn run_one(
        &mut self,
        index: usize,
        command: &WorktreeCommand,
        watch: &dyn Watch,
    ) -> Result<Option<Stop>> {
        let stopped =
            |exit, code, reason: String| Ok(Some(Stop { command: command.clone(), exit, reason, code }));
        let (words, variables) = match &self.sight {
            Ok(sight) => (sight.words(command), sight.variables.clone()),
            Err(failure) => return stopped(None, Code::SetupFailed, failure.message().to_owned()),
        };
        let words = match words {
            Ok(words) => words,
            Err(failure) => return stopped(None, Code::SetupFailed, failure.message().to_owned()),
        };
        if self.context.host.interrupt.is_raised() {
            return stopped(None, Code::Interrupted, "interrupted".to_owned());
        }
        // A full disk is told by what the command writes itself.
        let _ = self.log.note(&format!("$ {}", command.text));
        let marker = marker(&self.entry);
        let order = Order {
            words: &words,
            folder: &self.entry.path,
            variables: &variables,
            log: &self.log,
            marker: &marker,
            which: &which(index),
            until: self.until,
        };
        let mut begun = |leader: &ProcessId| {
            let setup = self.running(index, Some(leader.clone()))?;
            note(self.context, &self.entry, &setup, None).map(drop)
        };
        let total = self.commands.len();
        let mut glance = || {
            let said = log_reader::last_lines(&self.log_path, 1).ok().and_then(|mut lines| lines.pop());
            watch.command(index + 1, total, &command.text, said.as_deref());
        };
        watch.command(index + 1, total, &command.text, None);
        let text = &command.text;
        match order.run(self.context, &mut begun, &mut glance)? {
            End::Exited(0) => Ok(None),
            End::Exited(status) => {
                stopped(Some(status), Code::SetupFailed, format!("`{text}` ended with status {status}"))
            }
            End::NotStarted(reason) => stopped(Some(127), Code::SetupFailed, reason),
            End::TooLate => {
                let limit = self.context.config.worktree.setup_timeout.unwrap_or_default();
                let limit = spoken(limit);
                stopped(
                    None,
                    Code::SetupFailed,
                    format!("`{text}` was ended: the setup took longer than {limit}"),
                )
            }
            End::Interrupted => stopped(None, Code::Interrupted, format!("`{text}` was interrupted")),
            End::Unwanted(failure) => Err(failure),
        }
    }

    fn finish(self, ended: Result<Option<Stop>>) -> Result<SetupOutcome> {
        let Some(stop) = ended? else {
            let setup = Setup {
                log: Some(self.log_path.clone()),
                ..Setup::new(SetupState::Done, self.context.now())
            };
            let entry = note(self.context, &self.entry, &setup, Some(&Event::new("setup_done")))?;
            return Ok(SetupOutcome::of(self.context, &entry));
        };
        let is_interrupted = stop.code == Code::Interrupted;
        let state = if is_interrupted { SetupState::Interrupted } else { SetupState::Failed };
        let setup = Setup {
            command: Some(stop.command.text.clone()),
            exit: stop.exit,
            reason: Some(stop.reason.clone()),
            log: Some(self.log_path.clone()),
            ..Setup::new(state, self.context.now())
        };
        let event = Event::new(if is_interrupted { "setup_interrupted" } else { "setup_failed" })
            .about_command(&stop.command.text, &stop.reason);
        // One that was removed meanwhile has no record to write into.
        let entry = note(self.context, &self.entry, &setup, Some(&event))?;
        // What the command does next may take long.
        start::wake(&self.context.host);
        let failure = Some(self.failure(&stop));
        Ok(SetupOutcome { failure, ..SetupOutcome::of(self.context, &entry) })
    }

    fn failure(&self, stop: &Stop) -> Failure {
        let name = &self.entry.name;
        let mut words = log_reader::last_lines(&self.log_path, LOOKED_AT).unwrap_or_default();
        let own = format!("$ {}", stop.command.text);
        if let Some(begin) = words.iter().rposition(|line| *line == own) {
            words.drain(..=begin);
        }
        let words = excerpt(&words, LAST_WORDS);
        let what = if stop.code == Code::Interrupted { "was interrupted" } else { "failed" };
        let mut message = format!("the setup of `{name}` {what}: {}", stop.reason);
        if !words.is_empty() && stop.code != Code::Interrupted {
            message.push_str("\n  its last words:");
            message.extend(words.iter().map(|line| format!("\n    {line}")));
        }
        let logs = wt("logs --setup --worktree {}", &[name]);
        let again = wt("setup {}", &[name]);
        Failure::new(stop.code, message)
            .hint(format!("the worktree stays; `{again}` runs it again, `{logs}` shows all it wrote"))
            .detail("command", stop.command.text.as_str())
            .detail("exit", stop.exit)
            .detail("log", self.log_path.display().to_string())
    }
}

/// Names a command for its processes.
fn which(index: usize) -> String {
    format!("setup/{index}")
}
