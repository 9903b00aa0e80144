//! How services stand, as every answer shows it.

use std::collections::HashMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::host::git::Repository;
use crate::host::services::kin::{self, Kin};
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::elsewhere::Elsewhere;
use crate::model::services::protocol::ServiceFacts;
use crate::model::services::samples::ServiceSample;
use crate::model::services::state::ServiceState;
use crate::ops::env;

/// One service.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct ServiceView {
    pub service: ServiceName,
    pub state: ServiceState,
    pub port: Option<Port>,
    pub pid: Option<u32>,
    /// Seconds since it was started last.
    pub uptime_s: Option<u64>,
    pub restarts: u32,
    /// Of one processor: while it ran, or since the last look.
    pub cpu_percent: Option<f64>,
    pub memory_bytes: Option<u64>,
    pub reason: Option<String>,
    /// False for one that runs and that no `wt up` started: it is left alone.
    pub managed: bool,
    /// How many worktrees use it, where it serves all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_by: Option<usize>,
    /// Where it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// With `--since`: what its supervisor saw, the oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<Vec<ServiceSample>>,
}

impl ServiceView {
    fn elsewhere(known: &Elsewhere) -> Self {
        Self {
            service: known.service.clone(),
            state: ServiceState::Ready,
            port: Some(known.port),
            pid: Some(known.pid),
            uptime_s: None,
            restarts: 0,
            cpu_percent: None,
            memory_bytes: None,
            reason: Some(known.words()),
            managed: false,
            shared_by: None,
            url: None,
            samples: None,
        }
    }
}

/// Shows the services that were started elsewhere in their places.
pub(super) fn add_elsewhere(services: &mut Vec<ServiceView>, found: &[Elsewhere]) {
    if found.is_empty() {
        return;
    }
    services.retain(|view| found.iter().all(|known| known.service != view.service));
    services.extend(found.iter().map(ServiceView::elsewhere));
    services.sort_by(|one, other| one.service.cmp(&other.service));
}

/// Gives each service that is ready its URL, where it has one.
pub(super) fn name_urls(context: &Context, entry: &Entry, services: &mut [ServiceView]) {
    for view in services {
        view.url = url(context, entry, &view.service, view.state, view.port);
    }
}

/// Returns where a service is reached; `None` before it is ready, and where it has no URL.
#[must_use]
pub fn url(
    context: &Context,
    entry: &Entry,
    service: &ServiceName,
    state: ServiceState,
    port: Option<Port>,
) -> Option<String> {
    let port = port.filter(|_| state == ServiceState::Ready)?;
    let repository = context.repository.as_ref().map(Repository::name).unwrap_or_default();
    env::url(context, &repository, entry, service, port)
}

/// Looks at what services use, and remembers it for the next look.
#[derive(Debug, Default)]
pub struct Usages {
    before: HashMap<ServiceName, (Timestamp, f64)>,
}

impl Usages {
    /// Returns the services as they are shown. `marker` and `supervisor` tell which processes are theirs.
    pub fn views(
        &mut self,
        facts: &[ServiceFacts],
        now: Timestamp,
        marker: &str,
        supervisor: Option<u32>,
    ) -> Vec<ServiceView> {
        let is_any = facts.iter().any(|facts| !facts.pids.is_empty());
        let kin = is_any.then(|| kin::of_worktree(marker, &[], supervisor));
        // What cannot be looked at now is not counted.
        let kin = kin.and_then(Result::ok).unwrap_or_default();
        facts.iter().map(|facts| self.view(facts, &kin, now)).collect()
    }

    fn view(&mut self, facts: &ServiceFacts, kin: &[Kin], now: Timestamp) -> ServiceView {
        let mut pids: Vec<u32> = facts.pids.clone();
        for kin in kin.iter().filter(|kin| is_of(kin, facts)) {
            if !pids.contains(&kin.id.pid) {
                pids.push(kin.id.pid);
            }
        }
        let uptime = facts.since.map(|since| now.duration_since(since).as_secs_f64().max(0.0));
        let usage = (!pids.is_empty()).then(|| kin::usage(&pids));
        let cpu = usage.and_then(|usage| {
            let spent = usage.cpu_time.as_secs_f64();
            let before = self.before.insert(facts.service.clone(), (now, spent));
            let (time, spent) = match before {
                Some((then, before)) if before <= spent => {
                    (now.duration_since(then).as_secs_f64(), spent - before)
                }
                _ => (uptime?, spent),
            };
            (time > 0.0).then(|| (spent / time * 1000.0).round() / 10.0)
        });
        ServiceView {
            service: facts.service.clone(),
            state: facts.state,
            port: facts.port,
            pid: facts.pid,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole seconds, never below 0"
            )]
            uptime_s: uptime.map(|uptime| uptime as u64),
            restarts: facts.restarts,
            cpu_percent: cpu,
            memory_bytes: usage.map(|usage| usage.memory_bytes),
            reason: facts.reason.clone(),
            managed: true,
            shared_by: None,
            url: None,
            samples: None,
        }
    }
}

/// What lost its environment is told by its session.
fn is_of(kin: &Kin, facts: &ServiceFacts) -> bool {
    match &kin.service {
        Some(service) => service == facts.service.as_str(),
        None => facts.pids.contains(&kin.facts.session),
    }
}
