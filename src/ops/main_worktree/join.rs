//! Records the main worktree, as every other one is recorded, with ports that stay.

use std::collections::HashSet;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::place::HostSurroundings;
use crate::model::compose_project;
use crate::model::identifier::Identifier;
use crate::model::purpose::Purpose;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::note::Notes;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::create::{self, WantedPorts, WayOut};
use crate::ops::host_ports;
use crate::ops::ports::ledger::{self, RecordChange, RefusedPorts, Seated, Seating};
use crate::ops::services::down;
use crate::ops::{env, env_files};

/// Makes the main worktree of the repository we stand in a member, or gives it what it has not; returns its record and what
/// there is to say.
///
/// # Errors
///
/// `bare_unsupported`, `usage`, `port_conflict`, `range_exhausted`, and what stops its env block; nothing was changed then.
pub fn join(
    context: &Context,
    purpose: Option<&Purpose>,
    ports: &WantedPorts,
) -> Result<(Entry, Vec<String>)> {
    let repository = context.require_repository()?;
    if repository.is_bare() {
        let message =
            format!("{} is a bare repository: it has no main worktree", repository.root().display());
        return Err(Failure::new(Code::BareUnsupported, message).hint("`wt adopt` records its worktrees"));
    }
    let known = find(context, repository)?;
    let drawing = purpose.or_else(|| known.as_ref().and_then(|entry| entry.purpose.as_ref()));
    let services = services(context, drawing, ports)?;
    let running = running(context, known.as_ref())?;
    let seating = Seating { services: &services, is_asked: true, running: &running };
    match record(context, repository, purpose, seating)? {
        Ok(seated) => follow_up(context, repository, seated, true),
        Err(RefusedPorts { selection, seen, .. }) => {
            let drawing = drawing.or(context.config.main.purpose.as_ref());
            Err(create::refused_selection(drawing, &selection, &seen, &WayOut::Exclude)?)
        }
    }
}

/// Returns the record of the main worktree, where it is a member.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub(super) fn find(context: &Context, repository: &Repository) -> Result<Option<Entry>> {
    let Some(id) = repository.find_id() else { return Ok(None) };
    let registry = context.store()?.read()?;
    Ok(registry.living(&id).find(|entry| entry.is_main()).cloned())
}

/// The services of it that run.
pub(super) fn running(context: &Context, known: Option<&Entry>) -> Result<Vec<String>> {
    known.map_or_else(|| Ok(Vec::new()), |entry| down::up(context, entry))
}

/// The services that are asked for; those that the configuration names are always meant.
fn services(context: &Context, purpose: Option<&Purpose>, ports: &WantedPorts) -> Result<Vec<ServiceName>> {
    let mut services: Vec<ServiceName> =
        context.config.main.ports.iter().map(|(service, _)| service.clone()).collect();
    let further = match ports {
        WantedPorts::Purpose if !services.is_empty() => Vec::new(),
        WantedPorts::Services(named) => named.clone(),
        WantedPorts::Count(count) if *count <= services.len() => Vec::new(),
        _ => {
            let purpose = create::require_purpose(context, purpose.or(context.config.main.purpose.as_ref()))?;
            create::wishes(context, &purpose, ports)?.into_iter().map(|wish| wish.service).collect()
        }
    };
    services.extend(further);
    services.extend(context.config.shared_ports());
    let mut seen = HashSet::new();
    services.retain(|service| seen.insert(service.clone()));
    Ok(services)
}

/// Records it with its ports, in one transaction.
pub(super) fn record(
    context: &Context,
    repository: &Repository,
    purpose: Option<&Purpose>,
    seating: Seating<'_>,
) -> Result<Result<Seated, RefusedPorts>> {
    let id = repository.require_id()?;
    let remembered = repository.record()?;
    let now = context.now();
    let attempt = || {
        host_ports::update(context, |registry| {
            // A clone that stood in this folder is gone from here: it cannot have its ports here any more.
            ledger::drop_vanished(registry, |known| {
                let is_elsewhere = known.repository_id != id && known.path == repository.root();
                is_elsewhere && known.is_main() && known.state == EntryState::Active
            });
            let known = registry.living(&id).find(|entry| entry.is_main()).cloned();
            let mut entry = known.unwrap_or_else(|| draft(context, repository, &id, registry));
            if let Some(purpose) = purpose {
                entry.purpose = Some(purpose.clone());
            }
            // Where there is to be no block any more it is recorded after the block is gone: whatever dies in between is
            // taken up again.
            entry.env |= context.config.main.env;
            registry.remember_repository(remembered.clone());
            ledger::seat(context, registry, entry, seating, now)
        })
    };
    let is_wanting =
        |outcome: &Result<Seated, RefusedPorts>| outcome.as_ref().is_err_and(RefusedPorts::is_wanting);
    ledger::with_room(context, attempt, is_wanting)
}

/// Has the env files follow what was recorded: written, or taken out where there is to be none any more.
pub(super) fn follow_up(
    context: &Context,
    repository: &Repository,
    seated: Seated,
    always: bool,
) -> Result<(Entry, Vec<String>)> {
    let Seated { mut change, mut said } = seated;
    if change.after.env && !context.config.main.env {
        drop_block(context, repository, &mut change.after)?;
    }
    if always || change.before.as_ref() != Some(&change.after) {
        let root = Some(repository.root());
        let written = ledger::follow_or_take_back(context, repository, &change, root, None)?;
        said.extend(written.into_iter().flat_map(|written| written.warnings));
    }
    said.extend(tell_others(context, repository, &change));
    Ok((Entry { path: repository.root().to_path_buf(), ..change.after }, said))
}

/// A port that serves all worktrees stands in every env block.
fn tell_others(context: &Context, repository: &Repository, change: &RecordChange) -> Vec<String> {
    let shared = context.config.shared_ports();
    let ports = |entry: &Entry| {
        let services = entry.services().into_iter();
        services.filter(|(service, _)| shared.contains(service)).collect::<Vec<_>>()
    };
    if change.before.as_ref().map(ports).unwrap_or_default() == ports(&change.after) {
        return Vec::new();
    }
    let Ok(registry) = context.store().and_then(|store| store.read()) else { return Vec::new() };
    let others = registry.living(&change.after.repository_id).filter(|entry| {
        entry.env && !entry.is_main() && entry.state == EntryState::Active && entry.path.is_dir()
    });
    let failed = others.filter_map(|entry| {
        let failure = env_files::follow(context, repository, entry).err()?;
        Some(format!("the env block of `{}` was not written again: {}", entry.name, failure.message()))
    });
    failed.collect()
}

/// Takes the block out of the env files, and then off the record.
fn drop_block(context: &Context, repository: &Repository, entry: &mut Entry) -> Result<()> {
    env_files::clear(repository, entry)?;
    entry.env = false;
    entry.env_files.clear();
    context.store()?.update(|registry| {
        if let Some(known) = registry.find_by_sequence(entry.sequence) {
            known.env = false;
            known.env_files.clear();
        }
        Ok(())
    })?;
    env::forget_exclude(context, repository, &entry.repository_id)
}

/// The record of a main worktree that has none.
pub(super) fn draft(
    context: &Context,
    repository: &Repository,
    id: &RepositoryId,
    registry: &Registry,
) -> Entry {
    let root = repository.root();
    let folder = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_free = |name: &String| registry.find_living(id, name).is_none();
    let further = (2..).map(|number: u32| format!("{folder}-main-{number}"));
    let mut names = [folder.clone(), format!("{folder}-main")].into_iter().chain(further);
    let name = names.find(is_free).unwrap_or_else(|| folder.clone());
    let mut notes = Notes::default();
    notes.main.write(&true);
    let others: Vec<&Entry> = registry.entries().collect();
    if let Some(project) = compose_project::of_folder(&folder, &others) {
        notes.compose_project.write(&project);
    }
    // Without a branch: it goes from one to another.
    Entry {
        identifier: Identifier::from_text(&name).map_or_else(|| name.clone(), |known| known.to_string()),
        host: context.host.name(),
        place: Some(HostSurroundings::read().place_of(root)),
        notes,
        ..Entry::new(root, id.clone(), name, root.to_path_buf(), "adopt", context.now())
    }
}
