//! Which processes belong to a service, or to any service of a worktree: decided from what the system shows of each.

use std::collections::HashMap;

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

/// Returns the pids of the kin among all processes, ascending.
///
/// Kin is what carries marker and service in its environment, what is recorded (pid and start time), what is in the
/// session or group that such a one leads, the children of kin, and what was adopted. A marker without a service proves
/// nothing: it was not `wt up` that started it. Neither does a session whose leader is gone: see [`in_doubt`].
#[must_use]
pub fn kin(all: &[KinFacts], search: &KinSearch<'_>) -> Vec<u32> {
    let by_pid: HashMap<u32, &KinFacts> = all.iter().map(|seen| (seen.pid, seen)).collect();
    let adopters = search.adopter.and_then(|pid| by_pid.get(&pid)).map(|adopter| adopter.session);
    // What shares the supervisor's session are its own helpers, as health checks are.
    let is_helper = |pid: u32| adopters.is_some() && by_pid.get(&pid).map(|seen| seen.session) == adopters;
    let is_dead = |pid: u32| by_pid.get(&pid).is_some_and(|seen| seen.is_dead);
    let is_out = |pid: u32| {
        pid <= 1 || pid == search.asker || search.adopter == Some(pid) || is_helper(pid) || is_dead(pid)
    };
    let mut found: HashMap<u32, bool> = HashMap::new();
    for seen in all {
        let is_kin = !is_out(seen.pid) && (is_marked(seen, search) || is_recorded(seen, search, &by_pid));
        found.insert(seen.pid, is_kin || (!is_out(seen.pid) && is_adopted(seen, search, &by_pid)));
    }
    // Kin of kin, until nobody new is found; each round finds one or is the last.
    loop {
        let is_next = |seen: &&KinFacts| {
            let of = |pid: u32| found.get(&pid) == Some(&true);
            let is_led = of(seen.session) || of(seen.group) || of(seen.parent);
            !found[&seen.pid] && !is_out(seen.pid) && is_led && !is_of_another_service(seen, search)
        };
        let next: Vec<u32> = all.iter().filter(is_next).map(|seen| seen.pid).collect();
        if next.is_empty() {
            break;
        }
        found.extend(next.into_iter().map(|pid| (pid, true)));
    }
    let mut kin: Vec<u32> = found.into_iter().filter_map(|(pid, is_kin)| is_kin.then_some(pid)).collect();
    kin.sort_unstable();
    kin
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

fn is_marked(seen: &KinFacts, search: &KinSearch<'_>) -> bool {
    let service = seen.service.as_deref().filter(|service| !service.is_empty());
    seen.marker.as_deref() == Some(search.marker)
        && service.is_some_and(|service| search.service.is_none_or(|wanted| wanted == service))
}

/// What a service starts may say that it belongs to another one, which is to be believed.
fn is_of_another_service(seen: &KinFacts, search: &KinSearch<'_>) -> bool {
    let is_other = |service: &str| search.service.is_some_and(|wanted| wanted != service);
    seen.marker.as_deref() == Some(search.marker) && seen.service.as_deref().is_some_and(is_other)
}

fn is_recorded(seen: &KinFacts, search: &KinSearch<'_>, by_pid: &HashMap<u32, &KinFacts>) -> bool {
    search.recorded.iter().any(|known| {
        if known.pid == seen.pid {
            return is_recorded_as(known, seen.pid, seen.started);
        }
        // While its leader is there, a session or a group is known by it. A pid whose process is gone may have been given to
        // somebody else, who led a session of their own and has left it too.
        let is_leader =
            by_pid.get(&known.pid).is_some_and(|leader| is_recorded_as(known, leader.pid, leader.started));
        is_leader && follows(seen, known)
    })
}

/// Answers whether it is in the session or group of a recorded process, and not older than that.
fn follows(seen: &KinFacts, known: &ProcessId) -> bool {
    known.pid > 1 && (seen.session == known.pid || seen.group == known.pid) && known.started <= seen.started
}

/// Returns the pids of those that may be kin and cannot be proven to be, ascending: they are in the session or group of a
/// recorded process that is gone, and carry no marker. They are to be named, and left alone.
#[must_use]
pub fn in_doubt(all: &[KinFacts], search: &KinSearch<'_>) -> Vec<u32> {
    let proven = kin(all, search);
    let is_gone = |known: &&ProcessId| all.iter().all(|seen| seen.pid != known.pid);
    let gone: Vec<&ProcessId> = search.recorded.iter().filter(is_gone).collect();
    let is_meant = |seen: &&KinFacts| {
        let is_candidate = seen.pid > 1 && seen.pid != search.asker && !seen.is_dead && seen.marker.is_none();
        is_candidate && gone.iter().any(|known| follows(seen, known)) && !proven.contains(&seen.pid)
    };
    let mut pids: Vec<u32> = all.iter().filter(is_meant).map(|seen| seen.pid).collect();
    pids.sort_unstable();
    pids
}

/// Children of the supervisor in a session other than its own: what it started itself, and orphans.
fn is_adopted(seen: &KinFacts, search: &KinSearch<'_>, by_pid: &HashMap<u32, &KinFacts>) -> bool {
    let Some(adopter) = search.adopter.and_then(|pid| by_pid.get(&pid)) else { return false };
    search.service.is_none() && seen.parent == adopter.pid && seen.session != adopter.session
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: KinSearch<'_> =
        KinSearch { marker: "r/a", service: None, recorded: &[], adopter: None, asker: 900 };

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
