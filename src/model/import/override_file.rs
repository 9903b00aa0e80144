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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::proposal::{Proposal, name};

    #[test]
    fn an_override_stands_beside_its_file() {
        for (file, expected) in [
            ("compose.yaml", "compose.override.yaml"),
            ("docker-compose.yml", "docker-compose.override.yml"),
            ("compose", "compose.override"),
        ] {
            assert_eq!(name_beside(file), expected);
        }
    }

    #[test]
    fn a_service_collides_with_itself_by_its_name_or_by_a_port_without_a_variable() {
        let port = |variable: &str, has_own_variable| PublishedPort {
            variable: variable.to_owned(),
            has_own_variable,
            target: 80,
            ..PublishedPort::default()
        };
        let service = |is_named, ports: &[PublishedPort]| Publishing {
            service: "Web".to_owned(),
            ports: ports.to_vec(),
            is_named,
            build: None,
            is_store: false,
        };
        let mut proposal =
            Proposal::new(name("web").unwrap(), String::new(), What::Compose("Web".to_owned()));
        proposal.env = vec!["HTTP".to_owned()];
        let proposed = FileProposal { services: vec![proposal], ..FileProposal::default() };
        let own = [port("HTTP", true)];
        for (seen, variables) in [
            (service(false, &own), None),
            (service(true, &own), Some(vec!["HTTP"])),
            (service(true, &[]), Some(vec![])),
            (service(false, &[]), None),
            (service(false, &[port("OTHER", true)]), Some(vec!["WEB_PORT"])),
            (service(false, &[port("HTTP", true), port("X", false)]), Some(vec!["HTTP", "X"])),
        ] {
            let found = colliding(std::slice::from_ref(&seen), &proposed);
            let said = found
                .first()
                .map(|one| one.ports.iter().map(|port| port.variable.as_str()).collect::<Vec<_>>());
            assert_eq!(said, variables, "{seen:?}");
        }
        assert!(
            colliding(&[service(true, &own)], &FileProposal::default()).is_empty(),
            "it is not taken over"
        );
    }
}
