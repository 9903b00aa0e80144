//! Servers of worktrees that listen on their services' own ports and that no `wt up` started: found for whoever settles the ports
//! of many worktrees, and ended and started as the services.

use std::collections::HashSet;

use super::contact::Deaf;
use super::place::ServicesPlace;
use super::standing::standing_in;
use super::{elsewhere, settling, shared, sleepers, taking_over, up};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::net::listeners::listeners;
use crate::host::process::table;
use crate::host::services::launch::is_own_command;
use crate::model::port::Port;
use crate::model::port::own_server::OwnServer;
use crate::model::port::tenant::Tenant;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::service::ServiceName;
use crate::ops::ports::kill::Deed;
use crate::ops::ports::resolve::Revival;

/// Returns those of the repository we stand in, of all outside of one; of these ports alone where some are named.
///
/// # Errors
///
/// Fails when the registry or the kernel's sockets cannot be read.
pub fn find(context: &Context, about: Option<&[Port]>) -> Result<Vec<OwnServer>> {
    let registry = context.store()?.read()?;
    let held: HashSet<Port> = listeners()?.into_iter().map(|socket| socket.port).collect();
    let here = context.repository.as_ref().map(Repository::find_id);
    let may_have = |entry: &&Entry| {
        let is_meant = |port: Port| held.contains(&port) && about.is_none_or(|ports| ports.contains(&port));
        entry.state == EntryState::Active
            && here.as_ref().is_none_or(|here| here.as_ref() == Some(&entry.repository_id))
            && entry.ports().any(is_meant)
    };
    let mut found = Vec::new();
    for entry in registry.entries().filter(may_have) {
        context.host.interrupt.check()?;
        let Some(there) = standing_in(context, entry) else { continue };
        let place = ServicesPlace::of(&there, entry)?;
        let servers = elsewhere::find(&there, entry, &place, &[]);
        let servers = servers.into_iter().filter(|one| about.is_none_or(|ports| ports.contains(&one.port)));
        found.extend(servers.map(|one| OwnServer {
            sequence: entry.sequence,
            worktree: entry.name.clone(),
            spared: spared(&there, &one.service, one.pid),
            service: one.service,
            port: one.port,
            pid: one.pid,
        }));
    }
    Ok(found)
}

/// Why it is left alone.
fn spared(there: &Context, service: &ServiceName, pid: u32) -> Option<String> {
    // A `wt run` waits for its command.
    if let Some(run) = table::ancestors(pid).into_iter().find(|above| is_own_command(*above, "run")) {
        return Some(format!("`wt run` (pid {run}) runs it: end that first"));
    }
    taking_over::plan(there, std::slice::from_ref(service)).err().map(|failure| {
        let message = failure.message().lines().next().unwrap_or_default();
        message.strip_suffix(':').unwrap_or(message).to_owned()
    })
}

/// Ends the server, where it is still the one that was seen, and starts the service.
///
/// # Errors
///
/// `port_conflict` where another process serves the port by now, or does not end; those of starting the service.
pub fn take(context: &Context, server: &OwnServer) -> Result<()> {
    let there = of_record(context, server.sequence)?;
    let services = std::slice::from_ref(&server.service);
    let (entry, there) = there;
    let place = ServicesPlace::of(&there, &entry)?;
    let now = elsewhere::find(&there, &entry, &place, services);
    if !now.iter().any(|one| (one.port, one.pid) == (server.port, server.pid)) {
        let message = "the port changed hands meanwhile: nobody was ended";
        return Err(Failure::new(Code::PortConflict, message));
    }
    taking_over::apply(&there, &taking_over::plan(&there, services)?, Deed::Restart)?;
    let request = up::Request { services: services.to_vec(), ..up::Request::default() };
    shared::up(&there, &request, &mut Deaf).map(drop).map_err(|failure| {
        let message = format!("pid {} was ended, and then: {}", server.pid, failure.message());
        Failure::new(failure.code(), message)
    })
}

/// Starts the service anew where it ran on a port that it was moved from; `None` where it did not run.
///
/// # Errors
///
/// Fails when the worktree is no longer on record or its supervisor does not answer.
pub fn revive(context: &Context, tenant: &Tenant, to: Port) -> Result<Option<Revival>> {
    let (entry, there) = of_record(context, tenant.sequence)?;
    // One that sleeps is not woken for it.
    if sleepers::follow(&there, None)?.contains(&tenant.service) {
        return Ok(None);
    }
    let place = ServicesPlace::of(&there, &entry)?;
    if !settling::runs_beside(&there, &place, &tenant.service, to)? {
        return Ok(None);
    }
    // Ready is what its health check calls so.
    let restarted = shared::restart(&there, std::slice::from_ref(&tenant.service), &mut Deaf);
    let reason = restarted.err().map(|failure| failure.message().to_owned());
    Ok(Some(Revival {
        worktree: entry.name,
        service: tenant.service.clone(),
        port: to,
        healthy: reason.is_none(),
        reason,
    }))
}

fn of_record(context: &Context, sequence: u64) -> Result<(Entry, Context)> {
    let registry = context.store()?.read()?;
    let entry = registry.entries().find(|entry| entry.sequence == sequence).cloned();
    let found = entry.and_then(|entry| standing_in(context, &entry).map(|there| (entry, there)));
    found.ok_or_else(|| Failure::new(Code::NotFound, "its repository cannot be reached"))
}
