//! How a service stands right now, from everybody who can tell without being waited for: its supervisor, what was written
//! down, the machine's sockets, and the last check.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::protocol::ServiceFacts;
use super::state::ServiceState;
use crate::model::health::judgement;
use crate::model::health::recorded::HealthRecord;
use crate::model::health::state::Health;
use crate::model::port::occupancy::Occupancy;

/// How a service stands, and when that was known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct LiveState {
    /// `None` where nobody can tell.
    pub state: Option<ServiceState>,
    pub checked_at: Option<Timestamp>,
    /// Whether it was known then, and could not be seen now.
    #[serde(skip)]
    pub is_recorded: bool,
}

/// Who says how a service stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateSource {
    /// Its supervisor, just now.
    Now(ServiceState),
    /// What was written down at that time: its supervisor is gone, or does not answer.
    Then(ServiceState, Option<Timestamp>),
    #[default]
    Nothing,
}

impl StateSource {
    /// Answers whether it is said to run, or to be about to: no socket knows better.
    #[must_use]
    pub fn is_of_running(self) -> bool {
        matches!(self, Self::Now(state) | Self::Then(state, _) if !state.is_resting())
    }

    fn state(self) -> Option<ServiceState> {
        match self {
            Self::Now(state) | Self::Then(state, _) => Some(state),
            Self::Nothing => None,
        }
    }
}

/// Judges how a service stands. `occupancy` is who is on its port, `None` where that is not known; `checked` what the last
/// check found.
#[must_use]
pub fn judge(
    said: StateSource,
    occupancy: Option<&Occupancy>,
    checked: Option<&HealthRecord>,
    now: Timestamp,
) -> LiveState {
    let live = |state| LiveState { state: Some(state), checked_at: Some(now), is_recorded: false };
    match (said, occupancy) {
        (StateSource::Now(state), _) if !state.is_resting() => live(state),
        (StateSource::Then(state, at), _) if !state.is_resting() => recorded(state, at),
        // What was given up is that also where somebody else has its port now: that may be why.
        (_, Some(Occupancy::Theirs(_) | Occupancy::Ours { beside: Some(_), .. })) => {
            live(if said.state() == Some(ServiceState::Failed) {
                ServiceState::Failed
            } else {
                ServiceState::Unhealthy
            })
        }
        (_, Some(Occupancy::Ours { pid, .. })) => match checked {
            // That it listens is seen; whether it answers only a check of this very process can tell.
            Some(checked) if checked.state == Health::Unhealthy && checked.pid == Some(*pid) => {
                recorded(ServiceState::Unhealthy, Some(checked.checked_at))
            }
            _ => live(ServiceState::Ready),
        },
        (_, Some(Occupancy::Nobody | Occupancy::Reserved { .. })) => {
            live(said.state().unwrap_or(ServiceState::Stopped))
        }
        (StateSource::Now(state), None) => live(state),
        (StateSource::Then(state, at), None) => recorded(state, at),
        (StateSource::Nothing, None) => match checked {
            Some(checked) => LiveState {
                state: of_health(checked.state),
                checked_at: Some(checked.checked_at),
                is_recorded: true,
            },
            None => LiveState::default(),
        },
    }
}

fn recorded(state: ServiceState, at: Option<Timestamp>) -> LiveState {
    LiveState { state: Some(state), checked_at: at, is_recorded: true }
}

fn of_health(health: Health) -> Option<ServiceState> {
    match health {
        Health::Healthy => Some(ServiceState::Ready),
        Health::Unhealthy => Some(ServiceState::Unhealthy),
        Health::NotRunning => Some(ServiceState::Stopped),
        Health::Unknown => None,
    }
}

/// Returns what a supervisor has to record of a service's health; `None` while that is about to change, and where there is
/// no port.
#[must_use]
pub fn health_of(facts: &ServiceFacts, at: Timestamp) -> Option<HealthRecord> {
    let port = facts.port?;
    let reason = || facts.reason.clone();
    let (health, level, reason) = match facts.state {
        ServiceState::Ready => (Health::Healthy, 3, None),
        ServiceState::Unhealthy => (Health::Unhealthy, 2, reason()),
        ServiceState::Failed => {
            (Health::Unhealthy, 0, Some(judgement::failed(&reason().unwrap_or_default())))
        }
        ServiceState::Stopped | ServiceState::Completed | ServiceState::Backoff => {
            (Health::NotRunning, 0, Some(judgement::nobody_listens(port)))
        }
        ServiceState::Asleep => (Health::Healthy, 0, Some(judgement::ASLEEP.to_owned())),
        ServiceState::Starting | ServiceState::Stopping => return None,
    };
    let pid = facts.pid.filter(|_| level > 0);
    Some(HealthRecord { state: health, level, pid, latency_ms: None, checked_at: at, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::holder::Holder;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn judged(
        said: StateSource,
        occupancy: Option<&Occupancy>,
        checked: Option<&HealthRecord>,
    ) -> (Option<ServiceState>, i64) {
        let live = judge(said, occupancy, checked, at(100));
        assert_eq!(live.is_recorded, live.checked_at != Some(at(100)) && live != LiveState::default());
        (live.state, live.checked_at.map_or(0, Timestamp::as_second))
    }

    fn checked(state: Health, pid: u32) -> HealthRecord {
        HealthRecord { state, level: 2, pid: Some(pid), latency_ms: None, checked_at: at(40), reason: None }
    }

    fn holder() -> Holder {
        crate::model::port::sample::holding(None)
    }

    const OURS: Occupancy = Occupancy::Ours { pid: 7, addresses: Vec::new(), beside: None };
    const OLD: fn(ServiceState) -> StateSource =
        |state| StateSource::Then(state, Timestamp::from_second(30).ok());

    #[test]
    fn a_supervisor_knows_what_runs_and_who_is_silent_is_shown_as_recorded() {
        assert_eq!(
            judged(StateSource::Now(ServiceState::Starting), None, None),
            (Some(ServiceState::Starting), 100)
        );
        assert_eq!(
            judged(StateSource::Now(ServiceState::Unhealthy), Some(&OURS), None),
            (Some(ServiceState::Unhealthy), 100)
        );
        assert_eq!(judged(OLD(ServiceState::Ready), Some(&OURS), None), (Some(ServiceState::Ready), 30));
        assert_eq!(judged(OLD(ServiceState::Failed), None, None), (Some(ServiceState::Failed), 30));
    }

    #[test]
    fn sockets_tell_of_what_nobody_supervises() {
        for said in [StateSource::Nothing, StateSource::Now(ServiceState::Stopped), OLD(ServiceState::Failed)]
        {
            assert_eq!(judged(said, Some(&OURS), None), (Some(ServiceState::Ready), 100), "{said:?}");
        }
        assert_eq!(
            judged(StateSource::Nothing, Some(&Occupancy::Nobody), None),
            (Some(ServiceState::Stopped), 100)
        );
        assert_eq!(
            judged(OLD(ServiceState::Failed), Some(&Occupancy::Nobody), None),
            (Some(ServiceState::Failed), 100)
        );
        let theirs = Occupancy::Theirs(holder());
        assert_eq!(judged(StateSource::Nothing, Some(&theirs), None), (Some(ServiceState::Unhealthy), 100));
        assert_eq!(
            judged(StateSource::Now(ServiceState::Failed), Some(&theirs), None),
            (Some(ServiceState::Failed), 100)
        );
        let both = Occupancy::Ours { pid: 7, addresses: Vec::new(), beside: Some(holder()) };
        assert_eq!(judged(StateSource::Nothing, Some(&both), None), (Some(ServiceState::Unhealthy), 100));
    }

    #[test]
    fn what_a_supervisor_records_is_what_a_check_would_find() {
        let facts = |state, reason: Option<&str>| ServiceFacts {
            service: "web".parse().unwrap(),
            state,
            port: crate::model::port::Port::new(5001),
            pid: Some(7),
            pids: vec![7],
            since: None,
            restarts: 0,
            reason: reason.map(str::to_owned),
            news: String::new(),
            samples: Vec::new(),
        };
        let told = |state, reason| {
            let recorded = health_of(&facts(state, reason), at(50))?;
            Some((recorded.state, recorded.level, recorded.pid, recorded.reason.unwrap_or_default()))
        };
        assert_eq!(told(ServiceState::Ready, None), Some((Health::Healthy, 3, Some(7), String::new())));
        let unwell = told(ServiceState::Unhealthy, Some("answered 503"));
        assert_eq!(unwell, Some((Health::Unhealthy, 2, Some(7), "answered 503".to_owned())));
        let failed = told(ServiceState::Failed, Some("ended with status 3"));
        assert_eq!(failed, Some((Health::Unhealthy, 0, None, "failed: ended with status 3".to_owned())));
        let stopped = told(ServiceState::Stopped, None);
        assert_eq!(stopped, Some((Health::NotRunning, 0, None, "nothing listens on 5001".to_owned())));
        assert_eq!(told(ServiceState::Starting, None), None);
        let portless = ServiceFacts { port: None, ..facts(ServiceState::Ready, None) };
        assert_eq!(health_of(&portless, at(50)), None);
    }

    #[test]
    fn a_check_counts_for_the_process_that_it_asked_and_where_nothing_else_is_known() {
        let bad = checked(Health::Unhealthy, 7);
        assert_eq!(
            judged(StateSource::Nothing, Some(&OURS), Some(&bad)),
            (Some(ServiceState::Unhealthy), 40)
        );
        let other = checked(Health::Unhealthy, 8);
        assert_eq!(judged(StateSource::Nothing, Some(&OURS), Some(&other)), (Some(ServiceState::Ready), 100));
        let nobody = Some(&Occupancy::Nobody);
        assert_eq!(
            judged(StateSource::Nothing, nobody, Some(&checked(Health::Healthy, 7))),
            (Some(ServiceState::Stopped), 100)
        );
        assert_eq!(
            judged(StateSource::Nothing, None, Some(&checked(Health::Healthy, 7))),
            (Some(ServiceState::Ready), 40)
        );
        assert_eq!(judged(StateSource::Nothing, None, None), (None, 0));
    }

    #[test]
    fn a_service_is_said_to_run_unless_it_rests_or_nothing_is_said() {
        for (state, is_running) in [
            (ServiceState::Stopped, false),
            (ServiceState::Starting, true),
            (ServiceState::Ready, true),
            (ServiceState::Unhealthy, true),
            (ServiceState::Stopping, true),
            (ServiceState::Backoff, true),
            (ServiceState::Failed, false),
            (ServiceState::Completed, false),
            (ServiceState::Asleep, true),
        ] {
            assert_eq!(StateSource::Now(state).is_of_running(), is_running, "{state:?}");
            assert_eq!(StateSource::Then(state, None).is_of_running(), is_running, "{state:?}");
        }
        assert!(!StateSource::Nothing.is_of_running());
    }
}
