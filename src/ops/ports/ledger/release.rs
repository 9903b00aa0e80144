//! Gives up ports of a worktree that is there.

use std::path::Path;

use super::change::{RecordChange, follow_or_take_back, require_active};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::table::Registry;
use crate::ops::claims;
use crate::ops::env_files::WrittenEnv;

/// Whether a worktree gets the ports back before anybody else is given them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembrance {
    Kept,
    Forgotten,
}

/// The allocations of a worktree that are given up.
#[derive(Clone, Copy)]
pub struct GivingUp<'a> {
    pub sequence: u64,
    pub is_it: &'a dyn Fn(&Allocation) -> bool,
    /// Asked under the lock, before anything is changed.
    pub is_due: &'a dyn Fn(&Registry) -> Result<bool>,
    pub remembrance: Remembrance,
    /// The events of the change and of its undoing.
    pub events: (&'static str, &'static str),
    /// Where the worktree stands; without it git is asked.
    pub place: Option<&'a Path>,
}

/// What was given up.
#[derive(Debug)]
pub struct GivenUp {
    pub change: RecordChange,
    pub gone: Vec<Allocation>,
    pub written: Option<WrittenEnv>,
}

/// Gives the allocations up, and has the env files follow; `None` where the record is gone or it is not due any more.
///
/// # Errors
///
/// `locked`, and what stops the env files; the record is as it was then.
pub fn give_up(context: &Context, repository: &Repository, giving: &GivingUp<'_>) -> Result<Option<GivenUp>> {
    let now = context.now();
    let (named, undone) = giving.events;
    let changed = context.store()?.update(|registry| {
        if !(giving.is_due)(registry)? {
            return Ok(None);
        }
        let known = registry.find_by_sequence(giving.sequence).filter(|entry| entry.is_living());
        let Some(entry) = known else { return Ok(None) };
        require_active(entry)?;
        let before = entry.clone();
        let gone: Vec<Allocation> =
            before.allocations.iter().filter(|known| (giving.is_it)(known)).cloned().collect();
        entry.allocations.retain(|known| !(giving.is_it)(known));
        claims::note(context, entry)?;
        let after = entry.clone();
        if !gone.is_empty() {
            let ports: Vec<Port> = gone.iter().filter_map(Allocation::find_port).collect();
            match giving.remembrance {
                Remembrance::Kept => registry.remember_released(&before, &gone),
                Remembrance::Forgotten => registry.forget_former(&after, &ports),
            }
            let ports: Vec<u16> = ports.into_iter().map(Port::number).collect();
            let event = Event::new(named).of(&after.repository, &after.name).with("ports", ports);
            registry.record_event(now, event);
        }
        Ok(Some((RecordChange::new(context, Some(before), after)?, gone)))
    })?;
    let Some((change, gone)) = changed else { return Ok(None) };
    let undone = Event::new(undone).of(&change.after.repository, &change.after.name);
    let written = follow_or_take_back(context, repository, &change, giving.place, Some(&undone))?;
    Ok(Some(GivenUp { change, gone, written }))
}
