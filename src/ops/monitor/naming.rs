//! Which repository and worktree news are about: names of worktrees repeat over repositories.

use std::path::Path;

use crate::model::news::NewsOf;
use crate::model::registry::table::Registry;
use crate::model::short_names::ShortNames;
use crate::ops::health::watch::HealthChange;
use crate::ops::ports::conflicts::Conflict;

/// The repositories that are watched, with what they are called.
pub(super) struct WatchedRepositories<'a> {
    registry: &'a Registry,
    names: ShortNames,
    has_several: bool,
}

impl<'a> WatchedRepositories<'a> {
    pub fn of(registry: &'a Registry) -> Self {
        let mut living =
            registry.entries().filter(|entry| entry.is_living()).map(|entry| &entry.repository_id);
        let first = living.next();
        let has_several = living.any(|id| Some(id) != first);
        Self { registry, names: ShortNames::of(registry), has_several }
    }

    /// Returns what is about a worktree of the repository in `root`.
    pub fn about(&self, root: &Path, worktree: Option<&str>) -> NewsOf {
        let known = self.registry.entries().find(|entry| entry.repository == root);
        NewsOf {
            repository: Some(root.to_path_buf()),
            repository_name: known.map(|entry| self.names.name(&entry.repository_id).to_owned()),
            worktree: worktree.map(ToOwned::to_owned),
            ..NewsOf::default()
        }
    }

    pub fn change(&self, change: &HealthChange) -> NewsOf {
        let service = &change.service;
        NewsOf {
            service: Some(service.service.clone()),
            port: Some(service.port),
            state: Some(service.health),
            ..self.about(&change.repository, Some(&change.worktree))
        }
    }

    pub fn conflict(&self, conflict: &Conflict) -> NewsOf {
        let port = conflict.ruling.port;
        let first = conflict.worktrees.first();
        let entry = first.and_then(|one| {
            let has_it = |known: &crate::model::registry::entry::Entry| {
                known.name == one.worktree && known.ports().any(|own| own == port)
            };
            self.registry.entries().find(|known| has_it(known))
        });
        let of = entry.map(|entry| self.about(&entry.repository, Some(&entry.name))).unwrap_or_default();
        NewsOf { port: Some(port), service: first.map(|one| one.service.clone()), ..of }
    }

    /// Returns the text, behind the name of its repository where there are several.
    pub fn told(&self, text: String, of: &NewsOf) -> String {
        match of.repository_name.as_deref().filter(|_| self.has_several) {
            Some(name) => format!("{name}: {text}"),
            None => text,
        }
    }
}
