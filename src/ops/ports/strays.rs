//! Finds our strays among the processes that hold ports of our ranges: those of worktrees that are gone.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::holders::{Profile, holders_of};
use crate::context::Context;
use crate::error::Result;
use crate::host::net::listeners::listeners;
use crate::host::process::{identity, table};
use crate::model::port::Port;
use crate::model::port::listener::WorktreeKey;
use crate::model::process::attribution::ProcessClaim;
use crate::model::process::strays::{FormerFolder, Past, StrayReason, Suspect, find_stray};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::ops::rows;

/// What the kernel adds to a working folder that was deleted (`proc_pid_cwd(5)`).
const DELETED: &[u8] = b" (deleted)";

/// A process of a worktree that is gone, and the port it holds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Stray {
    pub port: Port,
    #[serde(flatten)]
    pub holder: Profile,
    /// The worktree that it was for.
    pub stray_of: String,
    pub why: StrayReason,
}

/// Returns the strays that hold ports of our ranges, by port.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn strays(context: &Context, registry: &Registry) -> Result<Vec<Stray>> {
    let held: BTreeSet<Port> = listeners()?.into_iter().map(|socket| socket.port).collect();
    let ours: Vec<Port> = held.into_iter().filter(|port| is_in_our_ranges(context, *port)).collect();
    if ours.is_empty() {
        return Ok(Vec::new());
    }
    let past = past(&context.host.name(), registry);
    let mut found = Vec::new();
    for (port, holders) in holders_of(&ours, registry)? {
        for holder in holders {
            let of_nobody = holder.pid.filter(|_| holder.belongs_to.is_none());
            let Some(pid) = of_nobody else { continue };
            if let Some((stray_of, why)) = why_stray(pid, holder.started, &past) {
                found.push(Stray { port, holder, stray_of, why });
            }
        }
    }
    Ok(found)
}

/// Answers whether `port` lies in a range of a purpose or a service.
#[must_use]
pub fn is_in_our_ranges(context: &Context, port: Port) -> bool {
    let config = &context.config;
    config.purposes.iter().any(|(_, settings)| settings.ports.contains(port)) || config.is_carved_out(port)
}

/// Returns which worktree a process that belongs to none was for, and why it is a stray; `None` when it is none.
#[must_use]
pub fn why_stray(pid: u32, started: u64, past: &Past) -> Option<(String, StrayReason)> {
    let process = table::facts(pid).filter(|process| process.started == started)?;
    let deleted = process.folder.as_deref().and_then(find_deleted);
    let suspect = Suspect { process: &process, belongs_to: None, deleted_folder: deleted.as_deref() };
    find_stray(&suspect, past, &table::facts)
}

/// Returns the folder that was deleted; one that is there may be called so too.
fn find_deleted(folder: &Path) -> Option<PathBuf> {
    let name = folder.as_os_str().as_bytes().strip_suffix(DELETED)?;
    folder.symlink_metadata().is_err().then(|| PathBuf::from(OsStr::from_bytes(name)))
}

/// Returns what the registry remembers of worktrees, as far as it means anything on this machine.
#[must_use]
pub fn past(host: &str, registry: &Registry) -> Past {
    let entries = || registry.entries().filter(|entry| entry.host.is_empty() || entry.host == host);
    let key =
        |entry: &Entry| WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
    let gone = || entries().filter(|entry| !entry.is_living());
    let recorded = gone().flat_map(|entry| {
        let here = ProcessClaim::of(entry).processes.into_iter().filter(identity::is_from_here);
        here.map(|process| (entry.name.clone(), process))
    });
    let former = registry
        .former
        .iter()
        .map(|former| WorktreeKey { repository: former.repository_id.clone(), name: former.name.clone() });
    Past {
        living: entries().filter(|entry| entry.is_living()).map(key).collect(),
        gone: gone().map(key).chain(former).collect(),
        recorded: recorded.collect(),
        folders: gone().flat_map(folders_of).chain(former_folders(registry)).collect(),
    }
}

/// Where a removed worktree was, and where it lies now.
fn folders_of(entry: &Entry) -> Vec<FormerFolder> {
    let former = |path: &Path, is_trash| FormerFolder {
        worktree: entry.name.clone(),
        path: as_kernel_names(path),
        is_trash,
    };
    let mut folders = vec![former(&entry.path, false)];
    if let EntryState::Removed { trash } = &entry.state {
        folders.push(former(&trash.folder, true));
    }
    folders
}

/// Where worktrees were whose records went: beside the others of their repository, and in the trash there.
fn former_folders(registry: &Registry) -> Vec<FormerFolder> {
    let mut found = Vec::new();
    for record in registry.repositories.iter() {
        let mut places: BTreeSet<PathBuf> = registry
            .entries()
            .filter(|entry| entry.repository_id == record.id)
            .filter_map(|entry| entry.path.parent().map(Path::to_path_buf))
            .collect();
        if let (Some(parent), Some(name)) = (record.path.parent(), record.path.file_name()) {
            let mut name = name.to_os_string();
            name.push(".worktrees");
            places.insert(parent.join(name));
        }
        for place in &places {
            let here = registry.former.iter().filter(|former| former.repository_id == record.id);
            let former = here.map(|former| (former.name.clone(), place.join(&former.name)));
            let trash = std::iter::once(("a removed worktree".to_owned(), place.join(".wt-trash")));
            found.extend(former.chain(trash).map(|(worktree, path)| FormerFolder {
                worktree,
                path: as_kernel_names(&path),
                is_trash: false,
            }));
        }
    }
    found
}

/// The folder itself may be gone: what it lay in has its links resolved.
fn as_kernel_names(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => rows::canonical(parent).join(name),
        _ => path.to_path_buf(),
    }
}
