//! What is known of what services take: their samples, and how they keep to their limits.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::host::services::kin::KinUsage;
use crate::model::health::check::CheckOutcome;
use crate::model::service::ServiceName;
use crate::model::services::limits::{LimitKind, LimitStreak, Limits};
use crate::model::services::samples::{SampleRing, ServiceSample, cpu_percent};
use crate::model::services::service::SupervisedService;

/// What is known of all services.
#[derive(Debug, Default)]
pub(super) struct Sampling {
    services: BTreeMap<ServiceName, Sampled>,
}

#[derive(Debug, Default)]
struct Sampled {
    ring: SampleRing,
    /// The run that was sampled last, when, and what it had used of a processor.
    before: Option<(u64, Instant, Duration)>,
    latency_ms: Option<f64>,
    memory: LimitStreak,
    cpu: LimitStreak,
}

/// A limit that is kept no longer, or again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Crossing {
    pub kind: LimitKind,
    pub is_over: bool,
    /// What was taken, and what may be, where both are known.
    pub found: Option<(f64, f64)>,
}

impl Sampling {
    /// Takes note of how fast a service answered.
    pub fn note_answer(&mut self, name: &ServiceName, outcome: &CheckOutcome) {
        let latency_ms = match outcome {
            CheckOutcome::Responds { latency_ms } => Some(*latency_ms),
            _ => None,
        };
        self.services.entry(name.clone()).or_default().latency_ms = latency_ms;
    }

    /// Returns the samples of a service since then.
    pub fn since(&self, name: &ServiceName, since: Timestamp) -> Vec<ServiceSample> {
        self.services.get(name).map(|known| known.ring.since(since)).unwrap_or_default()
    }

    /// Answers whether a service was not sampled for so long.
    pub fn is_due(&self, name: &ServiceName, now: Instant, pause: Duration) -> bool {
        let before = self.services.get(name).and_then(|known| known.before);
        before.is_none_or(|(_, at, _)| now.saturating_duration_since(at) >= pause)
    }

    /// Returns what is to be said of a service that is over a limit: the same for as long as it is.
    pub fn reason(&self, service: &SupervisedService) -> Option<String> {
        let known = self.services.get(&service.plan.name).filter(|_| !service.is_resting())?;
        let over = [(LimitKind::Memory, known.memory), (LimitKind::Cpu, known.cpu)];
        let over = over.into_iter().filter(|(_, streak)| streak.is_over());
        let said: Vec<String> = over.filter_map(|(kind, _)| service.plan.limits.words(kind)).collect();
        (!said.is_empty()).then(|| format!("over its limit of {}", said.join(" and ")))
    }

    /// Takes in what run number `run` of a service used when it was looked at, and returns which limits it crossed.
    pub fn add(
        &mut self,
        name: &ServiceName,
        run: u64,
        limits: &Limits,
        used: KinUsage,
        (at, now): (Timestamp, Instant),
    ) -> Vec<Crossing> {
        let known = self.services.entry(name.clone()).or_default();
        let cpu_time = used.cpu_time + used.cpu_time_of_ended;
        let before = known.before.replace((run, now, cpu_time)).filter(|(number, ..)| *number == run);
        if before.is_none() {
            known.memory.begin();
            known.cpu.begin();
        }
        let cpu = before
            .and_then(|(_, then, before)| cpu_percent(before, cpu_time, now.saturating_duration_since(then)));
        let sample = ServiceSample {
            at,
            memory_bytes: used.memory_bytes,
            cpu_percent: cpu.map(|percent| (percent * 10.0).round() / 10.0),
            latency_ms: known.latency_ms,
        };
        let mut crossed = Vec::new();
        for kind in [LimitKind::Memory, LimitKind::Cpu] {
            let streak = if kind == LimitKind::Memory { &mut known.memory } else { &mut known.cpu };
            let found = taken(kind, &sample, limits);
            // Without a limit it is below it; what is not known yet says nothing.
            if found.is_none() && limits.words(kind).is_some() {
                continue;
            }
            if let Some(is_over) = streak.see(found.is_some_and(|(taken, limit)| taken > limit)) {
                crossed.push(Crossing { kind, is_over, found });
            }
        }
        known.ring.add(sample);
        crossed
    }
}

/// What was taken, and what may be; `None` where one of them is not known.
#[expect(clippy::cast_precision_loss, reason = "a petabyte is as exact as anybody reads it")]
fn taken(kind: LimitKind, sample: &ServiceSample, limits: &Limits) -> Option<(f64, f64)> {
    match kind {
        LimitKind::Memory => Some((sample.memory_bytes as f64, limits.memory_bytes? as f64)),
        LimitKind::Cpu => Some((sample.cpu_percent?, limits.cpu_percent?)),
    }
}
