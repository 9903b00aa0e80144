//! The book of names: read anew whenever the registry changed, and asked for each request.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::store::{Stamp, Store};
use crate::model::advised::wt;
use crate::model::forwarding::{Directory, ENDING, Found};
use crate::model::health::recorded::HealthRecord;
use crate::model::health::state::Health;
use crate::model::port::Port;
use crate::model::port::listener::WorktreeKey;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::variables;
use crate::ops::env;

/// Looks around in the repository whose main worktree is there.
pub type NamesLook<'a> = &'a dyn Fn(&Path) -> Result<Context>;

/// The service that a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTarget {
    pub sequence: u64,
    pub worktree: WorktreeKey,
    pub repository: PathBuf,
    pub service: ServiceName,
    pub port: Port,
    /// Whether the last look at it found it healthy.
    pub is_healthy: bool,
    /// The further instances of the service: any of them may be given a request for it.
    pub further: Vec<Arc<NamedTarget>>,
}

/// The names on record, as of the registry that was read last.
pub struct Book {
    store: Store<Registry>,
    state: PathBuf,
    page: Mutex<Option<Page>>,
    /// The requests for each service with several instances: each is given to the next one. By the number of the worktree's record.
    turns: Mutex<HashMap<(u64, ServiceName), usize>>,
}

/// What one version of the registry says.
struct Page {
    stamp: Stamp,
    directory: Arc<Directory>,
    known: HashMap<String, Arc<NamedTarget>>,
}

/// How many names are remembered, and the turns of how many services: whoever asks for any others makes nothing grow.
const KNOWN: usize = 1024;

impl std::fmt::Debug for Book {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Book").finish_non_exhaustive()
    }
}

impl Book {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// Fails when no state folder can be found.
    pub fn open(context: &Context) -> Result<Self> {
        let state = context.host.dirs()?.state().to_path_buf();
        Ok(Self { store: context.store()?, state, page: Mutex::default(), turns: Mutex::default() })
    }

    /// Returns what the name stood for when it was looked up, as long as the registry is the same. Costs one look at a file.
    #[must_use]
    pub fn recall(&self, name: &str) -> Option<Arc<NamedTarget>> {
        let stamp = self.store.stamp()?;
        let page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        page.as_ref().filter(|page| page.stamp == stamp)?.known.get(name).cloned()
    }

    /// Finds what `name` stands for, which is all before `.localhost`.
    ///
    /// # Errors
    ///
    /// `not_found`; `ambiguous` for a name of worktrees of several repositories; those of reading the registry.
    pub fn find(&self, name: &str, look: NamesLook<'_>) -> Result<Arc<NamedTarget>> {
        // Before it is read: a later version is noticed at the next request.
        let stamp = self.store.stamp();
        let registry = self.registry()?;
        let directory = self.directory(&registry);
        let (sequence, service) = match directory.find(name) {
            Found::Worktree { sequence, service } => (sequence, service),
            Found::Several(_) => {
                let message = format!("worktrees of several repositories are called `{name}`");
                return Err(Failure::new(Code::Ambiguous, message)
                    .hint(format!("name the repository too: `{name}.REPOSITORY{ENDING}`")));
            }
            Found::Nothing => return Err(unknown(name)),
        };
        let entry = registry.entries().find(|entry| entry.is_living() && entry.sequence == sequence);
        let entry = entry.ok_or_else(|| unknown(name))?;
        let allocated = match &service {
            Some(service) => entry.services().into_iter().find(|(known, _)| known.as_str() == service),
            None => first(entry, look),
        };
        let Some((service, port)) = allocated else {
            return Err(unknown(name));
        };
        let further = further(entry, &service, look).into_iter();
        let further = further.map(|(service, port)| Arc::new(target(entry, service, port, Vec::new())));
        let target = Arc::new(target(entry, service, port, further.collect()));
        if let Some(stamp) = stamp {
            self.remember(stamp, &directory, name, &target);
        }
        Ok(target)
    }

    /// Returns whom a request for `target` is given to: the instances of the service in turn, healthy ones first; whoever comes
    /// after the first is asked where nobody answers there.
    #[must_use]
    pub fn in_turn(&self, target: &Arc<NamedTarget>) -> Vec<Arc<NamedTarget>> {
        if target.further.is_empty() {
            return vec![Arc::clone(target)];
        }
        let all = [target].into_iter().chain(&target.further).cloned();
        let (mut healthy, mut others): (Vec<_>, Vec<_>) = all.partition(|one| one.is_healthy);
        let turn = self.turn(target);
        for instances in [&mut healthy, &mut others] {
            let count = instances.len().max(1);
            instances.rotate_left(turn % count);
        }
        healthy.append(&mut others);
        healthy
    }

    /// Returns how many requests for its service there were before.
    fn turn(&self, target: &NamedTarget) -> usize {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let whose = (target.sequence, target.service.clone());
        if turns.len() >= KNOWN && !turns.contains_key(&whose) {
            turns.clear();
        }
        let next = turns.entry(whose).or_default();
        let turn = *next;
        *next = turn.wrapping_add(1);
        turn
    }

    /// Says of a name that stands for nothing, because the service serves all worktrees, how its address is found. For whoever may
    /// know which names there are.
    #[must_use]
    pub fn find_shared(&self, name: &str, look: NamesLook<'_>) -> Option<String> {
        let registry = self.registry().ok()?;
        let Found::Worktree { sequence, service } = self.directory(&registry).find(name) else { return None };
        let entry = registry.entries().find(|entry| entry.is_living() && entry.sequence == sequence)?;
        let service: ServiceName = service?.parse().ok()?;
        look(&entry.repository).ok().filter(|context| context.config.is_shared(&service))?;
        let url = wt("url {}", &[&service]).at(entry.repository.display());
        Some(format!("`{service}` serves all worktrees, and has the main worktree's name: `{url}` says it"))
    }

    /// Returns every name there is, without `.localhost`.
    ///
    /// # Errors
    ///
    /// Those of reading the registry.
    pub fn names(&self) -> Result<Vec<String>> {
        let registry = self.registry()?;
        Ok(self.directory(&registry).names().map(str::to_owned).collect())
    }

    /// Returns the state folder.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Returns the registry as it is now.
    ///
    /// # Errors
    ///
    /// Those of reading it.
    pub fn registry(&self) -> Result<Arc<Registry>> {
        self.store.read()
    }

    fn directory(&self, registry: &Registry) -> Arc<Directory> {
        let stamp = self.store.stamp();
        let page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        let known = page.as_ref().filter(|page| Some(page.stamp) == stamp);
        known.map_or_else(|| Arc::new(Directory::of(registry)), |page| Arc::clone(&page.directory))
    }

    fn remember(&self, stamp: Stamp, directory: &Arc<Directory>, name: &str, target: &Arc<NamedTarget>) {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        if page.as_ref().is_none_or(|page| page.stamp != stamp || page.known.len() >= KNOWN) {
            *page = Some(Page { stamp, directory: Arc::clone(directory), known: HashMap::new() });
        }
        if let Some(page) = page.as_mut() {
            page.known.insert(name.to_owned(), Arc::clone(target));
        }
    }
}

fn target(entry: &Entry, service: ServiceName, port: Port, further: Vec<Arc<NamedTarget>>) -> NamedTarget {
    let known = entry.allocations.iter().find(|known| known.service == service);
    let seen = known.and_then(|known| HealthRecord::find(known.health.as_ref()?));
    NamedTarget {
        sequence: entry.sequence,
        worktree: WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() },
        repository: entry.repository.clone(),
        service,
        port,
        is_healthy: seen.is_some_and(|seen| seen.state == Health::Healthy),
        further,
    }
}

/// The further instances of a service that have ports. The configuration is asked only where there may be any.
fn further(entry: &Entry, first: &ServiceName, look: NamesLook<'_>) -> Vec<(ServiceName, Port)> {
    let (services, second) = (entry.services(), format!("{first}-2"));
    if !services.iter().any(|(service, _)| service.as_str() == second) {
        return Vec::new();
    }
    let Ok(context) = look(&entry.repository) else { return Vec::new() };
    let is_of = |service: &ServiceName| {
        let settings = context.config.services.get(service);
        settings.is_some_and(|settings| settings.instance_of.as_ref() == Some(first))
    };
    services.into_iter().filter(|(service, _)| is_of(service)).collect()
}

/// The service whose port is `PORT` too, else the one that has had its port for longest.
fn first(entry: &Entry, look: NamesLook<'_>) -> Option<(ServiceName, Port)> {
    let services = entry.services();
    let bearer = look(&entry.repository).ok().and_then(|context| {
        let facts = env::facts_of(&context, context.repository.as_ref()?, entry);
        variables::bearer(&context.config, &facts).cloned()
    });
    bearer.or_else(|| services.into_iter().next())
}

fn unknown(name: &str) -> Failure {
    Failure::new(Code::NotFound, format!("no service of any worktree is called `{name}{ENDING}`"))
        .hint("a name is `SERVICE.WORKTREE.REPOSITORY.localhost`; REPOSITORY is `repository_name` of `wt list --json`")
}
