//! What `wt ports resolve` does in all: conflicts over ports are settled, what ran on a port that it was moved from runs on the new
//! one, and servers of ours that no `wt up` started are started as services.

use crate::context::Context;
use crate::error::{Code, Result};
use crate::model::config::settings::Strategy;
use crate::model::port::Port;
use crate::model::port::resolution::{DisputeAction, ResolutionStep};
use crate::model::port::restarting;
use crate::ops::ports::resolve::{self, Plan, Report, Revival, StepOutcome};
use crate::ops::ports::resolve_log::{self, log};
use crate::ops::ports::settings::settings;
use crate::ops::ports::{choosing, conflicts};
use crate::ops::services::own_servers;

/// Says what would be done by `strategy`, by the configured one or by the configured command where none is given; for these ports
/// alone where some are named.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be read.
pub fn plan(context: &Context, strategy: Option<Strategy>, about: Option<&[Port]>) -> Result<Plan> {
    let command = context.config.resolve_command.as_deref().filter(|_| strategy.is_none());
    let mut plan = match command {
        Some(command) => resolve::plan_by_command(context, command, about)?,
        None => resolve::plan(context, strategy)?,
    };
    let settings = settings(context);
    for server in own_servers::find(context, about)? {
        let Some(command) = command else {
            plan.steps.extend(restarting::step(&server, plan.strategy, settings));
            continue;
        };
        let registry = context.store()?.read()?;
        let Some(row) = conflicts::row_of_own(context, &registry, &server)? else { continue };
        plan.steps.push(match choosing::ask(context, command, &row) {
            Ok(choice) => restarting::chosen(&server, choice, settings),
            Err(fault) => {
                plan.faults.push(fault);
                restarting::left(&server, "the command gave no answer that counts")
            }
        });
    }
    Ok(match about {
        Some(ports) => plan.about(ports),
        None => plan,
    })
}

/// Does it, and looks again; what needs agreement is left unless `is_agreed`.
///
/// # Errors
///
/// `interrupted`; fails when the machine cannot be asked. What cannot be done about one port is in the report.
pub fn apply(context: &Context, mut plan: Plan, is_agreed: bool) -> Result<Report> {
    let is_restart = |step: &ResolutionStep| matches!(step.action, DisputeAction::Restart { .. });
    let (restarts, others) = std::mem::take(&mut plan.steps).into_iter().partition(is_restart);
    let strategy = plan.strategy;
    plan.steps = others;
    let mut report = resolve::apply(context, plan, is_agreed)?;
    for (step, outcome) in &report.done {
        if let (DisputeAction::Move { tenant }, StepOutcome::Moved(to)) = (&step.action, outcome) {
            let revived = own_servers::revive(context, tenant, *to).unwrap_or_else(|failure| {
                Some(Revival {
                    worktree: tenant.worktree.name.clone(),
                    service: tenant.service.clone(),
                    port: *to,
                    healthy: false,
                    reason: Some(failure.message().to_owned()),
                })
            });
            report.revived.extend(revived);
        }
    }
    for step in restarts {
        context.host.interrupt.check()?;
        let outcome = restarted(context, &step, strategy, is_agreed)?;
        report.done.push((step, outcome));
    }
    Ok(report)
}

fn restarted(
    context: &Context,
    step: &ResolutionStep,
    strategy: Strategy,
    is_agreed: bool,
) -> Result<StepOutcome> {
    let DisputeAction::Restart { server, needs_agreement } = &step.action else {
        return Ok(StepOutcome::NotDue);
    };
    if *needs_agreement && !is_agreed {
        return Ok(StepOutcome::Left("nobody agreed to end it: `--yes` does".to_owned()));
    }
    log(context, &[resolve_log::planned(step, strategy)]);
    let outcome = match own_servers::take(context, server) {
        Ok(()) => StepOutcome::Restarted,
        Err(failure) if failure.code() == Code::Interrupted => return Err(failure),
        Err(failure) => StepOutcome::Failed(failure.message().to_owned()),
    };
    let trouble = match &outcome {
        StepOutcome::Failed(why) => Some((step.level, why.as_str())),
        _ => None,
    };
    log(context, &[resolve_log::ended((&step.matter, Some(step)), strategy, trouble)]);
    Ok(outcome)
}
