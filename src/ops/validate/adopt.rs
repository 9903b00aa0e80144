//! Records a worktree that has no record, with the ports that its own env block names: it may be running on them.

use std::path::Path;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::env_file;
use crate::host::git::Repository;
use crate::model::env_block;
use crate::model::env_ports::{self, Told};
use crate::model::event::Event;
use crate::model::registry::allocation::Allocation;
use crate::ops::adopt as adoption;
use crate::ops::create::PortWish;
use crate::ops::env;

use super::grounds::Grounds;

/// Adopts the worktree at `path`.
///
/// # Errors
///
/// What stops an adoption.
pub fn adopt(context: &Context, grounds: &Grounds<'_>, path: &Path) -> Result<Vec<String>> {
    let is_its = |repository: &Repository| repository.require_own(path).is_ok();
    let ground = grounds.contexts().find(|ground| ground.repository.as_ref().is_some_and(is_its));
    let Some(ground) = ground else {
        let message = format!("{} is not a worktree of the repositories that were looked at", path.display());
        return Err(Failure::new(Code::NotFound, message).hint(format!("`wt adopt` in {}", path.display())));
    };
    let told = read_block(context, ground, path)?;
    let purpose = told.purpose.clone().filter(|purpose| ground.config.find_purpose(purpose).is_some());
    let request = adoption::Request { paths: vec![path.to_path_buf()], purpose, ports: PortWish::None };
    let report = adoption::adopt(ground, &request)?;
    let name = report.worktree.map(|worktree| worktree.name).unwrap_or_default();
    let mut said = report.warnings;
    said.push(format!("`{name}` was recorded"));
    if told != Told::default() {
        said.extend(take_at_its_word(ground, path, &told)?);
    }
    Ok(said)
}

fn read_block(context: &Context, ground: &Context, path: &Path) -> Result<Told> {
    context.host.interrupt.check()?;
    // A file that cannot be read tells nothing; the check of env blocks says so.
    let bytes = env_file::read(path).ok().flatten().unwrap_or_default();
    let lines = env_block::lines(&bytes).unwrap_or_default().join("\n");
    let variables: Vec<(String, String)> =
        dotenvy::from_read_iter(lines.as_bytes()).filter_map(std::result::Result::ok).collect();
    Ok(env_ports::told(&variables, &ground.config))
}

/// Gives the new record the ports that its block names and nobody else owns, and renders the block again.
fn take_at_its_word(ground: &Context, path: &Path, told: &Told) -> Result<Vec<String>> {
    let now = ground.now();
    let repository = ground.require_repository()?;
    let entry = ground.store()?.update(|registry| {
        let free = told.ports.iter().filter(|(_, port)| registry.find_owner(*port).is_none());
        let allocations: Vec<Allocation> =
            free.map(|(service, port)| Allocation::new(*port, service.clone(), now)).collect();
        let id = repository.find_id();
        let taken = told
            .name
            .as_deref()
            .filter(|name| id.as_ref().is_some_and(|id| registry.find_living(id, name).is_none()));
        let taken = taken.map(str::to_owned);
        let Some(entry) = registry.entries_mut().find(|entry| entry.is_living() && entry.path == path) else {
            return Ok(None);
        };
        entry.env = true;
        if entry.allocations.is_empty() {
            entry.allocations = allocations;
        }
        if let Some(name) = taken {
            entry.name = name;
        }
        let entry = entry.clone();
        let ports: Vec<u16> = entry.ports().map(crate::model::port::Port::number).collect();
        let event = Event::new("ports_taken_from_env").of(&entry.repository, &entry.name);
        registry.record_event(now, event.with("ports", ports));
        Ok(Some(entry))
    })?;
    match entry {
        Some(entry) => env::write(ground, repository, &entry).map(|written| written.warnings),
        None => Ok(Vec::new()),
    }
}
