//! Who holds a port: sockets, the processes that hold them, and the worktrees those belong to.
//! Built once, here, for everything that has to name a holder.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::listeners::listeners;
use crate::error::Result;
use crate::host::files;
use crate::host::git::Whereabouts;
#[cfg(target_os = "linux")]
use crate::host::process::descriptors;
use crate::host::process::identity::{BootClock, Here};
use crate::host::process::table::{ProcessFacts, facts};
use crate::host::process::users::Users;
use crate::host::resolved::ResolvedFolders;
use crate::model::port::Port;
use crate::model::port::listener::{Busy, Listener, Owner, WorktreeKey};
use crate::model::process::attribution::{ProcessClaim, claims, find_worktree};
use crate::model::registry::table::Registry;

/// Returns, for each of `ports` in order, the sockets that hold it with their processes and worktrees.
///
/// A socket without owners belongs to a process that we may not look into: another user's, or a container's. A port
/// without sockets is held by no server: by an outgoing connection, say.
pub fn attribute(ports: &[Port], registry: &Registry) -> Result<Vec<Busy>> {
    Ok(attribute_in_time(ports, registry, &|| false)?.unwrap_or_default())
}

/// As [`attribute`]; `None` where `is_late` says, before everything is known, that nobody waits any longer.
pub fn attribute_in_time(
    ports: &[Port],
    registry: &Registry,
    is_late: &dyn Fn() -> bool,
) -> Result<Option<Vec<Busy>>> {
    let mut sockets = listeners()?;
    sockets.retain(|socket| ports.contains(&socket.port));
    if !sockets.is_empty() {
        let Some(names) = Names::in_time(registry, is_late) else { return Ok(None) };
        if !name_owners(&mut sockets, &names, is_late) {
            return Ok(None);
        }
    }
    Ok(Some(among(&sockets, ports)))
}

/// Returns, for each of `ports` in order, those of `sockets` that hold it.
#[must_use]
pub fn among(sockets: &[Listener], ports: &[Port]) -> Vec<Busy> {
    let mut by_port: HashMap<Port, Vec<Listener>> = ports.iter().map(|port| (*port, Vec::new())).collect();
    for socket in sockets {
        if let Some(known) = by_port.get_mut(&socket.port) {
            known.push(socket.clone());
        }
    }
    let holders = |port: &Port| by_port.get(port).cloned().unwrap_or_default();
    ports.iter().map(|port| Busy { port: *port, listeners: holders(port), denied: false }).collect()
}

/// Returns every socket of the machine that listens or is merely bound, with its processes and their worktrees.
pub fn sight(registry: &Registry) -> Result<Vec<Listener>> {
    sight_on(registry, |_| true)
}

/// As [`sight`], of those ports that are `wanted` alone.
pub fn sight_on(registry: &Registry, wanted: impl Fn(Port) -> bool) -> Result<Vec<Listener>> {
    let mut sockets = listeners()?;
    sockets.retain(|socket| wanted(socket.port));
    name(&mut sockets, registry);
    Ok(sockets)
}

/// Names the processes of `sockets` and their worktrees.
pub fn name(sockets: &mut [Listener], registry: &Registry) {
    if !sockets.is_empty()
        && let Some(names) = Names::in_time(registry, &|| false)
    {
        name_owners(sockets, &names, &|| false);
    }
}

/// Resolves links in the path, as the kernel does in working folders, and forgets processes of another boot.
fn as_seen_here(mut claim: ProcessClaim, here: &Here, folders: &mut ResolvedFolders) -> ProcessClaim {
    if let Ok(path) = folders.canonicalize(&claim.path) {
        claim.path = path;
    }
    if claim.is_main {
        let standing = Whereabouts::find(&claim.path);
        match standing.filter(|found| found.admin.is_none() && found.folder == claim.path) {
            Some(found) => {
                claim.apart = found.linked_folders();
                claim.apart.retain(|folder| folder.starts_with(&claim.path));
            }
            None => claim.path = PathBuf::new(),
        }
    } else if !is_worktree(&claim) {
        claim.path = PathBuf::new();
    }
    claim.processes.retain(|process| here.has_seen(process));
    claim
}

/// Answers whether the folder's `.git` is the file that git wrote for this very worktree: anything else may stand there.
fn is_worktree(claim: &ProcessClaim) -> bool {
    let Ok(text) = files::read_plain_text(&claim.path.join(".git")) else { return false };
    let Some(target) = text.strip_prefix("gitdir: ").map(|rest| Path::new(rest.trim_end_matches('\n')))
    else {
        return false;
    };
    let is_linked = target.parent().and_then(Path::file_name).is_some_and(|name| name == "worktrees");
    is_linked && target.file_name().is_some_and(|name| name == claim.admin.as_str())
}

/// The registry's worktrees, and each process looked at once.
struct Names {
    claims: Vec<ProcessClaim>,
    seen: RefCell<HashMap<u32, Option<ProcessFacts>>>,
    users: Users,
    clock: BootClock,
}

impl Names {
    /// `None` where that takes too long.
    fn in_time(registry: &Registry, is_late: &dyn Fn() -> bool) -> Option<Self> {
        let (here, mut folders) = (Here::read(), ResolvedFolders::default());
        let claims = claims(registry).into_iter();
        let claims = claims.map(|claim| (!is_late()).then(|| as_seen_here(claim, &here, &mut folders)));
        Some(Self {
            claims: claims.collect::<Option<_>>()?,
            seen: RefCell::default(),
            users: Users::default(),
            clock: BootClock::read(),
        })
    }

    fn facts(&self, pid: u32) -> Option<ProcessFacts> {
        if let Some(known) = self.seen.borrow().get(&pid) {
            return known.clone();
        }
        let process = facts(pid);
        self.seen.borrow_mut().insert(pid, process.clone());
        process
    }

    fn owner(&self, pid: u32) -> Option<Owner> {
        let process = self.facts(pid)?;
        let worktree = find_worktree(&process, &self.claims, &|pid| self.facts(pid));
        let belongs_to = worktree
            .map(|claim| WorktreeKey { repository: claim.repository.clone(), name: claim.name.clone() });
        Some(Owner {
            pid,
            worktree: belongs_to.as_ref().map(|key| key.name.clone()),
            user: Some(self.users.name(process.user)),
            since: self.clock.time_of(process.started),
            command: process.command,
            folder: process.folder,
            belongs_to,
            started: process.started,
            parent: process.parent,
        })
    }
}

/// False where that took too long, and is not whole.
#[cfg(target_os = "linux")]
fn name_owners(sockets: &mut [Listener], names: &Names, is_late: &dyn Fn() -> bool) -> bool {
    let wanted = sockets.iter().map(|socket| socket.inode).filter(|inode| *inode != 0).collect();
    let Some(holders) = holders(&wanted, is_late) else { return false };
    for socket in sockets {
        let pids = holders.get(&socket.inode).into_iter().flatten();
        socket.owners = pids.filter_map(|pid| names.owner(*pid)).collect();
    }
    true
}

/// Elsewhere the system's table has named the processes already; their worktrees are found where facts are. Untested.
#[cfg(not(target_os = "linux"))]
fn name_owners(sockets: &mut [Listener], names: &Names, _: &dyn Fn() -> bool) -> bool {
    for owner in sockets.iter_mut().flat_map(|socket| &mut socket.owners) {
        if let Some(known) = names.owner(owner.pid) {
            *owner = known;
        }
    }
    true
}

/// Returns which processes hold the sockets with the `wanted` inodes, lowest pid first; `None` where that takes too long.
#[cfg(target_os = "linux")]
fn holders(
    wanted: &std::collections::HashSet<u64>,
    is_late: &dyn Fn() -> bool,
) -> Option<HashMap<u64, Vec<u32>>> {
    let mut found: HashMap<u64, Vec<u32>> = HashMap::new();
    for pid in crate::host::process::table::pids() {
        if is_late() {
            return None;
        }
        // Other users' processes do not let us look.
        let Ok(inodes) = descriptors::sockets(pid) else { continue };
        for inode in inodes.filter(|inode| wanted.contains(inode)) {
            let pids = found.entry(inode).or_default();
            if pids.last() != Some(&pid) {
                pids.push(pid);
            }
        }
    }
    for pids in found.values_mut() {
        pids.sort_unstable();
    }
    Some(found)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use crate::model::registry::note::Notes;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::host::process::identity;
    use crate::model::registry::entry::Entry;
    use crate::model::registry::repository::RepositoryId;

    fn registry_with(name: &str, path: &Path, notes: Notes) -> Registry {
        let mut registry = Registry::default();
        let id = RepositoryId("r".to_owned());
        let (own, at) = (name.to_owned(), Timestamp::UNIX_EPOCH);
        let entry = Entry::new(path, id, own.clone(), path.to_owned(), "wt", at);
        registry.insert(Entry { admin: own, notes, ..entry });
        registry
    }

    fn server() -> (TcpListener, Port) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = Port::new(server.local_addr().unwrap().port()).unwrap();
        (server, port)
    }

    #[test]
    fn a_holder_is_named_and_a_folder_that_is_not_the_worktree_proves_nothing() {
        let (_server, port) = server();
        let us = facts(std::process::id()).unwrap();
        let registry = registry_with("feature-1", us.folder.as_deref().unwrap(), Notes::default());
        let [busy] = &attribute(&[port], &registry).unwrap()[..] else { panic!("one port, one answer") };
        let [socket] = &busy.listeners[..] else { panic!("{busy:?}") };
        let [owner] = &socket.owners[..] else { panic!("{socket:?}") };
        assert_eq!((owner.pid, &owner.command, &owner.folder), (us.pid, &us.command, &us.folder));
        assert_eq!(owner.worktree, None, "no `.git` file of that worktree stands here");
        assert_eq!(socket.user, us.user);
    }

    #[test]
    fn a_recorded_process_is_known_in_any_folder_and_junk_beside_it_is_passed_over() {
        let (_server, port) = server();
        let us = serde_json::to_value(identity::current().unwrap()).unwrap();
        let notes = serde_json::from_value(json!({ "processes": ["junk", us, { "pid": -1 }] })).unwrap();
        let registry = registry_with("feature-2", Path::new("/nowhere"), notes);
        let answer = attribute(&[port], &registry).unwrap();
        assert_eq!(answer[0].listeners[0].owners[0].worktree.as_deref(), Some("feature-2"));
    }

    #[test]
    fn neither_end_of_a_connection_is_ever_an_owner() {
        let (server, port) = server();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let (_accepted, _) = server.accept().unwrap();
        let client_port = Port::new(client.local_addr().unwrap().port()).unwrap();
        let answer = attribute(&[client_port, port], &Registry::default()).unwrap();
        assert!(answer[0].listeners.is_empty(), "{answer:?}");
        assert_eq!(answer[1].listeners.len(), 1);
        drop(server);
        // The connection lives on and keeps the port, yet nobody listens, once the children that other tests were just starting
        // have become other programs and let go of their copies.
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let after = attribute(&[port], &Registry::default()).unwrap();
            if after[0].listeners.is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "{after:?}");
        }
    }
}
