//! Sleeping until one of many things happens, and asking services whether they answer without waiting for them.

use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::signals::Bell;
use crate::host::clock::Clock;
use crate::host::interrupt::Interrupt;
use crate::host::net::check::ask::{ServiceQuestion, ask};
use crate::model::health::check::CheckOutcome;

/// The stack of a thread that asks, in bytes: it reads into buffers on the heap.
const STACK: usize = 256 * 1024;

/// Sleeps until one of `readable` can be read, one of `writable` written, or `time` has passed.
///
/// # Errors
///
/// Those of poll(2).
pub fn sleep(readable: &[BorrowedFd<'_>], writable: &[BorrowedFd<'_>], time: Duration) -> io::Result<()> {
    let reading = readable.iter().map(|descriptor| PollFd::from_borrowed_fd(*descriptor, PollFlags::IN));
    let writing = writable.iter().map(|descriptor| PollFd::from_borrowed_fd(*descriptor, PollFlags::OUT));
    let mut asked: Vec<PollFd<'_>> = reading.chain(writing).collect();
    let time = Timespec::try_from(time).unwrap_or_default();
    match poll(&mut asked, Some(&time)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Answers whether something can be read, or accepted, at once.
#[must_use]
pub fn is_readable(descriptor: BorrowedFd<'_>) -> bool {
    let mut asked = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
    matches!(poll(&mut asked, Some(&Timespec::default())), Ok(1))
}

/// Asks services, each in a thread that lives as long as the answer takes. `T` tells the answers apart.
#[derive(Debug)]
pub struct Asker<T> {
    bell: Bell,
    ringer: UnixStream,
    sender: Sender<(T, CheckOutcome)>,
    answers: Receiver<(T, CheckOutcome)>,
    /// How many are being asked.
    asked: usize,
}

impl<T: Send + 'static> Asker<T> {
    /// Nobody is asked yet.
    ///
    /// # Errors
    ///
    /// Those of making a bell.
    pub fn new() -> io::Result<Self> {
        let (bell, ringer) = Bell::with_ringer()?;
        let (sender, answers) = channel();
        Ok(Self { bell, ringer, sender, answers, asked: 0 })
    }

    /// Begins to ask; the answer comes early once `interrupt` is raised.
    ///
    /// # Errors
    ///
    /// Those of starting a thread.
    pub fn ask(&mut self, tag: T, question: ServiceQuestion, interrupt: Interrupt) -> io::Result<()> {
        let (sender, mut ringer) = (self.sender.clone(), self.ringer.try_clone()?);
        let asking = move || {
            let outcome = ask(&question, &interrupt);
            // Nobody may be left to hear it; a bell that is full rings already.
            let _ = sender.send((tag, outcome));
            let _ = ringer.write(&[1]);
        };
        std::thread::Builder::new().stack_size(STACK).spawn(asking)?;
        self.asked += 1;
        Ok(())
    }

    /// Returns what rings when there is an answer.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Returns the answers that have come in.
    pub fn answers(&mut self) -> Vec<(T, CheckOutcome)> {
        self.bell.rang();
        let answers: Vec<_> = self.answers.try_iter().collect();
        self.asked -= answers.len();
        answers
    }

    /// Answers whether nobody is being asked: no thread of ours waits for a child then.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.asked == 0
    }

    /// Waits until all answers have come in that come within `time`.
    pub fn finish(&mut self, time: Duration) {
        let end = Clock.instant() + time;
        while self.asked > 0 {
            let left = end.saturating_duration_since(Clock.instant());
            let Ok(_) = self.answers.recv_timeout(left) else { return };
            self.asked -= 1;
        }
    }
}
