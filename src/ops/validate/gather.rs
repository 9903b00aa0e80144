//! Reads the machine once, into the facts that the checks look at.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::claims;
use super::grounds::{Grounds, id_of};
use super::report::Request;
use super::see::see;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{GitWorktree, RecordDamage, Repository};
use crate::host::net::{ephemeral, owner};
use crate::host::place;
use crate::model::config::problem::Problem;
use crate::model::facts::{
    ConfigFault, ConfigFaultKind, DamagedRecord, Facts, HalfMade, HookFault, HookFaultKind, RecordedFacts,
    RegistrySight, UnreadableRow, Unrecorded,
};
use crate::model::hooks::firing::FiringState;
use crate::model::matching::{Matching, WorktreeMark};
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::model::port::situation::Situation;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::ops::absence::{self, AbsenceLook};
use crate::ops::damaged as damaged_records;
use crate::ops::hooks;
use crate::ops::ports;
use crate::ops::rows::{WorktreeRow, find_record, mark};
use crate::ops::services::supervision;
use crate::ops::vanished::Lookout;

/// Gathers the facts.
///
/// # Errors
///
/// Fails when git's own records or the kernel's sockets cannot be read.
pub fn gather(
    context: &Context,
    grounds: &Grounds<'_>,
    registry: Result<Arc<Registry>>,
    request: &Request,
    sockets: Option<&[Listener]>,
) -> Result<Facts> {
    let (sight, registry) = match registry {
        Ok(registry) => (RegistrySight::Whole, registry),
        Err(failure) => (sight_of(context, &failure)?, Arc::default()),
    };
    let mut facts = Facts {
        now: context.now(),
        unreadable_rows: unreadable_rows(&registry),
        worktrees: Vec::new(),
        unrecorded: Vec::new(),
        half_made: Vec::new(),
        damaged: Vec::new(),
        bare_leaks: grounds
            .contexts()
            .filter_map(|ground| ground.repository.as_ref())
            .filter(|repository| repository.is_bare_leaked())
            .map(|repository| repository.root().to_path_buf())
            .collect(),
        config_faults: grounds.problems.iter().map(config_fault).collect(),
        ranges: context.config.ranges(),
        ephemeral: ephemeral::read(),
        hooks: Vec::new(),
        verify_ports: request.verify_ports,
        listeners: Vec::new(),
        asleep: BTreeSet::new(),
        situations: Vec::new(),
        resolve: ports::settings::settings(context),
        branch_claims: Vec::new(),
        unreached: Vec::new(),
        port_claims: None,
        registry: sight,
    };
    facts.hooks = hook_faults(grounds, &registry);
    if facts.registry != RegistrySight::Whole {
        return Ok(facts);
    }
    let sites = sites(grounds)?;
    facts.worktrees = recorded(context, &sites, &registry, request.all)?;
    for Site { ground, repository, lookout, .. } in &sites {
        context.host.interrupt.check()?;
        let records = Records::of(&registry, repository);
        facts.unrecorded.extend(unrecorded(ground, repository, lookout, &records));
        let left = half_made(repository, lookout, &records)?;
        facts.damaged.extend(damaged(repository, lookout, &registry, &records, &left));
        facts.half_made.extend(left);
    }
    if request.verify_ports {
        facts.listeners = match sockets {
            Some(sockets) => sockets.to_vec(),
            None => owner::sight(&registry)?,
        };
        let sleeps = |entry: &&Entry| supervision::asleep_on_record(context, entry);
        let living = registry.entries().filter(|entry| entry.is_living());
        facts.asleep = living.filter(sleeps).map(|entry| entry.sequence).collect();
    }
    facts.situations = situations(context, &registry, request.verify_ports, &facts.listeners)?;
    claims::gather(context, grounds, &registry, &mut facts);
    Ok(facts)
}

fn sight_of(context: &Context, failure: &Failure) -> Result<RegistrySight> {
    let store = context.store()?;
    let (path, message) = (store.path(), failure.message().to_owned());
    Ok(match failure.code() {
        Code::RegistryCorrupt => RegistrySight::Damaged { path, message, backup: store.backup() },
        _ => RegistrySight::OutOfReach { path, message },
    })
}

fn unreadable_rows(registry: &Registry) -> Vec<UnreadableRow> {
    registry.unreadable_rows().map(|(list, row)| UnreadableRow { list, label: label(row) }).collect()
}

/// The name in a row, else its beginning: it may be of any length.
fn label(row: &Value) -> String {
    let text = match row.get("name").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => row.to_string(),
    };
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn config_fault(problem: &Problem) -> ConfigFault {
    let key = problem.key.as_deref().unwrap_or_default();
    let is_range = key.rsplit('.').next() == Some("ports") || key == "ports.exclude";
    let kind = match problem.message.contains(" overlaps ") {
        _ if !is_range => ConfigFaultKind::Other,
        true => ConfigFaultKind::Overlap,
        false => ConfigFaultKind::Range,
    };
    let subject = problem.key.clone().unwrap_or_else(|| problem.origin.to_string());
    let message = format!("{}: {}", problem.origin, problem.message);
    ConfigFault { kind, subject, message, hint: problem.hint.clone() }
}

fn hook_faults(grounds: &Grounds<'_>, registry: &Registry) -> Vec<HookFault> {
    let mut faults = Vec::new();
    for ground in grounds.contexts() {
        let (Some(repository), Some(id)) = (&ground.repository, id_of(ground)) else { continue };
        let is_wanted = registry.repositories.iter().any(|record| record.id == id && record.hooks_wanted);
        if !is_wanted {
            continue;
        }
        // A git that cannot be asked says so elsewhere.
        let Ok(inspection) = hooks::inspect(ground, repository) else { continue };
        faults.extend(inspection.hooks.iter().filter_map(hook_fault));
    }
    faults
}

fn hook_fault(sight: &hooks::HookSight) -> Option<HookFault> {
    let (kind, fixable) = match &sight.firing.state {
        FiringState::Ready | FiringState::CalledBy(_) => return None,
        FiringState::Missing
        | FiringState::GitTooOld
        | FiringState::NotExecutable
        | FiringState::Replaced => (HookFaultKind::Missing, true),
        FiringState::Outdated | FiringState::Twice | FiringState::Stranger { is_former: true, .. } => {
            (HookFaultKind::Outdated, true)
        }
        FiringState::Edited => (HookFaultKind::Outdated, false),
        FiringState::Shadowed(_)
        | FiringState::Disabled
        | FiringState::NotOnPath
        | FiringState::Stranger { .. } => (HookFaultKind::Shadowed, false),
    };
    let hook = sight.hook.name();
    let why = sight.firing.state.reason().unwrap_or_default();
    let hint = (!fixable).then(|| "`wt hooks status` says why, `wt hooks install` what to do".to_owned());
    let message = format!("{hook} in {}: {why}", sight.worktree);
    Some(HookFault { kind, hook: format!("{hook} in {}", sight.worktree), message, hint, fixable })
}

/// A repository whose worktrees were read once, for everybody who asks about them.
struct Site<'a> {
    ground: &'a Context,
    repository: &'a Repository,
    id: Option<RepositoryId>,
    lookout: Lookout<'a>,
}

fn sites<'a>(grounds: &'a Grounds<'_>) -> Result<Vec<Site<'a>>> {
    let reached = grounds.contexts().filter_map(|ground| Some((ground, ground.repository.as_ref()?)));
    let site = |(ground, repository): (&'a Context, &'a Repository)| {
        let lookout = Lookout::new(ground, Some(repository))?;
        Ok(Site { ground, repository, id: repository.find_id(), lookout })
    };
    reached.map(site).collect()
}

fn recorded(
    context: &Context,
    sites: &[Site<'_>],
    registry: &Registry,
    all: bool,
) -> Result<Vec<RecordedFacts>> {
    let by_id = sites.iter().filter_map(|site| Some((site.id.as_ref()?, site)));
    let by_id: HashMap<&RepositoryId, &Site<'_>> = by_id.collect();
    let unreachable = Lookout::new(context, None)?;
    let here = place::HostSurroundings::read();
    let living = registry.entries().filter(|entry| entry.is_living());
    let look = |entry: &Entry| {
        context.host.interrupt.check()?;
        let seen = match by_id.get(&entry.repository_id) {
            Some(site) => Some(see(site.ground, &site.lookout, &here, entry)),
            None if all => Some(see(context, &unreachable, &here, entry)),
            None => None,
        };
        Ok(RecordedFacts { entry: entry.clone(), seen })
    };
    living.map(look).collect()
}

/// What the living records of one repository are about.
pub(super) struct Records(Matching);

impl Records {
    pub(super) fn of(registry: &Registry, repository: &Repository) -> Self {
        let id = repository.find_id();
        let own = id.iter().flat_map(|id| registry.living(id));
        Self(Matching::of(own.map(WorktreeMark::of)))
    }

    /// Answers whether some record is about git's worktree.
    pub(super) fn have(&self, worktree: &GitWorktree) -> bool {
        self.0.places(mark(worktree)).next().is_some()
    }
}

fn unrecorded(
    context: &Context,
    repository: &Repository,
    lookout: &Lookout<'_>,
    records: &Records,
) -> Vec<Unrecorded> {
    // What is locked, or may lie on a disk that is not mounted, is where it belongs.
    let is_lost = |worktree: &GitWorktree| {
        worktree.missing
            && worktree.lock.is_none()
            && place::is_gone(&worktree.path)
            && !place::lies_beyond_empty_folder(&worktree.path)
    };
    let is_it = |worktree: &GitWorktree| {
        worktree.admin.is_some()
            && worktree.broken.is_none()
            && !worktree.initializing
            && !records.have(worktree)
            && (is_lost(worktree)
                || !worktree.missing
                    && repository.damage(worktree).is_none()
                    && repository.require_own(&worktree.path).is_ok())
    };
    let found = lookout.worktrees().iter().filter(|worktree| is_it(worktree)).cloned();
    let found = found.map(|worktree| {
        let is_gone = is_lost(&worktree);
        let row = WorktreeRow { worktree: Some(worktree.clone()), entry: None };
        let kept = match is_gone.then(|| absence::judge(context, repository, lookout, &row, false)) {
            Some(AbsenceLook::Kept(why)) => Some(why),
            Some(AbsenceLook::There) => Some("something of it is there".to_owned()),
            Some(AbsenceLook::Vanished) | None => None,
        };
        Unrecorded {
            repository: repository.root().to_path_buf(),
            is_gone,
            kept,
            name: worktree.admin.unwrap_or_default(),
            path: worktree.path,
        }
    });
    found.collect()
}

/// Records that are damaged for good; where a record of ours says what is wrong already, or git's last step will be settled,
/// that is enough.
fn damaged(
    repository: &Repository,
    lookout: &Lookout<'_>,
    registry: &Registry,
    records: &Records,
    half_made: &[HalfMade],
) -> Vec<DamagedRecord> {
    let id = repository.find_id();
    let is_by_name = |entry: &&Entry, worktree: &GitWorktree| Some(&entry.admin) == worktree.admin.as_ref();
    let is_recorded = |worktree: &GitWorktree| {
        id.as_ref().is_some_and(|id| registry.living(id).any(|entry| is_by_name(&entry, worktree)))
    };
    let found = lookout.worktrees().iter().filter_map(|worktree| {
        let damage = repository.damage(worktree)?;
        let is_told = match &damage {
            RecordDamage::Record(_) => {
                half_made.iter().any(|left| Some(&left.admin) == worktree.admin.as_ref())
                    || !repository.is_settled(worktree)
            }
            // The folder that it names has the record of its owner.
            RecordDamage::Displaced(_) => is_recorded(worktree),
            RecordDamage::Unlinked(_) => records.have(worktree),
        };
        if is_told {
            return None;
        }
        let record = find_record(repository, registry, mark(worktree));
        let record = record.filter(|entry| is_by_name(entry, worktree));
        let name =
            record.map_or_else(|| worktree.admin.clone().unwrap_or_default(), |entry| entry.name.clone());
        Some(DamagedRecord {
            repository: repository.root().to_path_buf(),
            why: damaged_records::in_words(worktree, &damage),
            cure: damaged_records::cure(repository, &name, &worktree.path, &damage),
            name,
        })
    });
    found.collect()
}

fn half_made(repository: &Repository, lookout: &Lookout<'_>, records: &Records) -> Result<Vec<HalfMade>> {
    let found = repository.half_made_among(lookout.worktrees(), |worktree| records.have(worktree))?;
    let found = found.into_iter().map(|left| HalfMade {
        repository: repository.root().to_path_buf(),
        admin: left.admin,
        path: left.path,
        why: left.why,
        foreign: left.foreign,
    });
    Ok(found.collect())
}

/// The ports that more than one has, and those that one has and anybody holds.
fn situations(
    context: &Context,
    registry: &Registry,
    looked: bool,
    listeners: &[Listener],
) -> Result<Vec<Situation>> {
    let held: HashSet<Port> = listeners.iter().map(|listener| listener.port).collect();
    let mut seen: HashSet<Port> = HashSet::new();
    let all = registry.entries().filter(|entry| entry.is_living()).flat_map(Entry::ports);
    let wanted: BTreeSet<Port> = all.filter(|port| !seen.insert(*port) || held.contains(port)).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<Port> = wanted.into_iter().collect();
    if looked {
        let busy = owner::among(listeners, &wanted);
        return Ok(ports::situations::of_seen(context, registry, &busy));
    }
    ports::situations::situations(context, registry, &wanted)
}
