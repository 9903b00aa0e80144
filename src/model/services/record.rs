//! What is written down about the services of a worktree: enough to tell how they stand without their supervisor, and for
//! another one to take them over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::ServicePlan;
use super::protocol::ServiceFacts;
use super::state::ServiceState;
use crate::model::port::Port;
use crate::model::process::ProcessId;
use crate::model::service::ServiceName;

/// The version of the file's shape; 2 says of each further port what it is called and whether it is waited for.
pub const SCHEMA: u64 = 2;

/// How the reason begins why a service that slept was stopped: its port was given up or moved.
const LOST_PORT: &str = "its port was given up or moved: ";

/// Returns that reason for this port.
#[must_use]
pub fn lost_port(port: Port) -> String {
    format!("{LOST_PORT}{port} is no longer allocated to this worktree")
}

/// The services of a worktree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServicesRecord {
    pub schema: u64,
    /// Which entry of the registry it is about: a later worktree may be called the same.
    #[serde(default)]
    pub sequence: u64,
    /// Who supervises them; `None` once nobody does.
    pub supervisor: Option<ProcessId>,
    pub services: Vec<KeptService>,
    /// What some service left behind, whose it is nobody can tell: orphans that the supervisor has adopted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adopted: Vec<ProcessId>,
}

/// One service, as it was last seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptService {
    pub plan: ServicePlan,
    pub state: ServiceState,
    pub restarts: u32,
    pub reason: Option<String>,
    /// Whether it was stopped for its port was given up or moved while it slept; older records say so in the reason alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_lost_port: bool,
    pub is_set_up: bool,
    pub since: Option<Timestamp>,
    /// The processes that were known, the one that was started first.
    pub processes: Vec<ProcessId>,
}

impl ServicesRecord {
    /// Returns what is known of a service.
    #[must_use]
    pub fn find(&self, service: &ServiceName) -> Option<&KeptService> {
        self.services.iter().find(|kept| kept.plan.name == *service)
    }

    /// Returns all recorded processes.
    pub fn processes(&self) -> impl Iterator<Item = &ProcessId> {
        self.services.iter().flat_map(|kept| &kept.processes).chain(&self.adopted)
    }
}

impl KeptService {
    /// Answers whether nobody but its supervisor asks it whether it is well: it starts on demand, and a look would wake it, or
    /// count as somebody who needs it. One that is on its way to sleep would be woken too: who connects then waits for the
    /// next start.
    #[must_use]
    pub fn is_left_alone(&self) -> bool {
        self.plan.on_demand && !self.state.is_resting() && self.state != ServiceState::Backoff
    }

    /// Answers whether it sleeps, or did until its port was given up or moved.
    #[must_use]
    pub fn slept(&self) -> bool {
        let is_lost =
            self.has_lost_port || self.reason.as_ref().is_some_and(|reason| reason.starts_with(LOST_PORT));
        let slept = match self.state {
            ServiceState::Asleep => true,
            ServiceState::Stopped => is_lost,
            _ => false,
        };
        self.plan.on_demand && slept
    }

    /// Returns what is shown of it; `alive` says which of its processes still run, `is_supervised` whether somebody is there
    /// who would start it.
    #[must_use]
    pub fn facts(&self, alive: impl Fn(&ProcessId) -> bool, is_supervised: bool) -> ServiceFacts {
        let pids: Vec<u32> =
            self.processes.iter().filter(|process| alive(process)).map(|process| process.pid).collect();
        let is_asleep = self.state == ServiceState::Asleep && is_supervised;
        let is_lost = pids.is_empty() && !self.state.is_resting() && !is_asleep;
        ServiceFacts {
            service: self.plan.name.clone(),
            state: if is_lost { ServiceState::Stopped } else { self.state },
            port: self.plan.port,
            pid: pids.first().copied(),
            since: self.since.filter(|_| !pids.is_empty()),
            pids,
            restarts: self.restarts,
            reason: if is_lost {
                Some("it ended while nobody watched".to_owned())
            } else {
                self.reason.clone()
            },
            news: String::new(),
            samples: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::services::sample::plan;

    fn process(pid: u32) -> ProcessId {
        ProcessId { pid, started: 1, boot: String::new(), namespace: String::new() }
    }

    fn kept(state: ServiceState, on_demand: bool) -> KeptService {
        KeptService {
            plan: ServicePlan { on_demand, ..plan("web", &[]) },
            state,
            restarts: 2,
            reason: Some("503".to_owned()),
            has_lost_port: false,
            is_set_up: false,
            since: Some(Timestamp::UNIX_EPOCH),
            processes: vec![process(7), process(8)],
        }
    }

    #[test]
    fn only_what_starts_on_demand_has_slept() {
        let why = Some(lost_port(Port::new(5000).unwrap()));
        for (on_demand, state, has_lost_port, reason, slept) in [
            (true, ServiceState::Asleep, false, None, true),
            (true, ServiceState::Stopped, false, None, false),
            (true, ServiceState::Stopped, true, None, true),
            (true, ServiceState::Stopped, false, why.clone(), true),
            (true, ServiceState::Stopped, false, Some("ended".to_owned()), false),
            (true, ServiceState::Failed, true, why.clone(), false),
            (true, ServiceState::Ready, false, None, false),
            (false, ServiceState::Asleep, false, None, false),
            (false, ServiceState::Stopped, true, why, false),
        ] {
            let service = KeptService { reason, has_lost_port, ..kept(state, on_demand) };
            assert_eq!(service.slept(), slept, "{service:?}");
        }
    }

    #[test]
    fn what_runs_on_demand_is_left_alone_while_it_does() {
        for (state, is_left_alone) in [
            (ServiceState::Stopped, false),
            (ServiceState::Starting, true),
            (ServiceState::Ready, true),
            (ServiceState::Unhealthy, true),
            (ServiceState::Stopping, true),
            (ServiceState::Backoff, false),
            (ServiceState::Failed, false),
            (ServiceState::Completed, false),
            (ServiceState::Asleep, true),
        ] {
            assert_eq!(kept(state, true).is_left_alone(), is_left_alone, "{state:?}");
            assert!(!kept(state, false).is_left_alone(), "{state:?}");
        }
    }

    #[test]
    fn a_service_of_which_nothing_runs_ended_unless_it_rests_or_is_watched_in_its_sleep() {
        let lost = (ServiceState::Stopped, Some("it ended while nobody watched"));
        for (state, alive, is_supervised, expected) in [
            (ServiceState::Ready, true, false, (ServiceState::Ready, Some("503"))),
            (ServiceState::Ready, false, false, lost),
            (ServiceState::Ready, false, true, lost),
            (ServiceState::Backoff, false, false, lost),
            (ServiceState::Failed, false, false, (ServiceState::Failed, Some("503"))),
            (ServiceState::Completed, false, true, (ServiceState::Completed, Some("503"))),
            (ServiceState::Asleep, false, true, (ServiceState::Asleep, Some("503"))),
            (ServiceState::Asleep, false, false, lost),
        ] {
            let facts = kept(state, true).facts(|process| alive && process.pid == 8, is_supervised);
            assert_eq!((facts.state, facts.reason.as_deref()), expected, "{state:?}");
            let (pids, since): (&[u32], _) =
                if alive { (&[8], Some(Timestamp::UNIX_EPOCH)) } else { (&[], None) };
            assert_eq!((facts.pid, &facts.pids[..], facts.since), (pids.first().copied(), pids, since));
            assert_eq!((facts.service.as_str(), facts.restarts), ("web", 2));
            assert_eq!((facts.port, facts.samples.len()), (Port::new(5000), 0));
        }
    }

    #[test]
    fn a_record_knows_its_services_and_all_that_they_left() {
        let record = ServicesRecord {
            schema: SCHEMA,
            services: vec![kept(ServiceState::Ready, false)],
            adopted: vec![process(9)],
            ..ServicesRecord::default()
        };
        assert!(record.find(&"web".parse().unwrap()).is_some());
        assert_eq!(record.find(&"db".parse().unwrap()), None);
        assert_eq!(record.processes().map(|process| process.pid).collect::<Vec<_>>(), [7, 8, 9]);
    }
}
