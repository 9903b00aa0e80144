//! Every living process of a service or of all services of a worktree, and what they use. One look over `/proc`.

use std::io;
use std::time::Duration;

use crate::host::process::stop::Running;
use crate::host::process::table::{self, ProcessFacts, Stat};
use crate::host::process::{identity, open_files};
use crate::model::process::ProcessId;
use crate::model::process::attribution::{CHECK, WT_MARKER, WT_SERVICE, WT_SETUP};
use crate::model::process::kinship::{KinFacts, KinSearch, KinTable};

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
pub struct KinUsage {
    /// Time on a processor since each began.
    pub cpu_time: Duration,
    /// The same of their children that have ended.
    pub cpu_time_of_ended: Duration,
    /// What of them is in memory (resident set size); pages that they share count for each.
    pub memory_bytes: u64,
}

/// Returns the living processes of all services of the worktree that `marker` names: see
/// [`KinTable::kin`]. `supervisor` is the process where orphans of this worktree go, while it
/// lives; a daemon that wiped its environment and left session and parents is found by having been adopted there.
///
/// # Errors
///
/// Only where we have no room for another open file: whose a process is that cannot be looked at, nobody may guess.
pub fn of_worktree(marker: &str, recorded: &[ProcessId], supervisor: Option<u32>) -> io::Result<Vec<Kin>> {
    KinSight::take()?.kin(marker, None, recorded, supervisor)
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
    KinSight::take()?.kin(marker, Some(service), recorded, supervisor)
}

/// Returns the living processes that commands of the worktree itself started, or the one command that `which` names
/// (`setup/0`).
///
/// # Errors
///
/// As [`of_worktree`].
pub fn of_setup(marker: &str, which: Option<&str>, recorded: &[ProcessId]) -> io::Result<Vec<Kin>> {
    KinSight::by(WT_SETUP)?.kin(marker, which, recorded, None)
}

/// One look at all processes, in which the kin of many services can be found. What was born since is not in it.
#[derive(Debug)]
pub struct KinSight {
    /// Who looks, and what was seen; `None` where the numbers mean nothing here, as those of another pid namespace: nobody may
    /// be signalled by them.
    seen: Option<(ProcessId, KinTable)>,
}

impl KinSight {
    /// Looks for processes of services.
    ///
    /// # Errors
    ///
    /// As [`of_worktree`].
    pub fn take() -> io::Result<Self> {
        Self::by(WT_SERVICE)
    }

    /// Looks, taking the variable `variable` of each for its service.
    fn by(variable: &str) -> io::Result<Self> {
        let pids = table::list()?;
        let Ok(us) = identity::current() else { return Ok(Self { seen: None }) };
        if !identity::is_proc_ours() {
            return Ok(Self { seen: None });
        }
        let all = pids.into_iter().filter_map(|pid| sighting(pid, variable).transpose());
        Ok(Self { seen: Some((us, KinTable::new(all.collect::<io::Result<_>>()?))) })
    }

    /// Returns the pids of those that may be of a service of the worktree and cannot be proven to be: see
    /// [`KinTable::in_doubt`].
    #[must_use]
    pub fn in_doubt(&self, marker: &str, recorded: &[ProcessId], supervisor: Option<u32>) -> Vec<u32> {
        let Some((us, table)) = &self.seen else { return Vec::new() };
        table.in_doubt(&search(us, (marker, None), &identity::from_here(recorded), supervisor))
    }

    /// Returns those of the kin who live still: of one service, or of all services of the worktree.
    ///
    /// # Errors
    ///
    /// As [`of_worktree`].
    pub fn kin(
        &self,
        marker: &str,
        service: Option<&str>,
        recorded: &[ProcessId],
        supervisor: Option<u32>,
    ) -> io::Result<Vec<Kin>> {
        let Some((us, table)) = &self.seen else { return Ok(Vec::new()) };
        let recorded = identity::from_here(recorded);
        let kin =
            table.kin(&search(us, (marker, service), &recorded, supervisor)).into_iter().filter_map(|pid| {
                let facts = match table::find_facts(pid).transpose()? {
                    Ok(facts) => facts,
                    Err(error) => return Some(Err(error)),
                };
                // Whoever has the pid by now is not who was seen.
                let seen = table.find(pid).filter(|seen| seen.started == facts.started)?;
                let id = ProcessId { pid, started: seen.started, ..us.clone() };
                Some(Ok(Kin { id, facts, service: seen.service.clone() }))
            });
        kin.collect()
    }
}

/// What is looked for: the kin of a worktree's services, or of one of them.
fn search<'a>(
    us: &ProcessId,
    (marker, service): (&'a str, Option<&'a str>),
    recorded: &'a [ProcessId],
    adopter: Option<u32>,
) -> KinSearch<'a> {
    KinSearch { marker, service, recorded, adopter, asker: us.pid }
}

fn sighting(pid: u32, by: &str) -> io::Result<Option<KinFacts>> {
    let Some(stat) = Stat::find(pid)? else { return Ok(None) };
    let is_dead = stat.is_dead();
    let [marker, service] = if is_dead { [None, None] } else { table::variables(pid, [WT_MARKER, by])? };
    Ok(Some(KinFacts {
        pid,
        parent: stat.parent,
        group: stat.group,
        session: stat.session,
        started: stat.started,
        is_dead,
        marker,
        service,
    }))
}

/// Returns these processes and all that descend from them (`proc_tid_children(5)`); those alone where the system has no such list.
#[must_use]
pub fn with_descendants(pids: &[u32]) -> Vec<u32> {
    let mut all = pids.to_vec();
    let mut next = 0;
    while let Some(pid) = all.get(next).copied() {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        for list in lists.collect::<Vec<_>>() {
            for child in list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()) {
                if !all.contains(&child) {
                    all.push(child);
                }
            }
        }
        next += 1;
    }
    all
}

/// Returns what the processes `pids` use; those that have ended use nothing.
#[must_use]
pub fn usage(pids: &[u32]) -> KinUsage {
    let page = rustix::param::page_size() as u64;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    let stats = pids.iter().filter_map(|pid| Stat::read(*pid));
    let (ticks, ended, pages) = stats.fold((0_u64, 0_u64, 0_u64), |(ticks, ended, pages), stat| {
        (
            ticks.saturating_add(stat.ticks),
            ended.saturating_add(stat.ticks_of_ended),
            pages.saturating_add(stat.pages),
        )
    });
    let time = |ticks: u64| {
        let rest = Duration::from_nanos(ticks % per_second * 1_000_000_000 / per_second);
        Duration::from_secs(ticks / per_second) + rest
    };
    KinUsage {
        cpu_time: time(ticks),
        cpu_time_of_ended: time(ended),
        memory_bytes: pages.saturating_mul(page),
    }
}
