//! The answer of `wt ports owner`: who holds a port, and what ends them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::host::net::probe;
use crate::model::port::Port;
use crate::model::port::listener::Probe;
use crate::model::registry::table::Registry;
use crate::ops::ports::advice::Adviser;
use crate::ops::ports::holders::{Holder, holders};
use crate::ops::vanished;

/// The answer of `wt ports owner`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Owners {
    pub port: Port,
    pub owners: Vec<Holder>,
    /// Whether no server could start on it now, for whatever reason.
    #[serde(skip)]
    pub busy: bool,
    /// What ends them, where something would.
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
    let hint = supervised(&adviser, &registry, port, &owners)
        .or_else(|| adviser.end(port))
        .map(|command| format!("`{command}` ends it"));
    Ok(Owners { port, owners, busy, hint })
}

/// Returns the command that stops the service of ours whose server these holders of `port` are, where a supervisor runs it:
/// ended in any other way the supervisor takes it for a failure.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn stop(context: &Context, port: Port, owners: &[Holder]) -> Result<Option<String>> {
    let registry = context.store()?.read()?;
    Ok(supervised(&Adviser::new(context, &registry), &registry, port, owners))
}

fn supervised(adviser: &Adviser<'_>, registry: &Registry, port: Port, owners: &[Holder]) -> Option<String> {
    let entry = registry.find_owner(port)?;
    let known = entry.allocations.iter().find(|known| known.find_port() == Some(port))?;
    let is_its_own = owners.iter().all(|owner| {
        let key = owner.belongs_to.as_ref();
        key.is_some_and(|key| key.repository == entry.repository_id && key.name == entry.name)
    });
    is_its_own.then(|| adviser.stop(entry, &known.service, port)).flatten()
}
