//! How a service comes to rest, or to sleep, and what wakes it.

use std::time::Duration;

use super::super::plan::ServicePlan;
use super::{NextPhase, Phase, STABLE, SupervisedService};

/// How long a connection that it was woken for in vain does not wake it again: twice as long each time, up to a limit.
const VAIN: Duration = Duration::from_secs(1);
const VAIN_AT_MOST: Duration = Duration::from_mins(1);

/// How often in a row it may end by itself soon after it was ready before it is not started by requests any more.
const NAPS: u32 = 5;

impl SupervisedService {
    /// Wants it to run once somebody asks for it.
    pub(in crate::model::services) fn doze(&mut self, plan: ServicePlan) {
        self.want(plan);
        self.phase = Phase::Asleep;
    }

    /// Somebody asks for it.
    pub(in crate::model::services) fn wake(&mut self) {
        match self.phase {
            Phase::Asleep => {
                let naps = self.naps;
                self.want(self.plan.clone());
                self.naps = naps;
                self.is_called = true;
            }
            Phase::Stopping { then: NextPhase::Asleep } => {
                self.phase = Phase::Stopping { then: NextPhase::Again };
            }
            _ if self.leaving == Some(NextPhase::Asleep) => self.leaving = None,
            _ => {}
        }
    }

    /// A request woke it in vain, and nothing of it ran: another one may find what it needs. Why stays to be read.
    pub(in crate::model::services) fn sleep_on(&mut self, now: Duration) {
        let times = self.vain.0.saturating_add(1);
        let pause = VAIN.saturating_mul(2_u32.saturating_pow(times - 1)).min(VAIN_AT_MOST);
        self.vain = (times, now + pause);
        self.phase = Phase::Asleep;
        self.is_called = false;
        self.is_doomed = false;
    }

    /// Answers whether it was woken in vain only just now: whoever is still connected does not wake it again yet.
    #[must_use]
    pub fn is_pausing(&self, now: Duration) -> bool {
        now < self.vain.1
    }

    /// Answers whether it rests, or is being stopped for good.
    pub(in crate::model::services) fn is_called_off(&self) -> bool {
        let is_stopping = self.leaving == Some(NextPhase::Stopped)
            || self.phase == Phase::Stopping { then: NextPhase::Stopped };
        self.is_resting() || is_stopping
    }

    /// It ended by itself, and well, as servers do that nobody needs: the next request starts it, unless it ends again and
    /// again before anybody can have used it.
    pub(super) fn fall_asleep(&mut self, since: Duration, now: Duration) {
        self.naps = if now.saturating_sub(since) < STABLE { self.naps + 1 } else { 0 };
        if self.naps > NAPS {
            return self
                .fail(format!("it ended by itself soon after its start, {} times in a row", self.naps));
        }
        self.phase = Phase::Asleep;
        self.reason = None;
    }

    /// What it was stopped for happens.
    pub(super) fn come_to_rest(&mut self, now: Duration) {
        let Phase::Stopping { then } = self.phase else { return };
        self.leaving = None;
        match then {
            NextPhase::Stopped => {
                self.phase = Phase::Stopped;
                self.reason = None;
                self.next = None;
            }
            NextPhase::Asleep => {
                self.phase = Phase::Asleep;
                self.reason = None;
            }
            NextPhase::Again => {
                if let Some(plan) = self.next.take() {
                    self.plan = plan;
                }
                self.phase = Phase::Waiting;
                self.reason = None;
            }
            NextPhase::Judged => {
                let reason = self.reason.take().unwrap_or_else(|| "it was not well".to_owned());
                self.judge(reason, now);
            }
        }
    }
}
