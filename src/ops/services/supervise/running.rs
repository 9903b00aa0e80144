//! What the supervisor has at hand for a service that runs: its processes, its log, when to look at it, how it is ended.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::host::interrupt::Interrupt;
use crate::host::net::check::calls::OwnCalls;
use crate::host::net::holding;
use crate::host::process::identity::{self, Here};
use crate::host::process::stop::Running;
use crate::host::services::launch::Launched;
use crate::host::services::log_file::LogFile;
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::model::process::ProcessId;
use crate::model::services::state::ServiceExit;

/// The first pause between two looks at a service that starts, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(4), Duration::from_millis(100));

/// One run of a service, or of its setup.
#[derive(Debug)]
pub(super) struct ServiceRun {
    /// Tells the answers of earlier runs apart.
    pub number: u64,
    pub is_setup: bool,
    /// Its first process, where that is our child and has not ended.
    pub child: Option<Launched>,
    /// Processes of it that are nobody's child that we could wait for: a daemon's, or what was taken over.
    pub others: Vec<Running>,
    /// The first process, and all others that were seen.
    pub known: Vec<ProcessId>,
    pub since: Timestamp,
    pub log: Option<LogFile>,
    /// Our end of its terminal, where it has one: what it writes there goes into the log.
    pub terminal: Option<OwnedFd>,
    pub look: NextLook,
    pub ending: Option<RunEnding>,
    /// How its first process ended, or the daemon that it left.
    pub exit: Option<ServiceExit>,
    /// Whether its first process has ended, and what is left in its session was remembered: it may be waited for.
    pub is_remembered: bool,
    /// Whether what its first process left behind is the service.
    pub is_daemon: bool,
}

impl ServiceRun {
    /// Returns what becomes readable when one of its processes ends.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let of_ending = self.ending.iter().flat_map(|ending| &ending.targets);
        let others = self.others.iter().chain(of_ending).filter(|process| !process.is_ended());
        let child = self.child.as_ref().and_then(Launched::descriptor);
        let terminal = self.terminal.as_ref().map(AsFd::as_fd);
        child.into_iter().chain(terminal).chain(others.filter_map(Running::descriptor))
    }

    /// Returns the first of its processes that lives, and all that do.
    pub fn alive(&self, here: &Here) -> Vec<&ProcessId> {
        self.known.iter().filter(|id| here.is_alive(id)).collect()
    }

    /// Of a daemon's processes the one that listens is the one to name: the first ones may be about to end.
    pub fn lead_by_listener(&mut self, port: Port, sockets: &[Listener]) {
        if self.child.is_some() {
            return;
        }
        let listens = |id: &ProcessId| {
            let own = holding::sockets_of(&[id.pid]).unwrap_or_default();
            sockets
                .iter()
                .any(|socket| socket.port == port && socket.listening && own.contains(&socket.inode))
        };
        if let Some(at) = self.known.iter().position(listens) {
            self.known[..=at].rotate_right(1);
        }
    }

    /// Takes note of how a process of a daemon ended: the first bad end counts, it may have brought about the others.
    pub fn note_end(&mut self, exit: ServiceExit) {
        if self.exit.is_none_or(|known| known == ServiceExit::Unknown || known.is_success()) {
            self.exit = Some(exit);
        }
    }

    /// Takes note of processes that were seen, the first one first.
    pub fn remember(&mut self, seen: impl IntoIterator<Item = ProcessId>) {
        // The first one leads the session, also once it has ended and was not waited for yet.
        let leader = self.child.as_ref().map(|child| &child.id);
        self.known.retain(|id| identity::is_alive(id) || leader == Some(id));
        for id in seen {
            if !self.known.contains(&id) {
                self.known.push(id);
            }
        }
    }
}

/// When to look at it next.
#[derive(Debug)]
pub(super) struct NextLook {
    pub due: Instant,
    pause: Duration,
    /// Whether it is being asked just now.
    pub is_asked: bool,
    /// From where it was asked, since it was looked at who is connected.
    pub calls: OwnCalls,
    /// How often it was asked by a command meanwhile, which may have connected as well.
    pub commands: usize,
    /// Raised when the answer is not wanted any more.
    pub give_up: Interrupt,
    /// When all its processes were searched for last.
    pub searched: Option<Instant>,
}

impl NextLook {
    /// The first look is due at once.
    pub fn new(now: Instant) -> Self {
        Self {
            due: now,
            pause: PAUSES.0,
            is_asked: false,
            calls: OwnCalls::default(),
            commands: 0,
            give_up: Interrupt::default(),
            searched: None,
        }
    }

    /// The next look at a service that starts: later and later.
    pub fn later(&mut self, now: Instant) {
        self.due = now + self.pause;
        self.pause = (self.pause * 3 / 2).min(PAUSES.1);
    }
}

/// How it is being ended.
#[derive(Debug)]
pub(super) struct RunEnding {
    pub targets: Vec<Running>,
    /// When patience ends: first for those that were asked, then for those that were killed.
    pub deadline: Instant,
    pub is_killing: bool,
    /// Whether its processes could be looked for, and were asked; they cannot be while too many files are open.
    pub is_asked: bool,
}
