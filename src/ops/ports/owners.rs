//! The answer of `wt ports owner`: who holds a port, and what ends them.

use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::host::net::probe;
use crate::model::listener::Probe;
use crate::model::port::Port;
use crate::ops::ports::advice::Adviser;
use crate::ops::ports::holders::{Holder, holders};
use crate::ops::vanished;

/// The answer of `wt ports owner`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    let supervised = registry.find_owner(port).and_then(|entry| {
        let known = entry.allocations.iter().find(|known| known.find_port() == Some(port))?;
        let is_its_own = owners.iter().all(|owner| {
            owner
                .belongs_to
                .as_ref()
                .is_some_and(|key| key.repository == entry.repository_id && key.name == entry.name)
        });
        is_its_own.then(|| adviser.stop(entry, &known.service, port)).flatten()
    });
    let hint = supervised.or_else(|| adviser.end(port)).map(|command| format!("`{command}` ends it"));
    Ok(Owners { port, owners, busy, hint })
}
