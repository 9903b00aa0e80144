//! Services that sleep while their ports are moved or given up: they sleep on at the new one, and nothing is started for it.

use super::contact::{self, Deaf};
use super::place::ServicesPlace;
use super::plans::{self, MissingPorts};
use crate::context::Context;
use crate::error::Result;
use crate::host::services::record_file;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::protocol::Request as Ask;
use crate::ops::env;

/// Has the services of a worktree that sleep follow their ports; returns those that are waited for elsewhere now, or nowhere any
/// more.
///
/// # Errors
///
/// `not_found` for a worktree that is not recorded, `untrusted`, and where the supervisor does not answer.
pub fn follow(context: &Context, worktree: Option<&str>) -> Result<Vec<ServiceName>> {
    let mut entry = env::require_entry(context, worktree)?;
    let place = ServicesPlace::of(context, &entry)?;
    let Some(record) = record_file::find(&place.wish.folder, place.wish.sequence) else {
        return Ok(Vec::new());
    };
    let port_of = |entry: &Entry, service: &ServiceName| {
        entry.allocations.iter().find(|known| known.service == *service).and_then(Allocation::find_port)
    };
    let moved = record.services.iter().filter(|kept| {
        kept.slept() && kept.plan.port.is_some() && port_of(&entry, &kept.plan.name) != kept.plan.port
    });
    let moved: Vec<ServiceName> = moved.map(|kept| kept.plan.name.clone()).collect();
    let (there, gone): (Vec<_>, Vec<_>) =
        moved.iter().cloned().partition(|service| port_of(&entry, service).is_some());
    if !gone.is_empty() {
        contact::ask_if_there(context, &place, &Ask::Stop { services: gone }, &mut Deaf)?;
    }
    if !there.is_empty() {
        let mut plans = plans::choose(context, &mut entry, &there, MissingPorts::default())?.plans;
        // What they need is started with them, and not before.
        plans.retain(|plan| there.contains(&plan.name) && plan.on_demand);
        let ask = Ask::Start { plans, wait: false, foreground: false, spared: Vec::new(), named: Vec::new() };
        contact::ask_where_any(context, &place, &ask, &mut Deaf)?;
    }
    Ok(moved)
}
