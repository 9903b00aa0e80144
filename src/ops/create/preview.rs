//! A plan with the ports that it would be given now.

use std::collections::HashSet;
use std::sync::Arc;

use crate::context::Context;
use crate::error::Result;
use crate::model::port::selection::Selection;
use crate::ops::create::{Plan, refusal};
use crate::ops::ports::ledger::RefusedPorts;
use crate::ops::vanished::room;
use crate::ops::{choose, main_worktree};

/// The plan with the ports that it would be given now. They are given out by `apply`, under the lock; this is for
/// showing only, and notes no conflict.
///
/// # Errors
///
/// `port_conflict`, `range_exhausted`, `port_denied`, as `apply` would say.
pub fn preview(context: &Context, mut plan: Plan) -> Result<Plan> {
    let mut registry = context.store()?.read()?;
    if !context.config.shared_ports().is_empty() {
        // The main worktree has its ports first.
        registry = Arc::new(main_worktree::foreseen(context, &registry)?);
    }
    let passing = refusal::passing(&refusal::policy(context, &plan));
    let choose = |registry| choose::choose_passing(context, registry, &plan.wishes, &HashSet::new(), passing);
    let (mut selection, mut held) = choose(&registry)?;
    if selection.is_wanting() {
        let cleared = room::as_if_made(context, &registry)?;
        (selection, held) = choose(&cleared)?;
    }
    match selection {
        Selection::Chosen(choices) => plan.ports = choices,
        refused => {
            let refused = RefusedPorts { selection: refused, seen: Box::new((*registry).clone()), held };
            return Err(refusal::refused_create(context, &plan, &refused)?);
        }
    }
    Ok(plan)
}
