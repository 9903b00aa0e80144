//! What the worktrees themselves say about their ports, set against records that came from a backup or from wreckage: such
//! records may be older than what the env blocks name and what runs. Nothing that a worktree names is taken from it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::env_ports::BlockSays;
use super::event::Event;
use super::registry::allocation::Allocation;
use super::registry::entry::Entry;
use super::registry::table::Registry;
use super::service::ServiceName;
use crate::model::port::{Port, PortRanges};

/// What one worktree says.
#[derive(Clone, Debug, Default)]
pub struct Testimony {
    /// The number of its record.
    pub sequence: u64,
    /// The ports that the record had when the worktree was heard.
    pub recorded: Vec<Allocation>,
    /// Its env block.
    pub told: BlockSays,
    /// The ports on which its processes listen.
    pub runs: BTreeSet<Port>,
    /// The services that its purpose has, each with where its port comes from.
    pub services: Vec<(ServiceName, PortRanges)>,
}

/// Brings the records up to what their worktrees say, and returns what there is to say about it.
pub fn believe(registry: &mut Registry, testimonies: &[Testimony], now: Timestamp) -> Vec<String> {
    let unreadable: BTreeSet<Port> = registry.ports_of_unreadable().collect();
    let mut said = Vec::new();
    // Of whom another command gave or took a port meanwhile, that command knows better than what was heard before.
    let recorded: BTreeMap<u64, &Vec<Allocation>> =
        registry.entries().map(|known| (known.sequence, &known.allocations)).collect();
    let is_current =
        |own: &&Testimony| recorded.get(&own.sequence).is_none_or(|known| **known == own.recorded);
    let testimonies: Vec<Testimony> = testimonies.iter().filter(is_current).cloned().collect();
    for own in &testimonies {
        let mut learned = Vec::new();
        for (service, port) in &own.told.ports {
            let knows = |entry: &Entry| has(entry, service, *port);
            if unreadable.contains(port)
                || registry.find_by_sequence(own.sequence).is_none_or(|known| knows(known))
            {
                continue;
            }
            match registry.find_owner(*port).map(|owner| (owner.sequence, owner.name.clone())) {
                Some((sequence, _)) if sequence == own.sequence => continue,
                Some((sequence, name)) if !gives_way(registry, &testimonies, sequence, own, *port) => {
                    said.push(format!(
                        "port {port} of `{service}`, which the env block of `{}` names, belongs to `{name}`",
                        name_of(registry, own.sequence)
                    ));
                    continue;
                }
                Some((sequence, _)) => {
                    if let Some(owner) = registry.find_by_sequence(sequence) {
                        owner.allocations.retain(|known| known.find_port() != Some(*port));
                    }
                }
                None => {}
            }
            if let Some(entry) = registry.find_by_sequence(own.sequence)
                && give(entry, service, *port, &own.runs, now)
            {
                learned.push(*port);
            }
        }
        // Without a block there is still what runs.
        for port in &own.runs {
            let is_taken = registry.find_owner(*port).is_some() || unreadable.contains(port);
            let Some(entry) = registry.find_by_sequence(own.sequence).filter(|_| !is_taken) else { continue };
            let lacks =
                |service: &ServiceName| entry.allocations.iter().all(|known| known.service != *service);
            let fitting =
                own.services.iter().find(|(service, ranges)| ranges.contains(*port) && lacks(service));
            if let Some((service, _)) = fitting {
                entry.allocations.push(Allocation::new(*port, service.clone(), now));
                learned.push(*port);
            }
        }
        if learned.is_empty() {
            continue;
        }
        let Some(entry) = registry.find_by_sequence(own.sequence) else { continue };
        entry.env |= !own.told.ports.is_empty();
        entry.purpose = entry.purpose.take().or_else(|| own.told.purpose.clone());
        let (repository, name) = (entry.repository.clone(), entry.name.clone());
        let ports: Vec<String> = learned.iter().map(ToString::to_string).collect();
        let word = if ports.len() == 1 { "port" } else { "ports" };
        said.push(format!(
            "`{name}` has {word} {} again: its env block or its server knew more than the record",
            ports.join(", ")
        ));
        let numbers: Vec<u16> = learned.into_iter().map(Port::number).collect();
        registry
            .record_event(now, Event::new("ports_believed").of(&repository, &name).with("ports", numbers));
    }
    said
}

fn has(entry: &Entry, service: &ServiceName, port: Port) -> bool {
    entry.allocations.iter().any(|known| known.service == *service && known.find_port() == Some(port))
}

fn name_of(registry: &mut Registry, sequence: u64) -> String {
    registry.find_by_sequence(sequence).map(|entry| entry.name.clone()).unwrap_or_default()
}

/// Answers whether the recorded owner gives `port` to `claimant`: its own worktree neither names it nor runs on it, or the
/// claimant alone runs on it. A pinned port is a person's word.
fn gives_way(
    registry: &mut Registry,
    testimonies: &[Testimony],
    owner: u64,
    claimant: &Testimony,
    port: Port,
) -> bool {
    // Who was not heard is not judged.
    let Some(heard) = testimonies.iter().find(|testimony| testimony.sequence == owner) else { return false };
    let is_pinned = registry.find_by_sequence(owner).is_none_or(|entry| {
        entry.allocations.iter().any(|known| known.pinned && known.find_port() == Some(port))
    });
    let is_named = heard.told.ports.iter().any(|(_, named)| *named == port);
    let runs = heard.runs.contains(&port);
    !is_pinned && !runs && (!is_named || claimant.runs.contains(&port))
}

/// Gives the service the port in the place of the one that the record has; answers whether it did.
fn give(entry: &mut Entry, service: &ServiceName, port: Port, runs: &BTreeSet<Port>, now: Timestamp) -> bool {
    let Some(known) = entry.allocations.iter_mut().find(|known| known.service == *service) else {
        entry.allocations.push(Allocation::new(port, service.clone(), now));
        return true;
    };
    let runs_on_old = known.find_port().is_some_and(|old| runs.contains(&old)) && !runs.contains(&port);
    if known.pinned || runs_on_old {
        return false;
    }
    *known = Allocation::new(port, service.clone(), now);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::{entry, port};
    use crate::model::registry::record::RegistryRow;

    fn registry(entries: Vec<Entry>) -> Registry {
        let worktrees = entries.into_iter().map(|entry| RegistryRow::Entry(Box::new(entry))).collect();
        Registry { worktrees, sequence: 100, ..Registry::default() }
    }

    fn says(sequence: u64, named: &[(&str, u16)], runs: &[u16]) -> Testimony {
        let ports = named.iter().map(|(service, number)| (service.parse().unwrap(), port(*number))).collect();
        Testimony {
            sequence,
            recorded: Vec::new(),
            told: BlockSays { ports, ..BlockSays::default() },
            runs: runs.iter().map(|number| port(*number)).collect(),
            services: vec![("web".parse().unwrap(), PortRanges(vec!["5000-5099".parse().unwrap()]))],
        }
    }

    fn after(entries: Vec<Entry>, testimonies: &[Testimony]) -> Vec<Vec<String>> {
        let mut registry = registry(entries);
        let heard = |own: &Testimony| {
            let known = registry.entries().find(|entry| entry.sequence == own.sequence);
            let recorded = known.map(|entry| entry.allocations.clone()).unwrap_or_default();
            Testimony { recorded, ..own.clone() }
        };
        let testimonies: Vec<Testimony> = testimonies.iter().map(heard).collect();
        believe(&mut registry, &testimonies, Timestamp::UNIX_EPOCH);
        let ports = |entry: &Entry| {
            let all = entry.allocations.iter();
            all.map(|known| format!("{}:{}", known.service, known.find_port().unwrap())).collect()
        };
        registry.entries().map(ports).collect()
    }

    #[test]
    fn a_block_that_names_more_than_the_record_is_believed() {
        let seen = after(vec![entry("a", 1, &[5000])], &[says(1, &[("web", 5000), ("api", 5001)], &[])]);
        assert_eq!(seen, [["web:5000", "api:5001"]]);
        let moved = after(vec![entry("a", 1, &[5000])], &[says(1, &[("web", 5007)], &[])]);
        assert_eq!(moved, [["web:5007"]], "the record is from before the move");
    }

    #[test]
    fn a_block_that_names_less_takes_nothing_away() {
        assert_eq!(after(vec![entry("a", 1, &[5000])], &[says(1, &[], &[])]), [["web:5000"]]);
    }

    #[test]
    fn what_runs_counts_against_an_older_block_and_where_there_is_none() {
        let stays = after(vec![entry("a", 1, &[5000])], &[says(1, &[("web", 5007)], &[5000])]);
        assert_eq!(stays, [["web:5000"]]);
        assert_eq!(after(vec![entry("a", 1, &[])], &[says(1, &[], &[5003])]), [["web:5003"]]);
        assert_eq!(after(vec![entry("a", 1, &[])], &[says(1, &[], &[9000])]), [[""; 0]]);
    }

    #[test]
    fn a_port_that_its_recorded_owner_no_longer_names_goes_to_the_worktree_that_does() {
        let entries = || vec![entry("a", 1, &[5000]), entry("b", 2, &[])];
        let b = says(2, &[("web", 5000)], &[]);
        assert_eq!(after(entries(), &[says(1, &[], &[]), b.clone()]), [vec![], vec!["web:5000"]]);
        let both = [says(1, &[("web", 5000)], &[]), b.clone()];
        assert_eq!(after(entries(), &both), [vec!["web:5000"], vec![]]);
        let b_runs = [says(1, &[("web", 5000)], &[]), says(2, &[("web", 5000)], &[5000])];
        assert_eq!(after(entries(), &b_runs), [vec![], vec!["web:5000"]]);
        assert_eq!(after(entries(), &[b]), [vec!["web:5000"], vec![]], "who was not heard is not judged");
    }

    #[test]
    fn a_record_that_changed_since_its_worktree_was_heard_stays_as_it_is() {
        let mut moved = registry(vec![entry("a", 1, &[5007])]);
        let heard =
            Testimony { recorded: entry("a", 1, &[5000]).allocations, ..says(1, &[("web", 5000)], &[5000]) };
        assert!(believe(&mut moved, &[heard], Timestamp::UNIX_EPOCH).is_empty());
        assert_eq!(moved.entries().next().unwrap().allocations[0].find_port(), Some(port(5007)));
    }

    #[test]
    fn a_pinned_port_stays() {
        let mut pinned = entry("a", 1, &[5000]);
        pinned.allocations[0].pinned = true;
        let said = [says(1, &[("web", 5007)], &[])];
        assert_eq!(after(vec![pinned], &said), [["web:5000"]]);
    }

    #[test]
    fn a_server_gives_its_port_back_only_to_a_service_that_has_none() {
        let ours = |runs: &[u16]| says(1, &[], runs);
        assert_eq!(after(vec![entry("a", 1, &[5000])], &[ours(&[5003])]), [["web:5000"]]);
        let mut other = entry("a", 1, &[6000]);
        other.allocations[0].service = "api".parse().unwrap();
        assert_eq!(after(vec![other], &[ours(&[5003])]), [["api:6000", "web:5003"]]);
        assert_eq!(after(vec![entry("a", 1, &[])], &[ours(&[5003, 5004])]), [["web:5003"]]);
        let both = vec![entry("a", 1, &[]), entry("b", 2, &[5003])];
        assert_eq!(after(both, &[ours(&[5003])]), [vec![], vec!["web:5003"]], "it is somebody else's");
    }

    #[test]
    fn what_is_believed_is_told_and_what_is_not_too() {
        let mut records = registry(vec![entry("a", 1, &[]), entry("b", 2, &[5005])]);
        records.entries_mut().for_each(|known| (known.env, known.purpose) = (false, None));
        let told =
            BlockSays { purpose: "fix".parse().ok(), ..says(1, &[("web", 5001), ("api", 5002)], &[]).told };
        let one = Testimony { told, ..says(1, &[], &[]) };
        assert_eq!(
            believe(&mut records, &[one], Timestamp::UNIX_EPOCH),
            ["`a` has ports 5001, 5002 again: its env block or its server knew more than the record"]
        );
        let entry = records.entries().next().unwrap();
        assert_eq!((entry.env, entry.purpose.clone()), (true, "fix".parse().ok()));
        let event = &records.events[0];
        assert_eq!((event.event.as_str(), event.worktree.as_deref()), ("ports_believed", Some("a")));
        assert_eq!(event.details["ports"], serde_json::json!([5001, 5002]));
        let recorded = entry.allocations.clone();
        let again = Testimony { recorded, ..says(1, &[("more", 5005)], &[5006]) };
        assert_eq!(
            believe(&mut records, &[again], Timestamp::UNIX_EPOCH),
            ["port 5005 of `more`, which the env block of `a` names, belongs to `b`"]
        );
        let runs = Testimony { recorded: Vec::new(), ..says(2, &[], &[5006]) };
        records.entries_mut().for_each(|known| known.allocations.clear());
        assert_eq!(
            believe(&mut records, &[runs], Timestamp::UNIX_EPOCH),
            ["`b` has port 5006 again: its env block or its server knew more than the record"]
        );
        assert!(!records.entries().nth(1).unwrap().env, "it has no block");
    }

    #[test]
    fn of_a_port_that_two_records_have_neither_is_told_anything() {
        let mut records = registry(vec![entry("a", 1, &[5000]), entry("b", 2, &[5000])]);
        let heard: Vec<Testimony> = records
            .entries()
            .map(|known| Testimony {
                recorded: known.allocations.clone(),
                ..says(known.sequence, &[("web", 5000)], &[])
            })
            .collect();
        assert!(believe(&mut records, &heard, Timestamp::UNIX_EPOCH).is_empty());
        assert!(records.entries().all(|known| known.allocations.len() == 1));
    }
}
