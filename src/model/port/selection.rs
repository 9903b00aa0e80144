//! Which ports a worktree gets: from the bottom of its ranges, skipping what is owned or excluded, failing fast on
//! what the registry calls free and the machine calls busy. Pure: the machine is asked through a closure.

use schemars::JsonSchema;
use std::collections::{HashMap, HashSet};

use crate::error::Result;
use crate::model::config::settings::Config;
use crate::model::port::exclusion::Exclusion;
use crate::model::port::listener::Probe;
use crate::model::port::wish::ServiceWish;
use crate::model::port::{Port, PortRange, PortRanges};
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;

/// The port a service gets.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, serde::Serialize)]
pub struct ChosenPort {
    pub service: ServiceName,
    pub port: Port,
}

/// What became of all wishes together: every one of them has a port, or none has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// One choice per wish, in the order of the wishes.
    Chosen(Vec<ChosenPort>),
    /// Ports that the registry calls free are not: all of them from the range where the first was met.
    Busy {
        /// The one range in which it happened; empty for a pinned port.
        ranges: PortRanges,
        /// Held by somebody, in order.
        busy: Vec<Port>,
        /// Not to be bound by this user, in order; none of them is in `busy`.
        denied: Vec<Port>,
        service: ServiceName,
        /// Whether the range is the service's own rather than its purpose's.
        own_range: bool,
    },
    /// Nothing is left in any of the ranges. `owned`, `foreign` and `excluded` add up to the ranges' size.
    Exhausted {
        ranges: PortRanges,
        /// Owned by worktrees, or just chosen for another wish.
        owned: usize,
        /// Passed over because somebody else holds them.
        foreign: usize,
        /// Excluded, or carved out for a service with its own range.
        excluded: usize,
        /// Each reason for which ports of the ranges are excluded, with how many.
        reasons: Vec<(String, usize)>,
        service: ServiceName,
        own_range: bool,
    },
    /// The pinned port is excluded.
    Excluded { service: ServiceName, port: Port, reason: String },
    /// The pinned port is owned by a worktree, or wanted twice in one request.
    Owned { service: ServiceName, port: Port },
}

impl Selection {
    /// Answers whether ports are wanting that nobody may own any more.
    #[must_use]
    pub fn is_wanting(&self) -> bool {
        matches!(self, Self::Exhausted { .. } | Self::Owned { .. })
    }

    /// Returns the ports that it met as held and that are not in `known`.
    #[must_use]
    pub fn newly_held(&self, known: &[Port]) -> Vec<Port> {
        match self {
            Self::Busy { busy, .. } => busy.iter().filter(|port| !known.contains(port)).copied().collect(),
            _ => Vec::new(),
        }
    }

    /// As [`newly_held`](Self::newly_held), with those that this user may not bind.
    #[must_use]
    pub fn newly_refused(&self, known: &[Port]) -> Vec<Port> {
        match self {
            Self::Busy { busy, denied, .. } => {
                busy.iter().chain(denied).filter(|port| !known.contains(port)).copied().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Returns which of the `held` ports stood in the way of the chosen ones, in the order of the ranges.
#[must_use]
pub fn passed_over(wishes: &[ServiceWish], choices: &[ChosenPort], held: &[Port]) -> Vec<Port> {
    let mut passed = Vec::new();
    for (wish, choice) in wishes.iter().zip(choices) {
        let before = wish.ranges.ports().take_while(|port| *port != choice.port);
        for port in before.filter(|port| held.contains(port)) {
            if !passed.contains(&port) {
                passed.push(port);
            }
        }
    }
    passed
}

/// What is known about ports without asking the machine.
#[derive(Clone, Copy)]
pub struct Landscape<'a> {
    /// Owned by living worktrees of any repository.
    pub owned: &'a HashSet<Port>,
    /// Built-in, configured and recorded ones together.
    pub exclusions: &'a [Exclusion],
    /// Says which ports are carved out for services with their own range.
    pub config: &'a Config,
    /// Busy ports met before and passed over now, when conflicts are to be retried.
    pub skip: &'a HashSet<Port>,
    /// Ports that others had and are to get back: given only when nothing else is left, in this order.
    pub former: &'a [Port],
}

/// Returns every port owned by a living worktree, those too that an unreadable entry claims.
#[must_use]
pub fn owned_ports(registry: &Registry) -> HashSet<Port> {
    registry
        .entries()
        .filter(|entry| entry.is_living())
        .flat_map(|entry| entry.allocations.iter())
        .filter_map(crate::model::registry::allocation::Allocation::find_port)
        .chain(registry.ports_of_unreadable())
        .collect()
}

/// Chooses a port for each wish, asking `probe` about a port once at most.
///
/// Pinned wishes are served first, then former ports, then the others from the bottom of their ranges.
pub fn select(
    wishes: &[ServiceWish],
    landscape: &Landscape<'_>,
    probe: &mut dyn FnMut(Port) -> Result<Probe>,
) -> Result<Selection> {
    let mut search = Search { landscape, probe, probed: HashMap::new(), taken: HashSet::new() };
    let mut chosen: Vec<Option<Port>> = vec![None; wishes.len()];
    for (wish, slot) in wishes.iter().zip(&mut chosen) {
        if let Some(port) = wish.pinned {
            if let Some(refusal) = search.refusal(wish, port)? {
                return Ok(refusal);
            }
            *slot = Some(search.take(port));
        }
    }
    for (wish, slot) in wishes.iter().zip(&mut chosen) {
        if let (None, Some(port)) = (*slot, wish.former)
            && wish.ranges.contains(port)
            && matches!(search.standing(wish, port), Standing::Candidate | Standing::Former)
            && search.probe(port)? == Probe::Free
        {
            *slot = Some(search.take(port));
        }
    }
    for (wish, slot) in wishes.iter().zip(&mut chosen) {
        if slot.is_none() {
            match search.lowest(wish)? {
                Ok(port) => *slot = Some(search.take(port)),
                Err(failed) => return Ok(failed),
            }
        }
    }
    let choices = wishes
        .iter()
        .zip(chosen)
        .filter_map(|(wish, port)| Some(ChosenPort { service: wish.service.clone(), port: port? }));
    Ok(Selection::Chosen(choices.collect()))
}

/// What a port is before the machine is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Candidate,
    Owned,
    Excluded,
    Skipped,
    /// Somebody else's who is to get it back.
    Former,
}

struct Search<'a, 'p> {
    landscape: &'a Landscape<'a>,
    probe: &'p mut dyn FnMut(Port) -> Result<Probe>,
    probed: HashMap<Port, Probe>,
    taken: HashSet<Port>,
}

impl Search<'_, '_> {
    fn probe(&mut self, port: Port) -> Result<Probe> {
        if let Some(known) = self.probed.get(&port) {
            return Ok(*known);
        }
        let probe = (self.probe)(port)?;
        self.probed.insert(port, probe);
        Ok(probe)
    }

    fn take(&mut self, port: Port) -> Port {
        self.taken.insert(port);
        port
    }

    fn exclusion(&self, port: Port, own_range: bool) -> Option<&Exclusion> {
        self.landscape.exclusions.iter().find(|exclusion| exclusion.applies_to(port, own_range))
    }

    fn standing(&self, wish: &ServiceWish, port: Port) -> Standing {
        if self.exclusion(port, wish.own_range).is_some() {
            Standing::Excluded
        } else if self.landscape.owned.contains(&port) || self.taken.contains(&port) {
            Standing::Owned
        } else if !wish.own_range && self.landscape.config.is_carved_out(port) {
            Standing::Excluded
        } else if self.landscape.skip.contains(&port) {
            Standing::Skipped
        } else if self.landscape.former.contains(&port) {
            Standing::Former
        } else {
            Standing::Candidate
        }
    }

    /// Returns why the pinned `port` cannot be had; `None` when it can.
    fn refusal(&mut self, wish: &ServiceWish, port: Port) -> Result<Option<Selection>> {
        let service = wish.service.clone();
        if let Some(exclusion) = self.exclusion(port, wish.own_range && wish.ranges.contains(port)) {
            return Ok(Some(Selection::Excluded { service, port, reason: exclusion.reason.clone() }));
        }
        if self.landscape.owned.contains(&port) || self.taken.contains(&port) {
            return Ok(Some(Selection::Owned { service, port }));
        }
        let (ranges, own_range) = (PortRanges::default(), wish.own_range);
        Ok(match self.probe(port)? {
            Probe::Free => None,
            Probe::Busy => {
                Some(Selection::Busy { ranges, busy: vec![port], denied: Vec::new(), service, own_range })
            }
            Probe::Denied => {
                Some(Selection::Busy { ranges, busy: Vec::new(), denied: vec![port], service, own_range })
            }
        })
    }

    fn lowest(&mut self, wish: &ServiceWish) -> Result<Result<Port, Selection>> {
        for range in &wish.ranges.0 {
            for port in range.ports() {
                if self.standing(wish, port) != Standing::Candidate {
                    continue;
                }
                return Ok(match self.probe(port)? {
                    Probe::Free => Ok(port),
                    Probe::Busy | Probe::Denied => Err(self.conflict(wish, *range, false)?),
                });
            }
        }
        // Nothing else is left: what others had, probed as any.
        for port in self.landscape.former.iter().copied().filter(|port| wish.ranges.contains(*port)) {
            if self.standing(wish, port) != Standing::Former {
                continue;
            }
            return Ok(match self.probe(port)? {
                Probe::Free => Ok(port),
                Probe::Busy | Probe::Denied => {
                    let range = wish.ranges.0.iter().find(|range| range.contains(port)).copied();
                    match range {
                        Some(range) => Err(self.conflict(wish, range, true)?),
                        None => Err(self.exhausted(wish)),
                    }
                }
            });
        }
        Ok(Err(self.exhausted(wish)))
    }

    /// Lists every port of `range` that the registry calls free and the machine does not.
    fn conflict(&mut self, wish: &ServiceWish, range: PortRange, with_former: bool) -> Result<Selection> {
        let (mut busy, mut denied) = (Vec::new(), Vec::new());
        for port in range.ports() {
            let is_met = match self.standing(wish, port) {
                Standing::Candidate => true,
                Standing::Former => with_former,
                Standing::Owned | Standing::Excluded | Standing::Skipped => false,
            };
            if !is_met {
                continue;
            }
            match self.probe(port)? {
                Probe::Free => {}
                Probe::Busy => busy.push(port),
                Probe::Denied => denied.push(port),
            }
        }
        let ranges = PortRanges(vec![range]);
        let (service, own_range) = (wish.service.clone(), wish.own_range);
        Ok(Selection::Busy { ranges, busy, denied, service, own_range })
    }

    fn exhausted(&self, wish: &ServiceWish) -> Selection {
        let (mut owned, mut foreign, mut excluded) = (0, 0, 0);
        let mut reasons: Vec<(String, usize)> = Vec::new();
        for port in wish.ranges.ports() {
            match self.standing(wish, port) {
                Standing::Owned => owned += 1,
                Standing::Excluded => {
                    excluded += 1;
                    let reason = self.exclusion(port, wish.own_range).map(|known| known.reason.as_str());
                    let reason = reason.unwrap_or("kept for a service with its own range");
                    match reasons.iter_mut().find(|(known, _)| known == reason) {
                        Some((_, count)) => *count += 1,
                        None => reasons.push((reason.to_owned(), 1)),
                    }
                }
                Standing::Skipped | Standing::Candidate | Standing::Former => foreign += 1,
            }
        }
        let (ranges, service, own_range) = (wish.ranges.clone(), wish.service.clone(), wish.own_range);
        Selection::Exhausted { ranges, owned, foreign, excluded, reasons, service, own_range }
    }
}

#[cfg(test)]
mod tests;
