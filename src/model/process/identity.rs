//! A process, named so that a reused pid is never mistaken for it.

use serde::{Deserialize, Serialize};

/// Pid, start time, boot and pid namespace together: a pid alone is reused (facts: `/proc/PID/stat` field 22).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The number in its own pid namespace.
    pub pid: u32,
    /// When it started, in clock ticks since boot (Linux) or seconds since the epoch (elsewhere).
    pub started: u64,
    /// The kernel's boot id; empty where there is none.
    #[serde(default)]
    pub boot: String,
    /// The pid namespace's inode as text; empty where there is none.
    #[serde(default)]
    pub namespace: String,
}
