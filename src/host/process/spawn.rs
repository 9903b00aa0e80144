//! Runs a command in a folder and waits for it, as a shell would: its words as they are, its status as a number.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::relay::Relay;
use crate::model::process::attribution::{WT_SERVICE, WT_SETUP};
use rustix::process::Pid;

/// What `git rev-parse --local-env-vars` names: each binds a child to one repository, which need not be the child's.
const GIT_LOCAL: [&str; 16] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
    "GIT_INTERNAL_SUPER_PREFIX",
];

/// Where the shell function waits for a folder: our answer alone, never that of a `wt` further down.
const DIRECTIVE: &str = "WT_DIRECTIVE_FILE";

/// How often a waiting process looks whether it was told to stop.
const LOOK: Duration = Duration::from_millis(50);

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct SpawnWish<'a> {
    pub program: &'a OsStr,
    pub arguments: &'a [OsString],
    pub folder: &'a Path,
    /// Added to the environment we have ourselves, git's local variables excepted.
    pub variables: &'a [(String, String)],
    /// Whether what the command writes to stdout goes to stderr.
    pub stdout_to_stderr: bool,
}

/// How a command ended that ran in our place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpawnExit {
    /// Its exit status; a death by signal `n` is 128 + n, as in a shell.
    pub code: u8,
    /// The signal that it died of.
    pub signal: Option<i32>,
    /// Whether what asked this process to stop ended it.
    pub is_told: bool,
}

/// Runs the command and returns how it ended. What asks this process to stop (SIGINT, SIGTERM, SIGHUP) is passed on.
///
/// # Errors
///
/// Those of starting it: `NotFound`, `PermissionDenied`, …
pub fn run(wish: &SpawnWish<'_>) -> io::Result<SpawnExit> {
    run_while(wish, |_| {})
}

/// The same, and calls `glance` with the command's pid several times a second while it runs.
///
/// # Errors
///
/// As [`run`].
pub fn run_while(wish: &SpawnWish<'_>, glance: impl FnMut(u32) + Send) -> io::Result<SpawnExit> {
    let mut relay = Relay::begin()?;
    let status = wait(command(wish).spawn()?, &mut relay, glance)?;
    // What came last reached nobody, but counts.
    relay.pass_on(None);
    let code = code(status);
    Ok(SpawnExit { code, signal: status.signal(), is_told: relay.has_ended_it(code) })
}

#[expect(clippy::disallowed_methods, reason = "a child that starts here has git's variables scrubbed")]
pub(crate) fn command(wish: &SpawnWish<'_>) -> Command {
    let mut command = Command::new(wish.program);
    command.args(wish.arguments).current_dir(wish.folder);
    scrub(&mut command);
    let variables: BTreeMap<_, _> = wish.variables.iter().map(|(name, value)| (name, value)).collect();
    command.envs(variables);
    if wish.stdout_to_stderr {
        command.stdout(Stdio::from(io::stderr()));
    }
    command
}

/// Becomes the command. Returns only where it cannot be started, with the reason.
pub fn become_program(wish: &SpawnWish<'_>) -> io::Error {
    command(wish).exec()
}

/// Keeps from a child what binds it to one repository, our own answer to the shell, and the names of the service and the
/// setup that we may run in ourselves: with them the child would count as part of those, and end with them.
pub(crate) fn scrub(command: &mut Command) {
    for name in GIT_LOCAL.into_iter().chain([DIRECTIVE, WT_SERVICE, WT_SETUP]) {
        command.env_remove(name);
    }
}

/// Starts this program again with `arguments`, nothing to read or write and a process group of its own, so that Ctrl-C
/// never reaches it, and does not wait for it; returns its pid. `in_our_group` leaves it in ours, from which it can
/// [leave the session](leave_session) as the leader of a group could not.
///
/// # Errors
///
/// Those of starting it.
#[expect(clippy::disallowed_methods, reason = "a child that starts here has git's variables scrubbed")]
pub fn detach(arguments: &[impl AsRef<OsStr>], folder: &Path, in_our_group: bool) -> io::Result<u32> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).current_dir(folder);
    if !in_our_group {
        command.process_group(0);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    scrub(&mut command);
    command.spawn().map(|child| child.id())
}

/// Starts a program that is the person's own, as a browser, with nothing to read or write and a process group of its own, and
/// does not wait for it.
///
/// # Errors
///
/// Those of starting it.
#[expect(clippy::disallowed_methods, reason = "a child that starts here has git's variables scrubbed")]
pub fn leave_alone(program: &Path, arguments: &[String]) -> io::Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    scrub(&mut command);
    command.spawn().map(drop)
}

/// Leaves the session we were started in (setsid(2)), and takes the lowest priority; answers whether the session was
/// left, which the leader of a process group cannot.
pub fn leave_session() -> bool {
    // Failing at this costs comfort only.
    let _ = rustix::process::nice(19);
    leave_terminal()
}

/// Leaves the session we were started in, and nothing else; answers whether it was left.
pub fn leave_terminal() -> bool {
    rustix::process::setsid().is_ok()
}

fn wait(mut child: Child, relay: &mut Relay, mut glance: impl FnMut(u32) + Send) -> io::Result<ExitStatus> {
    let pid = child.id();
    let native = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let (ended, end) = channel::<()>();
    let once = Mutex::new(|| {
        glance(pid);
        relay.pass_on(native);
    });
    let look = || (once.lock().unwrap_or_else(PoisonError::into_inner))();
    std::thread::scope(|scope| {
        let looking = std::thread::Builder::new().spawn_scoped(scope, move || look_until(&end, look));
        if looking.is_err() {
            // The system gives no more threads: we look ourselves, between two looks at the child.
            return watch_alone(&mut child, look);
        }
        let status = child.wait();
        drop(ended);
        status
    })
}

/// As [`look_until`], while it waits for the child too.
fn watch_alone(child: &mut Child, mut look: impl FnMut()) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        look();
        #[expect(clippy::disallowed_methods, reason = "waits for the child and the signals at once")]
        std::thread::sleep(LOOK);
    }
}

/// Until the other end is dropped. The child is not yet waited for then, or is only just: its pid is not reused.
fn look_until(end: &Receiver<()>, mut look: impl FnMut()) {
    while end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        look();
    }
}

pub(super) fn code(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(number).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> io::Result<u8> {
        run(&SpawnWish {
            program: OsStr::new("sh"),
            arguments: &["-c".into(), script.into()],
            folder: Path::new("/"),
            variables: &[("WT_NAME".to_owned(), "it's $here".to_owned())],
            stdout_to_stderr: false,
        })
        .map(|exit| exit.code)
    }

    #[test]
    fn the_commands_status_is_returned() {
        assert_eq!(shell("exit 7").unwrap(), 7);
    }

    #[test]
    fn a_death_by_signal_is_128_and_its_number() {
        assert_eq!(shell("kill -TERM $$").unwrap(), 143);
    }

    #[test]
    fn the_variables_arrive_as_they_are() {
        assert_eq!(shell("test \"$WT_NAME\" = \"it's \\$here\" && test \"$PWD\" = /").unwrap(), 0);
    }

    #[test]
    fn a_command_that_is_not_there_is_an_error() {
        let wish = SpawnWish {
            program: OsStr::new("wt-no-such-command"),
            arguments: &[],
            folder: Path::new("/"),
            variables: &[],
            stdout_to_stderr: false,
        };
        assert_eq!(run(&wish).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
