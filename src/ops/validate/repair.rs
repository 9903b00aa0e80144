//! One fix at a time: what it is about is looked at again, under the lock where the registry is concerned, and a fix whose
//! reason is gone does nothing.

use std::path::Path;

use super::believe::believe;
use super::claims;
use super::gather::Records;
use super::grounds::{Grounds, open_for};
use super::report::Request;
use super::{adopt, rebuild, rows};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::net::owner;
use crate::host::place::HostSurroundings;
use crate::model::event::Event;
use crate::model::finding::{Fix, FixTarget};
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::model::registry::allocation::{Allocation, RecordedPort};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::record::RegistryRow;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::arrival::{Arrival, arrive};
use crate::ops::env_files::follow;
use crate::ops::ports::ledger::{self, GivingUp, LeavingPort, Moved, RecordChange, Remembrance};
use crate::ops::{heal, hooks, ports, prune};

/// Applies one fix, and returns what there is to say about it.
///
/// # Errors
///
/// What stops it; nothing is half-done then.
pub fn apply(context: &Context, grounds: &Grounds<'_>, fix: &Fix, request: &Request) -> Result<Vec<String>> {
    let on = |target: &FixTarget, work: Work<'_>| on_ground(context, grounds, target, work);
    match fix {
        Fix::RestoreBackup => recovered(context, request, restore_backup(context)?),
        Fix::RebuildRegistry => recovered(context, request, rebuild::rebuild(context)?),
        Fix::MendRows => recovered(context, request, rows::mend(context, grounds)?),
        Fix::PutAway { repository, path } => put_away(grounds, repository, path),
        Fix::Adopt { path } => adopt::adopt(context, grounds, path),
        Fix::SettleHalfMade { repository, admin } => settle_half_made(context, grounds, repository, admin),
        Fix::InstallHooks => install_hooks(grounds),
        Fix::DropRecord { target } => drop_record(context, target),
        Fix::TakeClaim { target } => on(target, &|ground, _| claims::take(ground, target)),
        Fix::GiveBackClaim { repository, branch } => claims::give_back(context, grounds, repository, branch),
        Fix::SettlePortClaims => claims::settle_ports(context),
        // All of them together: see the room of releases.
        Fix::ReleaseEntry { .. } => Ok(Vec::new()),
        Fix::DropAllocation { target, service } => {
            on(target, &|ground, repository| drop_allocation(ground, repository, target, service))
        }
        Fix::ReleasePort { target, service, port } => {
            on(target, &|ground, repository| release_port(ground, repository, target, service, *port))
        }
        Fix::MovePort { target, service, port } => {
            on(target, &|ground, repository| move_port(ground, repository, target, service, *port, request))
        }
        Fix::UpdatePath { target, to } => {
            on(target, &|ground, repository| update_path(ground, repository, target, to))
        }
        Fix::Repair { target, to } => on(target, &|ground, repository| {
            repository.repair_worktree(to)?;
            update_path(ground, repository, target, to)
        }),
        Fix::RecordBranch { target, branch } => {
            on(target, &|ground, repository| record_branch(ground, repository, target, branch.as_deref()))
        }
        Fix::Heal { target } => on(target, &|ground, _| finish(ground, target)),
        Fix::RenderEnv { target } => on(target, &|ground, repository| {
            let entry = require(&*ground.store()?.read()?, target)?.clone();
            follow(ground, repository, &entry).map(|written| written.warnings)
        }),
    }
}

/// A fix that needs the worktree's repository and its configuration.
type Work<'a> = &'a dyn Fn(&Context, &Repository) -> Result<Vec<String>>;

/// Does it with the repository that the worktree belongs to, and its configuration.
///
/// # Errors
///
/// Those of `work`, and when the repository is out of reach.
pub(super) fn on_ground<T>(
    context: &Context,
    grounds: &Grounds<'_>,
    target: &FixTarget,
    work: impl FnOnce(&Context, &Repository) -> Result<T>,
) -> Result<T> {
    let opened;
    let ground = if let Some(ground) = grounds.find(&target.repository) {
        ground
    } else {
        opened = open_for(context, target).ok_or_else(|| out_of_reach(target))?;
        &opened
    };
    work(ground, ground.require_repository()?)
}

fn put_away(grounds: &Grounds<'_>, repository: &Path, path: &Path) -> Result<Vec<String>> {
    let is_it =
        |ground: &&Context| ground.repository.as_ref().is_some_and(|known| known.root() == repository);
    let Some(ground) = grounds.contexts().find(is_it) else { return Ok(Vec::new()) };
    prune::put_record_away(ground, ground.require_repository()?, path)
}

fn install_hooks(grounds: &Grounds<'_>) -> Result<Vec<String>> {
    for ground in grounds.contexts() {
        if let Some(repository) = &ground.repository {
            hooks::install(ground, repository)?;
        }
    }
    Ok(Vec::new())
}

fn drop_allocation(
    ground: &Context,
    repository: &Repository,
    target: &FixTarget,
    service: &ServiceName,
) -> Result<Vec<String>> {
    let is_it =
        |known: &Allocation| known.service == *service && matches!(known.port, RecordedPort::Invalid(_));
    give_up(ground, repository, target, "port_dropped", &is_it, &|_| Ok(true))
}

fn record_branch(
    ground: &Context,
    repository: &Repository,
    target: &FixTarget,
    branch: Option<&str>,
) -> Result<Vec<String>> {
    change(ground, repository, target, "branch_changed", |entry| {
        // Another branch may be checked out since it was looked at, and a rebase begun.
        if repository.find_operation(&entry.admin).is_some() {
            return false;
        }
        let now = repository.head_in_file(&entry.admin);
        let now = now.map_or(branch.map(str::to_owned), |head| head.branch().map(str::to_owned));
        std::mem::replace(&mut entry.branch, now) != entry.branch
    })
}

fn finish(ground: &Context, target: &FixTarget) -> Result<Vec<String>> {
    let said = arrive(ground, Arrival::Obstacle).said;
    let registry = ground.store()?.read()?;
    let is_left = |entry: &Entry| {
        target.is(entry)
            && matches!(entry.state, EntryState::Creating { .. } | EntryState::Removing { .. })
            && heal::is_left_behind(ground, entry)
    };
    if registry.entries().any(is_left) { Err(still_unfinished(target, &said)) } else { Ok(said) }
}

fn out_of_reach(target: &FixTarget) -> Failure {
    let message = format!(
        "the repository of `{}`, {}, cannot be reached",
        target.name,
        target.repository_path.display()
    );
    Failure::new(Code::NotARepository, message)
}

fn require<'a>(registry: &'a Registry, target: &FixTarget) -> Result<&'a Entry> {
    registry.entries().find(|entry| target.is(entry)).ok_or_else(|| changed(target))
}

fn changed(target: &FixTarget) -> Failure {
    Failure::new(Code::NotFound, format!("the record of `{}` changed meanwhile", target.name))
        .hint("run the command again")
}

/// Healing never fails; it says what it could not do.
fn still_unfinished(target: &FixTarget, said: &[String]) -> Failure {
    let named = format!("`{}`", target.name);
    let why = said.iter().find(|words| words.contains(&named)).cloned();
    Failure::new(Code::GitFailed, why.unwrap_or_else(|| format!("{named} is still unfinished")))
}

/// Changes an active entry under the lock, with an event when `alter` says that it did, and has the env files follow; where
/// they cannot, the record is as it was.
fn change(
    context: &Context,
    repository: &Repository,
    target: &FixTarget,
    event: &str,
    alter: impl Fn(&mut Entry) -> bool,
) -> Result<Vec<String>> {
    let now = context.now();
    let change = context.store()?.update(|registry| {
        let known =
            registry.entries_mut().find(|entry| target.is(entry) && entry.state == EntryState::Active);
        let Some(known) = known else { return Err(changed(target)) };
        let before = known.clone();
        let did = alter(known);
        let changed_entry = known.clone();
        if did {
            registry.record_event(now, Event::new(event).of(&changed_entry.repository, &changed_entry.name));
        }
        RecordChange::new(context, Some(before), changed_entry)
    })?;
    let undone = Event::new("fix_undone").of(&change.after.repository, &change.after.name);
    let path = &change.after.path;
    let written = ledger::follow_or_take_back(context, repository, &change, Some(path), Some(&undone))?;
    Ok(written.map(|written| written.warnings).unwrap_or_default())
}

/// Recovered records may be older than what their worktrees say.
fn recovered(context: &Context, request: &Request, mut said: Vec<String>) -> Result<Vec<String>> {
    said.extend(believe(context, request)?);
    Ok(said)
}

fn restore_backup(context: &Context) -> Result<Vec<String>> {
    if !context.store()?.restore_backup()? {
        return Ok(Vec::new());
    }
    let mut said =
        vec!["the registry was taken from its backup; the damaged bytes are kept beside it".to_owned()];
    // The backup is one step behind: what it calls unfinished is marked before anything looks at it, then finished.
    said.extend(arrive(context, Arrival::Obstacle).said);
    Ok(said)
}

/// The last of the records that answer to the target goes, while another one for the same worktree stays.
fn drop_record(context: &Context, target: &FixTarget) -> Result<Vec<String>> {
    let now = context.now();
    context.store()?.update(|registry| {
        let entries: Vec<&Entry> = registry.entries().filter(|entry| entry.is_living()).collect();
        let is_same = |entry: &Entry| {
            entry.path == target.path
                || (entry.repository_id == target.repository && entry.name == target.name)
        };
        let admin = entries.iter().find(|entry| target.is(entry)).map(|entry| entry.admin.clone());
        let shares = entries.iter().filter(|entry| {
            let by_admin = entry.repository_id == target.repository
                && admin.as_ref().is_some_and(|admin| !admin.is_empty() && *admin == entry.admin);
            is_same(entry) || by_admin
        });
        if admin.is_none() || shares.count() < 2 {
            return Ok(Vec::new());
        }
        let is_it =
            |record: &RegistryRow| matches!(record, RegistryRow::Entry(entry) if entry.is_living() && target.is(entry));
        if let Some(position) = registry.worktrees.iter().rposition(is_it) {
            registry.worktrees.remove(position);
            registry
                .record_event(now, Event::new("record_dropped").of(&target.repository_path, &target.name));
        }
        Ok(Vec::new())
    })
}

fn settle_half_made(
    context: &Context,
    grounds: &Grounds<'_>,
    root: &Path,
    admin: &str,
) -> Result<Vec<String>> {
    let registry = context.store()?.read()?;
    let repositories = grounds.contexts().filter_map(|ground| ground.repository.as_ref());
    for repository in repositories.filter(|repository| repository.root() == root) {
        let records = Records::of(&registry, repository);
        repository.settle_half_made(admin, |worktree| records.have(worktree))?;
    }
    Ok(Vec::new())
}

/// Everything that holds a port of the entry, or listens and is of its worktree, as it is now.
fn sockets(context: &Context) -> Result<Vec<Listener>> {
    owner::sight(&*context.store()?.read()?)
}

fn is_of(listener: &Listener, target: &FixTarget) -> bool {
    let keys = listener.owners.iter().filter_map(|owner| owner.belongs_to.as_ref());
    keys.into_iter().any(|key| key.repository == target.repository && key.name == target.name)
}

fn release_port(
    ground: &Context,
    repository: &Repository,
    target: &FixTarget,
    service: &ServiceName,
    port: Port,
) -> Result<Vec<String>> {
    if lives(&*ground.store()?.read()?, target, port)? {
        return Ok(vec![format!("`{}` runs by now: its ports stay", target.name)]);
    }
    let not_living = |registry: &Registry| lives(registry, target, port).map(|lives| !lives);
    let is_it =
        |known: &Allocation| !known.pinned && known.service == *service && known.find_port() == Some(port);
    give_up(ground, repository, target, "port_released", &is_it, &not_living)
}

/// It gets back what it gave up, before anybody else is given it.
fn give_up(
    ground: &Context,
    repository: &Repository,
    target: &FixTarget,
    event: &'static str,
    is_it: &dyn Fn(&Allocation) -> bool,
    is_due: &dyn Fn(&Registry) -> Result<bool>,
) -> Result<Vec<String>> {
    require(&*ground.store()?.read()?, target)?;
    let giving = GivingUp {
        sequence: target.sequence,
        is_it,
        is_due,
        remembrance: Remembrance::Kept,
        events: (event, "fix_undone"),
        place: Some(&target.path),
    };
    let given_up = ledger::give_up(ground, repository, &giving)?;
    Ok(given_up.and_then(|given_up| given_up.written).map(|written| written.warnings).unwrap_or_default())
}

/// Answers whether anything of the worktree listens, on whatever port, or somebody has `port`: a service that is being started
/// holds it before it listens.
fn lives(registry: &Registry, target: &FixTarget, port: Port) -> Result<bool> {
    let is_alive = |socket: &Listener| socket.port == port || socket.listening && is_of(socket, target);
    Ok(owner::sight(registry)?.iter().any(is_alive))
}

fn move_port(
    ground: &Context,
    repository: &Repository,
    target: &FixTarget,
    service: &ServiceName,
    port: Port,
    request: &Request,
) -> Result<Vec<String>> {
    let registry = ground.store()?.read()?;
    let claims = registry.entries().filter(|entry| entry.is_living()).flat_map(Entry::ports);
    let is_doubled = claims.filter(|known| *known == port).count() > 1;
    // Of two servers that share a doubled port one has to move all the same.
    let must_move =
        is_doubled && ports::disputes::must_move(ground, &registry, target.sequence, service, port)?;
    let held = sockets(ground)?;
    let mut holders = held.iter().filter(|socket| socket.port == port).peekable();
    let is_held = holders.peek().is_some();
    let runs = holders.any(|socket| is_of(socket, target));
    if runs && !must_move {
        return Ok(vec![format!("`{}` of `{}` runs on {port}: it stays", service, target.name)]);
    }
    let is_conflict = is_held && request.verify_ports;
    if is_doubled && !must_move || !(is_doubled || is_conflict) {
        return Ok(Vec::new());
    }
    let is_still = |registry: &Registry| {
        let claims = registry.entries().filter(|entry| entry.is_living()).flat_map(Entry::ports);
        let is_doubled = claims.filter(|known| *known == port).count() > 1;
        let held: Vec<Listener> =
            owner::attribute(&[port], registry)?.into_iter().flat_map(|busy| busy.listeners).collect();
        let stays = !runs && held.iter().any(|socket| is_of(socket, target));
        Ok(!stays && (is_doubled || !held.is_empty()))
    };
    let leaving = LeavingPort { sequence: target.sequence, service, from: port, most: u32::MAX };
    match ledger::relocate(ground, repository, leaving, &is_still)? {
        Moved::To(to) => Ok(vec![format!(
            "`{service}` of `{}` moved from {port} to {to}; restart its server",
            target.name
        )]),
        Moved::Exhausted | Moved::NotDue => {
            Err(Failure::new(Code::RangeExhausted, format!("no other port is free for `{service}`"))
                .hint("`wt ports list` shows the ranges"))
        }
    }
}

/// Follows git to where the worktree is, proven by folder and admin entry naming each other.
fn update_path(
    ground: &Context,
    repository: &Repository,
    target: &FixTarget,
    to: &Path,
) -> Result<Vec<String>> {
    repository.require_own(to)?;
    let admin = repository.find_admin_named_by(to);
    let place = HostSurroundings::read().place_of(to);
    let root = repository.root().to_path_buf();
    let is_main = repository.is_main_worktree(to);
    change(ground, repository, target, "worktree_moved", |entry| {
        let is_it = if entry.is_main() { is_main } else { admin.as_deref() == Some(entry.admin.as_str()) };
        if !is_it {
            return false;
        }
        to.clone_into(&mut entry.path);
        entry.place = Some(place.clone());
        entry.repository.clone_from(&root);
        true
    })
}
