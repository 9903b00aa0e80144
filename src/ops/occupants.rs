//! The processes that are at work in a worktree: those that stand in its folder, whoever started them, and its servers.

use std::path::Path;

use crate::context::Context;
use crate::host::process::{identity, table};
use crate::host::services::record_file;
use crate::model::loss::Process;
use crate::model::port::listener::Listener;
use crate::model::process::ProcessId;
use crate::model::process::attribution::ProcessClaim;
use crate::model::registry::entry::Entry;
use crate::ops::services::place;

/// Returns them, ourselves and those that we run below aside.
#[must_use]
pub fn inside(folder: &Path) -> Vec<Process> {
    let mut ourselves = table::ancestors(std::process::id());
    ourselves.push(std::process::id());
    let others = table::inside(folder).into_iter().filter(|process| !ourselves.contains(&process.pid));
    others
        .map(|process| Process { pid: process.pid, command: process.command, folder: process.folder })
        .collect()
}

/// Says who is at work for a worktree: a recorded process that lives, or whatever of it listens, by `listeners`; without them
/// nobody knows, and that is said too.
#[must_use]
pub fn business(context: &Context, entry: &Entry, listeners: Option<&[Listener]>) -> Option<String> {
    let claim = ProcessClaim::of(entry);
    let folder = context.host.dirs().ok().map(|dirs| place::folder(dirs.state(), entry));
    let is_alive = |id: &&ProcessId| match &folder {
        Some(folder) => record_file::is_alive(folder, id),
        None => identity::is_alive(id),
    };
    if let Some(process) = claim.processes.iter().find(is_alive) {
        return Some(format!("its service runs (pid {})", process.pid));
    }
    let Some(listeners) = listeners else {
        return Some("the system does not tell who listens".to_owned());
    };
    let is_ours = |listener: &&Listener| {
        listener.owners.iter().any(|owner| {
            let key = owner.belongs_to.as_ref();
            key.is_some_and(|key| key.repository == entry.repository_id && key.name == entry.name)
        })
    };
    let listener = listeners.iter().find(is_ours)?;
    let pid = listener.owners.first().map_or(0, |owner| owner.pid);
    Some(format!("its service listens on port {} (pid {pid})", listener.port))
}
