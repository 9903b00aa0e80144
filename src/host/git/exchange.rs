//! Talks with a child over its pipes, all of them at once and without a thread: where the system gives no more threads, git
//! must be asked all the same.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::process::Child;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// How often it is looked whether the user gave up, in nanoseconds.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// What the child said.
#[derive(Debug, Default)]
pub struct Said {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Writes `input` to the child and reads what it says, until it has closed its ends of the pipes. `None` once `interrupted`
/// answers true: whatever the child started may hold the pipes open for long.
///
/// # Errors
///
/// Those of the system. A child that does not read its input is no error: it has said why.
pub fn exchange(
    child: &mut Child,
    input: Option<Vec<u8>>,
    interrupted: Option<&dyn Fn() -> bool>,
) -> std::io::Result<Option<Said>> {
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
        if interrupted.is_some_and(|interrupted| interrupted()) {
            return Ok(None);
        }
        let mut asked = Vec::with_capacity(3);
        asked.extend(stdin.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::OUT)));
        asked.extend(stdout.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
        asked.extend(stderr.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
        match poll(&mut asked, interrupted.is_some().then_some(&LOOK)) {
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

fn is_for_later(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
