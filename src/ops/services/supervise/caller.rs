//! Somebody who is connected to the supervisor.

use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use crate::host::process::users::{self, Users};
use crate::host::services::line::LineEnd;
use crate::model::event::By;
use crate::model::service::ServiceName;
use crate::model::services::batch::BatchId;
use crate::model::services::protocol::{Numbered, Reply};

/// Somebody who is connected.
#[derive(Debug)]
pub(super) struct Caller {
    pub talk: LineEnd,
    /// What they wait for, each with the number of the request.
    pub wishes: Vec<(BatchId, u64)>,
    pub watches: bool,
    /// Whether everything ends with them.
    pub is_foreground: bool,
    /// What goes on without them all the same.
    pub spared: Vec<ServiceName>,
    pub has_asked: bool,
    /// The word of their command, where they said it.
    pub command: Option<String>,
    pub is_gone: bool,
    pub since: Instant,
}

impl Caller {
    pub fn new(stream: UnixStream, now: Instant) -> Self {
        Self {
            talk: LineEnd::new(stream),
            wishes: Vec::new(),
            since: now,
            watches: false,
            is_foreground: false,
            spared: Vec::new(),
            has_asked: false,
            command: None,
            is_gone: false,
        }
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.talk.as_fd()
    }

    pub fn has_waiting(&self) -> bool {
        self.talk.has_waiting()
    }

    /// Returns who they are, as the log of events names whoever does something; `None` where that is not known.
    pub fn by(&self) -> Option<By> {
        let user = Users::default().name(users::ourselves());
        Some(By { user, pid: self.talk.peer()?, command: self.command.clone()? })
    }

    /// Answers whether they have what they came for.
    pub fn is_idle(&self) -> bool {
        self.is_gone || (self.has_asked && self.wishes.is_empty() && !self.talk.has_waiting())
    }

    pub fn tell(&mut self, number: u64, reply: Reply) {
        // Who does not read is not waited for.
        self.is_gone |= self.talk.queue(&Numbered::new(number, reply)).is_err();
    }

    pub fn is_listening(&self) -> bool {
        self.watches || !self.wishes.is_empty()
    }
}
