//! Ports that nobody has listened on for long, and giving one of them up for a worktree that has none.

use std::time::Duration;

use jiff::Timestamp;

use super::grounds::Grounds;
use super::look::validate;
use super::repair;
use super::report::Request;
use crate::context::Context;
use crate::error::Result;
use crate::model::event::Event;
use crate::model::finding::{Fix, FixTarget};
use crate::model::port::{Port, PortRanges};
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::ops::choose::Passing;
use crate::ops::ports::ledger::{self, Gift};

/// A port that is allocated, and on which nothing of its worktree listens: see the finding `port-stale`.
#[derive(Clone, Debug)]
pub struct IdlePort {
    pub target: FixTarget,
    pub service: ServiceName,
    pub port: Port,
    /// When something of it was last seen listening, else when it was allocated.
    pub since: Timestamp,
    fix: Fix,
}

/// Returns the ports of `ranges` that were idle for that long, the longest first: of this repository, or of `all`.
///
/// # Errors
///
/// As [`validate`].
pub fn idle_ports(
    context: &Context,
    ranges: &PortRanges,
    idle: Duration,
    all: bool,
) -> Result<Vec<IdlePort>> {
    let request = Request { verify_ports: true, all, ..Request::default() };
    let findings = validate(context, &request)?.findings;
    let registry = context.store()?.read()?;
    let found = findings.into_iter().filter_map(|finding| match finding.fix? {
        Fix::ReleasePort { target, service, port } if ranges.contains(port) => {
            let mut entries = registry.entries().filter(|entry| entry.sequence == target.sequence);
            let known = entries.next()?.allocations.iter().find(|known| known.find_port() == Some(port))?;
            let since = known.idle_since();
            let fix = Fix::ReleasePort { target: target.clone(), service: service.clone(), port };
            Some(IdlePort { target, service, port, since, fix })
        }
        _ => None,
    });
    let now = context.now();
    let is_long = |one: &IdlePort| {
        u64::try_from(now.duration_since(one.since).as_secs()).is_ok_and(|seconds| seconds >= idle.as_secs())
    };
    let mut found: Vec<IdlePort> = found.filter(is_long).collect();
    found.sort_by_key(|one| one.since);
    Ok(found)
}

/// Has its worktree give the port up: its env files follow, and it gets the port back before anybody else once it asks.
/// Answers whether it did: where its server runs by now, or its files cannot be written, it keeps the port.
///
/// # Errors
///
/// `interrupted`, and when the registry cannot be read.
pub fn give_up(context: &Context, one: &IdlePort, all: bool) -> Result<bool> {
    let request = Request { verify_ports: true, all, ..Request::default() };
    context.host.interrupt.check()?;
    let registry = context.store()?.read()?;
    let grounds = Grounds::new(context, Some(&*registry), &request);
    if repair::apply(context, &grounds, &one.fix, &request).is_err() {
        return Ok(false);
    }
    let has_still = |entry: &Entry| {
        entry.is_living()
            && entry.sequence == one.target.sequence
            && entry.ports().any(|port| port == one.port)
    };
    Ok(!context.store()?.read()?.entries().any(has_still))
}

/// As [`give_up`], for the worktree called `to`; an event says so.
///
/// # Errors
///
/// As [`give_up`], and when the registry cannot be written.
pub fn give_way(context: &Context, one: &IdlePort, all: bool, to: &str) -> Result<bool> {
    if !give_up(context, one, all)? {
        return Ok(false);
    }
    let now = context.now();
    let event = Event::new("port_reclaimed")
        .of(&one.target.repository_path, &one.target.name)
        .with("service", one.service.as_str())
        .with("port", one.port.number())
        .with("from", one.target.name.as_str())
        .with("to", to)
        .with("idle_s", now.duration_since(one.since).as_secs());
    context.store()?.update(|registry| {
        registry.record_event(now, event.clone());
        Ok(())
    })?;
    Ok(true)
}

/// Gives the port back to the worktree that gave it up; answers whether it has it again.
///
/// # Errors
///
/// When the registry or the repository cannot be read, or the env files cannot be written.
pub fn give_back(context: &Context, one: &IdlePort, all: bool) -> Result<bool> {
    let request = Request { verify_ports: true, all, ..Request::default() };
    let registry = context.store()?.read()?;
    let grounds = Grounds::new(context, Some(&*registry), &request);
    let target = &one.target;
    repair::on_ground(context, &grounds, target, |ground, repository| {
        let services = std::slice::from_ref(&one.service);
        let passing = Passing::Nothing;
        let gift = Gift { sequence: target.sequence, services, port: None, passing, place: &target.path };
        let given = ledger::give(ground, repository, gift)?;
        Ok(given.is_ok_and(|given| given.entry.ports().any(|port| port == one.port)))
    })
}
