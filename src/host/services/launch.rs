//! Starts a service as the leader of its own session. What a started process must do to itself before it becomes the
//! service (a new session, a controlling terminal, its own pid in `LISTEN_PID`) only it can do: so `wt` is started
//! again, is told over its standard input what to become, and becomes it.

use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use rustix::io::FdFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use rustix::process::{Pid, WaitId, WaitIdOptions};
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

use super::reaper;
use crate::host::process::open_files::SoftLimit;
use crate::host::process::{identity, spawn, words};
use crate::model::process::ProcessId;

/// The hidden word that makes `wt` wait for orders.
pub const WORD: &str = "exec-service";

/// Where an inherited socket is found (`SD_LISTEN_FDS_START`, `sd_listen_fds(3)`).
const FIRST_SOCKET: i32 = 3;

/// Above every descriptor with a meaning.
const OUT_OF_THE_WAY: i32 = 10;

/// More than a command line may have (`MAX_ARG_STRLEN` times a few), and less than would hurt.
const LONGEST_ORDER: usize = 8 << 20;

/// What is to be started.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The program, found on the PATH of `variables` or ours, and its arguments; no shell looks at them.
    pub words: &'a [OsString],
    pub folder: &'a Path,
    /// Added to our own environment, git's local variables excepted.
    pub variables: &'a [(String, String)],
    /// Where stdout and stderr go, unless there is a terminal.
    pub log: BorrowedFd<'a>,
    /// A listening socket to hand over as descriptor 3, with `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`.
    pub socket: Option<BorrowedFd<'a>>,
    /// The inner end of a pseudo-terminal: its controlling terminal, and all three standard descriptors.
    pub terminal: Option<BorrowedFd<'a>>,
    /// How many files it may have open; `None`: as many as we may ourselves.
    pub open_files: Option<SoftLimit>,
}

/// A started service's first process, which leads its session and its group.
#[derive(Debug)]
pub struct Launched {
    pub id: ProcessId,
    child: Child,
    #[cfg(target_os = "linux")]
    descriptor: Option<OwnedFd>,
}

impl Launched {
    /// Returns what becomes readable when it ends (`pidfd_open(2)`); `None` before Linux 5.3 and on other systems.
    #[must_use]
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        #[cfg(target_os = "linux")]
        return self.descriptor.as_ref().map(AsFd::as_fd);
        #[cfg(not(target_os = "linux"))]
        return None;
    }

    /// Answers whether it has ended, and leaves it unnoticed: as long as it is not waited for its pid stays its own, and its
    /// session can be told by it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return true };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(rustix::process::waitid(WaitId::Pid(pid), options), Ok(None))
    }

    /// Returns how it ended, `None` while it runs. Asked again it answers the same.
    ///
    /// # Errors
    ///
    /// Those of waiting: somebody else has reaped it.
    pub fn find_end(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// Those of waiting.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// What the started `wt` is told; its two descriptors come along.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    words: Vec<Vec<u8>>,
    folder: Vec<u8>,
    has_socket: bool,
    has_terminal: bool,
    open_files: Option<SoftLimit>,
}

/// What it says when it could not become the service.
#[derive(Debug, Serialize, Deserialize)]
struct Refusal {
    message: String,
    errno: Option<i32>,
}

/// Starts it and returns once the words are running.
///
/// # Errors
///
/// `NotFound` or `PermissionDenied` when the program cannot be executed or the folder not be entered; the message says
/// which. Nothing is left running then.
pub fn launch(wish: &Launch<'_>) -> io::Result<Launched> {
    launch_through(&own_program()?, wish)
}

/// The same by another program that knows `WORD`.
///
/// # Errors
///
/// As `launch`.
#[expect(clippy::disallowed_methods, reason = "a child that starts here has git's variables scrubbed")]
pub fn launch_through(program: &Path, wish: &Launch<'_>) -> io::Result<Launched> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(program);
    spawn::scrub(&mut command);
    command.arg(WORD).envs(wish.variables.iter().map(|(name, value)| (name, value)));
    command.stdin(OwnedFd::from(theirs));
    command.stdout(wish.log.try_clone_to_owned()?).stderr(wish.log.try_clone_to_owned()?);
    let mut child = command.spawn()?;
    // Its copy of the other end is to be the last one: the end of the talk then means that it became the service.
    drop(command);
    match instruct(&ours, &child, wish) {
        Ok(id) => Ok(Launched {
            #[cfg(target_os = "linux")]
            // It runs by now: without a descriptor its end is seen a little later, but it is not lost.
            descriptor: reaper::descriptor(id.pid).unwrap_or(None),
            id,
            child,
        }),
        Err(error) => {
            // It waits for orders that will not come, or has said that it gave up.
            let _ = child.kill();
            child.wait()?;
            Err(error)
        }
    }
}

fn instruct(ours: &UnixStream, child: &Child, wish: &Launch<'_>) -> io::Result<ProcessId> {
    let gone = || io::Error::other("the process that was to become the service has vanished");
    // Seen now, while it waits for orders: what it becomes may end before one could look.
    let id = identity::of(child.id()).ok_or_else(gone)?;
    let order = Order {
        words: wish.words.iter().map(|word| word.as_bytes().to_vec()).collect(),
        folder: wish.folder.as_os_str().as_bytes().to_vec(),
        has_socket: wish.socket.is_some(),
        has_terminal: wish.terminal.is_some(),
        open_files: wish.open_files,
    };
    send(ours, &serde_json::to_vec(&order)?, wish.socket, wish.terminal)?;
    let mut answer = Vec::new();
    ours.take(LONGEST_ORDER as u64).read_to_end(&mut answer)?;
    if answer.is_empty() {
        return Ok(id);
    }
    let refusal: Refusal = serde_json::from_slice(&answer)?;
    let kind = refusal.errno.map_or(io::ErrorKind::Other, |errno| io::Error::from_raw_os_error(errno).kind());
    Err(io::Error::new(kind, refusal.message))
}

/// Sends the length with the descriptors, then the order.
fn send(
    ours: &UnixStream,
    order: &[u8],
    socket: Option<BorrowedFd<'_>>,
    terminal: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let descriptors: Vec<BorrowedFd<'_>> = socket.into_iter().chain(terminal).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("there is no room for two descriptors"));
    }
    let length = (order.len() as u64).to_le_bytes();
    rustix::net::sendmsg(ours, &[IoSlice::new(&length)], &mut control, SendFlags::NOSIGNAL)?;
    io::Write::write_all(&mut &*ours, order)
}

/// Becomes the service that the process at the other end of standard input orders; returns only when that failed, and
/// then has said so there.
#[must_use]
pub fn become_service() -> u8 {
    reaper::close_inherited();
    let Ok(input) = moved_up(&io::stdin()) else { return 1 };
    let stream = UnixStream::from(input);
    let refusal = match obey(&stream) {
        Ok(never) => match never {},
        Err(refusal) => refusal,
    };
    if let Ok(text) = serde_json::to_vec(&refusal) {
        // Whoever ordered may be gone.
        let _ = io::Write::write_all(&mut &stream, &text);
    }
    127
}

fn obey(stream: &UnixStream) -> Result<std::convert::Infallible, Refusal> {
    let refused = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| Refusal { message: format!("{what}: {error}"), errno: error.raw_os_error() }
    };
    let (order, mut descriptors) = receive(stream).map_err(refused("no orders"))?;
    let mut take = |has: bool| if has { descriptors.next() } else { None };
    let (socket, terminal) = (take(order.has_socket), take(order.has_terminal));
    let folder = PathBuf::from(OsString::from_vec(order.folder));
    let mut words = order.words.into_iter().map(OsString::from_vec);
    let program = words.next().unwrap_or_default();

    rustix::process::setsid().map_err(io::Error::from).map_err(refused("no session of its own"))?;
    std::env::set_current_dir(&folder).map_err(refused(&folder.display().to_string()))?;
    let mut command = prepared(&program, socket.is_some());
    command.args(words);
    let _placed = socket.map(in_place).transpose().map_err(refused("the socket cannot be handed over"))?;
    wire(&mut command, terminal).map_err(refused("its terminal cannot be had"))?;
    // Our own stdin is the talk; its copy `stream` is closed on exec, which is how the other side learns of success.
    reset_signals().map_err(refused("signals cannot be reset"))?;
    order.open_files.map(SoftLimit::set).transpose().map_err(refused("its open files cannot be limited"))?;
    Err(refused(&program.to_string_lossy())(command.exec()))
}

/// What a careless parent had ignored (a script's background jobs ignore SIGINT, `nohup` SIGHUP) the service would ignore
/// too, and could not be stopped by it: what is caught instead becomes the default again with the exec (`execve(2)`).
fn reset_signals() -> io::Result<()> {
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this process becomes the service")]
fn prepared(program: &OsString, has_socket: bool) -> Command {
    let mut command = Command::new(program);
    for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] {
        command.env_remove(name);
    }
    if has_socket {
        command.env("LISTEN_FDS", "1").env("LISTEN_PID", std::process::id().to_string());
        command.env("LISTEN_FDNAMES", "wt");
    }
    command
}

/// Moves the descriptor up, out of the way of those with a meaning.
fn moved_up(descriptor: &impl AsFd) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(descriptor, OUT_OF_THE_WAY)?)
}

/// Puts the socket where a service looks for it; it must live until the exec.
fn in_place(socket: OwnedFd) -> io::Result<OwnedFd> {
    let up = moved_up(&socket)?;
    drop(socket);
    // The lowest free one from there on, and nothing else is open there.
    let placed = rustix::io::fcntl_dupfd_cloexec(&up, FIRST_SOCKET)?;
    if placed.as_raw_fd() != FIRST_SOCKET {
        return Err(io::Error::other("descriptor 3 is taken"));
    }
    rustix::io::fcntl_setfd(&placed, FdFlags::empty())?;
    Ok(placed)
}

fn wire(command: &mut Command, terminal: Option<OwnedFd>) -> io::Result<()> {
    let Some(terminal) = terminal else {
        command.stdin(Stdio::null());
        return Ok(());
    };
    rustix::process::ioctl_tiocsctty(&terminal)?;
    command.stdin(terminal.try_clone()?).stdout(terminal.try_clone()?).stderr(terminal);
    Ok(())
}

fn receive(stream: &UnixStream) -> io::Result<(Order, std::vec::IntoIter<OwnedFd>)> {
    let mut length = [0; 8];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut into = [IoSliceMut::new(&mut length)];
    let received = rustix::net::recvmsg(stream, &mut into, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            for right in rights {
                descriptors.push(moved_up(&right)?);
            }
        }
    }
    let size = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    if received.bytes != length.len() || size > LONGEST_ORDER {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut text = vec![0; size];
    (&*stream).read_exact(&mut text)?;
    Ok((serde_json::from_slice(&text)?, descriptors.into_iter()))
}

/// Answers whether a process is this very program at its command `word`; false where it cannot be seen.
#[must_use]
pub fn is_own_command(pid: u32, word: &str) -> bool {
    let own = own_program().and_then(|own| own.canonicalize()).ok();
    let before_others = |words: Vec<String>| words.into_iter().skip(1).take_while(|word| word != "--");
    own.is_some() && words::program(pid) == own && before_others(words::words(pid)).any(|known| known == word)
}

/// Returns the program that runs, even when its file has been replaced meanwhile.
///
/// # Errors
///
/// Fails where the system does not say.
pub fn own_program() -> io::Result<PathBuf> {
    let itself = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && itself.exists() { Ok(itself.to_owned()) } else { std::env::current_exe() }
}
