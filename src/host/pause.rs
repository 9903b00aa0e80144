//! The pause between two looks of a watch: one sleep, which ends early where somebody wants us to stop, or nobody reads on.

use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::interrupt::Interrupt;
use super::services::signals::Bell;
use crate::error::{Code, Failure, Result};

/// What ends a sleep early. One for a whole watch: its signal handlers stay.
#[derive(Debug)]
pub struct Pause {
    bell: Bell,
    interrupt: Interrupt,
}

impl Pause {
    /// Pauses that `interrupt` ends, which was installed before.
    ///
    /// # Errors
    ///
    /// `internal` when the system refuses the handlers.
    pub fn new(interrupt: &Interrupt) -> Result<Self> {
        let refused = |error| Failure::from_io(error, Code::Internal, "signals cannot be caught");
        Ok(Self { bell: Bell::of_endings().map_err(refused)?, interrupt: interrupt.clone() })
    }

    /// Sleeps for `time`, or less: until nobody reads any more what is written to `output`, or some signal came.
    ///
    /// # Errors
    ///
    /// `interrupted`; `internal` when the system will not wait.
    pub fn sleep(&self, time: Duration, output: &impl AsFd) -> Result<()> {
        // One that came before the bell was hung up rings nothing.
        self.interrupt.check()?;
        let bell = self.bell.as_fd();
        let mut asked = [PollFd::new(&bell, PollFlags::IN), PollFd::new(output, PollFlags::empty())];
        let time = Timespec::try_from(time).unwrap_or_default();
        match poll(&mut asked, Some(&time)) {
            Ok(_) | Err(Errno::INTR) => self.interrupt.check(),
            Err(error) => Err(Failure::from_io(error.into(), Code::Internal, "there is no waiting here")),
        }
    }
}
