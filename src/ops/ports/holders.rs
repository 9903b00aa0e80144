//! Who holds one port, process by process, with all that a person or a rule wants to know of each.

use std::net::IpAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Result;
use crate::host::net::listeners::connections;
use crate::host::net::owner;
use crate::host::process::users::Users;
use crate::host::process::{table, words};
use crate::model::port::Port;
use crate::model::port::listener::{Listener, Owner, WorktreeKey};
use crate::model::port::words::Words;
use crate::model::registry::table::Registry;

/// A process that holds a port; where it cannot be seen, what its socket tells.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Profile {
    /// `None` for a process that we may not look into.
    pub pid: Option<u32>,
    /// The program's short name.
    pub command: Option<String>,
    /// The words it was started with; empty where they cannot be seen.
    pub command_line: Vec<String>,
    pub folder: Option<PathBuf>,
    pub user: Option<String>,
    pub worktree: Option<String>,
    pub since: Option<Timestamp>,
    /// False when it is bound to the port and does not listen.
    pub listening: bool,
    pub addresses: Vec<IpAddr>,
    /// Nearest first, up to the first process.
    pub parents: Vec<Parent>,
    #[serde(skip)]
    pub belongs_to: Option<WorktreeKey>,
    #[serde(skip)]
    pub started: u64,
    /// The user id it runs as, or that its socket belongs to.
    #[serde(skip)]
    pub user_id: u32,
    /// The file of its program.
    #[serde(skip)]
    pub program: Option<PathBuf>,
}

/// One of the processes above a holder.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Parent {
    pub pid: u32,
    pub command: String,
}

impl Profile {
    /// Returns what is known of it, to be put in words.
    #[must_use]
    pub fn words(&self) -> Words<'_> {
        Words {
            command: self.command.as_deref(),
            pid: self.pid,
            worktree: self.worktree.as_deref(),
            folder: self.folder.as_deref(),
            user: self.user.as_deref(),
        }
    }

    /// Answers whether it is that very process.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.pid.is_some() && (self.pid, self.started) == (other.pid, other.started)
    }
}

/// Returns what has a port of which the system names no holder: a connection, where there is one.
#[must_use]
pub fn connection(port: Port) -> Option<&'static str> {
    let all = connections(&[port]).unwrap_or_default();
    let is_past = all.iter().map(|one| one.is_past).reduce(|one, other| one && other)?;
    Some(if is_past { "a connection that ended a moment ago (TIME_WAIT)" } else { "an outgoing connection" })
}

/// Returns every process that listens on `port` or is bound to it, the oldest first: a parent before its children.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn holders(port: Port, registry: &Registry) -> Result<Vec<Profile>> {
    Ok(holders_of(&[port], registry)?.into_iter().flat_map(|(_, holders)| holders).collect())
}

/// Returns the same for many ports, in their order, with one look at the machine.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn holders_of(ports: &[Port], registry: &Registry) -> Result<Vec<(Port, Vec<Profile>)>> {
    let busy = owner::attribute(ports, registry)?;
    Ok(busy.iter().map(|busy| (busy.port, merged(&busy.listeners))).collect())
}

/// One for each process, whatever number of sockets it has there.
pub(super) fn merged(sockets: &[Listener]) -> Vec<Profile> {
    let mut found: Vec<Profile> = Vec::new();
    for socket in sockets {
        if socket.owners.is_empty() {
            found.push(unseen(socket));
        }
        for owner in &socket.owners {
            match found.iter_mut().find(|known| known.pid == Some(owner.pid)) {
                Some(known) => {
                    known.listening |= socket.listening;
                    if !known.addresses.contains(&socket.address) {
                        known.addresses.push(socket.address);
                    }
                }
                None => found.push(seen(owner, socket)),
            }
        }
    }
    found.sort_by_key(|holder| (holder.started, holder.pid));
    found
}

fn seen(owner: &Owner, socket: &Listener) -> Profile {
    let parents = table::ancestors(owner.pid)
        .into_iter()
        .filter_map(|pid| table::facts(pid).map(|parent| Parent { pid, command: parent.command }));
    Profile {
        pid: Some(owner.pid),
        command: Some(owner.command.clone()),
        command_line: words::words(owner.pid),
        folder: owner.folder.clone(),
        user: owner.user.clone(),
        worktree: owner.worktree.clone(),
        since: owner.since,
        listening: socket.listening,
        addresses: vec![socket.address],
        parents: parents.collect(),
        belongs_to: owner.belongs_to.clone(),
        started: owner.started,
        user_id: table::facts(owner.pid).map_or(socket.user, |process| process.user),
        program: words::program(owner.pid),
    }
}

fn unseen(socket: &Listener) -> Profile {
    Profile {
        pid: None,
        command: None,
        command_line: Vec::new(),
        folder: None,
        user: Some(Users::default().name(socket.user)),
        worktree: None,
        since: None,
        listening: socket.listening,
        addresses: vec![socket.address],
        parents: Vec::new(),
        belongs_to: None,
        started: 0,
        user_id: socket.user,
        program: None,
    }
}
