//! A process held fast by its identity, signalled, and waited for. On Linux a pidfd names it: no other process can ever
//! be meant, not even one that is given the same pid between a look and a signal.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use super::{identity, table};
use crate::error::{Code, Failure, Result};
use crate::host::interrupt::Interrupt;
use crate::model::signal::EndSignal;

/// How long a wait goes on before it looks whether the user gave up.
const SLICE: Duration = Duration::from_millis(100);

/// The same where no pidfd tells the end, so that looking is all there is.
const LOOK: Duration = Duration::from_millis(10);

/// A process that ran when it was found.
#[derive(Debug)]
pub struct Running {
    number: u32,
    pid: Pid,
    started: u64,
    #[cfg(target_os = "linux")]
    descriptor: Option<std::os::fd::OwnedFd>,
}

impl Running {
    /// Holds the process that has `pid` and started then, as in [`ProcessId`](crate::model::process::ProcessId); `None`
    /// when it has ended, or somebody else has its pid by now.
    ///
    /// # Errors
    ///
    /// Those of `pidfd_open(2)`, where the system has it; no room for another open file.
    pub fn find(number: u32, started: u64) -> io::Result<Option<Self>> {
        let Some(pid) = i32::try_from(number).ok().and_then(Pid::from_raw) else { return Ok(None) };
        if !identity::is_proc_ours() {
            return Err(io::Error::other(
                "/proc shows another pid namespace: its numbers are not ours to signal",
            ));
        }
        #[cfg(target_os = "linux")]
        let descriptor = match rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
            Ok(descriptor) => Some(descriptor),
            Err(Errno::SRCH) => return Ok(None),
            // Before Linux 5.3, and in sandboxes that do not know the call.
            Err(Errno::NOSYS | Errno::PERM) => None,
            Err(error) => return Err(error.into()),
        };
        let running = Self {
            number,
            pid,
            started,
            #[cfg(target_os = "linux")]
            descriptor,
        };
        // Looked at after it is held: what it is now, it was when it was held.
        if running.is_itself() {
            return Ok(Some(running));
        }
        // Not seen for want of room for another open file is not gone.
        table::Stat::find(number)?;
        Ok(None)
    }

    /// Returns its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.number
    }

    /// Returns what becomes readable when it ends; `None` where the system has no such thing.
    #[must_use]
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        #[cfg(target_os = "linux")]
        return self.descriptor.as_ref().map(AsFd::as_fd);
        #[cfg(not(target_os = "linux"))]
        return None;
    }

    fn is_itself(&self) -> bool {
        identity::of(self.number).is_some_and(|known| known.started == self.started)
    }

    /// Sends `signal`; false when it has ended already.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` for a process that is not ours to signal.
    pub fn send(&self, signal: EndSignal) -> io::Result<bool> {
        let signal = native(signal);
        #[cfg(target_os = "linux")]
        if let Some(descriptor) = &self.descriptor {
            return sent(rustix::process::pidfd_send_signal(descriptor, signal));
        }
        if !self.is_itself() {
            return Ok(false);
        }
        sent(kill_process(self.pid, signal))
    }

    /// Answers whether it has ended; one that only waits for its parent to notice has.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        #[cfg(target_os = "linux")]
        if let Some(descriptor) = &self.descriptor {
            let mut asked = [PollFd::new(descriptor, PollFlags::IN)];
            return matches!(poll(&mut asked, Some(&Timespec::default())), Ok(1));
        }
        !self.is_itself()
    }
}

/// Waits until all of them have ended, `time` has passed or the user interrupts.
///
/// # Errors
///
/// `interrupted`; `internal` when the system will not wait.
pub fn wait_for_end(running: &[&Running], time: Duration, interrupt: &Interrupt) -> Result<()> {
    let begin = Instant::now();
    loop {
        interrupt.check()?;
        let left: Vec<&Running> = running.iter().filter(|process| !process.is_ended()).copied().collect();
        let remaining = time.saturating_sub(begin.elapsed());
        if left.is_empty() || remaining.is_zero() {
            return Ok(());
        }
        wait_for_one(&left, remaining)?;
    }
}

/// Sleeps until one of them ends, or for a slice.
fn wait_for_one(left: &[&Running], remaining: Duration) -> Result<()> {
    #[cfg(target_os = "linux")]
    let mut descriptors: Vec<PollFd<'_>> = left
        .iter()
        .filter_map(|process| process.descriptor.as_ref())
        .map(|descriptor| PollFd::new(descriptor, PollFlags::IN))
        .collect();
    #[cfg(not(target_os = "linux"))]
    let mut descriptors: Vec<PollFd<'_>> = Vec::new();
    let slice = if descriptors.len() == left.len() { SLICE } else { LOOK };
    let time = Timespec::try_from(remaining.min(slice)).unwrap_or_default();
    match poll(&mut descriptors, Some(&time)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => {
            Err(Failure::from_io(error.into(), Code::Internal, "the end of a process cannot be waited for"))
        }
    }
}

fn sent(result: Result<(), Errno>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(Errno::SRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn native(signal: EndSignal) -> Signal {
    match signal {
        EndSignal::Hup => Signal::HUP,
        EndSignal::Int => Signal::INT,
        EndSignal::Quit => Signal::QUIT,
        EndSignal::Abrt => Signal::ABORT,
        EndSignal::Kill => Signal::KILL,
        EndSignal::Usr1 => Signal::USR1,
        EndSignal::Usr2 => Signal::USR2,
        EndSignal::Alrm => Signal::ALARM,
        EndSignal::Term => Signal::TERM,
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "a real child is what is ended")]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn child() -> (Child, Running) {
        let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let started = identity::of(child.id()).unwrap().started;
        let running = Running::find(child.id(), started).unwrap().unwrap();
        (child, running)
    }

    #[test]
    fn a_signal_ends_it_and_the_wait_returns_at_once() {
        let (mut child, running) = child();
        assert!(!running.is_ended());
        let begin = Instant::now();
        assert!(running.send(EndSignal::Term).unwrap());
        wait_for_end(&[&running], Duration::from_mins(1), &Interrupt::default()).unwrap();
        assert!(running.is_ended() && begin.elapsed() < Duration::from_secs(50), "a zombie has ended");
        child.wait().unwrap();
        assert!(!running.send(EndSignal::Kill).unwrap(), "nobody else is meant once it is gone");
    }

    #[test]
    fn a_wait_gives_up_after_its_time() {
        let (mut child, running) = child();
        wait_for_end(&[&running], Duration::from_millis(5), &Interrupt::default()).unwrap();
        assert!(!running.is_ended());
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn another_start_is_another_process() {
        let (mut child, running) = child();
        assert!(Running::find(running.number, running.started + 1).unwrap().is_none());
        assert!(Running::find(0, 0).unwrap().is_none() && Running::find(999_999_999, 1).unwrap().is_none());
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
