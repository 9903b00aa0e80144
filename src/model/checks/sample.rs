//! Facts for the tests of the checks: a repository in which everything is as it should be.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::branch::Head;
use crate::model::carry::drift::Drift;
use crate::model::ephemeral::EphemeralPorts;
use crate::model::facts::{EnvSeen, EnvSight, Facts, RecordedFacts, RegistrySight, SeenWorktree};
use crate::model::port::holder::Background;
use crate::model::port::listener::{Listener, Owner, WorktreeKey};
use crate::model::port::situation::Situation;
use crate::model::port::tenant::Tenant;
use crate::model::port::{Port, PortRanges};
use crate::model::presence::Presence;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;

pub fn facts() -> Facts {
    Facts {
        now: Timestamp::UNIX_EPOCH + Duration::from_secs(1000),
        registry: RegistrySight::Whole,
        unreadable_rows: Vec::new(),
        worktrees: Vec::new(),
        unrecorded: Vec::new(),
        half_made: Vec::new(),
        damaged: Vec::new(),
        bare_leaks: Vec::new(),
        config_faults: Vec::new(),
        ranges: Vec::new(),
        ephemeral: EphemeralPorts::default(),
        hooks: Vec::new(),
        verify_ports: false,
        asleep: std::collections::BTreeSet::new(),
        listeners: Vec::new(),
        situations: Vec::new(),
        resolve: crate::model::port::sample::settings(),
        branch_claims: Vec::new(),
        unreached: Vec::new(),
        port_claims: None,
    }
}

pub fn with(worktrees: Vec<RecordedFacts>) -> Facts {
    Facts { worktrees, ..facts() }
}

/// The same facts with the situation of each port that anybody has.
pub fn judged(facts: &Facts) -> Facts {
    let mut tenants: BTreeMap<Port, Vec<Tenant>> = BTreeMap::new();
    for RecordedFacts { entry, seen } in &facts.worktrees {
        for known in &entry.allocations {
            let port = known.find_port().unwrap();
            tenants.entry(port).or_default().push(Tenant {
                sequence: entry.sequence,
                worktree: WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() },
                service: known.service.clone(),
                port,
                allocated_at: known.allocated_at,
                pinned: known.pinned,
                locked: seen.as_ref().is_some_and(|seen| seen.locked),
                settled: seen.as_ref().is_none_or(|seen| seen.presence != Presence::Vanished),
                visible: seen.as_ref().is_none_or(|seen| seen.network_visible),
                runs: false,
            });
        }
    }
    let situations = tenants.into_iter().map(|(port, tenants)| {
        let here = facts.listeners.iter().filter(|listener| listener.port == port).cloned();
        Situation::of(port, tenants, &here.collect::<Vec<_>>(), &Background::default())
    });
    Facts { situations: situations.collect(), ..facts.clone() }
}

pub fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

/// An active worktree `name` with the `web` port, its record the `sequence`-th.
pub fn entry(name: &str, sequence: u64, ports: &[u16]) -> Entry {
    let service = |index: usize| if index == 0 { "web".to_owned() } else { format!("port-{}", index + 1) };
    let at = Timestamp::UNIX_EPOCH + Duration::from_secs(sequence);
    let allocation =
        |(index, number): (usize, &u16)| Allocation::new(port(*number), service(index).parse().unwrap(), at);
    let (id, path) = (RepositoryId("r".to_owned()), format!("/w/{name}").into());
    Entry {
        admin: name.to_owned(),
        branch: Some(format!("feature/{name}")),
        purpose: "feature".parse().ok(),
        host: "here".to_owned(),
        sequence,
        env: true,
        allocations: ports.iter().enumerate().map(allocation).collect(),
        ..Entry::new("/w/shop".as_ref(), id, name.to_owned(), path, "wt", at)
    }
}

pub fn seen(entry: &Entry) -> SeenWorktree {
    let ranges = PortRanges(vec!["5000-5099".parse().unwrap()]);
    SeenWorktree {
        presence: Presence::There,
        foreign: None,
        needs_repair: false,
        head: entry.branch.clone().map(Head::Branch),
        had_commits: true,
        operation: None,
        locked: false,
        busy: false,
        env: vec![EnvSeen { path: ".env".to_owned(), sight: EnvSight::Current, is_tracked: false }],
        env_doubled: Vec::new(),
        ranges: entry.allocations.iter().map(|known| (known.service.clone(), ranges.clone())).collect(),
        shared: Vec::new(),
        own_config: None,
        carry_drift: Drift::default(),
        stale_after: Duration::ZERO,
        network_visible: true,
    }
}

pub fn recorded(entry: Entry) -> RecordedFacts {
    let seen = seen(&entry);
    RecordedFacts { entry, seen: Some(seen) }
}

/// A listener on `number`, held by the worktree `name`, or by a stranger.
pub fn listener(number: u16, name: Option<&str>) -> Listener {
    let key =
        name.map(|name| WorktreeKey { repository: RepositoryId("r".to_owned()), name: name.to_owned() });
    Listener {
        port: port(number),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        listening: true,
        user: 0,
        inode: 1,
        owners: vec![Owner {
            pid: 42,
            command: "python3".to_owned(),
            folder: Some("/srv/demo".into()),
            user: None,
            worktree: name.map(str::to_owned),
            since: None,
            belongs_to: key,
            started: 1,
            parent: 1,
        }],
    }
}
