//! Ports of a worktree on another host, reached on this one: by the same number where that is free here. They are given back
//! when the forwarding ends.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::known::reached;
use super::worktree::{self, FarPort, FarWorktree};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::listeners::listeners;
use crate::host::ssh::{Ssh, Tunnel};
use crate::model::port::Port;
use crate::model::port::listener::Owner;
use crate::model::registry::table::Registry;
use crate::ops::ports::sight::{self, PortLook};

/// How often it is looked whether ssh listens.
const LOOK: Duration = Duration::from_millis(20);

/// How often other numbers are tried where somebody else was faster.
const TRIES: usize = 3;

/// What is reached here.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Forwarded {
    pub host: String,
    pub worktree: String,
    pub ports: Vec<ForwardedPort>,
}

/// A port that is reached here.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ForwardedPort {
    pub service: String,
    /// The port on this machine.
    pub here: u16,
    /// The port there.
    pub there: u16,
}

/// A forwarding; it ends when it is dropped.
#[derive(Debug)]
pub struct Forwarding {
    pub what: Forwarded,
    ssh: Ssh,
    tunnel: Tunnel,
}

/// Forwards the ports of the worktree that `place` names (`HOST:NAME`), that of one service alone with `service`.
///
/// # Errors
///
/// `usage`, `not_found`, `ambiguous`, `host_unreachable`; `port_conflict` where no port is to be had here.
pub fn forward(context: &Context, place: &str, service: Option<&str>) -> Result<Forwarding> {
    let Some((host, name)) =
        place.split_once(':').filter(|(host, name)| !host.is_empty() && !name.is_empty())
    else {
        return Err(Failure::new(Code::Usage, format!("`{}` is not HOST:NAME", place.escape_debug()))
            .hint("`wt list --hosts` shows the worktrees of all hosts"));
    };
    let ssh = reached(context, &[host.to_owned()])?.remove(0);
    let (within, interrupt) = (context.config.team.timeout, &context.host.interrupt);
    let there = worktree::ask(&ssh, within, interrupt)?;
    let worktree = choose(&there, host, name)?;
    let wanted: Vec<&FarPort> =
        worktree.ports.iter().filter(|port| service.is_none_or(|service| port.service == service)).collect();
    if wanted.is_empty() {
        let what = service
            .map_or("no port".to_owned(), |service| format!("no service `{}`", service.escape_debug()));
        let message = format!("{} on {host} has {what}", worktree.name);
        return Err(
            Failure::new(Code::NotFound, message).hint("`wt list --hosts` shows the ports of all worktrees")
        );
    }
    let registry = context.store()?.read()?;
    for _ in 0..TRIES {
        let mut ports = Vec::new();
        for port in &wanted {
            let here = free_here(context, &registry, port.port, &ports)?;
            ports.push(ForwardedPort { service: port.service.clone(), here, there: port.port });
        }
        let pairs: Vec<(u16, u16)> = ports.iter().map(|port| (port.here, port.there)).collect();
        let mut tunnel = ssh.forward(&pairs, within)?;
        if listens(context, &ssh, &mut tunnel, &pairs)? {
            let what = Forwarded { host: host.to_owned(), worktree: worktree.name.clone(), ports };
            return Ok(Forwarding { what, ssh, tunnel });
        }
    }
    Err(ssh.unreachable("it forwards no ports"))
}

/// Waits until ssh listens on all of the ports here; false where it ended before.
fn listens(context: &Context, ssh: &Ssh, tunnel: &mut Tunnel, pairs: &[(u16, u16)]) -> Result<bool> {
    let clock = context.host.clock;
    let started = clock.instant();
    loop {
        let all = listeners()?;
        // A program that wraps ssh has it as a child.
        let is_ssh = |owner: &Owner| owner.pid == tunnel.pid() || owner.command == "ssh";
        let is_ours = |port: u16| {
            all.iter().any(|one| {
                one.listening
                    && one.port.number() == port
                    && (one.owners.is_empty() || one.owners.iter().any(is_ssh))
            })
        };
        if pairs.iter().all(|(here, _)| is_ours(*here)) {
            return Ok(true);
        }
        if tunnel.has_ended() {
            return Ok(false);
        }
        if clock.since(started) >= context.config.team.timeout {
            return Err(ssh.unreachable("it did not forward in time"));
        }
        clock.wait(LOOK, &context.host.interrupt)?;
    }
}

fn choose<'a>(there: &'a [FarWorktree], host: &str, name: &str) -> Result<&'a FarWorktree> {
    let is_it = |worktree: &&FarWorktree| {
        worktree.name == name
            || name.split_once('/').is_some_and(|(repository, name)| {
                worktree.name == name && worktree.repository_name.as_deref() == Some(repository)
            })
    };
    let mut found = there.iter().filter(is_it);
    let Some(first) = found.next() else {
        let message = format!("{host} has no worktree `{}`", name.escape_debug());
        return Err(
            Failure::new(Code::NotFound, message).hint("`wt list --hosts` shows the worktrees of all hosts")
        );
    };
    if found.next().is_some() {
        let message = format!("{host} has several worktrees `{name}`");
        return Err(
            Failure::new(Code::Ambiguous, message).hint("name the repository too: HOST:REPOSITORY/NAME")
        );
    }
    Ok(first)
}

/// Returns `wanted` where it is free here as `wt ports check` says it, else a port that is.
fn free_here(context: &Context, registry: &Registry, wanted: u16, chosen: &[ForwardedPort]) -> Result<u16> {
    let is_free = |number: u16| -> Result<bool> {
        let Some(port) = Port::new(number).filter(|_| chosen.iter().all(|port| port.here != number)) else {
            return Ok(false);
        };
        let rulings = sight::judge_all(context, registry, &[port], PortLook::Probed)?;
        Ok(rulings.iter().all(|ruling| ruling.verdict.is_free()))
    };
    if is_free(wanted)? {
        return Ok(wanted);
    }
    for _ in 0..100 {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
        let number = bound
            .map_err(|error| Failure::from_io(error, Code::PortConflict, "no port is to be had here"))?
            .port();
        if is_free(number)? {
            return Ok(number);
        }
    }
    Err(Failure::new(Code::PortConflict, "no port is to be had here"))
}

impl Forwarding {
    /// Waits until the user ends it, or ssh ends by itself.
    ///
    /// # Errors
    ///
    /// `interrupted`; `host_unreachable` where the connection was lost.
    pub fn wait(mut self, context: &Context) -> Result<()> {
        loop {
            context.host.clock.wait(Duration::from_millis(100), &context.host.interrupt)?;
            if self.tunnel.has_ended() {
                return Err(self.ssh.unreachable("the connection was lost"));
            }
        }
    }
}
