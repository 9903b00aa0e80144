//! A port for a new worktree where a range is full: taken over from a worktree that has not used it for long.

use std::time::Duration;

use serde_json::Value;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::port::selection::owned_ports;
use crate::ops::create::{self, Request, WantedPorts};
use crate::ops::unreclaimed;
use crate::ops::validate::{self, IdlePort};

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
    let asked = request.ports.as_ref().unwrap_or(&context.config.create.ports);
    if is_wished && *asked == WantedPorts::None {
        tell("--reclaim takes ports over, and none are asked for: `--ports` asks for them");
    }
    let idle = context.config.reclaim_after.or(is_wished.then_some(USUAL));
    let mut taken = Vec::new();
    let mut outcome = attempt();
    for _ in 0..ROUNDS {
        let (Some(idle), Err(failure)) = (idle, &outcome) else { break };
        if failure.code() != Code::RangeExhausted {
            break;
        }
        let more = take_over(context, request, failure, idle, &tell)?;
        if more.is_empty() {
            break;
        }
        taken.extend(more);
        outcome = attempt();
    }
    if outcome.is_err() {
        give_back(context, &taken, &tell);
    }
    outcome
}

/// Gives back what was taken over for nothing.
fn give_back(context: &Context, taken: &[IdlePort], tell: &impl Fn(&str)) {
    let all = context.config.reclaim_after.is_some();
    for one in taken {
        let (port, name) = (one.port, &one.target.name);
        let is_back = validate::give_back(context, one, all).unwrap_or_default();
        tell(&if is_back {
            format!("gave port {port} back to `{name}`")
        } else {
            let allocate = wt("ports allocate -w {} --service {}", &[name, &one.service]);
            format!("`{name}` is without port {port}: `{allocate}` asks for it again")
        });
    }
}

/// Takes over as many ports as are missing, or none where there are not that many. Returns what it took.
fn take_over(
    context: &Context,
    request: &Request,
    failure: &Failure,
    idle: Duration,
    tell: &impl Fn(&str),
) -> Result<Vec<IdlePort>> {
    let plan = create::plan(context, request)?;
    let text = failure.details().get("ranges").and_then(Value::as_str).unwrap_or_default();
    let owned = failure.details().get("owned").and_then(Value::as_u64);
    let owned = owned.and_then(|count| usize::try_from(count).ok());
    let (Some((ranges, wished)), Some(owned)) = (plan.find_wished(text), owned) else {
        return Ok(Vec::new());
    };
    let known = owned_ports(&*context.store()?.read()?);
    let recorded = known.iter().filter(|port| ranges.contains(**port)).count();
    // What was chosen before the range was full counts as owned.
    let missing = wished.saturating_sub(owned.saturating_sub(recorded)).max(1);
    // A flag is about the repository one stands in; the user's own key is about all.
    let all = context.config.reclaim_after.is_some();
    let found = validate::idle_ports(context, &ranges, idle, all)?;
    if found.len() < missing {
        tell(&unreclaimed::why(context, &ranges, idle, all, missing, &found)?);
        return Ok(Vec::new());
    }
    let mut taken: Vec<IdlePort> = Vec::new();
    for one in found {
        if taken.len() == missing {
            break;
        }
        if validate::give_way(context, &one, all, &plan.name)? {
            let days = context.now().duration_since(one.since).as_hours() / 24;
            tell(&format!(
                "took port {} over from `{}`: nothing was seen on it for {days} days",
                one.port, one.target.name
            ));
            taken.push(one);
        }
    }
    if taken.len() < missing {
        give_back(context, &taken, tell);
        taken.clear();
    }
    Ok(taken)
}
