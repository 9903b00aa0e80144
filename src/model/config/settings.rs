//! The effective settings after all layers: what the rest of the program reads.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::{Problem, ValueFault};
use super::schema;
use crate::error::Failure;
use crate::model::adoption::Patterns;
use crate::model::creation::CreateSettings;
use crate::model::forge::Forge;
use crate::model::notify::settings::NotifySettings;
use crate::model::notify::settings::WEBHOOK;
use crate::model::notify::webhook;
use crate::model::policy::Policy;
use crate::model::port::exclusion::Exclusion;
use crate::model::port::{Port, PortRanges};
use crate::model::purpose::Purpose;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::teardown::TeardownAt;

pub use super::origin::{ConfigValue, HeldValue, Origin};
#[cfg(feature = "etcd")]
pub use super::outside::EtcdSettings;
pub use super::outside::{
    ClaimScope, DiscoverySettings, EventSettings, MetricSettings, MonitorSettings, ServeSettings, TeamKeeper,
    TeamSettings, UrlSettings,
};
pub use super::service::{ServiceSettings, SocketUse};

/// The effective configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub worktree: WorktreeSettings,
    pub create: CreateSettings,
    /// In the order of the files: built-in ones first.
    pub purposes: Vec<(Purpose, PurposeSettings)>,
    pub services: BTreeMap<ServiceName, ServiceSettings>,
    pub conflict: ConflictSettings,
    /// `[ports] stale_after`: how long nothing of a worktree may listen before its ports count as stale.
    pub stale_after: Duration,
    /// `[ports] reclaim_after`: how long a port must have been idle to be taken over; `None` where none is.
    pub reclaim_after: Option<Duration>,
    pub resolve: ResolveSettings,
    /// The command that chooses, where `[resolve] strategy` names one.
    pub resolve_command: Option<String>,
    pub git: GitSettings,
    pub forge: ForgeSettings,
    pub hooks: HookSettings,
    pub adopt: AdoptSettings,
    pub health: HealthSettings,
    pub main: MainSettings,
    /// `[ports] exclude`, with reasons.
    pub exclusions: Vec<Exclusion>,
    pub env: EnvSettings,
    pub carry: CarrySettings,
    pub remove: RemoveSettings,
    pub monitor: MonitorSettings,
    pub notify: NotifySettings,
    pub serve: ServeSettings,
    pub url: UrlSettings,
    pub team: TeamSettings,
    pub discovery: DiscoverySettings,
    pub trash: TrashSettings,
    pub events: EventSettings,
    pub metrics: MetricSettings,
    pub policy: Policy,
    pub registry: RegistrySettings,
    /// Every value with its origin, for `wt config show`.
    pub values: Vec<ConfigValue>,
    /// What a repository's file says and what does not count, or not unseen.
    pub held: Vec<HeldValue>,
}

/// Templates for the name, the branch and the folder of a new worktree, and the commands that go with its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorktreeSettings {
    pub path: String,
    pub name: String,
    pub branch: String,
    /// What makes it ready, in order.
    pub setup: Vec<String>,
    /// How long that may take; `None` for any time.
    pub setup_timeout: Option<Duration>,
    /// What runs behind that, in order.
    pub background: Vec<String>,
    pub teardown: TeardownSettings,
}

/// What takes back what the setup made outside of the worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeardownSettings {
    pub commands: Vec<String>,
    pub at: TeardownAt,
    /// How long all of them may take.
    pub timeout: Duration,
}

/// What a purpose allocates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurposeSettings {
    pub ports: PortRanges,
    pub services: Vec<ServiceName>,
}

/// What to do when a port that the registry calls free is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictPolicy {
    Fail,
    Retry,
}

/// `[ports.conflict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConflictSettings {
    pub policy: ConflictPolicy,
    pub max_retries: u32,
    pub backoff: Duration,
    pub multiplier: f64,
}

/// How a conflict over a port is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Our service moves to another port.
    Conservative,
    /// The holder is terminated.
    Aggressive,
    /// Whichever fits the conflict.
    Intelligent,
    /// A command of the configuration chooses.
    #[serde(skip_deserializing)]
    Command,
}

impl Strategy {
    /// Returns the word used on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conservative => "conservative",
            Self::Aggressive => "aggressive",
            Self::Intelligent => "intelligent",
            Self::Command => "command",
        }
    }
}

/// `[resolve]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolveSettings {
    pub strategy: Strategy,
    /// Whether an allocation may be moved to another port.
    pub allow_move: bool,
    /// Whether processes that are not ours are left alone.
    pub preserve_foreign: bool,
    /// Whether somebody set that, so that it binds every strategy; the built-in value does not.
    pub is_foreign_bound: bool,
    /// How many other ports are tried for one move.
    pub max_alternatives: u32,
    /// Whether a process is only terminated once somebody agreed.
    pub confirm: bool,
    /// Whether the user's policy has nobody ended at all.
    pub is_killing_barred: bool,
}

/// `[git]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitSettings {
    /// The branch that others are merged into; `None` where git is to tell.
    pub default_branch: Option<String>,
}

/// `[forge]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgeSettings {
    /// The remote that serves pull requests.
    pub remote: Option<String>,
    /// What each forge is like, by its host.
    pub hosts: BTreeMap<String, Forge>,
}

/// What critical findings do to a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrePush {
    Warn,
    Block,
}

/// `[hooks]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookSettings {
    pub pre_push: PrePush,
    /// Whether a push is stopped that would publish an env block.
    pub protect_env: bool,
}

/// `[adopt]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptSettings {
    /// Whether git's hook records worktrees that plain git made.
    pub auto: bool,
    /// The purposes of branches that do not say theirs.
    pub purpose: Patterns,
    /// Whether `wt agent enter` records the worktree that an agent works in.
    pub agents: bool,
}

/// `[main]`: the main worktree as a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainSettings {
    /// The ports of its services, in the order of the files.
    pub ports: Vec<(ServiceName, Port)>,
    /// Whether it has an env block.
    pub env: bool,
    /// Whose range the ports come from that are not named; feature's without it.
    pub purpose: Option<Purpose>,
}

/// `[health]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// How long a check may take that says no more.
    pub timeout: Duration,
    /// How often services are checked while they are watched.
    pub interval: Duration,
    /// How many failures in a row make a watched service unhealthy.
    pub failures: u32,
    /// How many successes in a row make it healthy again.
    pub successes: u32,
}

/// `[env]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvSettings {
    /// Where the block goes, relative to the worktree, as written; `None` means `.env`.
    pub file: Option<String>,
    /// Further variables of the block with their templates, in the order of the files.
    pub set: Vec<(String, String)>,
    /// Path of a template file relative to the main worktree; `None` means the built-in one.
    pub template: Option<String>,
}

/// `[carry]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrySettings {
    /// Lines as in a `.gitignore`: of what the main worktree ignores, these come along.
    pub copy: Vec<String>,
    /// Bytes of one match, where every byte has to be copied.
    pub max_bytes: u64,
    /// Whether larger ones are copied too.
    pub bytes: bool,
}

/// `[remove]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveSettings {
    /// Names (with `*`) of ignored files and folders that hold nothing worth keeping.
    pub caches: Vec<String>,
}

/// `[trash]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrashSettings {
    /// How long a removed worktree can be restored.
    pub keep: Duration,
    /// Bytes that all removed worktrees together may take.
    pub max_size: u64,
}

/// `[registry]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySettings {
    /// How long to wait for one process to let go of the registry; while others take turns at it, up to six times as long.
    pub lock_timeout: Duration,
    /// How long what is gone is remembered: records, repositories, former ports.
    pub forget: Duration,
}

impl ConflictSettings {
    /// Returns how long to wait before retry number `attempt` (from 1): longer each time, a minute at most.
    #[must_use]
    pub fn wait_before(&self, attempt: u32) -> Duration {
        let longest = Duration::from_mins(1);
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.backoff.as_secs_f64() * self.multiplier.powi(exponent);
        Duration::try_from_secs_f64(seconds).map_or(longest, |wait| wait.min(longest))
    }
}

/// How much of a value a warning shows, in characters; `wt trust` shows all of it.
const LONGEST_SHOWN: usize = 200;

impl Config {
    /// Returns the failure of the value of `key`, naming where it stands.
    #[must_use]
    pub fn failure(&self, key: &str, fault: ValueFault) -> Failure {
        let found = self.values.iter().find(|value| value.key == key);
        let origin = found.map_or(Origin::BuiltIn, |value| value.origin.clone());
        Problem::with_value(origin, key, fault).failure()
    }

    /// Returns what a repository's file says and what does not count as things stand, each as a sentence.
    pub fn uncounted(&self) -> impl Iterator<Item = String> + '_ {
        self.uncounted_of("")
    }

    /// As [`uncounted`](Self::uncounted), of the keys alone that begin so.
    pub fn uncounted_of<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = String> + 'a {
        // Where a folder lies is said where it is made.
        let held = self.held.iter().filter(|held| !held.is_trusted && held.value.key != "worktree.path");
        let held = held.filter(move |held| held.value.key.starts_with(beginning));
        held.map(|held| {
            let ConfigValue { key, value, origin } = &held.value;
            let until = if held.until_trusted {
                "it counts once `wt trust` has shown it and you agreed"
            } else if schema::is_users_own(key) {
                "it is yours alone to set, and no repository's"
            } else {
                "a repository's file can only make it stricter"
            };
            let whole = if key == WEBHOOK { webhook::shown(value) } else { value.clone() }.to_string();
            let shown: String = whole.chars().take(LONGEST_SHOWN).collect();
            let cut = if shown.len() < whole.len() { "…" } else { "" };
            format!("`{key}` = {shown}{cut} ({origin}) does not count: {until}")
        })
    }

    /// Returns the settings of a purpose; `None` when the configuration does not name it.
    #[must_use]
    pub fn find_purpose(&self, purpose: &Purpose) -> Option<&PurposeSettings> {
        self.purposes.iter().find(|(name, _)| name == purpose).map(|(_, settings)| settings)
    }

    /// Returns the purpose from whose range a worktree draws its ports: its own, and for a main worktree without one that
    /// of `[main]`.
    #[must_use]
    pub fn drawing_purpose<'a>(&'a self, entry: &'a Entry) -> Option<&'a Purpose> {
        entry.purpose.as_ref().or_else(|| self.main.purpose.as_ref().filter(|_| entry.is_main()))
    }

    /// Returns the services of a worktree with that purpose, in the order in which they are given ports.
    #[must_use]
    pub fn services_of(&self, purpose: Option<&Purpose>) -> Vec<ServiceName> {
        let settings = purpose.and_then(|purpose| self.find_purpose(purpose));
        settings.map(|settings| settings.services.clone()).unwrap_or_default()
    }

    /// Returns the ranges that `service` of a worktree with `purpose` draws from; empty when there are none.
    #[must_use]
    pub fn ranges_for(&self, purpose: &Purpose, service: &ServiceName) -> PortRanges {
        if let Some(own) = self.services.get(service).and_then(|settings| settings.ports.clone()) {
            return own;
        }
        self.find_purpose(purpose).map(|settings| settings.ports.clone()).unwrap_or_default()
    }

    /// Returns the ranges of purposes and services, each with whose it is, as people read it.
    #[must_use]
    pub fn ranges(&self) -> Vec<(String, PortRanges)> {
        let purposes = self.purposes.iter().map(|(name, of)| (format!("purpose `{name}`"), Some(&of.ports)));
        let services =
            self.services.iter().map(|(name, of)| (format!("service `{name}`"), of.ports.as_ref()));
        purposes.chain(services).filter_map(|(whose, ranges)| Some((whose, ranges?.clone()))).collect()
    }

    /// Answers whether `port` lies in the own range of some service, and so is carved out of the purposes' ranges.
    #[must_use]
    pub fn is_carved_out(&self, port: Port) -> bool {
        self.services.values().any(|service| service.ports.as_ref().is_some_and(|own| own.contains(port)))
    }
}

#[cfg(test)]
mod tests;
