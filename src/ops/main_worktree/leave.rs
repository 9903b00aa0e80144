//! Takes the main worktree off the record: its ports are free, and its env block is taken out. Its files stay as they are.

use super::follow::is_declared;
use super::join::find;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::ops::ports::ledger::{self, GivingUp, Remembrance};
use crate::ops::services::{down, forget};
use crate::ops::{claims, env, env_files};

/// Takes the main worktree of the repository we stand in off the record; returns the record as it was, and what there is to
/// say. `None` where it is no member.
///
/// # Errors
///
/// `dirty` while services of it run, and what stops the env files; the record stays then.
pub fn leave(context: &Context) -> Result<Option<(Entry, Vec<String>)>> {
    let repository = context.require_repository()?;
    let Some(entry) = find(context, repository)? else { return Ok(None) };
    let running = down::up(context, &entry)?;
    if !running.is_empty() {
        let message = format!("services of the main worktree run: {}", running.join(", "));
        let down = wt("down --worktree {}", &[&entry.name]);
        return Err(Failure::new(Code::Dirty, message).hint(format!("`{down}` ends them")));
    }
    let giving = GivingUp {
        sequence: entry.sequence,
        is_it: &|_: &Allocation| true,
        is_due: &|_| Ok(true),
        remembrance: Remembrance::Forgotten,
        events: ("ports_released", "ports_release_undone"),
        place: Some(repository.root()),
    };
    ledger::give_up(context, repository, &giving)?;
    drop_record(context, repository, &entry)?;
    Ok(Some((entry, returning(context).into_iter().collect())))
}

/// Takes it off the record where a release left it without ports: they were what made it a member. One whose services run
/// stays, for somebody has to stop them.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn leave_without_ports(context: &Context) -> Result<Vec<String>> {
    let repository = context.require_repository()?;
    let Some(entry) = find(context, repository)?.filter(|entry| entry.allocations.is_empty()) else {
        return Ok(Vec::new());
    };
    if !down::up(context, &entry)?.is_empty() {
        return Ok(Vec::new());
    }
    drop_record(context, repository, &entry)?;
    let mut said = vec![format!("`{}`, the main worktree, is a member no more", entry.name)];
    said.extend(returning(context));
    Ok(said)
}

fn drop_record(context: &Context, repository: &Repository, entry: &Entry) -> Result<()> {
    env_files::clear(repository, entry)?;
    let now = context.now();
    let gone = context.store()?.update(|registry| {
        let gone = registry.take(|known| known.sequence == entry.sequence && known.is_main());
        if let Some(gone) = &gone {
            let ports: Vec<u16> = gone.ports().map(Port::number).collect();
            let event = Event::new("left").of(&gone.repository, &gone.name);
            registry.record_event(now, event.with("ports", ports));
        }
        Ok(gone)
    })?;
    claims::give_back(context, &gone);
    forget::forget(context, entry);
    env::forget_exclude(context, repository, &entry.repository_id)
}

/// What puts it on record again.
fn returning(context: &Context) -> Option<String> {
    is_declared(context).then(|| {
        "`[main] ports` of the configuration makes it a member again with the next `wt create`, `wt up` or `wt adopt --main`: take \
         it out of there"
            .to_owned()
    })
}
