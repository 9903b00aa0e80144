//! Which services serve all worktrees of a repository, and whose record has them: the main worktree's. Whoever needs
//! that record asks here.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::context::Context;
use crate::error::Result;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;

/// What is shared, as one worktree sees it; the registry is as it was when it was asked first.
#[derive(Debug)]
pub struct Sharing<'a> {
    context: &'a Context,
    entry: &'a Entry,
    registry: OnceCell<Arc<Registry>>,
}

impl<'a> Sharing<'a> {
    /// As `entry` sees it. Nothing is read before it is needed.
    #[must_use]
    pub fn of(context: &'a Context, entry: &'a Entry) -> Self {
        Self { context, entry, registry: OnceCell::new() }
    }

    /// Answers whether it serves all worktrees and runs in another one than this: it is the main worktree's.
    #[must_use]
    pub fn is_elsewhere(&self, service: &ServiceName) -> bool {
        !self.entry.is_main() && self.context.config.is_shared(service)
    }

    /// Returns those that run elsewhere, and those that are this worktree's own.
    #[must_use]
    pub fn part(&self, services: &[ServiceName]) -> (Vec<ServiceName>, Vec<ServiceName>) {
        services.iter().cloned().partition(|service| self.is_elsewhere(service))
    }

    /// Returns the main worktree, where that is a member and not this one.
    ///
    /// # Errors
    ///
    /// Fails when the registry cannot be read.
    pub fn main(&self) -> Result<Option<&Entry>> {
        if self.entry.is_main() {
            return Ok(None);
        }
        Ok(find_main(self.registry()?, &self.entry.repository_id))
    }

    /// Returns the ports that serve all worktrees and stand in the main one's record; none in the main one itself.
    ///
    /// # Errors
    ///
    /// Fails when the registry cannot be read.
    pub fn ports(&self) -> Result<Vec<(ServiceName, Port)>> {
        let names = self.context.config.shared_ports();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let ports = self.main()?.map(Entry::services).unwrap_or_default();
        Ok(ports.into_iter().filter(|(service, _)| names.contains(service)).collect())
    }

    /// Returns the names of the worktrees that use a service which serves all of them.
    ///
    /// # Errors
    ///
    /// Fails when the registry cannot be read.
    pub fn users(&self, service: &ServiceName) -> Result<Vec<String>> {
        Ok(users(self.registry()?, &self.entry.repository_id, service, None))
    }

    /// The same without this worktree.
    ///
    /// # Errors
    ///
    /// As [`Sharing::users`].
    pub fn others(&self, service: &ServiceName) -> Result<Vec<String>> {
        Ok(users(self.registry()?, &self.entry.repository_id, service, Some(self.entry.sequence)))
    }

    fn registry(&self) -> Result<&Registry> {
        if let Some(known) = self.registry.get() {
            return Ok(known);
        }
        let read = self.context.store()?.read()?;
        Ok(self.registry.get_or_init(|| read))
    }
}

/// Says how a service that serves all worktrees gets another port.
#[must_use]
pub fn another_port(service: &ServiceName, port: Option<Port>) -> String {
    let port = port.map_or_else(|| "PORT".to_owned(), |port| port.to_string());
    format!(
        "it serves all worktrees: write `ports = {{ {service} = {port} }}` under [main] in .wt.toml, then `wt adopt --main`"
    )
}

/// Returns the record of the main worktree, where it is a member.
#[must_use]
pub fn find_main<'a>(registry: &'a Registry, repository: &'a RepositoryId) -> Option<&'a Entry> {
    registry.living(repository).find(|entry| entry.is_main())
}

/// Returns the names of the worktrees of a repository that use a service, without the one whose record has this number.
#[must_use]
pub fn users(
    registry: &Registry,
    repository: &RepositoryId,
    service: &ServiceName,
    without: Option<u64>,
) -> Vec<String> {
    let uses =
        |entry: &&Entry| Some(entry.sequence) != without && entry.notes.uses.read_each().contains(service);
    registry.living(repository).filter(uses).map(|entry| entry.name.clone()).collect()
}

/// Puts the ports that serve all worktrees in the place of those that a worktree may have of its own from before.
pub fn lay_over(context: &Context, entry: &Entry, ports: &mut Vec<(ServiceName, Port)>) {
    let sharing = Sharing::of(context, entry);
    let shared = sharing.ports().unwrap_or_default();
    if !shared.is_empty() {
        ports.retain(|(service, _)| !sharing.is_elsewhere(service));
        ports.extend(shared);
    }
}
