//! What services take and how fast they answer, at each look: kept, and told where it is over a limit. Nothing is ended for that.

use std::time::Duration;

use jiff::Timestamp;

use super::supervisor::Supervisor;
use crate::host::process::identity::Here;
use crate::host::services::kin;
use crate::model::event::Event;
use crate::model::service::ServiceName;
use crate::model::services::limits::words;
use crate::model::services::protocol::ServiceFacts;

/// What is looked at more seldom is sampled between its looks.
const SELDOM: Duration = Duration::from_secs(11);

impl Supervisor<'_> {
    /// Returns how all services stand, with what was seen of each since then.
    pub fn facts_with_samples(&self, since: Timestamp) -> Vec<ServiceFacts> {
        let mut facts = self.facts();
        for facts in &mut facts {
            facts.samples = self.sampling.since(&facts.service, since);
        }
        facts
    }

    /// Samples what is looked at more seldom than that.
    pub fn sample_idle(&mut self) {
        let now = self.host.clock.instant();
        let running = self.runs.iter().filter(|(_, run)| !run.is_setup && run.ending.is_none());
        let names = running.map(|(name, _)| name.clone());
        let due: Vec<ServiceName> = names.filter(|name| self.sampling.is_due(name, now, SELDOM)).collect();
        for name in due {
            self.sample(&name);
        }
    }

    /// Samples a service, and tells where that is news.
    pub fn sample(&mut self, name: &ServiceName) {
        let (Some(run), Some(service)) = (self.runs.get(name), self.fleet.services().get(name)) else {
            return;
        };
        let pids: Vec<u32> = run.alive(&Here::read()).iter().map(|id| id.pid).collect();
        // What a container takes is not in our processes.
        if service.plan.contained || pids.is_empty() {
            return;
        }
        let (state, port) = (service.state(), service.plan.port);
        let moment = (self.host.clock.now(), self.host.clock.instant());
        let used = kin::usage(&kin::with_descendants(&pids));
        let crossed = self.sampling.add(name, run.number, &service.plan.limits, used, moment);
        for crossing in crossed {
            let word = if crossing.is_over { "over_limit" } else { "recovered" };
            let mut event =
                Event::new(word).with("service", name.as_str()).with("limit", crossing.kind.as_str());
            // It stays as it is.
            event = event.with("from", state.as_str()).with("state", state.as_str());
            if let Some(port) = port {
                event = event.with("port", port.number());
            }
            if let Some((taken, limit)) = crossing.found {
                event = event.with("value", taken).with("reason", words(crossing.kind, taken, limit));
            }
            let said = if crossing.is_over { "is over its limit" } else { "is below its limit again" };
            self.log(&format!("{name} {said}: {} {}", crossing.kind.as_str(), event.text("reason")));
            self.registrar.tell(moment.0, event);
        }
    }
}
