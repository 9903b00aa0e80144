//! One service in the machine: the phase it is in, and what its own end or a look at it makes of that.

mod resting;

use std::time::Duration;

use super::plan::{Condition, RestartPolicy, ServicePlan};
use super::state::{LookResult, ServiceExit, ServiceState, spoken};
use crate::model::port::Port;

/// A run that lasted this long was no death "at once": the count of restarts in a row begins anew after it.
pub const STABLE: Duration = Duration::from_secs(10);

/// Where a service is. Times count from when the machine began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Stopped,
    /// Wanted; its dependencies are not there yet.
    Waiting,
    /// Its setup command runs.
    SettingUp,
    /// It runs, and is not ready yet.
    Starting {
        since: Duration,
    },
    Ready {
        since: Duration,
    },
    Unhealthy {
        since: Duration,
    },
    /// It was asked to end.
    Stopping {
        then: NextPhase,
    },
    Backoff {
        until: Duration,
    },
    Failed,
    Completed,
    /// It runs as soon as somebody asks for it.
    Asleep,
}

/// What is to become of a service once nothing of it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextPhase {
    Stopped,
    /// Started again, as its next plan says.
    Again,
    /// Nobody needs it just now: the next request starts it.
    Asleep,
    /// It failed: its restart policy decides.
    Judged,
}

/// One service.
#[derive(Clone, Debug, PartialEq)]
pub struct SupervisedService {
    pub plan: ServicePlan,
    pub phase: Phase,
    /// How often it was started again by itself since somebody asked for it.
    pub restarts: u32,
    /// Why it is not well.
    pub reason: Option<String>,
    /// Whether its setup was done in this worktree.
    pub is_set_up: bool,
    /// What it is to be stopped for, as soon as those that need it have gone.
    pub leaving: Option<NextPhase>,
    /// The plan of the next start, where that is another.
    pub(super) next: Option<ServicePlan>,
    /// When it was launched, as long as it was never ready since.
    pub(super) launched: Option<Duration>,
    /// How long it took from its launch until it was ready.
    pub(super) took: Option<Duration>,
    /// Whether it failed only because something failed that it needs.
    pub(super) is_doomed: bool,
    /// How its last run ended by itself, while that is not answered.
    pub(super) crash: Option<ServiceExit>,
    /// How many restarts in a row there were.
    pub(super) streak: u32,
    /// How often in a row it ended by itself, and well, soon after it was ready.
    naps: u32,
    /// Whether a request woke it, and nothing of it has run since.
    pub(super) is_called: bool,
    /// How often in a row a request woke it in vain, and until when a connection alone wakes it no more.
    pub(super) vain: (u32, Duration),
    /// When it was last seen to be well.
    well: Duration,
    failures: u32,
    successes: u32,
}

impl SupervisedService {
    /// A service that does not run.
    #[must_use]
    pub fn new(plan: ServicePlan, is_set_up: bool) -> Self {
        Self {
            plan,
            phase: Phase::Stopped,
            restarts: 0,
            reason: None,
            is_set_up,
            leaving: None,
            next: None,
            launched: None,
            took: None,
            is_doomed: false,
            crash: None,
            streak: 0,
            naps: 0,
            is_called: false,
            vain: (0, Duration::ZERO),
            well: Duration::ZERO,
            failures: 0,
            successes: 0,
        }
    }

    /// Returns the word for how it stands.
    #[must_use]
    pub fn state(&self) -> ServiceState {
        match self.phase {
            Phase::Stopped => ServiceState::Stopped,
            Phase::Waiting | Phase::SettingUp | Phase::Starting { .. } => ServiceState::Starting,
            Phase::Ready { .. } => ServiceState::Ready,
            Phase::Unhealthy { .. } => ServiceState::Unhealthy,
            Phase::Stopping { .. } => ServiceState::Stopping,
            Phase::Backoff { .. } => ServiceState::Backoff,
            Phase::Failed => ServiceState::Failed,
            Phase::Completed => ServiceState::Completed,
            Phase::Asleep => ServiceState::Asleep,
        }
    }

    /// Returns how its last run ended by itself, while that is not answered.
    #[must_use]
    pub fn crash(&self) -> Option<ServiceExit> {
        self.crash
    }

    /// Begins a run of it.
    pub(super) fn launch(&mut self, now: Duration) {
        self.phase = Phase::Starting { since: now };
        self.launched = Some(now);
        self.took = None;
        self.crash = None;
        self.reason = None;
    }

    /// Has it stopped; what was wrong with it matters no more, unless it is stopped for that.
    pub(super) fn begin_stop(&mut self, then: NextPhase) {
        self.leaving = None;
        self.phase = Phase::Stopping { then };
        if then != NextPhase::Judged {
            self.reason = None;
        }
    }

    /// Returns the ports that it has, and those that it is to have at its next start.
    pub fn ports(&self) -> impl Iterator<Item = Port> {
        self.plan.ports().chain(self.next.iter().flat_map(ServicePlan::ports))
    }

    /// Answers whether processes of it may run.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(
            self.phase,
            Phase::SettingUp
                | Phase::Starting { .. }
                | Phase::Ready { .. }
                | Phase::Unhealthy { .. }
                | Phase::Stopping { .. }
        )
    }

    /// Answers whether nothing of it runs or will run until somebody asks for it.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        matches!(self.phase, Phase::Stopped | Phase::Failed | Phase::Completed)
    }

    /// Answers whether it has come as far as one needs that depends on it.
    pub(super) fn meets(&self, condition: Condition) -> bool {
        match (condition, self.phase) {
            (_, Phase::Completed)
            | (Condition::Healthy | Condition::Started, Phase::Ready { .. })
            | (Condition::Started, Phase::Starting { .. } | Phase::Unhealthy { .. }) => true,
            (_, Phase::Failed) | (Condition::Healthy, Phase::Unhealthy { .. }) => !self.plan.critical,
            _ => false,
        }
    }

    /// Returns why who waits for that condition may wait for ever: nothing that is under way changes it.
    pub(super) fn keeps_waiting(&self, condition: Condition) -> Option<String> {
        if self.leaving.is_some() || self.meets(condition) {
            return None;
        }
        match (condition, self.phase) {
            // With a policy it is stopped at once, and started again.
            (Condition::Healthy, Phase::Unhealthy { .. })
                if self.plan.restart.policy == RestartPolicy::No =>
            {
                let why = self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
                Some(format!("which is unhealthy{why}"))
            }
            (Condition::Completed, Phase::Ready { .. }) if self.plan.port.is_some() => {
                Some("which is to complete, and is a server that goes on".to_owned())
            }
            _ => None,
        }
    }

    /// Wants it to run from now on.
    pub(super) fn want(&mut self, plan: ServicePlan) {
        self.restarts = 0;
        self.streak = 0;
        self.naps = 0;
        self.is_called = false;
        self.reason = None;
        self.is_doomed = false;
        if self.is_resting() || self.phase == Phase::Asleep {
            self.plan = plan;
            self.phase = Phase::Waiting;
            self.leaving = None;
        } else {
            self.next = Some(plan);
            self.leave(NextPhase::Again);
        }
    }

    /// Wants it to end.
    pub(super) fn leave(&mut self, then: NextPhase) {
        match self.phase {
            Phase::Stopped | Phase::Failed | Phase::Completed => {}
            Phase::Stopping { .. } => self.begin_stop(then),
            Phase::Waiting | Phase::Backoff { .. } | Phase::Asleep => {
                self.phase = Phase::Stopping { then };
                self.come_to_rest(Duration::ZERO);
            }
            Phase::SettingUp | Phase::Starting { .. } | Phase::Ready { .. } | Phase::Unhealthy { .. } => {
                self.leaving = Some(then);
            }
        }
    }

    /// Takes note that nothing of it runs any more.
    pub(super) fn end(&mut self, exit: ServiceExit, now: Duration) {
        self.is_set_up |= self.phase == Phase::SettingUp && exit.is_success();
        self.is_called &= self.phase == Phase::SettingUp && exit.is_success();
        if let Some(then) = self.leaving.take() {
            self.phase = Phase::Stopping { then };
        }
        match self.phase {
            Phase::Stopping { .. } => self.come_to_rest(now),
            Phase::SettingUp if exit.is_success() => {
                self.phase = Phase::Waiting;
            }
            Phase::SettingUp => self.fail(format!("its setup {exit}")),
            Phase::Starting { .. } if !exit.is_success() || self.plan.port.is_some() => {
                // What the last look showed may be the cause: a stranger on its port.
                let seen = self.reason.take().filter(|seen| !seen.starts_with("nothing listens"));
                let reason = match (seen, self.plan.port) {
                    (Some(seen), _) => format!("{exit}; {seen}"),
                    (None, Some(port)) if exit.is_success() => {
                        format!("{exit} before it listened on {port}")
                    }
                    (None, _) => exit.to_string(),
                };
                self.crash = Some(exit);
                self.judge(reason, now);
            }
            Phase::Starting { since } | Phase::Ready { since } | Phase::Unhealthy { since } => {
                if matches!(self.phase, Phase::Ready { .. }) {
                    self.count_anew(since, now);
                }
                if exit.is_success() && self.plan.restart.policy != RestartPolicy::Always {
                    if self.plan.on_demand {
                        return self.fall_asleep(since, now);
                    }
                    self.phase = Phase::Completed;
                    self.reason = None;
                } else {
                    self.crash = Some(exit);
                    self.judge(exit.to_string(), now);
                }
            }
            Phase::Stopped
            | Phase::Waiting
            | Phase::Backoff { .. }
            | Phase::Failed
            | Phase::Completed
            | Phase::Asleep => {}
        }
    }

    /// Takes note of what a look at it showed; answers whether it has to be stopped for that.
    pub(super) fn see(&mut self, sight: LookResult, now: Duration) -> bool {
        if self.leaving.is_some() {
            return false;
        }
        match (self.phase, sight) {
            (Phase::Starting { .. }, LookResult::Well) => self.rise(now),
            (Phase::Starting { .. }, LookResult::Unwell(reason)) => self.reason = Some(reason),
            (Phase::Ready { .. }, LookResult::Well) => {
                self.well = now;
                self.failures = 0;
                self.reason = None;
            }
            (Phase::Ready { since }, LookResult::Unwell(reason)) => {
                self.failures = self.failures.saturating_add(1);
                let needed = self.plan.patience.failures;
                if self.failures < needed {
                    self.reason = Some(format!("{reason} ({} of {needed} in a row)", self.failures));
                    return false;
                }
                self.reason = Some(reason);
                self.successes = 0;
                self.count_anew(since, self.well);
                self.phase = Phase::Unhealthy { since };
                return self.plan.restart.policy != RestartPolicy::No;
            }
            (Phase::Unhealthy { .. }, LookResult::Well) => {
                self.successes = self.successes.saturating_add(1);
                if self.successes >= self.plan.patience.successes {
                    self.rise(now);
                }
            }
            (Phase::Unhealthy { .. }, LookResult::Unwell(reason)) => {
                self.successes = 0;
                self.reason = Some(reason);
            }
            _ => {}
        }
        false
    }

    /// Returns when its start has taken too long; `None` for one that is not starting.
    pub(super) fn start_deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Starting { since } if self.leaving.is_none() => Some(since + self.plan.patience.start),
            _ => None,
        }
    }

    /// Takes note that its start took too long.
    pub(super) fn give_up(&mut self) {
        let why = self.reason.take().map(|reason| format!(": {reason}")).unwrap_or_default();
        self.reason = Some(format!("not ready within {}{why}", spoken(self.plan.patience.start)));
    }

    /// It failed for good.
    pub(super) fn fail(&mut self, reason: String) {
        self.reason = Some(reason);
        self.phase = Phase::Failed;
        self.leaving = None;
        self.next = None;
    }

    fn rise(&mut self, now: Duration) {
        self.took = self.launched.take().map(|launched| now.saturating_sub(launched));
        self.phase = Phase::Ready { since: now };
        self.well = now;
        self.failures = 0;
        self.successes = 0;
        self.reason = None;
        self.vain = (0, Duration::ZERO);
    }

    /// A run that was well for long makes the count of restarts in a row begin anew.
    fn count_anew(&mut self, since: Duration, until: Duration) {
        if until.saturating_sub(since) >= STABLE {
            self.streak = 0;
        }
    }

    /// It ended as it should not have: is it started again?
    pub(super) fn judge(&mut self, reason: String, now: Duration) {
        let rule = self.plan.restart;
        if rule.policy == RestartPolicy::No {
            return self.fail(reason);
        }
        if self.streak >= rule.max {
            let times = if rule.max == 1 { "1 restart".to_owned() } else { format!("{} restarts", rule.max) };
            return self.fail(format!("{reason}; {times} in a row did not help"));
        }
        self.streak += 1;
        self.phase = Phase::Backoff { until: now + self.plan.wait_before(self.streak) };
        self.reason = Some(reason);
    }
}

#[cfg(test)]
mod tests;
