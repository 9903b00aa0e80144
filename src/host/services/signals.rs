//! The signals that a supervisor waits for together with everything else: each makes a descriptor readable.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::low_level::pipe;

/// A descriptor that is readable once something happened.
#[derive(Debug)]
pub struct Bell {
    read: UnixStream,
}

impl Bell {
    /// A bell that the ends of children ring.
    ///
    /// # Errors
    ///
    /// Those of installing the handler.
    pub fn of_children() -> io::Result<Self> {
        Self::of(&[SIGCHLD])
    }

    /// A bell that whoever wants us to end rings.
    ///
    /// # Errors
    ///
    /// Those of installing the handler.
    pub fn of_endings() -> io::Result<Self> {
        Self::of(&[SIGTERM, SIGINT, SIGHUP])
    }

    /// A bell that rings when the terminal has another size, and when we go on after we were stopped.
    ///
    /// # Errors
    ///
    /// Those of installing the handler.
    pub fn of_terminals() -> io::Result<Self> {
        Self::of(&[SIGWINCH, SIGCONT])
    }

    /// A bell, and what our own threads ring it with by writing a byte.
    ///
    /// # Errors
    ///
    /// Those of making a pair of sockets.
    pub fn with_ringer() -> io::Result<(Self, UnixStream)> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        Ok((Self { read }, write))
    }

    fn of(signals: &[i32]) -> io::Result<Self> {
        let (bell, write) = Self::with_ringer()?;
        for signal in signals {
            pipe::register(*signal, write.try_clone()?)?;
        }
        Ok(bell)
    }

    /// Returns what can be polled.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }

    /// Answers whether it rang since it was asked last.
    pub fn rang(&mut self) -> bool {
        let mut buffer = [0; 64];
        let mut rang = false;
        while matches!(self.read.read(&mut buffer), Ok(1..)) {
            rang = true;
        }
        rang
    }
}
