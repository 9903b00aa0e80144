//! A plan with the ports that it would be given now.

use crate::context::Context;
use crate::error::Result;
use crate::model::port::selection::Selection;
use crate::ops::create::{Plan, claim, refusal};
use crate::ops::vanished::room;

/// The plan with the ports that it would be given now. They are given out by `apply`, under the lock; this is for
/// showing only, and notes no conflict.
///
/// # Errors
///
/// `port_conflict`, `range_exhausted`, `port_denied`, as `apply` would say.
pub fn preview(context: &Context, mut plan: Plan) -> Result<Plan> {
    let registry = context.store()?.read()?;
    let policy = refusal::policy(context, &plan);
    let (mut selection, mut held) = claim::choose_previewed(context, &registry, &plan, &policy)?;
    if matches!(selection, Selection::Exhausted { .. } | Selection::Owned { .. }) {
        let cleared = room::as_if_made(context, &registry)?;
        (selection, held) = claim::choose_previewed(context, &cleared, &plan, &policy)?;
    }
    match selection {
        Selection::Chosen(choices) => plan.ports = choices,
        refused => {
            return Err(refusal::refused_create(context, &plan, &refused, &registry, &held)?);
        }
    }
    Ok(plan)
}
