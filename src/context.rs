//! What every operation is handed: the host, the configuration, the repository we stand in and the way to the
//! registry. Built once by `cli`.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use jiff::Timestamp;

use crate::error::{Code, Failure, Result};
use crate::host::claims::{
    Annex, Claimant, Claims, Journal, Keeper, NetworkClaims, Patience, Pulse, Remote, SharedHost, TeamBook,
    Unclaimed, host_identity, state_id,
};
#[cfg(feature = "etcd")]
use crate::host::claims::{EtcdPlace, open_etcd};
use crate::host::events::Writing;
use crate::host::git::{RemotePlace, Repository};
use crate::host::machine::Host;
use crate::host::process::users::Users;
use crate::host::process::{identity, users};
use crate::host::store::{Store, StoreMemory};
use crate::host::witnesses;
use crate::model::advised::{Advised, wt};
use crate::model::claim::Holding;
use crate::model::claim_ref;
use crate::model::config::settings::{Config, TeamKeeper};
use crate::model::passage::Witnesses;
use crate::model::port::Port;
use crate::model::quoting::word_sh;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;

/// The commands that may wait for a network where the team keeps claims there; no other ever does.
const WAITING: [&str; 12] = [
    "create",
    "remove",
    "restore",
    "rename",
    "adopt",
    "prune",
    "validate",
    "doctor",
    "team",
    "team claim",
    "team release",
    "team hosts renew",
];

/// Everything an operation may use.
#[derive(Debug)]
pub struct Context {
    pub host: Host,
    pub config: Config,
    /// The folder we stand in, after `-C`.
    pub folder: PathBuf,
    /// The worktree that `-w` named; `None` where the one we stand in is meant.
    pub worktree: Option<String>,
    /// The repository that folder belongs to; `None` outside of one.
    pub repository: Option<Repository>,
    /// The file that `--config` named, absolute; `None` where the usual files were read.
    pub config_file: Option<PathBuf>,
    /// Whether all of the configuration could be read; false where parts were left out because of what is wrong there.
    pub is_config_whole: bool,
    /// The registry as it was read or written last.
    pub registry: StoreMemory<Registry>,
    /// The host that stands for each worktree, by sequence, once somebody asked.
    pub hosts: OnceCell<HashMap<u64, String>>,
    /// The folder that the users of this machine share, once it was asked for.
    pub shared: OnceLock<Option<SharedHost>>,
    /// The claims on branches of the repository, once they were asked for.
    pub network_claims: OnceLock<Option<NetworkClaims>>,
    /// Refs of branches that others were seen to have: a number that is looked for counts on.
    pub claimed: Mutex<HashSet<String>>,
    /// Ports that others of the team were seen to have: they are passed over.
    pub claimed_ports: Mutex<HashMap<Port, Holding>>,
    /// Whether claims are taken from whoever has them.
    pub takes_over: bool,
}

impl Context {
    /// Stands in `folder` of `repository`, with the worktree we stand in meant and nothing asked or known yet.
    #[must_use]
    pub fn new(host: Host, config: Config, folder: PathBuf, repository: Option<Repository>) -> Self {
        let has_main = repository.as_ref().is_none_or(|repository| !repository.is_bare());
        Self {
            host,
            config: config.shared_where(has_main),
            folder,
            worktree: None,
            repository,
            config_file: None,
            is_config_whole: true,
            registry: StoreMemory::default(),
            hosts: OnceCell::new(),
            shared: OnceLock::new(),
            network_claims: OnceLock::new(),
            claimed: Mutex::default(),
            claimed_ports: Mutex::default(),
            takes_over: false,
        }
    }

    /// Returns the repository we stand in.
    ///
    /// # Errors
    ///
    /// `not_a_repository` outside of one.
    pub fn require_repository(&self) -> Result<&Repository> {
        self.repository
            .as_ref()
            .ok_or_else(|| self.removed_here().unwrap_or_else(|| not_a_repository(&self.folder)))
    }

    /// As [`Context::require_repository`], for a command that `all` makes one about every repository.
    ///
    /// # Errors
    ///
    /// `not_a_repository` outside of one.
    pub fn require_repository_unless(&self, all: &str) -> Result<&Repository> {
        self.repository.as_ref().ok_or_else(|| {
            self.removed_here().unwrap_or_else(|| {
                not_a_repository(&self.folder)
                    .hint(format!("change to a repository, name one with `-C DIR`, or see them all: `{all}`"))
            })
        })
    }

    /// The failure of whoever stands in the folder of a removed worktree, as a shell does that was there when it was
    /// removed; `None` elsewhere.
    fn removed_here(&self) -> Option<Failure> {
        let registry = self.store().and_then(|store| store.read()).ok()?;
        let lies_here = |entry: &&Entry| match &entry.state {
            EntryState::Removed { trash } => self.folder.starts_with(&trash.folder),
            _ => false,
        };
        let entry = registry.entries().find(lies_here)?;
        let message =
            format!("{} is what is kept of `{}`, which was removed", self.folder.display(), entry.name);
        let (root, restore) = (entry.repository.to_string_lossy(), wt("restore {}", &[&entry.name]));
        Some(Failure::new(Code::NotARepository, message).hint(format!(
            "cd {root} leads to its repository; `{restore}` there brings it back",
            root = word_sh(&root)
        )))
    }

    /// Returns the store of the registry.
    ///
    /// # Errors
    ///
    /// Fails when no state folder can be found or made.
    pub fn store(&self) -> Result<Store<Registry>> {
        let timeout = self.config.registry.lock_timeout;
        let store = Store::open(self.host.dirs()?, timeout, self.host.interrupt.clone());
        Ok(store
            .remembering(&self.registry)
            .writing(self.writing())
            .frozen(self.config.policy.is_read_only()))
    }

    /// Returns how events are written down.
    #[must_use]
    pub fn writing(&self) -> Writing {
        Writing { command: self.host.command.clone(), max_size: self.config.events.max_size }
    }

    /// Returns the folder in which the users of this machine keep their ports apart; `None` where there is none, which
    /// costs one look.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` for a folder that cannot be trusted, or was named and is missing.
    pub fn shared_host(&self) -> Result<Option<&SharedHost>> {
        if let Some(known) = self.shared.get() {
            return Ok(known.as_ref());
        }
        let team = &self.config.team;
        let found = match &team.shared_host {
            Some(path) if path.symlink_metadata().is_ok() => {
                let dirs = self.host.dirs()?;
                let registry = state_id(&dirs)?;
                SharedHost::open(path, dirs.state(), self.host.name(), registry)?
            }
            Some(path) if team.is_shared_host_set => {
                let message = format!("the shared folder {} is not there", path.display());
                return Err(Failure::new(Code::ClaimsUnreachable, message)
                    .hint(format!(
                        "`{}` makes it, `WT_TEAM_SHARED_HOST=off` does without",
                        wt("team init --shared-host {}", &[&path.display()]).by_root()
                    ))
                    .detail("reason", "missing"));
            }
            _ => None,
        };
        Ok(self.shared.get_or_init(|| found).as_ref())
    }

    /// Returns those who keep claims on branches beside the registry.
    #[must_use]
    pub fn claims(&self) -> &dyn Claims {
        self.network_claims().map_or(&Unclaimed as &dyn Claims, |claims| claims as &dyn Claims)
    }

    /// Returns those who keep claims on branches over a network: the repository's remote, or an etcd; `None` where nobody does,
    /// or the repository has neither such a remote nor, for an etcd, a name of its own.
    #[must_use]
    pub fn network_claims(&self) -> Option<&NetworkClaims> {
        if self.config.team.keeper == TeamKeeper::Nobody {
            return None;
        }
        self.network_claims.get_or_init(|| self.open_network_claims()).as_ref()
    }

    fn open_network_claims(&self) -> Option<NetworkClaims> {
        let (team, repository) = (&self.config.team, self.repository.as_ref()?);
        let url = repository.find_remote_url(&team.remote);
        let of_url = || url.as_deref().map(claim_ref::repository_name);
        let name = team.repository.clone().or_else(of_url)?;
        let dirs = self.host.dirs().ok()?;
        let command = self.host.command.as_str();
        let claimant = Claimant {
            registry: state_id(&dirs).ok()?,
            process: identity::current().ok()?,
            waits: WAITING.contains(&command) || command == "ports allocate" && team.scope.port,
            // What it records in passing is claimed later, as after a hook.
            goes_on_offline: team.goes_on_offline || command == "validate",
        };
        let longest = team.timeout.max(self.config.registry.lock_timeout);
        let book = |place: &str, name: &str| TeamBook::of(dirs.state(), place, name, longest);
        let wt_dir = repository.require_wt_dir().ok()?;
        let (keeper, journal, book) = match &team.keeper {
            TeamKeeper::Nobody => return None,
            TeamKeeper::Git => {
                let url = url?;
                let book = book(&url, &name);
                (
                    Keeper::Git(Box::new(self.remote_of_team(repository, &wt_dir, url))),
                    Journal::of(&wt_dir),
                    book,
                )
            }
            #[cfg(feature = "etcd")]
            TeamKeeper::Etcd(settings) => {
                // One for all repositories: so is our entry there.
                let book = book(&format!("etcd {} {}", settings.team, settings.endpoints.join(" ")), "");
                let place = EtcdPlace {
                    host: &self.host,
                    repository: &name,
                    folder: book.folder(),
                    patience: Patience::new(team.timeout),
                };
                let etcd = open_etcd(settings, place);
                (Keeper::Etcd(Box::new(etcd)), Journal::of_etcd(&wt_dir), book)
            }
            // The configuration was refused.
            #[cfg(not(feature = "etcd"))]
            TeamKeeper::Etcd(_) => return None,
        };
        let pulse = Pulse {
            host: host_identity(&dirs, self.host.name()).ok()?,
            user: Users::default().name(users::ourselves()),
            now: self.now(),
            book,
        };
        Some(NetworkClaims { keeper, repository: name, journal, claimant, pulse })
    }

    fn remote_of_team(&self, repository: &Repository, wt_dir: &Path, address: String) -> Remote {
        let team = &self.config.team;
        Remote {
            annex: Annex::of(wt_dir, repository.common_dir(), repository.find_object_format()),
            folder: if repository.root().is_dir() { repository.root() } else { repository.common_dir() }
                .to_path_buf(),
            name: team.remote.clone(),
            address,
            place: repository.remote_place(&team.remote).unwrap_or(RemotePlace::Named),
            ssh: repository.find_ssh_command(),
            interrupt: self.host.interrupt.clone(),
            patience: Patience::new(team.timeout),
        }
    }

    /// Returns the time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.host.clock.now()
    }

    /// Returns all that tells the time: what goes for good by its age is judged by more than the clock.
    ///
    /// # Errors
    ///
    /// Fails when no state folder can be found.
    pub fn witnesses(&self) -> Result<Witnesses> {
        Ok(witnesses::read(&self.store()?.path()))
    }

    /// Has everything concern the worktree called `name`, where one is, instead of the one we stand in.
    #[must_use]
    pub fn of_worktree(self, name: Option<&str>) -> Self {
        Self { worktree: name.map(str::to_owned), ..self }
    }

    /// Has claims taken from whoever has them, where `takes_over` says so.
    #[must_use]
    pub fn taking_over(self, takes_over: bool) -> Self {
        Self { takes_over, ..self }
    }

    /// Has what is advised concern the worktree that `-w` named, if it did.
    #[must_use]
    pub fn advised(&self, command: Advised) -> Advised {
        match &self.worktree {
            Some(name) => command.of_worktree(name),
            None => command,
        }
    }

    /// Returns `path` made absolute against the folder we stand in.
    #[must_use]
    pub fn absolute(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// The failure of whoever needs a repository and stands outside of one.
#[must_use]
pub fn not_a_repository(folder: &Path) -> Failure {
    Failure::new(Code::NotARepository, format!("{} is not inside a git repository", folder.display()))
        .hint("change to a repository, or name one with `-C DIR`")
}
