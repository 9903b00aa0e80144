//! While a monitor stands watch, healthy services that other machines can reach are announced on the local network.

use std::io::ErrorKind;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::announced::Announced;
use crate::host::net::listeners;
use crate::model::dns_sd::Announcement;
use crate::model::health::state::Health;
use crate::model::port::Port;
use crate::model::registry::table::Registry;
use crate::model::short_names::ShortNames;
use crate::ops::env;
use crate::ops::health::report::Report;
use crate::ops::seen_grounds::SeenGrounds;

/// What is announced now.
#[derive(Debug, Default)]
pub(super) struct Announcing {
    standing: Vec<(Announcement, Announced)>,
    /// Whether it was said that nothing can be announced.
    is_said: bool,
}

impl Announcing {
    /// Has exactly the services of `report` announced that are healthy and can be reached. Returns what a person has to know.
    ///
    /// # Errors
    ///
    /// When the machine's sockets cannot be read, or a child cannot be started.
    pub(super) fn follow(
        &mut self,
        context: &Context,
        registry: &Registry,
        report: &Report,
    ) -> Result<Option<String>> {
        let wanted = wanted(context, registry, report)?;
        self.standing.retain_mut(|(known, child)| wanted.contains(known) && !child.is_over());
        for announcement in wanted {
            if self.standing.iter().any(|(known, _)| *known == announcement) {
                continue;
            }
            match Announced::begin(&context.host.environment, &announcement.arguments()) {
                Ok(child) => self.standing.push((announcement, child)),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let is_first = !std::mem::replace(&mut self.is_said, true);
                    let why = "nothing is announced: avahi-publish is not there (Debian's package avahi-utils), or setpriv (util-linux)";
                    return Ok(is_first.then(|| why.to_owned()));
                }
                Err(error) => {
                    return Err(Failure::from_io(error, Code::Internal, "nothing can be announced"));
                }
            }
        }
        Ok(None)
    }
}

fn wanted(context: &Context, registry: &Registry, report: &Report) -> Result<Vec<Announcement>> {
    let sockets = listeners::listeners()?;
    // What listens on loopback alone would lead others nowhere.
    let is_reached = |port: Port| {
        let on = sockets.iter().filter(|socket| socket.port == port && socket.listening);
        on.map(|socket| socket.address.to_canonical()).any(|address| !address.is_loopback())
    };
    let (names, grounds) = (ShortNames::of(registry), SeenGrounds::new(context, registry));
    let host = context.host.name();
    let mut found = Vec::new();
    for worktree in &report.worktrees {
        let healthy = worktree.services.iter().filter(|service| service.health == Health::Healthy);
        for service in healthy.filter(|service| is_reached(service.port)) {
            let entry = registry.entries().find(|entry| entry.is_living() && entry.path == worktree.path);
            let ground = entry.and_then(|entry| Some((entry, grounds.find(&entry.repository_id)?)));
            let Some((entry, ground)) = ground else { continue };
            let repository = names.name(&entry.repository_id);
            let Some(url) = env::url(ground, repository, entry, &service.service, service.port) else {
                continue;
            };
            let name = service.service.as_str();
            found.extend(Announcement::of(repository, &entry.name, name, &host, service.port, &url));
        }
    }
    Ok(found)
}
