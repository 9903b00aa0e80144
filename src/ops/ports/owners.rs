//! The answer of `wt ports owner`: who holds a port, and what ends them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::net::probe;
use crate::model::advised::wt;
use crate::model::port::Port;
use crate::model::port::dispute::Dispute;
use crate::model::port::doubled;
use crate::model::port::holder::{Holder, Relation};
use crate::model::port::listener::Probe;
use crate::model::port::situation::Situation;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::ports::advice::{Advice, Adviser};
use crate::ops::ports::holders::{Profile, holders};
use crate::ops::ports::situations::situations;
use crate::ops::{sharing, vanished};

/// The answer of `wt ports owner`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Owners {
    pub port: Port,
    pub owners: Vec<Profile>,
    /// Whether no server could start on it now, for whatever reason.
    #[serde(skip)]
    pub busy: bool,
    /// The relation of each owner to who has the port, in words: `feature-b, a sibling`.
    #[serde(skip)]
    pub relations: Vec<String>,
    /// What settles it or ends them, where something would.
    #[serde(skip)]
    pub hint: Option<String>,
}

/// Looks who holds `port`.
///
/// # Errors
///
/// Fails when the registry or the kernel's sockets cannot be read.
pub fn owners(context: &Context, port: Port) -> Result<Owners> {
    let registry = vanished::read_where_they_are(context)?;
    let owners = holders(port, &registry)?;
    let busy = !owners.is_empty() || probe::probe(port)? == Probe::Busy;
    let adviser = Adviser::new(context, &registry);
    let situation = situations(context, &registry, &[port])?.into_iter().next();
    let relations = owners.iter().map(|owner| relation(owner, situation.as_ref())).collect();
    let dispute = situation.as_ref().and_then(Dispute::find);
    let tells = wt("ports owner {}", &[&port]).to_string();
    let hint = match dispute.map(|dispute| adviser.remedy(&dispute)) {
        Some(Advice::Choice(choices)) => Some(doubled::asked(&choices)),
        Some(Advice::Command(command)) if command == tells => situation.as_ref().and_then(astray),
        Some(Advice::Command(command)) => Some(format!("`{command}` settles it")),
        None => situation.as_ref().and_then(astray).or_else(|| {
            let end = supervised(&adviser, &registry, port, &owners).or_else(|| adviser.end(port));
            end.map(|command| format!("`{command}` ends it"))
        }),
    };
    Ok(Owners { port, owners, busy, relations, hint })
}

/// Returns these holders of `port` in words, each with its relation: `python3 (pid 4242, /srv/demo), a stranger`.
///
/// # Errors
///
/// Fails when the registry or the kernel's sockets cannot be read.
pub fn told(context: &Context, port: Port, owners: &[Profile]) -> Result<Vec<String>> {
    let registry = context.store()?.read()?;
    let situation = situations(context, &registry, &[port])?.into_iter().next();
    let holder = |owner: &Profile| {
        let known = situation.iter().flat_map(|situation| &situation.holders);
        known.rev().find(|known| (known.pid, known.started) == (owner.pid, owner.started))
    };
    let told = |owner: &Profile| holder(owner).map_or_else(|| owner.words().sentence(), Holder::told);
    Ok(owners.iter().map(told).collect())
}

fn relation(owner: &Profile, situation: Option<&Situation>) -> String {
    let known = situation.into_iter().flat_map(|situation| &situation.holders);
    let holder = known.rev().find(|known| (known.pid, known.started) == (owner.pid, owner.started));
    let Some(holder) = holder else { return owner.worktree.clone().unwrap_or_default() };
    match (holder.relation, &holder.worktree, &holder.stray_of) {
        (Relation::Sibling, Some(name), _) if situation.is_some_and(|known| !known.tenants.is_empty()) => {
            format!("{name}, a sibling")
        }
        (_, Some(name), _) => name.clone(),
        (Relation::Stray, None, Some(gone)) => format!("none: a stray of {gone}"),
        (Relation::Container, None, _) => "none: a container's".to_owned(),
        (Relation::Stranger, None, _) => "none: a stranger".to_owned(),
        (_, None, _) if holder.is_other_user => "none: another user's".to_owned(),
        (Relation::Own | Relation::Sibling | Relation::Stray | Relation::Unseen, None, _) => String::new(),
    }
}

/// A worktree's healthy server is not ended for standing on another port than its own.
fn astray(situation: &Situation) -> Option<String> {
    let intruders = situation.intruders();
    let sibling = intruders.iter().find(|holder| holder.relation == Relation::Sibling)?;
    let name = sibling.worktree.as_deref()?;
    let list = wt("ports list --worktree {}", &[&name]);
    Some(format!("stop the server of {name} here, and start it on its own port: `{list}` shows it"))
}

/// Returns the command that stops the service of ours whose server these holders of `port` are, where a supervisor runs it:
/// ended in any other way the supervisor takes it for a failure.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn stop(context: &Context, port: Port, owners: &[Profile]) -> Result<Option<String>> {
    let registry = context.store()?.read()?;
    Ok(supervised(&Adviser::new(context, &registry), &registry, port, owners))
}

/// Returns which service on `port` serves all worktrees, and who uses it; `None` where none of ours does.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn shared(context: &Context, port: Port) -> Result<Option<(ServiceName, Vec<String>)>> {
    let registry = context.store()?.read()?;
    let Some(entry) = registry.find_owner(port).filter(|entry| entry.is_main()) else { return Ok(None) };
    let here = context.repository.as_ref().and_then(Repository::find_id);
    let service = entry.allocations.iter().find(|known| known.find_port() == Some(port));
    let shared = service
        .map(|known| &known.service)
        .filter(|service| here.as_ref() == Some(&entry.repository_id) && context.config.is_shared(service));
    Ok(shared
        .map(|service| (service.clone(), sharing::users(&registry, &entry.repository_id, service, None))))
}

fn supervised(adviser: &Adviser<'_>, registry: &Registry, port: Port, owners: &[Profile]) -> Option<String> {
    let entry = registry.find_owner(port)?;
    let known = entry.allocations.iter().find(|known| known.find_port() == Some(port))?;
    let is_its_own = owners.iter().all(|owner| {
        let key = owner.belongs_to.as_ref();
        key.is_some_and(|key| key.repository == entry.repository_id && key.name == entry.name)
    });
    is_its_own.then(|| adviser.stop(entry, &known.service, port)).flatten()
}
