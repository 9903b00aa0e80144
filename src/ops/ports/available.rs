//! The free ports of a range, and the one that a create would be given next.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashSet;

use super::ranges::{self, Capacity, Drawer};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::probe;
use crate::model::event::filter::EventFilter;
use crate::model::port::listener::Probe;
use crate::model::port::often::{self, HeldOften};
use crate::model::port::selection::Selection;
use crate::model::port::wish::ServiceWish;
use crate::model::port::{Port, PortRange, compressed};
use crate::model::purpose::Purpose;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::create::{WayOut, passing, refused_after, require_purpose};
use crate::ops::{choose, events, find};

/// The free ports of one range.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Available {
    #[serde(flatten)]
    pub capacity: Capacity,
    pub ranges: Vec<PortRange>,
    /// What a create would be given; `None` where it would be refused.
    pub next: Option<Port>,
}

/// The free ports, range by range.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct AvailableRanges {
    pub ranges: Vec<Available>,
}

/// The port that would be given next.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Next {
    #[serde(flatten)]
    pub drawer: Drawer,
    pub next: Port,
    /// The ports of the range that others were met on, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Vec<HeldOften>>,
}

/// Returns the free ports of `drawer`'s ranges; of every range when nobody is named.
///
/// # Errors
///
/// `usage` for who has no range.
pub fn available(context: &Context, drawer: Option<Drawer>) -> Result<AvailableRanges> {
    let registry = context.store()?.read()?;
    let asked = match drawer {
        None => ranges::all(context),
        Some(drawer) => {
            require_known(context, &drawer)?;
            drawer.require_ranges(context)?.0.into_iter().map(|range| (drawer.clone(), range)).collect()
        }
    };
    let exclusions = choose::exclusions(context, &registry);
    let owned = choose::owned(context, &registry)?;
    let mut probe = probe::prober();
    let mut found = Vec::new();
    for (drawer, range) in asked {
        let mut free = Vec::new();
        for port in range.ports().filter(|port| !owned.contains(port)) {
            if !ranges::is_excluded(context, &exclusions, &drawer, port) && probe(port)? == Probe::Free {
                free.push(port);
            }
        }
        let next = match select(context, &registry, &drawer, vec![range])?.0 {
            Selection::Chosen(choices) => choices.first().map(|choice| choice.port),
            _ => None,
        };
        let mut capacity = ranges::capacity(context, &exclusions, &owned, drawer, range);
        capacity.free = free.len();
        found.push(Available { capacity, ranges: compressed(&free), next });
    }
    Ok(AvailableRanges { ranges: found })
}

/// Returns what a create would be given; nobody named, for the purpose of the worktree we stand in, else `feature`.
///
/// # Errors
///
/// The failure that a create would end with.
pub fn next(context: &Context, drawer: Option<Drawer>) -> Result<Next> {
    let registry = context.store()?.read()?;
    let drawer = match drawer {
        Some(drawer) => {
            require_known(context, &drawer)?;
            drawer
        }
        None => Drawer::Purpose(purpose_here(context)?),
    };
    let ranges = drawer.require_ranges(context)?;
    let (selection, held) = select(context, &registry, &drawer, ranges.0)?;
    match selection {
        Selection::Chosen(choices) if !choices.is_empty() => {
            Ok(Next { drawer, next: choices[0].port, held: None })
        }
        refused => {
            let purpose = match &drawer {
                Drawer::Purpose(purpose) => Some(purpose),
                Drawer::Service(_) => None,
            };
            let most = context.config.conflict.max_retries;
            Err(refused_after(purpose, &refused, &registry, &held, most, &WayOut::Exclude)?)
        }
    }
}

/// Returns which ports of the ranges of `drawer` others were met on, by what is on record.
///
/// # Errors
///
/// `usage` for who has no range; fails when the log cannot be read.
pub fn held(context: &Context, drawer: &Drawer) -> Result<Vec<HeldOften>> {
    let ranges = drawer.require_ranges(context)?;
    let report = events::events(context, &EventFilter::default())?;
    Ok(often::held(&report.events, &ranges))
}

/// A purpose that there is not is answered with the near one.
fn require_known(context: &Context, drawer: &Drawer) -> Result<()> {
    match drawer {
        Drawer::Purpose(purpose) => require_purpose(context, Some(purpose)).map(drop),
        Drawer::Service(_) => Ok(()),
    }
}

fn purpose_here(context: &Context) -> Result<Purpose> {
    let here = context.repository.as_ref().and_then(|_| find::here(context).ok());
    let recorded = here.and_then(|found| found.entry);
    if let Some(purpose) = recorded.as_ref().and_then(|entry| context.config.drawing_purpose(entry)) {
        return Ok(purpose.clone());
    }
    "feature".parse().map_err(|message: String| Failure::new(Code::Internal, message))
}

/// As a create selects, passing over busy ports where the configuration says so.
fn select(
    context: &Context,
    registry: &Registry,
    drawer: &Drawer,
    ranges: Vec<PortRange>,
) -> Result<(Selection, Vec<Port>)> {
    let service = match drawer {
        Drawer::Service(service) => service.clone(),
        Drawer::Purpose(purpose) => {
            let first =
                context.config.find_purpose(purpose).and_then(|known| known.services.first().cloned());
            first.unwrap_or_else(|| ServiceName::numbered(1))
        }
    };
    let ranges = crate::model::port::PortRanges(ranges);
    let wishes = [ServiceWish::new(service, ranges, drawer.is_service())];
    let passing = passing(&context.config.conflict);
    choose::choose_passing(context, registry, &wishes, &HashSet::new(), passing)
}
