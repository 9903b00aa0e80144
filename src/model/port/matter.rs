//! What a conflict over a port is about: whose port it is and who holds it. Every event that tells of the conflict says both.

use super::Port;
use super::dispute::{Dispute, DisputeTrouble};
use super::holder::Holder;
use super::own_server::OwnServer;
use super::tenant::Tenant;
use crate::model::event::{Event, HolderFact};
use crate::model::service::ServiceName;

/// The worktree that has the port, and those that hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    pub port: Port,
    /// The number of the worktree's record, and its name.
    pub sequence: u64,
    pub worktree: String,
    pub service: ServiceName,
    pub holders: Vec<HolderFact>,
}

impl Matter {
    /// The part of `tenant` in the dispute.
    #[must_use]
    pub fn of(tenant: &Tenant, dispute: &Dispute) -> Self {
        let holders = match &dispute.trouble {
            DisputeTrouble::Held { holders, .. } => holders,
            DisputeTrouble::Doubled { .. } => &dispute.situation.holders,
        };
        Self {
            port: dispute.port,
            sequence: tenant.sequence,
            worktree: tenant.worktree.name.clone(),
            service: tenant.service.clone(),
            holders: holders.iter().map(|holder| fact(dispute.port, holder)).collect(),
        }
    }

    /// A worktree's own server that no `wt up` started.
    #[must_use]
    pub fn of_own(server: &OwnServer) -> Self {
        let holder = HolderFact {
            port: server.port,
            pid: Some(server.pid),
            command: None,
            user: None,
            worktree: Some(server.worktree.clone()),
        };
        Self {
            port: server.port,
            sequence: server.sequence,
            worktree: server.worktree.clone(),
            service: server.service.clone(),
            holders: vec![holder],
        }
    }

    /// Returns the event with what it is about; the repository is known to the registry alone.
    #[must_use]
    pub fn told(&self, event: Event) -> Event {
        let mut event = event
            .with("port", self.port.number())
            .with("service", self.service.as_str())
            .with("holders", serde_json::to_value(&self.holders).unwrap_or_default());
        event.worktree = Some(self.worktree.clone());
        event
    }
}

fn fact(port: Port, holder: &Holder) -> HolderFact {
    HolderFact {
        port,
        pid: holder.pid,
        command: holder.command.clone(),
        user: holder.user.clone(),
        worktree: holder.worktree.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::port::sample::{claim, situation, socket};

    #[test]
    fn an_event_tells_whose_port_it_is_and_who_holds_it() {
        let tenant = claim("a", 5000, 3);
        let holder = json!([{ "port": 5000, "pid": 42, "command": "node", "user": "me" }]);
        for tenants in [vec![tenant.clone()], vec![tenant.clone(), claim("b", 5000, 9)]] {
            let dispute = Dispute::find(&situation(&tenants, &[socket(None)])).unwrap();
            let event = Matter::of(&tenant, &dispute).told(Event::new("port_conflict"));
            assert_eq!((event.port, event.service.as_deref()), (Some(tenant.port), Some("web")));
            assert_eq!(event.worktree.as_deref(), Some("a"));
            assert_eq!(event.details["holders"], holder);
            assert_eq!(Matter::of(&tenant, &dispute).sequence, 3);
        }
        let server = OwnServer {
            sequence: 3,
            worktree: "a".to_owned(),
            service: tenant.service,
            port: tenant.port,
            pid: 7,
            spared: None,
        };
        let event = Matter::of_own(&server).told(Event::new("x"));
        let own = json!([{ "port": 5000, "pid": 7, "worktree": "a" }]);
        assert_eq!((&event.details["holders"], event.worktree.as_deref()), (&own, Some("a")));
        assert_eq!(server.told(), "`web` of a is served by pid 7, which no `wt up` started");
    }
}
