//! Every listener in our ranges with whose it is, and what belongs to a worktree that does not have the port.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::ranges;
use super::sight::{self, PortLook};
use crate::context::Context;
use crate::error::Result;
use crate::host::net::listeners::listeners;
use crate::host::net::owner;
use crate::model::advised::wt;
use crate::model::port::selection::owned_ports;
use crate::model::port::verdict::{PortVerdict, Ruling};
use crate::model::port::{Port, PortRange};
use crate::model::service::ServiceName;
use crate::ops::vanished;

/// A port that is held.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ScannedPort {
    #[serde(flatten)]
    pub ruling: Ruling,
    /// Where a server of a worktree of this repository has a port that nobody was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
}

/// What a scan found, and where it looked.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub ports: Vec<ScannedPort>,
    /// In words, for whoever asked to hear more.
    #[serde(skip)]
    pub looked_at: Vec<String>,
}

/// How the port becomes that worktree's.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Offer {
    pub worktree: String,
    pub service: ServiceName,
    pub command: String,
}

/// Looks at `range`, or at every range of the configuration.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn scan(context: &Context, range: Option<PortRange>) -> Result<Report> {
    let registry = vanished::read_where_they_are(context)?;
    let ours: Vec<(String, PortRange)> = if let Some(range) = range {
        vec![("asked for".to_owned(), range)]
    } else {
        let all = ranges::all(context).into_iter();
        all.map(|(drawer, range)| (drawer.name().to_owned(), range)).collect()
    };
    let is_ours = |port: &Port| ours.iter().any(|(_, range)| range.contains(*port));
    let mut sockets = listeners()?;
    let count = sockets.len();
    sockets.retain(|socket| is_ours(&socket.port));
    owner::name(&mut sockets, &registry);
    let held: BTreeSet<Port> = sockets.iter().map(|socket| socket.port).collect();
    let busy = owner::among(&sockets, &held.into_iter().collect::<Vec<Port>>());
    let judged = sight::see_busy(context, &registry, &busy, PortLook::Sockets)?;
    let owned = owned_ports(&registry);
    let here = context.repository.as_ref().and_then(crate::host::git::Repository::find_id);
    let offer = |ruling: &Ruling| {
        if ruling.verdict != PortVerdict::Sibling || owned.contains(&ruling.port) {
            return None;
        }
        let key = ruling.owners.iter().find_map(|owner| owner.belongs_to.clone())?;
        let entry =
            registry.find_living(here.as_ref().filter(|here| **here == key.repository)?, &key.name)?;
        let settings =
            context.config.drawing_purpose(entry).and_then(|purpose| context.config.find_purpose(purpose));
        let is_missing =
            |service: &&ServiceName| !entry.allocations.iter().any(|known| known.service == **service);
        let wanted = settings.and_then(|known| known.services.iter().find(is_missing).cloned());
        let service =
            wanted.or_else(|| (1..=1000).map(ServiceName::numbered).find(|name| is_missing(&name)))?;
        let (worktree, port) = (entry.name.clone(), ruling.port);
        let command =
            wt("ports allocate --worktree {} --service {} --port {}", &[&worktree, &service, &port])
                .to_string();
        Some(Offer { worktree, service, command })
    };
    let in_ranges = busy.len();
    let mut looked_at: Vec<String> = ours.iter().map(|(name, range)| format!("{range} ({name})")).collect();
    looked_at.push(format!(
        "the machine's sockets that listen or are bound: {count}, on {in_ranges} of these ports; their processes, and whose \
         worktree those are of"
    ));
    let ports = judged.into_iter().map(|(_, ruling)| ScannedPort { offer: offer(&ruling), ruling }).collect();
    Ok(Report { ports, looked_at })
}
