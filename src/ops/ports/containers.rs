//! Containers of a worktree's own compose project: the engine holds their ports, and they are the worktree's all the same.

use crate::host::git::Repository;
use crate::host::net::container;
use crate::model::port::Port;
use crate::model::port::listener::Busy;
use crate::model::port::occupancy::{Occupancy, addresses};
use crate::model::registry::entry::Entry;
use crate::ops::env;

/// Answers whether a running container of the worktree's compose project publishes `port`; no where nobody can be asked.
#[must_use]
pub fn is_of_worktree(repository: &Repository, entry: &Entry, port: Port) -> bool {
    container::is_of_project(&env::compose_project_of(repository, entry), port)
}

/// Returns `seen` as the worktree has it: what looks like somebody else and is its own container is its own server.
#[must_use]
pub fn own(repository: Option<&Repository>, entry: &Entry, busy: &Busy, seen: Occupancy) -> Occupancy {
    match (seen, repository) {
        (Occupancy::Theirs(holder), Some(repository))
            if holder.may_serve_containers() && is_of_worktree(repository, entry, busy.port) =>
        {
            let listening = busy.listeners.iter().filter(|socket| socket.listening);
            Occupancy::Ours {
                pid: holder.pid.unwrap_or_default(),
                addresses: addresses(listening.map(|socket| socket.address)),
                beside: None,
            }
        }
        (seen, _) => seen,
    }
}
