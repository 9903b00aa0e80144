//! What the env block of a worktree without a record says about it, taken at its word: it may be running on those ports.

use std::path::Path;

use crate::context::Context;
use crate::error::Result;
use crate::host::env_file;
use crate::host::git::Repository;
use crate::model::env_block;
use crate::model::env_files;
use crate::model::env_ports::{self, BlockSays};
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::ops::claims;
use crate::ops::env_files::follow;
use crate::ops::host_ports;
use crate::ops::ports::ledger;

/// Reads the block of the worktree at `path`. A file that cannot be read tells nothing; the check of env blocks says so.
#[must_use]
pub fn read(context: &Context, path: &Path) -> BlockSays {
    let places = env_files::main_places(&context.config);
    let block = |place: &String| env_block::lines(&env_file::read_in(path, place).ok().flatten()?);
    let lines = places.iter().find_map(block).unwrap_or_default().join("\n");
    let variables: Vec<(String, String)> =
        dotenvy::from_read_iter(lines.as_bytes()).filter_map(std::result::Result::ok).collect();
    env_ports::told(&variables, &context.config)
}

/// Gives a new record the name and the ports that its block names and nobody else owns, and renders the block again;
/// returns the record, and why it did not get others.
///
/// # Errors
///
/// Fails when the registry or the block cannot be written.
pub fn take(
    context: &Context,
    repository: &Repository,
    recorded: &Entry,
    told: &BlockSays,
) -> Result<(Entry, Vec<String>)> {
    let now = context.now();
    let (entry, mut said) = host_ports::update(context, |registry| {
        let said = ledger::enter_told(registry, recorded.sequence, &told.ports, now);
        let is_free = |name: &&str| registry.find_living(&recorded.repository_id, name).is_none();
        let name = told.name.as_deref().filter(is_free).map(str::to_owned);
        let Some(entry) = registry.find_by_sequence(recorded.sequence).filter(|entry| entry.is_living())
        else {
            return Ok((None, Vec::new()));
        };
        entry.env = true;
        if let Some(name) = name {
            entry.name = name;
        }
        claims::note(context, entry)?;
        let entry = entry.clone();
        let ports: Vec<u16> = entry.ports().map(Port::number).collect();
        let event = Event::new("ports_taken_from_env").of(&entry.repository, &entry.name);
        registry.record_event(now, event.with("ports", ports));
        Ok((Some(entry), said))
    })?;
    let Some(entry) = entry else { return Ok((recorded.clone(), Vec::new())) };
    claims::take(context, Some(recorded), &entry)?;
    claims::let_go(context, Some(recorded), Some(&entry));
    said.extend(follow(context, repository, &entry)?.warnings);
    Ok((entry, said))
}
