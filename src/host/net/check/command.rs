//! A command whose exit status is the answer: in a process group of its own, which ends with it, at the deadline at the
//! latest.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ExitStatus, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::conversation::{Deadline, MOST};
use super::excerpt::excerpt;
use crate::host::process::open_files::{self, SoftLimit};
use crate::host::process::spawn::{self, SpawnWish};
use crate::host::process::stop::Running;
use crate::host::process::table;
use crate::host::services::launch::own_program;
use crate::model::signal::EndSignal;

/// The first and the longest pause between two looks at the child.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// What is to be run, without a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandToRun {
    pub words: Vec<OsString>,
    pub folder: PathBuf,
    /// Added to our own environment.
    pub variables: Vec<(String, String)>,
    /// How many files it may have open; `None`: as many as we may ourselves.
    pub open_files: Option<SoftLimit>,
}

/// Runs it; the error says how it ended.
pub fn ask(run: &CommandToRun, deadline: Deadline<'_>) -> Result<(), String> {
    let Some(program) = run.words.first() else {
        return Err("names no command".to_owned());
    };
    // Only the child itself can limit itself before it becomes the command: `wt` once more, which then does.
    let limited = run.open_files.and_then(|limit| Some(limit.words(&own_program().ok()?, &run.words)));
    let Some((starter, arguments)) = limited.as_deref().unwrap_or(&run.words).split_first() else {
        return Err("names no command".to_owned());
    };
    let wish = SpawnWish {
        program: starter,
        arguments,
        folder: &run.folder,
        variables: &run.variables,
        stdout_to_stderr: false,
    };
    let mut command = spawn::command(&wish);
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let name = program.to_string_lossy();
    // Our own program says itself what is the matter; how it was called is nobody's concern.
    let is_ours = own_program().is_ok_and(|own| own.as_os_str() == program);
    let mut child = command.spawn().map_err(|error| open_files::refusal(program, &error))?;
    let mut complaint = Complaint::of(child.stderr.take());
    let ended = end(&mut child, deadline, &mut complaint);
    match ended {
        Some(status) if status.success() => Ok(()),
        Some(status) => {
            complaint.read();
            let is_unrun = limited.is_some() && status.code() == Some(i32::from(open_files::CANNOT_RUN));
            let said = complaint.own_words();
            let own = said
                .filter(|said| is_ours || is_unrun && said.starts_with(&format!("`{name}` cannot be run")));
            if let Some(said) = own {
                return Err(said);
            }
            let said = complaint.words();
            Err(match status.code() {
                Some(code) => format!("`{name}` ended with status {code}{said}"),
                None => format!("`{name}` was ended by a signal{said}"),
            })
        }
        None if is_ours => Err(format!("no answer within {:?}", deadline.timeout)),
        None => Err(format!("`{name}` did not end within {:?}{}", deadline.timeout, complaint.words())),
    }
}

/// Returns the status; `None` when the deadline came first, or nobody wants to know any more. What it left in its group
/// is killed either way: a check that is made again and again must leave nothing.
fn end(child: &mut Child, deadline: Deadline<'_>, complaint: &mut Complaint) -> Option<ExitStatus> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw)?;
    let has_ended = wait(pid, deadline, complaint);
    // Below it some may lead groups of their own, as what `timeout` of a shell runs in.
    let family = if has_ended { Vec::new() } else { held(child.id()) };
    // It is not reaped yet, so the number of its group is still its own.
    let _ = kill_process_group(pid, Signal::KILL);
    for process in family {
        let _ = process.send(EndSignal::Kill);
    }
    let status = child.wait().ok();
    status.filter(|_| has_ended)
}

fn held(pid: u32) -> Vec<Running> {
    let family = table::family(pid).into_iter().map(|known| (known.pid, known.started));
    family.filter_map(|(pid, started)| Running::find(pid, started).ok().flatten()).collect()
}

/// Answers whether it ended in time. It is not reaped.
#[expect(clippy::disallowed_methods, reason = "a child tells nobody but its waiting parent that it ended")]
fn wait(pid: Pid, deadline: Deadline<'_>, complaint: &mut Complaint) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let mut pause = PAUSES.0;
    loop {
        complaint.read();
        if matches!(waitid(WaitId::Pid(pid), look), Ok(Some(_)) | Err(Errno::CHILD)) {
            return true;
        }
        let Some(left) = deadline.left() else { return false };
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// What the command writes to stderr: read as it comes, so that it never waits for us, and kept in part.
struct Complaint {
    pipe: Option<ChildStderr>,
    kept: Vec<u8>,
}

impl Complaint {
    fn of(pipe: Option<ChildStderr>) -> Self {
        let pipe = pipe.filter(|pipe| rustix::io::ioctl_fionbio(pipe, true).is_ok());
        Self { pipe, kept: Vec::new() }
    }

    fn read(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        let mut buffer = [0_u8; 4096];
        // At most a pipe's worth at a time: whoever writes without an end must not keep us from the deadline.
        for _ in 0..16 {
            match pipe.read(&mut buffer) {
                Ok(count @ 1..) => {
                    let room = MOST.saturating_sub(self.kept.len()).min(count);
                    self.kept.extend_from_slice(&buffer[..room]);
                }
                _ => break,
            }
        }
    }

    /// What our own program said was wrong, without what it advised.
    fn own_words(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.kept);
        let said = text.lines().find_map(|line| line.strip_prefix("error: "))?;
        Some(excerpt(said)).filter(|said| !said.is_empty())
    }

    fn words(&self) -> String {
        let text = excerpt(&String::from_utf8_lossy(&self.kept));
        if text.is_empty() { String::new() } else { format!(": {text}") }
    }
}
