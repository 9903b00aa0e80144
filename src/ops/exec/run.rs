//! Runs one command in each worktree, several at a time where that is asked for, and hands on what they write. Ctrl-C ends
//! all of them.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::choice::{ExecTarget, Request, choose};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::clock::Clock;
use crate::host::process::piped::Piped;
use crate::host::process::spawn::SpawnWish;
use crate::host::services::reaper;
use crate::model::stream::Stream;
use crate::model::view::as_text;
use crate::ops::run::{CommandEnding, ending};
use crate::ops::services::leftovers;

/// How often it is looked whether somebody gave up.
const LOOK: Duration = Duration::from_millis(20);

/// How many lines may wait to be shown.
const LINES: usize = 1024;

const HINT: &str = "the words after `--` are one command and its arguments, without a shell";

/// Hears of the runs while they go on.
pub trait ExecListener {
    /// These worktrees, in this order.
    fn begin(&mut self, names: &[&str]);
    /// A line of a command. False ends all of them: nobody reads any more.
    fn line(&mut self, worktree: &str, stream: Stream, line: &[u8]) -> bool;
}

/// One worktree's run.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ExecRun {
    pub worktree: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// The command's exit status: 128 + n for a death by signal n, 127 where there is none, 126 where it may not be run.
    /// `None` where nothing was run.
    pub status: Option<u8>,
    pub signal: Option<i32>,
    pub skipped: bool,
    /// Why it was skipped, or not started.
    pub reason: Option<String>,
    pub duration_ms: Option<u64>,
}

/// All runs.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub runs: Vec<ExecRun>,
    /// Whether somebody gave up before the end.
    #[serde(skip)]
    pub is_interrupted: bool,
}

impl Report {
    /// Returns the highest exit status; 0 where nothing was run.
    #[must_use]
    pub fn worst(&self) -> u8 {
        self.runs.iter().filter_map(|run| run.status).max().unwrap_or(0)
    }
}

/// What a worker tells.
enum Told {
    Line(usize, Stream, Vec<u8>),
    Ended(usize, Outcome),
}

struct Outcome {
    status: u8,
    signal: Option<i32>,
    reason: Option<String>,
    duration: Duration,
}

/// What the workers share.
struct Work<'a> {
    targets: &'a [ExecTarget],
    program: &'a OsStr,
    arguments: &'a [OsString],
    next: AtomicUsize,
    /// Whether nothing more is to be started; locked while something is.
    is_stopped: Mutex<bool>,
    /// The commands that run.
    running: Mutex<BTreeSet<u32>>,
    clock: Clock,
}

/// Runs the command in every worktree that is meant.
///
/// # Errors
///
/// `usage` without a command; `not_found`, `ambiguous` and `config_invalid` before anything runs.
pub fn exec(context: &Context, request: &Request, listener: &mut dyn ExecListener) -> Result<Report> {
    let Some((program, arguments)) = request.words.split_first() else {
        return Err(Failure::new(Code::Usage, "no command to run was given"));
    };
    let targets = choose(context, &request.wanted)?;
    listener.begin(&targets.iter().map(|target| target.name.as_str()).collect::<Vec<_>>());
    let (next, is_stopped, running) = (AtomicUsize::new(0), Mutex::default(), Mutex::default());
    let clock = context.host.clock;
    let work = Work { targets: &targets, program, arguments, next, is_stopped, running, clock };
    let mut outcomes: Vec<Option<Outcome>> = targets.iter().map(|_| None).collect();
    let is_interrupted = work.all(context, request.jobs, &mut outcomes, listener)?;
    let runs = targets.into_iter().zip(outcomes).map(|(target, outcome)| row(target, outcome));
    Ok(Report { runs: runs.collect(), is_interrupted })
}

fn row(target: ExecTarget, outcome: Option<Outcome>) -> ExecRun {
    let skipped = outcome.is_none();
    let reason = match &outcome {
        Some(outcome) => outcome.reason.clone(),
        None => Some(target.skipped.unwrap_or("interrupted").to_owned()),
    };
    ExecRun {
        worktree: target.name,
        path: target.path,
        status: outcome.as_ref().map(|outcome| outcome.status),
        signal: outcome.as_ref().and_then(|outcome| outcome.signal),
        skipped,
        reason,
        duration_ms: outcome.map(|outcome| u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX)),
    }
}

impl Work<'_> {
    /// Has `jobs` workers run all of it, and answers whether somebody gave up.
    fn all(
        &self,
        context: &Context,
        jobs: usize,
        outcomes: &mut [Option<Outcome>],
        listener: &mut dyn ExecListener,
    ) -> Result<bool> {
        let interrupt = &context.host.interrupt;
        let _held = interrupt.hold();
        // What outlives its parent becomes our child, so that Ctrl-C ends it too. Elsewhere we do not know of it.
        let _ = reaper::adopt_orphans();
        let (told, hear) = sync_channel(LINES);
        let mut is_interrupted = false;
        std::thread::scope(|scope| {
            for at in 0..jobs.clamp(1, self.targets.len().max(1)) {
                let told = told.clone();
                let worker = std::thread::Builder::new().spawn_scoped(scope, move || self.work(&told));
                // Fewer do the same work.
                if let (Err(error), 0) = (worker, at) {
                    return Err(Failure::from_io(error, Code::Internal, "no command can be waited for"));
                }
            }
            drop(told);
            let mut is_ended = false;
            let mut trouble = None;
            loop {
                let is_heard = match hear.recv_timeout(LOOK) {
                    Ok(Told::Line(at, stream, line)) => {
                        let name = self.targets.get(at).map_or("", |target| target.name.as_str());
                        is_ended || listener.line(name, stream, &line)
                    }
                    Ok(Told::Ended(at, outcome)) => {
                        if let Some(place) = outcomes.get_mut(at) {
                            *place = Some(outcome);
                        }
                        true
                    }
                    Err(RecvTimeoutError::Timeout) => true,
                    Err(RecvTimeoutError::Disconnected) => return trouble.map_or(Ok(()), Err),
                };
                let is_given_up = interrupt.take();
                is_interrupted |= is_given_up;
                if is_given_up || !is_heard {
                    is_ended = true;
                    *self.is_stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
                    let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    // Whatever it is, the workers are heard to their end: they wait for that.
                    let ended = leftovers::end(&[], &running, interrupt);
                    trouble = trouble.or(ended.err());
                }
            }
        })?;
        Ok(is_interrupted)
    }

    fn work(&self, told: &SyncSender<Told>) {
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = self.targets.get(at) else { return };
            if target.skipped.is_some() {
                continue;
            }
            let begun = self.clock.instant();
            let started = {
                let is_stopped = self.is_stopped.lock().unwrap_or_else(PoisonError::into_inner);
                if *is_stopped {
                    return;
                }
                let started = Piped::start(&SpawnWish {
                    program: self.program,
                    arguments: self.arguments,
                    folder: &target.path,
                    variables: &target.variables,
                    stdout_to_stderr: false,
                });
                self.running
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(started.as_ref().ok().map(Piped::pid));
                started
            };
            let ended = started.and_then(|command| {
                let pid = command.pid();
                // Whoever does not hear any more has been told to stop us.
                let exit =
                    command.follow(|stream, line| drop(told.send(Told::Line(at, stream, line.to_vec()))));
                self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&pid);
                exit
            });
            let signal = ended.as_ref().ok().and_then(|exit| exit.signal);
            let (status, reason) = match ending(self.program, ended.map(|exit| exit.code), HINT) {
                Ok(CommandEnding::Ran(status)) => (status, None),
                Ok(CommandEnding::NotStarted(status, failure)) => (status, Some(failure.to_string())),
                // As a shell has it that cannot start a command for another reason.
                Err(failure) => (126, Some(failure.to_string())),
            };
            let duration = self.clock.since(begun);
            let _ = told.send(Told::Ended(at, Outcome { status, signal, reason, duration }));
        }
    }
}
