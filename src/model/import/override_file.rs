//! The override of a compose file under which it runs in many worktrees at once: each port from its variable.

use serde::Serialize;

use super::compose_file::Publishing;
use super::compose_ports::PublishedPort;
use super::proposal::{FileProposal, What};
use crate::error::Result;
use crate::model::template;

/// The file's text.
pub const TEMPLATE: &str = include_str!("../../../templates/compose.override.yaml");

#[derive(Serialize)]
struct Values<'a> {
    file: &'a str,
    services: Vec<Service<'a>>,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    is_named: bool,
    ports: Vec<String>,
}

/// Returns the name of the override that compose reads beside `file` on its own.
#[must_use]
pub fn name_beside(file: &str) -> String {
    match file.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}.override.{ending}"),
        None => format!("{file}.override"),
    }
}

/// Returns the services that cannot run twice on one machine as they are written, among those that `proposed` takes over.
#[must_use]
pub fn colliding(services: &[Publishing], proposed: &FileProposal) -> Vec<Publishing> {
    let mut colliding = Vec::new();
    for service in services {
        let is_it = |what: &What| matches!(what, What::Compose(name) if *name == service.service);
        let Some(proposal) = proposed.services.iter().find(|proposal| is_it(&proposal.what)) else {
            continue;
        };
        let mut service = service.clone();
        if let Some(first) = service.ports.first_mut().filter(|first| !proposal.env.contains(&first.variable))
        {
            first.has_own_variable = false;
            first.variable = format!("{}_PORT", proposal.name.variable());
        }
        if service.is_named || service.ports.iter().any(|port| !port.has_own_variable) {
            colliding.push(service);
        }
    }
    colliding
}

/// Returns the override of `file`.
///
/// # Errors
///
/// Never for the template that is built in.
pub fn text(file: &str, colliding: &[Publishing]) -> Result<String> {
    let services = colliding
        .iter()
        .map(|service| Service {
            name: &service.service,
            is_named: service.is_named,
            ports: service.ports.iter().map(PublishedPort::written).collect(),
        })
        .collect();
    template::render("templates/compose.override.yaml", TEMPLATE, &Values { file, services })
}
