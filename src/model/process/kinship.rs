//! Which processes belong to a service, or to any service of a worktree: decided from what the system shows of each.

use std::collections::{BTreeSet, HashMap};

use crate::model::process::ProcessId;
use crate::model::process::evidence::is_recorded as is_recorded_as;

/// What kinship is decided by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KinFacts {
    pub pid: u32,
    pub parent: u32,
    /// The pid of its process group's leader, which may be gone.
    pub group: u32,
    /// The pid of its session's leader, which may be gone.
    pub session: u32,
    pub started: u64,
    /// Whether it has ended and only waits for its parent to notice: nobody's kin, but its pid is still its own.
    pub is_dead: bool,
    /// Its `WT_MARKER`, and its `WT_SERVICE`.
    pub marker: Option<String>,
    pub service: Option<String>,
}

/// Whose kin is looked for.
#[derive(Clone, Copy, Debug)]
pub struct KinSearch<'a> {
    /// The worktree: a value of `WT_MARKER`.
    pub marker: &'a str,
    /// One service, or any of the worktree's.
    pub service: Option<&'a str>,
    /// Processes recorded for it, of this boot and pid namespace.
    pub recorded: &'a [ProcessId],
    /// The supervisor, where orphans go: what it has adopted belongs to the worktree, though not to a service of it. It
    /// is itself nobody's kin.
    pub adopter: Option<u32>,
    /// Who asks, which is nobody's kin either.
    pub asker: u32,
}

/// All processes, in the order in which kin is searched for: whoever asks for each of many services looks only at what is near.
#[derive(Debug, Default)]
pub struct KinTable {
    all: Vec<KinFacts>,
    by_pid: HashMap<u32, usize>,
    by_parent: HashMap<u32, Vec<usize>>,
    by_group: HashMap<u32, Vec<usize>>,
    by_session: HashMap<u32, Vec<usize>>,
    /// By marker, then by service, where both say something.
    by_mark: HashMap<String, HashMap<String, Vec<usize>>>,
}

impl KinTable {
    #[must_use]
    pub fn new(all: Vec<KinFacts>) -> Self {
        let mut table = Self::default();
        for (at, seen) in all.iter().enumerate() {
            table.by_pid.insert(seen.pid, at);
            table.by_parent.entry(seen.parent).or_default().push(at);
            table.by_group.entry(seen.group).or_default().push(at);
            table.by_session.entry(seen.session).or_default().push(at);
            let service = seen.service.as_ref().filter(|service| !service.is_empty());
            if let (Some(marker), Some(service)) = (&seen.marker, service) {
                let services = table.by_mark.entry(marker.clone()).or_default();
                services.entry(service.clone()).or_default().push(at);
            }
        }
        Self { all, ..table }
    }

    /// Returns what was seen of a process.
    #[must_use]
    pub fn find(&self, pid: u32) -> Option<&KinFacts> {
        self.by_pid.get(&pid).and_then(|at| self.all.get(*at))
    }

    /// Returns the pids of the kin among all processes, ascending.
    ///
    /// Kin is what carries marker and service in its environment, what is recorded (pid and start time), what is in the
    /// session or group that such a one leads, the children of kin, and what was adopted. A marker without a service proves
    /// nothing: it was not `wt up` that started it. Neither does a session whose leader is gone: see [`Self::in_doubt`].
    #[must_use]
    pub fn kin(&self, search: &KinSearch<'_>) -> Vec<u32> {
        let adopter = search.adopter.and_then(|pid| self.find(pid));
        // What shares the supervisor's session are its own helpers, as health checks are.
        let is_helper = |seen: &KinFacts| adopter.is_some_and(|adopter| adopter.session == seen.session);
        let is_out = |seen: &KinFacts| {
            let is_us = seen.pid == search.asker || search.adopter == Some(seen.pid);
            seen.pid <= 1 || is_us || is_helper(seen) || seen.is_dead
        };
        let mut kin: BTreeSet<u32> = BTreeSet::new();
        let mut next: Vec<&KinFacts> = self.marked(search);
        next.extend(search.recorded.iter().flat_map(|known| self.recorded(known)));
        if let Some(adopter) = adopter.filter(|_| search.service.is_none()) {
            // Children of the supervisor in a session other than its own: what it started itself, and orphans.
            next.extend(self.of(&self.by_parent, adopter.pid).filter(|seen| seen.session != adopter.session));
        }
        next.retain(|seen| !is_out(seen));
        // Kin of kin, until nobody new is found.
        while let Some(found) = next.pop() {
            if !kin.insert(found.pid) {
                continue;
            }
            for near in [&self.by_session, &self.by_group, &self.by_parent] {
                let led = self.of(near, found.pid);
                next.extend(led.filter(|seen| !is_out(seen) && !is_of_another_service(seen, search)));
            }
        }
        kin.into_iter().collect()
    }

    /// Returns the pids of those that may be kin and cannot be proven to be, ascending: they are in the session or group of a
    /// recorded process that is gone, and carry no marker. They are to be named, and left alone.
    #[must_use]
    pub fn in_doubt(&self, search: &KinSearch<'_>) -> Vec<u32> {
        let proven = self.kin(search);
        let gone: Vec<&ProcessId> =
            search.recorded.iter().filter(|known| self.find(known.pid).is_none()).collect();
        let is_meant = |seen: &&KinFacts| {
            let is_candidate =
                seen.pid > 1 && seen.pid != search.asker && !seen.is_dead && seen.marker.is_none();
            is_candidate && gone.iter().any(|known| follows(seen, known)) && !proven.contains(&seen.pid)
        };
        let mut pids: Vec<u32> = self.all.iter().filter(is_meant).map(|seen| seen.pid).collect();
        pids.sort_unstable();
        pids
    }

    fn of<'a>(&'a self, near: &'a HashMap<u32, Vec<usize>>, pid: u32) -> impl Iterator<Item = &'a KinFacts> {
        near.get(&pid).into_iter().flatten().filter_map(|at| self.all.get(*at))
    }

    /// Those that say of themselves that they are of the service, or of any.
    fn marked(&self, search: &KinSearch<'_>) -> Vec<&KinFacts> {
        let Some(services) = self.by_mark.get(search.marker) else { return Vec::new() };
        let places: Vec<usize> = match search.service {
            Some(service) => services.get(service).cloned().unwrap_or_default(),
            None => services.values().flatten().copied().collect(),
        };
        places.into_iter().filter_map(|at| self.all.get(at)).collect()
    }

    /// A recorded process, and what is in its session or group. While its leader is there, a session or a group is known by it.
    /// A pid whose process is gone may have been given to somebody else, who led a session of their own and has left it too.
    fn recorded(&self, known: &ProcessId) -> Vec<&KinFacts> {
        let leader = self.find(known.pid).filter(|leader| is_recorded_as(known, leader.pid, leader.started));
        let Some(leader) = leader else { return Vec::new() };
        let led = self.of(&self.by_session, known.pid).chain(self.of(&self.by_group, known.pid));
        let led = led.filter(|seen| seen.pid != known.pid && follows(seen, known));
        std::iter::once(leader).chain(led).collect()
    }
}

/// Says that those in doubt were left, and how they are ended; nothing where there are none.
#[must_use]
pub fn said_of_doubtful(pids: &[u32]) -> Option<String> {
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    (!pids.is_empty()).then(|| {
        format!(
            "left alone: pid {0}, in the session of a process of the services that is gone, which does not prove that it is \
             theirs; `kill {1}` ends it",
            pids.join(", "),
            pids.join(" ")
        )
    })
}

/// What a service starts may say that it belongs to another one, which is to be believed.
fn is_of_another_service(seen: &KinFacts, search: &KinSearch<'_>) -> bool {
    let is_other = |service: &str| search.service.is_some_and(|wanted| wanted != service);
    seen.marker.as_deref() == Some(search.marker) && seen.service.as_deref().is_some_and(is_other)
}

/// Answers whether it is in the session or group of a recorded process, and not older than that.
fn follows(seen: &KinFacts, known: &ProcessId) -> bool {
    known.pid > 1 && (seen.session == known.pid || seen.group == known.pid) && known.started <= seen.started
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: KinSearch<'_> =
        KinSearch { marker: "r/a", service: None, recorded: &[], adopter: None, asker: 900 };

    fn kin(all: &[KinFacts], search: &KinSearch<'_>) -> Vec<u32> {
        KinTable::new(all.to_vec()).kin(search)
    }

    fn in_doubt(all: &[KinFacts], search: &KinSearch<'_>) -> Vec<u32> {
        KinTable::new(all.to_vec()).in_doubt(search)
    }

    fn process(pid: u32, parent: u32) -> KinFacts {
        let started = u64::from(pid);
        let is_dead = false;
        KinFacts { pid, parent, group: pid, session: pid, started, is_dead, marker: None, service: None }
    }

    fn marked(pid: u32, marker: &str, service: &str) -> KinFacts {
        let service = (!service.is_empty()).then(|| service.to_owned());
        KinFacts { marker: Some(marker.to_owned()), service, ..process(pid, 1) }
    }

    fn id(pid: u32, started: u64) -> ProcessId {
        ProcessId { pid, started, boot: String::new(), namespace: String::new() }
    }

    #[test]
    fn marker_and_service_together_make_kin_of_that_worktree_and_that_service() {
        let all = [
            marked(10, "r/a", "web"),
            marked(11, "r/a", "db"),
            marked(12, "r/b", "web"),
            marked(13, "r/a", ""),
        ];
        assert_eq!(kin(&all, &ANY), [10, 11]);
        assert_eq!(kin(&all, &KinSearch { service: Some("web"), ..ANY }), [10]);
    }

    #[test]
    fn a_recorded_process_is_known_by_pid_and_start_and_a_reused_pid_is_a_stranger() {
        let all = [process(10, 1), process(11, 10)];
        assert_eq!(kin(&all, &KinSearch { recorded: &[id(10, 10)], ..ANY }), [10, 11]);
        assert!(kin(&all, &KinSearch { recorded: &[id(10, 9)], ..ANY }).is_empty());
    }

    #[test]
    fn a_session_or_group_is_kin_while_its_recorded_leader_is_there_and_in_doubt_after_it() {
        let follower = KinFacts { session: 10, ..process(30, 1) };
        let grouped = KinFacts { group: 10, session: 5, ..process(31, 1) };
        let older = KinFacts { session: 10, started: 3, ..process(32, 1) };
        let others = KinFacts { session: 10, ..marked(33, "r/b", "web") };
        let own = KinFacts { session: 10, ..marked(34, "r/a", "web") };
        let followers = [follower, grouped, older, others, own];
        let recorded = [id(10, 10)];
        let search = KinSearch { recorded: &recorded, ..ANY };
        let with = |leader: KinFacts| [&followers[..], &[leader]].concat();

        let alive = with(process(10, 1));
        assert_eq!((kin(&alive, &search), in_doubt(&alive, &search)), (vec![10, 30, 31, 32, 33, 34], vec![]));
        let unnoticed = with(KinFacts { is_dead: true, ..process(10, 1) });
        assert_eq!((kin(&unnoticed, &search), in_doubt(&unnoticed, &search)), (vec![30, 31, 33, 34], vec![]));
        let reused = with(KinFacts { started: 20, ..process(10, 1) });
        assert_eq!((kin(&reused, &search), in_doubt(&reused, &search)), (vec![34], vec![]));
        // Somebody else may have had the number meanwhile, led a session of their own, and left it.
        assert_eq!((kin(&followers, &search), in_doubt(&followers, &search)), (vec![34], vec![30, 31]));
    }

    #[test]
    fn descendants_are_kin_however_deep_and_in_any_order() {
        let all = [process(30, 20), process(20, 10), marked(10, "r/a", "web"), process(40, 1)];
        assert_eq!(kin(&all, &ANY), [10, 20, 30]);
    }

    #[test]
    fn a_service_started_by_another_service_is_that_other_service() {
        let db = KinFacts { parent: 10, ..marked(11, "r/a", "db") };
        let all = [marked(10, "r/a", "web"), db];
        assert_eq!(kin(&all, &KinSearch { service: Some("web"), ..ANY }), [10]);
    }

    #[test]
    fn what_the_supervisor_adopted_is_the_worktrees_and_its_own_helpers_are_nobodys() {
        let helper = KinFacts { session: 50, group: 50, ..process(60, 50) };
        let wiped = KinFacts { session: 69, group: 69, ..process(70, 50) };
        let all = [process(50, 1), helper, wiped];
        let search = KinSearch { adopter: Some(50), ..ANY };
        assert_eq!(kin(&all, &search), [70]);
        assert!(kin(&all, &KinSearch { service: Some("web"), ..search }).is_empty());
    }

    #[test]
    fn a_check_is_its_supervisors_while_that_lives_and_of_the_worktree_but_not_the_service_after_it() {
        let check = KinFacts { parent: 50, session: 50, ..marked(60, "r/a", "web/check") };
        let gone_into_the_background = KinFacts { session: 70, ..marked(70, "r/a", "web/check") };
        let all = [process(50, 1), check, gone_into_the_background];
        assert_eq!(kin(&all, &KinSearch { adopter: Some(50), ..ANY }), [70]);
        assert_eq!(kin(&all[1..], &ANY), [60, 70]);
        assert!(kin(&all[1..], &KinSearch { service: Some("web"), ..ANY }).is_empty());
    }

    #[test]
    fn whoever_asks_and_the_first_process_are_never_kin() {
        let asker = KinFacts { pid: 900, ..marked(900, "r/a", "web") };
        let first = KinFacts { pid: 1, ..marked(1, "r/a", "web") };
        assert!(kin(&[asker, first], &KinSearch { recorded: &[id(1, 1), id(900, 900)], ..ANY }).is_empty());
    }
}
