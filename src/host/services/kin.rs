//! Every living process of a service or of all services of a worktree, and what they use. One look over `/proc`.

use std::io;
use std::time::Duration;

use crate::host::process::identity;
use crate::host::process::open_files;
use crate::host::process::stop::Running;
use crate::host::process::table::{self, ProcessFacts, Stat};
use crate::model::attribution::{CHECK, WT_MARKER, WT_SERVICE};
use crate::model::kinship::{self, Search, Sighting};
use crate::model::process::ProcessId;

/// A living process that belongs to a service. Signal it through
/// [`Running::find`](crate::host::process::stop::Running::find) with its pid and start: it may end at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kin {
    pub id: ProcessId,
    pub facts: ProcessFacts,
    /// The service it says it belongs to; `None` where its environment is gone.
    pub service: Option<String>,
}

impl Kin {
    /// Answers whether a health check left it: it is no part of the service.
    #[must_use]
    pub fn is_of_check(&self) -> bool {
        self.service.as_deref().is_some_and(|service| service.ends_with(CHECK))
    }
}

/// Holds the processes fast, so that no other is meant even when they end; those that have ended are left out, and those
/// for which there is no room.
///
/// # Errors
///
/// Where there is room for none of them.
pub fn held(kin: &[Kin]) -> io::Result<Vec<Running>> {
    let mut held = Vec::new();
    for kin in kin {
        match Running::find(kin.id.pid, kin.id.started) {
            Err(error) if open_files::is_lack(&error) && held.is_empty() => return Err(error),
            found => held.extend(found.ok().flatten()),
        }
    }
    Ok(held)
}

/// What processes use together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time on a processor since each began.
    pub cpu_time: Duration,
    /// What of them is in memory (resident set size); pages that they share count for each.
    pub memory_bytes: u64,
}

/// Returns the living processes of all services of the worktree that `marker` names: see
/// [`kinship::kin`]. `supervisor` is the process where orphans of this worktree go, while it
/// lives; a daemon that wiped its environment and left session and parents is found by having been adopted there.
///
/// # Errors
///
/// Only where we have no room for another open file: whose a process is that cannot be looked at, nobody may guess.
pub fn of_worktree(marker: &str, recorded: &[ProcessId], supervisor: Option<u32>) -> io::Result<Vec<Kin>> {
    look(marker, None, recorded, supervisor)
}

/// Returns the living processes of one service. Orphans without an environment cannot be told apart by service: record
/// what is found while it is ready, and hand it in as `recorded`.
///
/// # Errors
///
/// As [`of_worktree`].
pub fn of_service(
    marker: &str,
    service: &str,
    recorded: &[ProcessId],
    supervisor: Option<u32>,
) -> io::Result<Vec<Kin>> {
    look(marker, Some(service), recorded, supervisor)
}

fn look(
    marker: &str,
    service: Option<&str>,
    recorded: &[ProcessId],
    supervisor: Option<u32>,
) -> io::Result<Vec<Kin>> {
    // Numbers of another pid namespace mean nothing here, and nobody may be signalled by them.
    let pids = table::list()?;
    let Ok(us) = identity::current() else { return Ok(Vec::new()) };
    if !identity::is_proc_ours() {
        return Ok(Vec::new());
    }
    let recorded: Vec<ProcessId> = recorded.iter().filter(|id| identity::is_from_here(id)).cloned().collect();
    let all: Vec<Sighting> =
        pids.into_iter().filter_map(|pid| sighting(pid).transpose()).collect::<io::Result<_>>()?;
    let search = Search { marker, service, recorded: &recorded, adopter: supervisor, asker: us.pid };
    let found = kinship::kin(&all, &search);
    let seen = |pid: u32| all.iter().find(|seen| seen.pid == pid);
    let kin = found.into_iter().filter_map(|pid| {
        let facts = match table::find_facts(pid).transpose()? {
            Ok(facts) => facts,
            Err(error) => return Some(Err(error)),
        };
        // Whoever has the pid by now is not who was seen.
        let seen = seen(pid).filter(|seen| seen.started == facts.started)?;
        let id = ProcessId { pid, started: seen.started, ..us.clone() };
        Some(Ok(Kin { id, facts, service: seen.service.clone() }))
    });
    kin.collect()
}

fn sighting(pid: u32) -> io::Result<Option<Sighting>> {
    let Some(stat) = Stat::find(pid)?.filter(|stat| !stat.is_dead()) else { return Ok(None) };
    let [marker, service] = table::variables(pid, [WT_MARKER, WT_SERVICE])?;
    Ok(Some(Sighting {
        pid,
        parent: stat.parent,
        group: stat.group,
        session: stat.session,
        started: stat.started,
        marker,
        service,
    }))
}

/// Returns what the processes `pids` use; those that have ended use nothing.
#[must_use]
pub fn usage(pids: &[u32]) -> Usage {
    let page = rustix::param::page_size() as u64;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    let stats = pids.iter().filter_map(|pid| Stat::read(*pid));
    let (ticks, pages) = stats.fold((0_u64, 0_u64), |(ticks, pages), stat| {
        (ticks.saturating_add(stat.ticks), pages.saturating_add(stat.pages))
    });
    let rest = Duration::from_nanos(ticks % per_second * 1_000_000_000 / per_second);
    Usage {
        cpu_time: Duration::from_secs(ticks / per_second) + rest,
        memory_bytes: pages.saturating_mul(page),
    }
}
