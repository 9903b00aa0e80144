//! Settles disputes over ports: detect, choose, act, and look again. Each dispute is looked at once more right before
//! anything is done about it, and every step is logged.

use schemars::JsonSchema;
use serde::Serialize;

use super::advice::Adviser;
use super::choosing;
use super::conflicts::{self, Conflict, ConflictKind};
use super::disputes::disputes;
use super::holders::holders;
use super::kill::{self, KillWay};
use super::ledger::{LeavingPort, Moved, relocate};
use super::resolve_log::{StepEvent, ended, log, planned};
use crate::context::Context;
use crate::error::{Code, Result};
use crate::host::net::owner;
use crate::model::config::settings::Strategy;
use crate::model::port::Port;
use crate::model::port::dispute::{Dispute, DisputeTrouble, Level};
use crate::model::port::doubled;
use crate::model::port::holder::Holder;
use crate::model::port::listener::Busy;
use crate::model::port::matter::Matter;
use crate::model::port::occupancy::{Occupancy, occupancy};
use crate::model::port::resolution::{DisputeAction, ResolutionStep, chosen, left, steps};
use crate::model::port::tenant::Tenant;
use crate::model::registry::entry::EntryState;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::origin;
use crate::ops::ports::settings::settings;

/// How often is looked and acted: a port that two had may be a stranger's as well.
const ROUNDS: usize = 3;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub strategy: Strategy,
    pub steps: Vec<ResolutionStep>,
    /// Answers of a command that chooses which are none: what they are about is left.
    pub faults: Vec<String>,
    /// The ports that it is about; `None` for all.
    about: Option<Vec<Port>>,
}

impl Plan {
    /// The same for these ports alone, whatever comes of it.
    #[must_use]
    pub fn about(mut self, ports: &[Port]) -> Self {
        self.about = Some(ports.to_vec());
        self.narrow();
        self
    }

    fn narrow(&mut self) {
        if let Some(ports) = &self.about {
            self.steps.retain(|step| ports.contains(&step.port));
        }
    }

    /// Answers whether somebody has to agree to a part of it.
    #[must_use]
    pub fn needs_agreement(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(
                step.action,
                DisputeAction::Terminate { needs_agreement: true, .. }
                    | DisputeAction::Restart { needs_agreement: true, .. }
            )
        })
    }
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// The allocation has this port now.
    Moved(Port),
    Terminated,
    /// A server of the worktree was ended, and runs as the service.
    Restarted,
    /// It was settled before its turn came.
    NotDue,
    /// Nothing was done, for this reason.
    Left(String),
    Failed(String),
}

/// What was done, and what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub strategy: Strategy,
    pub done: Vec<(ResolutionStep, StepOutcome)>,
    pub remaining: Vec<Remaining>,
    /// Services that ran on a port they were moved from.
    pub revived: Vec<Revival>,
    pub faults: Vec<String>,
}

/// A service that ran, and was started anew on the port that it was moved to.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Revival {
    pub worktree: String,
    pub service: ServiceName,
    pub port: Port,
    /// Whether it is ready there.
    pub healthy: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A dispute that is left.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Remaining {
    pub port: Port,
    pub level: Level,
    pub reason: String,
    /// The command that helps, or what a person must choose.
    pub fix: String,
    #[serde(skip)]
    pub matter: Option<Matter>,
}

/// Says what would be done, by `strategy` or by the configured one.
///
/// # Errors
///
/// Fails when the registry or the kernel's sockets cannot be read.
pub fn plan(context: &Context, strategy: Option<Strategy>) -> Result<Plan> {
    let settings = settings(context);
    let strategy = strategy.unwrap_or(settings.strategy);
    let steps = steps(&disputes(context)?, strategy, settings);
    Ok(Plan { strategy, steps, faults: Vec::new(), about: None })
}

/// Says what would be done where a command of the configuration chooses: each conflict is put before it.
///
/// # Errors
///
/// As [`plan`].
pub fn plan_by_command(context: &Context, command: &str, about: Option<&[Port]>) -> Result<Plan> {
    let settings = settings(context);
    let mut plan = Plan { strategy: Strategy::Command, steps: Vec::new(), faults: Vec::new(), about: None };
    let disputes = disputes(context)?;
    let rows = if disputes.is_empty() { Vec::new() } else { conflicts::conflicts(context)?.conflicts };
    for dispute in disputes {
        context.host.interrupt.check()?;
        if about.is_some_and(|ports| !ports.contains(&dispute.port)) {
            continue;
        }
        let is_it = |row: &&Conflict| row.ruling.port == dispute.port && row.kind != ConflictKind::Mismatch;
        let Some(row) = rows.iter().find(is_it) else { continue };
        match choosing::ask(context, command, row) {
            Ok(choice) => plan.steps.extend(chosen(&dispute, choice, settings)),
            Err(fault) => {
                let unanswered = "the command gave no answer that counts";
                plan.steps.extend(left(&dispute, unanswered));
                plan.faults.push(fault);
            }
        }
    }
    Ok(plan)
}

/// Does it, and looks again; what needs agreement is left unless `is_agreed`.
///
/// # Errors
///
/// `interrupted`; fails when the machine cannot be asked. What cannot be done about one dispute is in the report.
pub fn apply(context: &Context, plan: Plan, is_agreed: bool) -> Result<Report> {
    let Plan { strategy, mut steps, faults, about } = plan;
    let is_meant = |port: Port| about.as_ref().is_none_or(|ports| ports.contains(&port));
    let mut report =
        Report { strategy, done: Vec::new(), remaining: Vec::new(), revived: Vec::new(), faults };
    for _ in 0..ROUNDS {
        log(context, &steps.iter().map(|step| planned(step, strategy)).collect::<Vec<_>>());
        for step in steps {
            context.host.interrupt.check()?;
            let outcome = act(context, &step, is_agreed)?;
            report.done.push((step, outcome));
        }
        // What nobody was shown is not ended: later rounds only move.
        steps = self::plan(context, Some(strategy))?.steps;
        steps.retain(|step| {
            is_meant(step.port)
                && matches!(step.action, DisputeAction::Move { .. })
                && !report.done.iter().any(|(known, _)| known == step)
        });
        if steps.is_empty() {
            break;
        }
    }
    let registry = context.store()?.read()?;
    let adviser = Adviser::new(context, &registry);
    let left = disputes(context)?.into_iter().filter(|dispute| is_meant(dispute.port));
    report.remaining = left.map(|dispute| remaining(&dispute, &adviser)).collect();
    log(context, &ends(&report));
    Ok(report)
}

fn remaining(dispute: &Dispute, adviser: &Adviser<'_>) -> Remaining {
    let (level, reason) = dispute.level();
    let matter = dispute.tenants().first().map(|tenant| Matter::of(tenant, dispute));
    Remaining { port: dispute.port, level, reason, fix: adviser.settle_otherwise(dispute).words(), matter }
}

fn act(context: &Context, step: &ResolutionStep, is_agreed: bool) -> Result<StepOutcome> {
    match &step.action {
        DisputeAction::Leave { why } => Ok(StepOutcome::Left(why.clone())),
        DisputeAction::Terminate { needs_agreement: true, .. } if !is_agreed => {
            Ok(StepOutcome::Left("nobody agreed to end it: `--yes` does".to_owned()))
        }
        action => {
            let now = disputes(context)?.into_iter().find(|dispute| dispute.port == step.port);
            let Some(now) = now else { return Ok(StepOutcome::NotDue) };
            match action {
                DisputeAction::Terminate { holders, of, .. } => terminate(context, &now, holders, of),
                DisputeAction::Move { tenant } => moved(context, &now, tenant),
                DisputeAction::Restart { .. } => Ok(StepOutcome::NotDue),
                DisputeAction::Leave { why } => Ok(StepOutcome::Left(why.clone())),
            }
        }
    }
}

fn moved(context: &Context, now: &Dispute, tenant: &Tenant) -> Result<StepOutcome> {
    let registry = context.store()?.read()?;
    let entry = registry.entries().find(|entry| entry.sequence == tenant.sequence);
    let Some(repository) = entry.and_then(|entry| origin::find_repository(context, entry)) else {
        return Ok(StepOutcome::Failed(format!(
            "the repository of {} cannot be reached",
            tenant.worktree.name
        )));
    };
    let most = context.config.resolve.max_alternatives;
    let leaving =
        LeavingPort { sequence: tenant.sequence, service: &tenant.service, from: tenant.port, most };
    let is_doubled = match &now.trouble {
        DisputeTrouble::Doubled { tenants } if !doubled::moves(tenants, tenant.sequence, &tenant.service) => {
            return Ok(StepOutcome::NotDue);
        }
        DisputeTrouble::Doubled { .. } => true,
        DisputeTrouble::Held { .. } => false,
    };
    let is_due = |registry: &Registry| is_due(registry, tenant, is_doubled);
    Ok(match relocate(context, &repository, leaving, &is_due) {
        Ok(Moved::To(port)) => StepOutcome::Moved(port),
        Ok(Moved::NotDue) => StepOutcome::NotDue,
        Ok(Moved::Exhausted) => StepOutcome::Failed(format!(
            "no other port is free for `{}` of {}",
            tenant.service, tenant.worktree.name
        )),
        // Somebody else was faster.
        Err(failure) if failure.code() == Code::NotFound => StepOutcome::NotDue,
        Err(failure) => StepOutcome::Failed(failure.message().to_owned()),
    })
}

/// Asked under the lock: somebody else has the port too, or holds it.
fn is_due(registry: &Registry, tenant: &Tenant, is_doubled: bool) -> Result<bool> {
    let mut owners = registry
        .entries()
        .filter(|entry| entry.state == EntryState::Active)
        .flat_map(|entry| entry.allocations.iter().filter(|known| known.find_port() == Some(tenant.port)));
    if is_doubled {
        return Ok(owners.nth(1).is_some());
    }
    // Whoever runs on the port keeps it.
    let busy = owner::attribute(&[tenant.port], registry)?;
    let is_theirs =
        |busy: &Busy| matches!(occupancy(&busy.listeners, &tenant.worktree), Occupancy::Theirs(_));
    Ok(busy.iter().any(is_theirs))
}

/// Ends exactly those who were seen before, if they are all that disputes the port now.
fn terminate(context: &Context, now: &Dispute, agreed: &[Holder], of: &Tenant) -> Result<StepOutcome> {
    let DisputeTrouble::Held { tenant, holders: disputing, .. } = &now.trouble else {
        return Ok(StepOutcome::Failed("the port changed hands meanwhile".to_owned()));
    };
    let is_same = |one: &Holder, other: &Holder| {
        (one.pid, one.started, one.relation) == (other.pid, other.started, other.relation)
    };
    let is_known = |now: &Holder| now.refusal.is_none() && agreed.iter().any(|then| is_same(then, now));
    if tenant.worktree != of.worktree || !disputing.iter().all(is_known) {
        return Ok(StepOutcome::Failed("the port changed hands meanwhile: nobody was ended".to_owned()));
    }
    let is_target = |holder: &super::holders::Profile| {
        disputing.iter().any(|known| (known.pid, known.started) == (holder.pid, holder.started))
    };
    let mut targets = holders(now.port, &*context.store()?.read()?)?;
    targets.retain(is_target);
    let ended = kill::end(context, now.port, &targets, KillWay::default())?;
    kill::record(context, &ended, None);
    if let Some(refused) = ended.refused.first() {
        return Ok(StepOutcome::Failed(refused.reason.clone()));
    }
    if let Some(survivor) = ended.survivors.iter().find(|survivor| survivor.holds) {
        return Ok(StepOutcome::Failed(format!("{} (pid {}) survived", survivor.command, survivor.pid)));
    }
    if let Some(taken) = ended.taken_by.first() {
        let command = taken.command.as_deref().unwrap_or("a process out of sight");
        return Ok(StepOutcome::Failed(format!("{command} took it again at once: stop what starts it")));
    }
    Ok(StepOutcome::Terminated)
}

/// What the second look found, an event for each port.
fn ends(report: &Report) -> Vec<StepEvent> {
    let mut ports: Vec<Port> = report.done.iter().map(|(step, _)| step.port).collect();
    ports.extend(report.remaining.iter().map(|left| left.port));
    ports.sort_unstable();
    ports.dedup();
    let end = |port: Port| {
        let left = report.remaining.iter().find(|left| left.port == port);
        let step = report.done.iter().rev().find(|(step, _)| step.port == port).map(|(step, _)| step);
        let matter = left.and_then(|left| left.matter.as_ref()).or_else(|| step.map(|step| &step.matter))?;
        let trouble = left.map(|left| (left.level, left.reason.as_str()));
        Some(ended((matter, step), report.strategy, trouble))
    };
    ports.into_iter().filter_map(end).collect()
}
