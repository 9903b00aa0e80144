//! What a command leaves behind that `wt run` ran: named where it ended by itself, ended with it where it was told to end.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Result;
use crate::host::interrupt::Interrupt;
use crate::host::net::holding;
use crate::host::net::listeners::listeners;
use crate::host::process::stop::{Running, wait_for_end};
use crate::host::process::table::{self, Descendant};
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::model::signal::EndSignal;

/// How long what is left may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A process that still listens on a port of the worktree.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Leftover {
    pub pid: u32,
    pub command: String,
    pub port: Port,
}

/// Returns which descendants of ours listen on which of `ports`.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn listening(ports: &[Port]) -> Result<Vec<Leftover>> {
    let family = table::family(std::process::id());
    if family.is_empty() {
        return Ok(Vec::new());
    }
    let sockets = listeners()?;
    let mut left = Vec::new();
    for known in &family {
        for port in ports.iter().copied().filter(|port| is_on(known, *port, &sockets)) {
            if let Some(facts) = table::facts(known.pid) {
                left.push(Leftover { pid: known.pid, command: facts.command, port });
            }
        }
    }
    Ok(left)
}

/// Ends what is left of the command's process group, which is ours, those of `started` that left it, and what descends from
/// it and listens on one of `ports`: asked first, killed after a while, or at once where `interrupt` is raised meanwhile. Returns their pids.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn end(ports: &[Port], started: &BTreeSet<u32>, interrupt: &Interrupt) -> Result<Vec<u32>> {
    let group = table::group(std::process::id());
    let mut ended: Vec<u32> = Vec::new();
    for signal in [EndSignal::Term, EndSignal::Kill] {
        let family = table::family(std::process::id());
        let sockets = if family.is_empty() { Vec::new() } else { listeners()? };
        let is_meant = |known: &&Descendant| {
            Some(known.group) == group
                || started.contains(&known.pid)
                || ports.iter().any(|port| is_on(known, *port, &sockets))
        };
        // Whoever has gone meanwhile needs none.
        let held: Vec<Running> = family
            .iter()
            .filter(is_meant)
            .filter_map(|known| Running::find(known.pid, known.started).ok().flatten())
            .collect();
        for process in &held {
            // Who may not be signalled stays.
            let _ = process.send(signal);
        }
        ended.extend(held.iter().map(Running::pid).filter(|pid| !ended.contains(pid)).collect::<Vec<_>>());
        // Told again, nobody waits any longer.
        let _ = wait_for_end(&held.iter().collect::<Vec<_>>(), PATIENCE, interrupt);
    }
    Ok(ended)
}

fn is_on(known: &Descendant, port: Port, sockets: &[Listener]) -> bool {
    let is_it = |socket: &&Listener| socket.port == port && socket.listening;
    let mut on_port = sockets.iter().filter(is_it).peekable();
    on_port.peek().is_some()
        && holding::sockets_of(&[known.pid])
            .is_ok_and(|own| on_port.any(|socket| own.contains(&socket.inode)))
}
