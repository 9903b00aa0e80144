//! A child that is waited for, and ended once nobody wants it: the one wait for git and docker. It talks over all pipes at once
//! and without a thread: where the system gives no more threads, git must be asked all the same.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};

use super::table;

/// How often it is looked whether the user gave up, in nanoseconds.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// The first and the longest pause between two looks at a child that has closed its pipes.
const PAUSES: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(10));

/// How long a child has to clean up when it is ended.
const GRACE: Duration = Duration::from_secs(2);

/// What a child said, and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

#[derive(Debug, Default)]
struct Said {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Writes `input` to the child, reads what its pipes say, and waits for its end. `None` once it `is_unwanted`: it and what it
/// started were ended then.
///
/// # Errors
///
/// Those of the system. A child that does not read its input is no error: it has said why.
pub fn end_of(
    child: &mut Child,
    input: Option<Vec<u8>>,
    is_unwanted: &dyn Fn() -> bool,
) -> io::Result<Option<Ended>> {
    end_within(child, input, usize::MAX, is_unwanted)
}

/// As [`end_of`]; a child that says more than `most` bytes on one of its pipes is ended.
///
/// # Errors
///
/// Those of [`end_of`]; `FileTooLarge` for what says too much.
pub fn end_within(
    child: &mut Child,
    input: Option<Vec<u8>>,
    most: usize,
    is_unwanted: &dyn Fn() -> bool,
) -> io::Result<Option<Ended>> {
    let said = match exchange(child, input, most, is_unwanted) {
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            stop(child);
            return Err(error);
        }
        said => said?,
    };
    let Some(Said { stdout, stderr }) = said else {
        stop(child);
        return Ok(None);
    };
    let (mut pause, longest) = PAUSES;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(Ended { status, stdout, stderr }));
        }
        if is_unwanted() {
            stop(child);
            return Ok(None);
        }
        nap(pause);
        pause = (pause * 2).min(longest);
    }
}

/// Asks the child and what it started (git's filters and hooks) to end, which lets git remove its lock files, and insists
/// after two seconds.
pub fn stop(child: &mut Child) {
    // The child first: git must not see its filter die and write the file without it.
    for pid in std::iter::once(child.id()).chain(table::descendants(child.id())) {
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
    for _ in 0..GRACE.as_millis() / PAUSES.1.as_millis() {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        nap(PAUSES.1);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[expect(clippy::disallowed_methods, reason = "waits for the child and whoever may not want it at once")]
fn nap(time: Duration) {
    std::thread::sleep(time);
}

/// Talks until the child has closed its ends of the pipes. `None` once it `is_unwanted`: whatever the child started may hold
/// the pipes open for long.
fn exchange(
    child: &mut Child,
    input: Option<Vec<u8>>,
    most: usize,
    is_unwanted: &dyn Fn() -> bool,
) -> io::Result<Option<Said>> {
    let (mut stdin, mut stdout, mut stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let input = input.unwrap_or_default();
    let mut written = 0;
    if let Some(pipe) = &stdin {
        fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?;
    }
    let mut said = Said::default();
    loop {
        if written == input.len() {
            // The child reads its end.
            stdin = None;
        }
        if stdin.is_none() && stdout.is_none() && stderr.is_none() {
            return Ok(Some(said));
        }
        if is_unwanted() {
            return Ok(None);
        }
        let mut asked = Vec::with_capacity(3);
        asked.extend(stdin.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::OUT)));
        asked.extend(stdout.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
        asked.extend(stderr.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
        match poll(&mut asked, Some(&LOOK)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = asked.iter().map(|pipe| !pipe.revents().is_empty()).collect::<Vec<_>>().into_iter();
        if stdin.is_some() && ready.next() == Some(true) {
            match stdin.as_mut().map_or(Ok(0), |pipe| pipe.write(&input[written..])) {
                Ok(more) => written += more,
                Err(error) if is_for_later(&error) => {}
                Err(_) => written = input.len(),
            }
        }
        if stdout.is_some() && ready.next() == Some(true) && !read(stdout.as_mut(), &mut said.stdout) {
            stdout = None;
        }
        if stderr.is_some() && ready.next() == Some(true) && !read(stderr.as_mut(), &mut said.stderr) {
            stderr = None;
        }
        if said.stdout.len().max(said.stderr.len()) > most {
            return Err(ErrorKind::FileTooLarge.into());
        }
    }
}

/// Reads what is there; false at the end. What arrived before a broken pipe is still worth showing.
fn read(pipe: Option<&mut impl Read>, bytes: &mut Vec<u8>) -> bool {
    let mut piece = vec![0; PIECE];
    match pipe.map_or(Ok(0), |pipe| pipe.read(&mut piece)) {
        Ok(0) => false,
        Ok(more) => {
            bytes.extend_from_slice(&piece[..more]);
            true
        }
        Err(error) => is_for_later(&error),
    }
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
