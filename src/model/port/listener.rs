//! A socket that holds a port, the process behind it, and the one verdict about a port.

use std::net::IpAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::port::Port;
use crate::model::registry::repository::RepositoryId;

/// What the operating system answers when asked for a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// A server could start on it now, on every local address.
    Free,
    /// Somebody holds it.
    Busy,
    /// This user may not bind it at all (EACCES).
    Denied,
}

/// A socket that holds a port, as the kernel shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listener {
    pub port: Port,
    pub address: IpAddr,
    /// False for a socket that is bound and does not listen.
    pub listening: bool,
    /// The user id that owns the socket.
    pub user: u32,
    /// The socket's inode; 0 where the system has none.
    pub inode: u64,
    /// The processes that hold the socket, where they can be seen.
    pub owners: Vec<Owner>,
}

/// A worktree by its repository and its name: names alone repeat over repositories.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorktreeKey {
    pub repository: RepositoryId,
    pub name: String,
}

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    pub pid: u32,
    /// The program's short name: `python3`.
    pub command: String,
    /// Its working folder; `None` where it cannot be seen.
    pub folder: Option<PathBuf>,
    /// The name of the user it runs as; its number where it has no name.
    pub user: Option<String>,
    /// The name of the worktree it belongs to, when it belongs to one.
    pub worktree: Option<String>,
    /// When it started.
    pub since: Option<Timestamp>,
    /// The same worktree, told apart from those of other repositories.
    #[serde(skip)]
    pub belongs_to: Option<WorktreeKey>,
    /// When it started, as in [`ProcessId::started`](crate::model::process::ProcessId): with the pid, its identity.
    #[serde(skip)]
    pub started: u64,
    /// Its parent; 0 where it has none that we can see.
    #[serde(skip)]
    pub parent: u32,
}

/// What holds a port that the registry calls free: enough to name it in an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Busy {
    pub port: Port,
    /// Everything that holds it; empty when the kernel names nobody.
    pub listeners: Vec<Listener>,
    /// Binding was not permitted at all (EACCES).
    pub denied: bool,
}
