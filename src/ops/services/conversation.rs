//! One end of the talk with a supervisor: requests are numbered, and a supervisor that does not answer is not waited for
//! for ever.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::internal::internal;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::process::table;
use crate::host::services::line::LineEnd;
use crate::model::services::protocol::{Numbered, Reply, Request};

/// How often we look whether the user gave up.
const GLANCE: Duration = Duration::from_millis(100);

/// How long nothing is heard of a supervisor before it is asked for a sign of life, and before it is given up.
const SILENCE: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(10));

/// The same for one that was stopped: somebody may let it go on at once.
const STOPPED: Duration = Duration::from_secs(3);

/// What there is to hear.
#[derive(Debug)]
pub(super) enum SupervisorSays {
    /// Nothing for a while.
    Nothing,
    /// An answer, and the number of the request that it belongs to; 0 is told to everybody.
    Reply(u64, Reply),
    /// The supervisor has ended, or has let go of us.
    End,
}

pub(super) struct SupervisorConversation<'a> {
    context: &'a Context,
    talk: LineEnd,
    last: u64,
    heard: Instant,
    /// The number of the request that only asks for a sign of life.
    sign: Option<u64>,
}

impl<'a> SupervisorConversation<'a> {
    pub fn new(context: &'a Context, talk: LineEnd) -> Self {
        Self { context, talk, last: 0, heard: context.host.clock.instant(), sign: None }
    }

    /// Asks for something and returns the number of the request. An end that is gone shows when it is listened to: it may
    /// have said why.
    pub fn say(&mut self, request: &Request) -> Result<u64> {
        self.last += 1;
        // Whoever hears it later than that, for it was stopped, hears it from nobody.
        let until = self.context.host.clock.since_start() + SILENCE.1;
        let until_ms = u64::try_from(until.as_millis()).ok();
        let said = Numbered {
            number: self.last,
            until_ms,
            asker: Some(self.context.host.command.clone()),
            said: request,
        };
        match self.talk.say(&said, PATIENCE) {
            Err(error) if is_gone(&error) => {}
            Err(error) if error.kind() == ErrorKind::TimedOut => return Err(self.silent()),
            said => said.map_err(internal(LOST))?,
        }
        Ok(self.last)
    }

    /// Listens for a moment.
    pub fn hear(&mut self) -> Result<SupervisorSays> {
        let Numbered { number, said, .. } = match self.talk.hear::<Numbered<Reply>>(Some(GLANCE)) {
            Ok(Some(reply)) => reply,
            Ok(None) => return Ok(SupervisorSays::End),
            Err(error) if is_gone(&error) => return Ok(SupervisorSays::End),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                self.require_life()?;
                return Ok(SupervisorSays::Nothing);
            }
            Err(error) => return Err(internal(LOST)(error)),
        };
        self.heard = self.context.host.clock.instant();
        if number != 0 && self.sign == Some(number) {
            self.sign = None;
            return Ok(SupervisorSays::Nothing);
        }
        Ok(SupervisorSays::Reply(number, said))
    }

    /// Fails once it has been silent for too long.
    fn require_life(&mut self) -> Result<()> {
        let silence = self.context.host.clock.since(self.heard);
        if silence >= SILENCE.1 || (silence >= STOPPED && self.talk.peer().is_some_and(table::is_stopped)) {
            return Err(self.silent());
        }
        if silence >= SILENCE.0 && self.sign.is_none() {
            self.sign = Some(self.say(&Request::Status)?);
        }
        Ok(())
    }

    fn silent(&self) -> Failure {
        let Some(pid) = self.talk.peer() else {
            return Failure::new(Code::Internal, "the supervisor does not answer")
                .hint("end its process: the next `wt` command takes its services over");
        };
        if table::is_stopped(pid) {
            let message = format!("the supervisor (pid {pid}) was stopped by a signal and does not answer");
            return Failure::new(Code::Internal, message).hint(format!(
                "`kill -CONT {pid}` lets it go on; after `kill -KILL {pid}` the next `wt` command takes its services over"
            ));
        }
        Failure::new(Code::Internal, format!("the supervisor (pid {pid}) does not answer"))
            .hint(format!("after `kill -KILL {pid}` the next `wt` command takes its services over"))
    }
}

const LOST: &str = "the supervisor cannot be talked with";

/// How long a supervisor may take until it answers.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn is_gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}
