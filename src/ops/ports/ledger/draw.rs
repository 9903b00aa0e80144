//! Draws ports for wishes, to be called under the lock: passes over held ports as it is told, and notes the conflict.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;

use crate::context::Context;
use crate::error::Result;
use crate::host::net::owner;
use crate::model::port::Port;
use crate::model::port::selection::{self, ChosenPort, Selection};
use crate::model::port::wish::ServiceWish;
use crate::model::purpose::Purpose;
use crate::model::registry::table::{Met, Registry};
use crate::model::service::ServiceName;
use crate::ops::choose::{self, Passing};

/// The worktree that asks, for the event of a conflict.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    pub repository: &'a Path,
    pub name: &'a str,
    pub purpose: Option<&'a Purpose>,
}

/// Ports that were not to be had, as it was seen under the lock.
#[derive(Debug)]
pub struct RefusedPorts {
    pub selection: Selection,
    pub seen: Box<Registry>,
    /// The held ports that were passed over.
    pub held: Vec<Port>,
}

/// What a draw came to: the ports with the held ones that stood in the way, or why there are none.
pub type Drawn = std::result::Result<(Vec<ChosenPort>, Vec<Port>), RefusedPorts>;

impl RefusedPorts {
    /// Answers whether ports are wanting that nobody may own any more.
    #[must_use]
    pub fn is_wanting(&self) -> bool {
        self.selection.is_wanting()
    }
}

/// Draws a port for each wish; returns them with the held ports that stood in the way. `asking` is `None` for one whose
/// conflicts are not counted.
///
/// # Errors
///
/// Fails when the machine cannot be asked about a port.
pub fn draw(
    context: &Context,
    registry: &mut Registry,
    asking: Option<Asking<'_>>,
    wishes: &[ServiceWish],
    passing: Passing,
    now: Timestamp,
) -> Result<Drawn> {
    let (selection, held) = choose::choose_passing(context, registry, wishes, &HashSet::new(), passing)?;
    match selection {
        Selection::Chosen(choices) => {
            let passed = selection::passed_over(wishes, &choices, &held);
            if let (false, Some(wish), Some(asking)) = (passed.is_empty(), wishes.first(), asking) {
                note(registry, asking, &wish.service, (&passed, "retry", "passed_over"), now);
            }
            Ok(Ok((choices, passed)))
        }
        selection => Ok(Err(refuse(registry, asking, selection, (held, passing), now))),
    }
}

/// Notes one event for one conflict, with all of its ports, and returns the refusal.
pub(super) fn refuse(
    registry: &mut Registry,
    asking: Option<Asking<'_>>,
    selection: Selection,
    (held, passing): (Vec<Port>, Passing),
    now: Timestamp,
) -> RefusedPorts {
    let met = match &selection {
        Selection::Busy { busy, service, .. } if passing == Passing::Nothing => {
            Some(((&busy[..], "fail", "refused"), service))
        }
        Selection::Exhausted { service, .. } if !held.is_empty() => {
            Some(((&held[..], "retry", "given_up"), service))
        }
        _ => None,
    };
    if let (Some((met, service)), Some(asking)) = (met, asking) {
        note(registry, asking, service, met, now);
    }
    RefusedPorts { selection, seen: Box::new(registry.clone()), held }
}

/// Notes one event for one conflict, with whoever holds the ports.
pub(super) fn note(
    registry: &mut Registry,
    asking: Asking<'_>,
    service: &ServiceName,
    (ports, policy, outcome): (&[Port], &'static str, &'static str),
    now: Timestamp,
) {
    // Who it was is told as far as it can be seen: the conflict is noted in any case.
    let holders = owner::attribute(ports, registry).unwrap_or_default();
    let met = Met { ports, holders: &holders, policy, outcome };
    registry.note_conflict((asking.repository, asking.name), asking.purpose, service, met, now);
}
