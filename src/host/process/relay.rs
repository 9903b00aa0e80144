//! Signals that reach a process in whose place a command runs: passed on to the command, unless a terminal has told it
//! already.

use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::host::clock::Clock;

/// How long after a Ctrl-C an end counts as brought about by it: an interpreter takes one for less.
const SOON: Duration = Duration::from_secs(10);

/// Hears what asks this process to stop.
#[derive(Debug)]
pub struct Relay {
    signals: SignalsInfo<WithOrigin>,
    /// When SIGINT came last.
    interrupted: Option<Instant>,
    is_told_to_end: bool,
}

impl Relay {
    /// From now on SIGINT, SIGTERM and SIGHUP are heard.
    ///
    /// # Errors
    ///
    /// Those of installing the handlers.
    pub fn begin() -> io::Result<Self> {
        let signals = SignalsInfo::<WithOrigin>::new([SIGINT, SIGTERM, SIGHUP])?;
        Ok(Self { signals, interrupted: None, is_told_to_end: false })
    }

    /// Passes on what has come since. What the kernel sent, as a terminal does, reached the whole foreground group.
    pub fn pass_on(&mut self, child: Option<Pid>) {
        let arrived: Vec<Origin> = self.signals.pending().collect();
        for origin in arrived {
            let signal = match origin.signal {
                SIGINT => Signal::INT,
                SIGHUP => Signal::HUP,
                _ => Signal::TERM,
            };
            match signal {
                Signal::INT => self.interrupted = Some(Clock.instant()),
                _ => self.is_told_to_end = true,
            }
            if let (Some(pid), false) = (child, matches!(origin.cause, Cause::Kernel)) {
                // A child that has just ended needs no signal.
                let _ = kill_process(pid, signal);
            }
        }
    }

    /// Answers whether a command that ends now with `status` was ended by what was passed on.
    #[must_use]
    pub fn has_ended_it(&self, status: u8) -> bool {
        let is_soon = |then: Instant| Clock.since(then) < SOON;
        self.is_told_to_end || self.interrupted.is_some_and(|then| status == 130 || is_soon(then))
    }
}
