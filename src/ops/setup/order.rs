//! One command of a worktree: started as the leader of a session of its own, without a terminal, its output going to a
//! log, and waited for. What it leaves running stays, and is known by the worktree's marker.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::interrupt::Interrupt;
use crate::host::ownership;
use crate::host::process::stop::{Running, wait_for_end};
use crate::host::services::launch::{Launch, Launched, launch};
use crate::host::services::log_file::LogFile;
use crate::host::services::{kin, record_file};
use crate::model::process::ProcessId;
use crate::model::process::attribution::{ProcessClaim, WT_MARKER, WT_SETUP};
use crate::model::registry::entry::Entry;
use crate::model::signal::EndSignal;
use crate::ops::services::place;

/// How long a command may take to end once it is asked to, before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often its log and its time are looked at while it runs.
const GLANCE: Duration = Duration::from_millis(250);

/// A command that is to be run.
#[derive(Clone, Copy, Debug)]
pub(in crate::ops) struct Order<'a> {
    pub words: &'a [String],
    pub folder: &'a Path,
    /// Added to our own environment.
    pub variables: &'a [(String, String)],
    pub log: &'a LogFile,
    /// The worktree, by its marker.
    pub marker: &'a str,
    /// Which command it is: `setup/0`.
    pub which: &'a str,
    /// When it must have ended.
    pub until: Option<Instant>,
}

/// How a command ended.
#[derive(Debug)]
pub(in crate::ops) enum End {
    /// By itself, with this status; 128 + n for a death by signal n.
    Exited(u8),
    /// It could not be started, for this reason.
    NotStarted(String),
    /// It was ended, since its time was over.
    TooLate,
    /// It was ended, since we were asked to stop.
    Interrupted,
    /// It was ended, since nobody wants it any more: for this reason.
    Unwanted(Failure),
}

/// Returns where what is kept of a worktree's setup is: it lasts as long as its record.
pub fn folder(state: &Path, entry: &Entry) -> PathBuf {
    place::folder(state, entry)
}

/// Returns where the logs of a worktree's own commands are.
pub fn log_folder(state: &Path, entry: &Entry) -> PathBuf {
    folder(state, entry).join("setup")
}

/// Makes that folder, for ourselves alone.
pub(super) fn make_log_folder(context: &Context, entry: &Entry) -> Result<()> {
    let dirs = context.host.dirs()?;
    record_file::make_folder(&folder(dirs.state(), entry)).map_err(unlogged)?;
    match ownership::make_private_folders(&log_folder(dirs.state(), entry)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(unlogged(error)),
        _ => Ok(()),
    }
}

pub(super) fn unlogged(error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Permission, "the log of the setup cannot be written")
}

/// Returns the value of the marker that all of a worktree's processes carry.
pub(in crate::ops) fn marker(entry: &Entry) -> String {
    ProcessClaim::of(entry).marker()
}

impl Order<'_> {
    /// Runs it to its end. `begun` is told its first process, and says whether it is still wanted; `glance` is called
    /// several times a second.
    pub(in crate::ops) fn run(
        &self,
        context: &Context,
        begun: &mut dyn FnMut(&ProcessId) -> Result<()>,
        glance: &mut dyn FnMut(),
    ) -> Result<End> {
        let words: Vec<OsString> = self.words.iter().map(OsString::from).collect();
        let mut variables = self.variables.to_vec();
        variables.push((WT_MARKER.to_owned(), self.marker.to_owned()));
        variables.push((WT_SETUP.to_owned(), self.which.to_owned()));
        let launched = launch(&Launch {
            words: &words,
            folder: self.folder,
            variables: &variables,
            log: self.log.as_fd(),
            socket: None,
            terminal: None,
            open_files: None,
        });
        let mut child = match launched {
            Ok(child) => child,
            Err(error) => return Ok(End::NotStarted(self.reason(&error))),
        };
        if let Err(failure) = begun(&child.id) {
            self.end(context, &mut child)?;
            return Ok(End::Unwanted(failure));
        }
        self.wait(context, &mut child, glance)
    }

    fn reason(&self, error: &std::io::Error) -> String {
        let program = self.words.first().map(String::as_str).unwrap_or_default();
        match error.kind() {
            ErrorKind::NotFound if self.folder.is_dir() => {
                format!("`{program}` cannot be run: there is no such command")
            }
            _ => format!("`{program}` cannot be run: {error}"),
        }
    }

    fn wait(&self, context: &Context, child: &mut Launched, glance: &mut dyn FnMut()) -> Result<End> {
        let clock = context.host.clock;
        loop {
            if let Some(status) = child.find_end().map_err(unwaited)? {
                let _ = self.log.give_back_head();
                return Ok(End::Exited(code(status)));
            }
            if context.host.interrupt.is_raised() {
                self.end(context, child)?;
                return Ok(End::Interrupted);
            }
            let now = clock.instant();
            if self.until.is_some_and(|until| now >= until) {
                self.end(context, child)?;
                return Ok(End::TooLate);
            }
            // What the disk refuses to give back costs room, and no setup.
            let _ = self.log.give_back_head();
            glance();
            let left = self.until.map_or(GLANCE, |until| until.saturating_duration_since(now).min(GLANCE));
            // One that has ended already is not found.
            if let Ok(Some(running)) = Running::find(child.id.pid, child.id.started) {
                let _ = wait_for_end(&[&running], left, &context.host.interrupt);
            }
        }
    }

    /// Ends the command, and all that it started.
    fn end(&self, context: &Context, child: &mut Launched) -> Result<()> {
        let interrupt = &context.host.interrupt;
        // From now on a signal means not to wait for the end.
        let _ = interrupt.take();
        end(self.marker, Some(self.which), std::slice::from_ref(&child.id), interrupt)?;
        child.wait().map(drop).map_err(unwaited)
    }
}

/// Ends what commands of a worktree started, or the one command `which`: asked first, killed after a while, or at once where
/// `interrupt` is raised meanwhile. Returns the pids.
///
/// # Errors
///
/// Fails when processes cannot be looked for.
pub(in crate::ops) fn end(
    marker: &str,
    which: Option<&str>,
    recorded: &[ProcessId],
    interrupt: &Interrupt,
) -> Result<Vec<u32>> {
    let unseen = |error| Failure::from_io(error, Code::Internal, "the processes of the setup cannot be seen");
    let mut ended: Vec<u32> = Vec::new();
    for signal in [EndSignal::Term, EndSignal::Kill, EndSignal::Kill] {
        let found = kin::of_setup(marker, which, recorded).map_err(unseen)?;
        let held = kin::held(&found).map_err(unseen)?;
        if held.is_empty() {
            break;
        }
        for process in &held {
            // Whoever has gone meanwhile needs none, and whoever may not be signalled stays.
            let _ = process.send(signal);
        }
        ended.extend(held.iter().map(Running::pid));
        let _ = wait_for_end(&held.iter().collect::<Vec<_>>(), PATIENCE, interrupt);
    }
    ended.sort_unstable();
    ended.dedup();
    Ok(ended)
}

fn unwaited(error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Internal, "the end of a command cannot be waited for")
}

fn code(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(number).unwrap_or(1)
}
