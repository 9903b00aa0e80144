//! What `wt health` answers: services by worktree, and the four counts.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::gather::{AskedService, Gathered, Request, gather};
use super::{look, record};
use crate::context::Context;
use crate::error::Result;
use crate::model::health::judgement::Judgement;
use crate::model::health::recorded::FRESH;
use crate::model::health::state::Health;
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::model::services::state::spoken;
use crate::model::view::as_text;

/// One service.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct ServiceHealth {
    pub service: ServiceName,
    pub port: Port,
    pub health: Health,
    /// 0 nothing is bound, 1 bound, 2 ours, 3 it responds.
    pub level: u8,
    pub pid: Option<u32>,
    pub latency_ms: Option<f64>,
    pub checked_at: Timestamp,
    pub reason: Option<String>,
    pub action: Option<String>,
    /// What was looked at, in words, for whoever asked to hear more.
    #[serde(skip)]
    pub looked_at: String,
}

/// One worktree with its services.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct WorktreeHealth {
    pub name: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub repository: PathBuf,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    pub services: Vec<ServiceHealth>,
}

/// How many services are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HealthSummary {
    pub healthy: usize,
    pub unhealthy: usize,
    pub not_running: usize,
    pub unknown: usize,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    pub worktrees: Vec<WorktreeHealth>,
    pub summary: HealthSummary,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Looks at services once and records what was seen.
///
/// # Errors
///
/// Those of gathering and of looking.
pub fn check(context: &Context, request: &Request) -> Result<Report> {
    let gathered = gather(context, request)?;
    let seen = look::judge_all(context, &gathered)?;
    let at = context.now();
    let mut report = report(&gathered, &seen, at);
    let pairs: Vec<(&AskedService, &Judgement)> = gathered.subjects.iter().zip(&seen).collect();
    if let Err(failure) = record::record(context, &gathered.registry, &pairs, at, FRESH) {
        report.warnings.push(format!("the result was not recorded: {failure}"));
    }
    Ok(report)
}

/// Puts together what was seen.
#[must_use]
pub fn report(gathered: &Gathered, seen: &[Judgement], at: Timestamp) -> Report {
    let mut worktrees: Vec<WorktreeHealth> = Vec::new();
    let mut summary = HealthSummary::default();
    let mut last = None;
    for (subject, judgement) in gathered.subjects.iter().zip(seen) {
        summary.count(judgement.health);
        if last != Some(subject.entry.sequence) {
            last = Some(subject.entry.sequence);
            worktrees.push(WorktreeHealth {
                name: subject.entry.name.clone(),
                repository: subject.entry.repository.clone(),
                path: subject.folder.clone(),
                services: Vec::new(),
            });
        }
        if let Some(worktree) = worktrees.last_mut() {
            worktree.services.push(view(subject, judgement, at));
        }
    }
    Report { worktrees, summary, warnings: gathered.warnings.clone() }
}

/// Returns one service as answers show it.
#[must_use]
pub fn view(subject: &AskedService, judgement: &Judgement, at: Timestamp) -> ServiceHealth {
    ServiceHealth {
        service: subject.service.clone(),
        port: subject.port,
        health: judgement.health,
        level: judgement.level,
        pid: judgement.pid,
        latency_ms: judgement.latency_ms,
        checked_at: at,
        reason: judgement.reason.clone(),
        action: judgement.action.clone(),
        looked_at: looked_at(subject, judgement),
    }
}

fn looked_at(subject: &AskedService, judgement: &Judgement) -> String {
    let sockets = format!("the sockets on port {}", subject.port);
    match (&subject.check, judgement.level) {
        (_, 0) => format!("{sockets}: there is none, so nobody was asked"),
        (_, 1) => format!("{sockets}: none listens for this worktree, so nobody was asked"),
        (Ok(check), _) if judgement.by_answer => {
            let (kind, time) = (check.kind.word(), spoken(subject.timeout));
            format!("{sockets}: one of this worktree listens; asked by the check `{kind}`, {time} at most")
        }
        _ => format!("{sockets}: one of this worktree listens, and was not asked"),
    }
}

impl HealthSummary {
    fn count(&mut self, health: Health) {
        match health {
            Health::Healthy => self.healthy += 1,
            Health::Unhealthy => self.unhealthy += 1,
            Health::NotRunning => self.not_running += 1,
            Health::Unknown => self.unknown += 1,
        }
    }
}
