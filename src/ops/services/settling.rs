//! Settles conflicts over the ports of services before they start: what `wt ports resolve` does, for these ports alone.

use crate::context::Context;
use crate::error::Result;
use crate::model::config::settings::Strategy;
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::model::services::plan::ServicePlan;
use crate::model::services::protocol::{Request as Ask, ServiceFacts};
use crate::ops::ports::resolve::{self, StepOutcome};

use super::contact::{self, Deaf, WishAnswer};
use super::place::ServicesPlace;

/// How conflicts are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlingWish {
    pub strategy: Strategy,
    /// Whether somebody has agreed to whatever needs it.
    pub is_agreed: bool,
}

/// Settles what there is, and returns what was done in words.
///
/// # Errors
///
/// Those of looking; what cannot be settled shows when the services start.
pub(super) fn resolve_first(context: &Context, ports: &[Port], wish: SettlingWish) -> Result<Vec<String>> {
    let plan = resolve::plan(context, Some(wish.strategy))?.about(ports);
    if plan.steps.is_empty() {
        return Ok(Vec::new());
    }
    let report = resolve::apply(context, plan, wish.is_agreed)?;
    let said = report.done.iter().map(|(step, outcome)| match outcome {
        StepOutcome::Moved(to) => {
            format!("port {} had a conflict ({}): moved to {to}", step.port, step.reason)
        }
        StepOutcome::Terminated => format!("port {} was {}: ended", step.port, step.reason),
        StepOutcome::Restarted | StepOutcome::NotDue => {
            format!("port {} had a conflict that is settled by now", step.port)
        }
        StepOutcome::Left(why) | StepOutcome::Failed(why) => {
            format!("port {} has a conflict: {why}", step.port)
        }
    });
    Ok(said.collect())
}

/// Returns the services that run on another port than the one they are to have by now.
///
/// # Errors
///
/// Fails when the supervisor does not answer.
pub(super) fn moved(
    context: &Context,
    place: &ServicesPlace,
    plans: &[ServicePlan],
) -> Result<Vec<ServiceName>> {
    if contact::find(place)?.is_none() {
        return Ok(Vec::new());
    }
    let WishAnswer::Done(facts) = contact::ask(context, place, &Ask::Status, &mut Deaf)? else {
        return Ok(Vec::new());
    };
    let is_elsewhere = |plan: &&ServicePlan| {
        let is_it = |known: &&ServiceFacts| known.service == plan.name && !known.state.is_resting();
        facts.iter().find(is_it).is_some_and(|known| known.port != plan.port)
    };
    Ok(plans.iter().filter(is_elsewhere).map(|plan| plan.name.clone()).collect())
}

/// Answers whether the worktree's supervisor runs the service on another port than `port`.
///
/// # Errors
///
/// Fails when the supervisor does not answer.
pub fn runs_beside(
    context: &Context,
    place: &ServicesPlace,
    service: &ServiceName,
    port: Port,
) -> Result<bool> {
    if contact::find(place)?.is_none() {
        return Ok(false);
    }
    let WishAnswer::Done(facts) = contact::ask(context, place, &Ask::Status, &mut Deaf)? else {
        return Ok(false);
    };
    let is_it = |known: &&ServiceFacts| known.service == *service && !known.state.is_resting();
    Ok(facts.iter().find(is_it).is_some_and(|known| known.port != Some(port)))
}
