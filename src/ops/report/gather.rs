//! Gathers the report. A look: nothing is healed, checked or recorded.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{idle, removable, services};
use crate::context::Context;
use crate::error::Result;
use crate::host::net::owner;
use crate::model::event::Event;
use crate::model::event::filter::EventFilter;
use crate::model::event::tally::Tally;
use crate::model::port::{Port, PortRanges, often};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::report::tables::{Ports, Range, Report};
use crate::model::report::{advice, story};
use crate::model::short_names::ShortNames;
use crate::ops::ports::{conflicts, list, ranges};
use crate::ops::{events, health, vanished};

/// How far a report goes back where nobody says.
pub const PERIOD: &str = "7d";

/// Returns the report since then: of this repository, or of all outside of one. Ports and ranges are the machine's always.
///
/// # Errors
///
/// Fails when the registry, the log or the machine cannot be read.
pub fn report(context: &Context, since: Timestamp) -> Result<Report> {
    let registry = vanished::read_where_they_are(context)?;
    let all = events::events(context, &EventFilter::default())?.events;
    let here = events::scope(context, false);
    let filter = EventFilter { repository: here.clone(), since: Some(since), ..EventFilter::default() };
    let told: Vec<&Event> = all.iter().filter(|event| filter.admits(event)).collect();
    let mut tally = Tally::default();
    tally.count_all(told.iter().copied());
    let sockets = owner::sight(&registry)?;
    let held: HashSet<Port> = sockets.iter().map(|socket| socket.port).collect();
    let totals = health::ports::totals_among(context, &registry, &held);
    let rows = list::capacities(context, &registry).into_iter();
    let ranges: Vec<Range> = rows.map(|(range, capacity, used)| Range { range, capacity, used }).collect();
    let disputed = conflicts::among(context, &registry, &sockets)?.conflicts;
    let strangers = disputed.iter().filter(|one| one.worktrees.is_empty()).count();
    let ports = Ports {
        in_ranges: totals.total,
        free: totals.free,
        allocated: totals.tracked,
        strangers,
        peak: story::peak(&all, since, totals.tracked),
        ranges,
    };
    let id = context.repository.as_ref().map(crate::host::git::Repository::find_id);
    let is_wanted = |entry: &&Entry| {
        entry.state == EntryState::Active
            && id.as_ref().is_none_or(|id| id.as_ref() == Some(&entry.repository_id))
    };
    let entries: Vec<&Entry> = registry.entries().filter(is_wanted).collect();
    let names = ShortNames::of(&registry);
    let services = services::services(context, &entries, &names, &tally, since);
    let idle = idle::idle(context, &registry, &entries, &names, &services, &held, since)?;
    let whole = PortRanges(ranges::all(context).into_iter().map(|(_, range)| range).collect());
    let recent: Vec<Event> = told.iter().map(|event| (*event).clone()).collect();
    let mut held = often::held(&recent, &whole);
    let exclusions = crate::ops::choose::exclusions(context, &registry);
    let is_excluded = |port: Port| exclusions.iter().any(|exclusion| exclusion.applies_to(port, false));
    // Others were met on it before; it is a worktree's now, which would have to give it up.
    let is_ours = |port: Port| {
        registry.entries().filter(|entry| entry.is_living()).any(|entry| entry.ports().any(|own| own == port))
    };
    held.retain(|one| !is_excluded(one.port) && !is_ours(one.port));
    let removable = removable::removable(context, &registry, &entries, &idle, advice::MOST);
    let recommendations =
        advice::recommendations(&services, &ports.ranges, &held, &removable, here.as_deref());
    let conflicts = story::conflicts(&told);
    Ok(Report { since, ports, conflicts, actions: story::actions(&tally), services, idle, recommendations })
}
