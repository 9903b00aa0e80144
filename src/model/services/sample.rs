//! Plans for the tests of the room.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limits::Limits;
use super::plan::{Condition, Patience, RestartPolicy, Restarting, ServicePlan, Stopping};
use crate::model::agreement::Agreement;
use crate::model::port::Port;
use crate::model::signal::EndSignal;

/// A server on 5000 that needs these to be healthy, and is not started again.
pub fn plan(name: &str, needs: &[&str]) -> ServicePlan {
    ServicePlan {
        name: name.parse().unwrap(),
        words: vec![name.to_owned()],
        setup: None,
        folder: "/w".into(),
        variables: Vec::new(),
        port: Port::new(5000),
        extra_ports: Vec::new(),
        activated: false,
        contained: false,
        health: None,
        check_words: None,
        patience: Patience {
            start: Duration::from_mins(1),
            check: Duration::from_secs(5),
            interval: Duration::from_secs(10),
            failures: 3,
            successes: 1,
        },
        shared_needs: BTreeMap::new(),
        needs: needs.iter().map(|need| (need.parse().unwrap(), Condition::Healthy)).collect(),
        restart: Restarting { policy: RestartPolicy::No, max: 3, backoff: Duration::from_millis(500) },
        stop: Stopping { signal: EndSignal::Term, timeout: Duration::from_secs(10) },
        critical: true,
        terminal: false,
        limits: Limits::default(),
        on_demand: false,
        idle_stop: None,
        agreement: Agreement::default(),
    }
}
