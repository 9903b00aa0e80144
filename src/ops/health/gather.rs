//! Which services are to be looked at: the allocations of this repository, or of all, each with its check.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::config::settings::{Config, ServiceSettings};
use crate::model::health::check::HealthCheck;
use crate::model::health::threshold::Threshold;
use crate::model::port::Port;
use crate::model::port::listener::WorktreeKey;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::recorded_repositories::others;
use crate::ops::{config, find, rows};

/// Less than this no answer can be waited for.
const LEAST: Duration = Duration::from_millis(20);

/// The longest that one check may take, whatever a repository says: others wait for their turn.
const MOST: Duration = Duration::from_mins(1);

/// What to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub worktree: Option<String>,
    pub service: Option<ServiceName>,
    /// Every registered repository, not just the one we stand in.
    pub all: bool,
}

/// One service of one worktree.
#[derive(Clone, Debug)]
pub struct AskedService {
    pub entry: Entry,
    pub key: WorktreeKey,
    /// The worktree's folder as git has it now.
    pub folder: PathBuf,
    pub service: ServiceName,
    pub port: Port,
    /// How to ask it; the error says why that is not known.
    pub check: Result<HealthCheck, String>,
    /// Whether it says how it is run.
    pub is_runnable: bool,
    /// Whether the configuration names it, or it was asked for by number alone.
    pub is_named: bool,
    pub timeout: Duration,
    pub threshold: Threshold,
    /// The place in [`Gathered::sites`] of its repository.
    pub site: usize,
}

/// A repository with its own configuration.
#[derive(Debug)]
pub struct AskedRepository {
    /// `None` where it cannot be reached, or is the one we stand in.
    other: Option<Repository>,
    /// Whether it is the one we stand in.
    is_here: bool,
    pub config: Config,
}

impl AskedRepository {
    /// Answers whether it is the repository we stand in.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.is_here
    }

    /// Returns the repository; `None` where it cannot be reached.
    #[must_use]
    pub fn repository<'a>(&'a self, context: &'a Context) -> Option<&'a Repository> {
        if self.is_here { context.repository.as_ref() } else { self.other.as_ref() }
    }
}

/// Everything that is to be looked at.
#[derive(Debug)]
pub struct Gathered {
    pub registry: Arc<Registry>,
    pub subjects: Vec<AskedService>,
    pub sites: Vec<AskedRepository>,
    pub warnings: Vec<String>,
}

/// Gathers the services; reads only.
///
/// # Errors
///
/// `not_a_repository` outside of one, unless all are asked for; `not_found` for a worktree or a service that nobody has.
pub fn gather(context: &Context, request: &Request) -> Result<Gathered> {
    let registry = context.store()?.read()?;
    let mut gathered = Gathered { registry, subjects: Vec::new(), sites: Vec::new(), warnings: Vec::new() };
    let here = if request.all { context.repository.as_ref() } else { Some(context.require_repository()?) };
    if let Some(repository) = here {
        let id = repository.find_id();
        let entries = entries_of(&gathered.registry, id.as_ref());
        let site = AskedRepository { other: None, is_here: true, config: context.config.clone() };
        gathered.add(context, site, entries)?;
    }
    if request.all {
        add_others(context, &mut gathered)?;
    }
    if let Some(wanted) = &request.worktree {
        keep_worktree(context, &mut gathered, wanted)?;
    }
    if let Some(wanted) = &request.service {
        keep_service(&mut gathered, wanted)?;
    }
    Ok(gathered)
}

fn entries_of(registry: &Registry, id: Option<&RepositoryId>) -> Vec<Entry> {
    let Some(id) = id else { return Vec::new() };
    registry.living(id).filter(|entry| entry.state == EntryState::Active).cloned().collect()
}

fn add_others(context: &Context, gathered: &mut Gathered) -> Result<()> {
    let registry = Arc::clone(&gathered.registry);
    for known in others(context, &registry).iter().filter(|known| !known.entries.is_empty()) {
        let (repository, config, problem) =
            if let Some((Context { repository, config, .. }, problem)) = known.sight(context) {
                (repository, config, problem)
            } else {
                let (config, problem) = config::of_other_repository(&context.host, None);
                (None, config, problem)
            };
        if let (Some(problem), Some(place)) = (problem, known.places.first()) {
            gathered.warnings.push(format!("{}: {problem}", place.display()));
        }
        let entries = entries_of(&registry, Some(known.id));
        gathered.add(context, AskedRepository { other: repository, is_here: false, config }, entries)?;
    }
    Ok(())
}

impl Gathered {
    fn add(&mut self, context: &Context, site: AskedRepository, entries: Vec<Entry>) -> Result<()> {
        let rows = match site.repository(context) {
            Some(repository) => rows::rows(repository, &self.registry)?,
            None => Vec::new(),
        };
        for entry in entries {
            let is_it = |row: &&rows::WorktreeRow| {
                row.entry.as_ref().is_some_and(|known| known.sequence == entry.sequence)
            };
            let folder = rows.iter().find(is_it).map_or(&*entry.path, rows::WorktreeRow::path).to_path_buf();
            for (service, port) in entry.services() {
                self.subjects.push(subject(&site.config, self.sites.len(), &entry, &folder, service, port));
            }
        }
        self.sites.push(site);
        Ok(())
    }
}

fn subject(
    config: &Config,
    site: usize,
    entry: &Entry,
    folder: &std::path::Path,
    service: ServiceName,
    port: Port,
) -> AskedService {
    let settings = config.services.get(&service);
    let check = match settings.and_then(|settings| settings.health.as_ref()) {
        Some(written) => crate::model::config::health::parse(written)
            .map_err(|fault| format!("its check cannot be read: {}", fault.message)),
        None => Ok(HealthCheck::default()),
    };
    let usual = config.health;
    let known = check.as_ref().ok();
    AskedService {
        key: WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() },
        entry: entry.clone(),
        folder: folder.to_path_buf(),
        is_named: is_named(config, &service),
        service,
        port,
        is_runnable: settings.is_some_and(ServiceSettings::is_runnable),
        timeout: known.and_then(|check| check.timeout).unwrap_or(usual.timeout).clamp(LEAST, MOST),
        threshold: Threshold {
            failures: known.and_then(|check| check.failures).unwrap_or(usual.failures),
            successes: known.and_then(|check| check.successes).unwrap_or(usual.successes),
        },
        check,
        site,
    }
}

fn is_named(config: &Config, service: &ServiceName) -> bool {
    let extra = || config.services.values().flat_map(|settings| &settings.extra_ports);
    let listed = || config.purposes.iter().flat_map(|(_, settings)| &settings.services);
    config.services.contains_key(service)
        || extra().chain(listed()).any(|known| known == service)
        || service.as_str().strip_prefix("port-").is_some_and(|rest| rest.parse::<u16>().is_ok())
}

/// A name means a worktree of the repository we stand in; with all of them it means each that is called so.
fn keep_worktree(context: &Context, gathered: &mut Gathered, wanted: &str) -> Result<()> {
    let sequences: Vec<u64> = if context.repository.is_some() {
        vec![find::named(context, &gathered.registry, wanted)?.require_entry("services")?.sequence]
    } else {
        let is_it = |entry: &&Entry| entry.is_living() && entry.name == wanted;
        gathered.registry.entries().filter(is_it).map(|entry| entry.sequence).collect()
    };
    if sequences.is_empty() {
        let message = format!("worktree `{}` is not recorded, so it has no services", wanted.escape_debug());
        return Err(Failure::new(Code::NotFound, message).hint("`wt adopt` records it, `wt list` shows all"));
    }
    gathered.subjects.retain(|subject| sequences.contains(&subject.entry.sequence));
    Ok(())
}

fn keep_service(gathered: &mut Gathered, wanted: &ServiceName) -> Result<()> {
    let mut known: Vec<String> =
        gathered.subjects.iter().map(|subject| subject.service.to_string()).collect();
    gathered.subjects.retain(|subject| subject.service == *wanted);
    if !gathered.subjects.is_empty() {
        return Ok(());
    }
    known.sort();
    known.dedup();
    let failure = Failure::new(Code::NotFound, format!("no service `{wanted}` has a port here"));
    Err(match known[..] {
        [] => failure.hint(format!(
            "`{allocate}` gives it one",
            allocate = wt("ports allocate --service {}", &[&wanted])
        )),
        _ => failure.hint(format!("those that have one: {}", known.join(", "))),
    })
}
