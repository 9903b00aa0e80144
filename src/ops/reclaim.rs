//! A port for a new worktree where a range is full: taken over from a worktree that has not used it for long.

use std::time::Duration;

use serde_json::Value;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::port::selection::owned_ports;
use crate::ops::create::{self, Request};
use crate::ops::validate;

/// How long a port must have been idle where `ports.reclaim_after` does not say.
const USUAL: Duration = Duration::from_hours(24);

/// How often ports are taken over for one create: it may draw from several ranges.
const ROUNDS: usize = 8;

/// Runs `attempt`, which makes what `request` asks for; where a range is full, again with ports of it that were idle for as
/// long as `ports.reclaim_after` says, or a day where it `is_wished` alone. `tell` hears of each.
///
/// # Errors
///
/// Those of `attempt`.
pub fn with_reclaimed<T>(
    context: &Context,
    request: &Request,
    is_wished: bool,
    tell: impl Fn(&str),
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    let idle = context.config.reclaim_after.or(is_wished.then_some(USUAL));
    let mut outcome = attempt();
    for _ in 0..ROUNDS {
        let (Some(idle), Err(failure)) = (idle, &outcome) else { break };
        if failure.code() != Code::RangeExhausted || !take_over(context, request, failure, idle, &tell)? {
            break;
        }
        outcome = attempt();
    }
    outcome
}

/// Takes over as many ports as are missing, or none where there are not that many. Answers whether it did.
fn take_over(
    context: &Context,
    request: &Request,
    failure: &Failure,
    idle: Duration,
    tell: &impl Fn(&str),
) -> Result<bool> {
    let plan = create::plan(context, request)?;
    let text = failure.details().get("ranges").and_then(Value::as_str).unwrap_or_default();
    let owned = failure.details().get("owned").and_then(Value::as_u64);
    let owned = owned.and_then(|count| usize::try_from(count).ok());
    let (Some((ranges, wished)), Some(owned)) = (plan.find_wished(text), owned) else { return Ok(false) };
    let known = owned_ports(&*context.store()?.read()?);
    let recorded = known.iter().filter(|port| ranges.contains(**port)).count();
    // What was chosen before the range was full counts as owned.
    let missing = wished.saturating_sub(owned.saturating_sub(recorded)).max(1);
    // A flag is about the repository one stands in; the user's own key is about all.
    let all = context.config.reclaim_after.is_some();
    let found = validate::idle_ports(context, &ranges, idle, all)?;
    if found.len() < missing {
        return Ok(false);
    }
    let mut taken = 0;
    for one in found {
        if taken == missing {
            break;
        }
        if validate::give_way(context, &one, all, &plan.name)? {
            taken += 1;
            let days = context.now().duration_since(one.since).as_hours() / 24;
            tell(&format!(
                "took port {} over from `{}`, which has not used it for {days} days",
                one.port, one.target.name
            ));
        }
    }
    Ok(taken > 0)
}
