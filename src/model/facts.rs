//! Everything that the checks look at, gathered once: the registry, git's worktrees, env blocks, hooks, listeners.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::branch::Head;
use super::carry::drift::Drift;
use super::config::settings::ResolveSettings;
use super::ephemeral::EphemeralPorts;
use super::presence::Presence;
use super::registry::entry::Entry;
use super::service::ServiceName;
use crate::model::claim_sight::{BranchClaims, PortClaims};
use crate::model::port::PortRanges;
use crate::model::port::listener::Listener;
use crate::model::port::situation::Situation;

/// The facts about one repository, or about all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    pub now: Timestamp,
    pub registry: RegistrySight,
    /// Rows of the registry that cannot be read.
    pub unreadable_rows: Vec<UnreadableRow>,
    /// The living records, in the file's order: those that were asked about and those of other repositories.
    pub worktrees: Vec<RecordedFacts>,
    /// git's worktrees that have no record.
    pub unrecorded: Vec<Unrecorded>,
    /// What a `git worktree add` left that died.
    pub half_made: Vec<HalfMade>,
    pub damaged: Vec<DamagedRecord>,
    /// Main worktrees in which git refuses to work, for `core.bare` is set in their repository.
    pub bare_leaks: Vec<PathBuf>,
    /// What is wrong with the configuration.
    pub config_faults: Vec<ConfigFault>,
    /// The configured ranges with whose they are.
    pub ranges: Vec<(String, PortRanges)>,
    /// The ports that the kernel gives to outgoing connections.
    pub ephemeral: EphemeralPorts,
    pub hooks: Vec<HookFault>,
    /// Whether listeners were asked for; without it `listeners` has those of doubly allocated ports only.
    pub verify_ports: bool,
    pub listeners: Vec<Listener>,
    /// The worktrees of which a service sleeps, by sequence: the first request starts it.
    pub asleep: BTreeSet<u64>,
    /// The ports that more than one has, and where listeners were asked for all that anybody holds.
    pub situations: Vec<Situation>,
    /// How disputes over ports are settled.
    pub resolve: ResolveSettings,
    /// The claims on branches of each repository whose remote was asked and answered.
    pub branch_claims: Vec<BranchClaims>,
    /// Whose remote could not be asked, in words.
    pub unreached: Vec<String>,
    /// The claims on ports of this machine, where its users keep them apart.
    pub port_claims: Option<PortClaims>,
}

/// What the registry's file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrySight {
    Whole,
    Damaged {
        path: PathBuf,
        message: String,
        backup: Backup,
    },
    /// Written by a later version, or not to be read by this user: nothing of it is touched.
    OutOfReach {
        path: PathBuf,
        message: String,
    },
}

/// What the registry's backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    Missing,
    Damaged,
    Whole,
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRow {
    /// Of which list: `worktrees`, `exclusions`, …
    pub list: &'static str,
    /// The name in it, else a short form of the row.
    pub label: String,
}

/// One record and what was seen of its worktree.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedFacts {
    pub entry: Entry,
    /// What was seen; `None` for a record of another repository than the ones asked about.
    pub seen: Option<SeenWorktree>,
}

/// What stands where a worktree should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Another worktree of the repository, by what git calls it.
    Sibling(String),
    /// Anything else, in words.
    Else(String),
}

/// What was seen of one recorded worktree.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenWorktree {
    pub presence: Presence,
    /// What stands at the path instead, where it is not the worktree.
    pub foreign: Option<Instead>,
    /// Whether git's links point to where its repository was before it moved.
    pub needs_repair: bool,
    /// HEAD as it is now; `None` where git has no record of it.
    pub head: Option<Head>,
    /// Whether HEAD ever stood at a commit.
    pub had_commits: bool,
    /// What git is in the middle of: a rebase.
    pub operation: Option<&'static str>,
    /// Whether a user's lock protects it.
    pub locked: bool,
    /// Whether another process may still be at what is unfinished.
    pub busy: bool,
    /// Its env files; empty where none is wanted.
    pub env: Vec<EnvSeen>,
    /// Lines of the user's own that set a name of ours to another value.
    pub env_doubled: Vec<String>,
    /// Where each service's port may come from; empty where the configuration does not say.
    pub ranges: Vec<(ServiceName, PortRanges)>,
    /// The services of which it may have a port from before, and which run in the main worktree for all.
    pub shared: Vec<ServiceName>,
    /// The configuration file that its branch changed, and the one that counts in its place.
    pub own_config: Option<OwnConfig>,
    /// The carried paths that changed in the worktree that they came from.
    pub carry_drift: Drift,
    /// How long nothing may listen before its ports count as stale.
    pub stale_after: Duration,
    /// Whether its listeners can be seen from here: not those of another container's network.
    pub network_visible: bool,
}

/// A worktree's own configuration file, which its branch changed and which has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnConfig {
    pub file: PathBuf,
    /// The main worktree's.
    pub counts: PathBuf,
    /// Whether the worktree has a stranger's code: nobody is advised to read its file.
    pub is_foreign: bool,
}

/// One env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvSeen {
    /// Relative to the worktree.
    pub path: String,
    pub sight: EnvSight,
    /// Whether git tracks it.
    pub is_tracked: bool,
}

/// What a file's env block is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvSight {
    Current,
    /// The file's folder is not there.
    NoFolder,
    /// The file is none of the env files any more, and still has a block.
    Left,
    Missing,
    /// These lines are missing, those are too many.
    Drifted {
        missing: usize,
        surplus: usize,
    },
    /// One marker without the other, or it cannot be read or rendered.
    Broken(String),
}

/// A worktree of git's without a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecorded {
    pub repository: PathBuf,
    pub name: String,
    pub path: PathBuf,
    /// Whether its folder is gone: git alone still lists it.
    pub is_gone: bool,
    /// Why git's record of it stays all the same; `None` where its folder is proven gone.
    pub kept: Option<String>,
}

/// A worktree of git's whose record is damaged, or names what is not its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedRecord {
    pub repository: PathBuf,
    pub name: String,
    /// What is wrong.
    pub why: String,
    /// What helps.
    pub cure: String,
}

/// An admin folder that git left half-made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfMade {
    pub repository: PathBuf,
    pub admin: String,
    /// The worktree's folder, where the admin folder says so.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// What stands in the folder and was not provably put there by git; empty for what can be settled.
    pub foreign: Vec<PathBuf>,
}

/// Something wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    pub kind: ConfigFaultKind,
    /// The key, or the file.
    pub subject: String,
    pub message: String,
    pub hint: Option<String>,
}

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigFaultKind {
    Range,
    Overlap,
    Other,
}

/// Something wrong with a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookFault {
    pub kind: HookFaultKind,
    pub hook: String,
    pub message: String,
    pub hint: Option<String>,
    /// Whether installing again mends it.
    pub fixable: bool,
}

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookFaultKind {
    Missing,
    Outdated,
    Shadowed,
}

impl Facts {
    /// Returns the records that were asked about, with what was seen of them.
    pub fn asked(&self) -> impl Iterator<Item = (&Entry, &SeenWorktree)> {
        self.worktrees.iter().filter_map(|recorded| Some((&recorded.entry, recorded.seen.as_ref()?)))
    }
}
