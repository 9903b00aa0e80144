//! What a monitor does beside looking: what every command heals, and where that is allowed conflicts and stale allocations.

use std::time::Duration;

use crate::context::Context;
use crate::error::{Code, Result};
use crate::model::port::PortRanges;
use crate::ops::arrival::{Arrival, arrive};
use crate::ops::ports::ranges;
use crate::ops::ports::resolve::StepOutcome;
use crate::ops::recorded_repositories::others;
use crate::ops::{resolving, validate};

/// What the monitor may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permit {
    /// Whether conflicts are acted on, as `wt ports resolve` does where nobody can be asked.
    pub resolves: bool,
    /// How long an allocation must have been idle to be released; `None` where none is.
    pub release_after: Option<Duration>,
}

/// Does it, and says what was done. What cannot be done now is left to the next look.
///
/// # Errors
///
/// `interrupted`.
pub(super) fn mend(context: &Context, permit: Permit) -> Result<Vec<String>> {
    let mut said = heal_all(context)?;
    if permit.resolves {
        said.extend(unless_interrupted(resolve_all(context))?);
    }
    if let Some(idle) = permit.release_after {
        said.extend(unless_interrupted(release_idle(context, idle))?);
    }
    Ok(said)
}

fn unless_interrupted(outcome: Result<Vec<String>>) -> Result<Vec<String>> {
    match outcome {
        Err(failure) if failure.code() == Code::Interrupted => Err(failure),
        Err(failure) => Ok(vec![failure.message().to_owned()]),
        done => done,
    }
}

fn heal_all(context: &Context) -> Result<Vec<String>> {
    let registry = context.store()?.read()?;
    let mut said = Vec::new();
    for known in others(context, &registry) {
        context.host.interrupt.check()?;
        if let Some((there, _)) = known.ground(context) {
            said.extend(arrive(&there, Arrival::Watch).said);
        }
    }
    Ok(said)
}

fn resolve_all(context: &Context) -> Result<Vec<String>> {
    let plan = resolving::plan(context, None, None)?;
    if plan.steps.is_empty() {
        return Ok(Vec::new());
    }
    let report = resolving::apply(context, plan, false)?;
    let said = report.done.iter().filter_map(|(step, outcome)| match outcome {
        StepOutcome::Moved(to) => Some(format!("port {}: moved to {to}", step.port)),
        StepOutcome::Terminated => Some(format!("port {}: its holder was ended", step.port)),
        StepOutcome::Restarted => Some(format!("port {}: its server was started as the service", step.port)),
        StepOutcome::Failed(why) => Some(format!("port {}: {why}", step.port)),
        StepOutcome::NotDue | StepOutcome::Left(_) => None,
    });
    Ok(said.chain(report.faults.iter().cloned()).collect())
}

fn release_idle(context: &Context, idle: Duration) -> Result<Vec<String>> {
    let all = PortRanges(ranges::all(context).into_iter().map(|(_, range)| range).collect());
    let mut said = Vec::new();
    for one in validate::idle_ports(context, &all, idle, true)? {
        if validate::give_up(context, &one, true)? {
            said.push(format!("port {} of `{}` was idle, and is released", one.port, one.target.name));
        }
    }
    Ok(said)
}
