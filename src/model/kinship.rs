//! Which processes belong to a service, or to any service of a worktree: decided from what the system shows of each.

use std::collections::HashMap;

use super::process::ProcessId;

/// What kinship is decided by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub pid: u32,
    pub parent: u32,
    /// The pid of its process group's leader, which may be gone.
    pub group: u32,
    /// The pid of its session's leader, which may be gone.
    pub session: u32,
    pub started: u64,
    /// Its `WT_MARKER`, and its `WT_SERVICE`.
    pub marker: Option<String>,
    pub service: Option<String>,
}

/// Whose kin is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
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
/// session or group of such a one or of a recorded leader that is gone, the children of kin, and what was adopted. A
/// marker without a service proves nothing: it was not `wt up` that started it.
#[must_use]
pub fn kin(all: &[Sighting], search: &Search<'_>) -> Vec<u32> {
    let by_pid: HashMap<u32, &Sighting> = all.iter().map(|seen| (seen.pid, seen)).collect();
    let adopters = search.adopter.and_then(|pid| by_pid.get(&pid)).map(|adopter| adopter.session);
    // What shares the supervisor's session are its own helpers, as health checks are.
    let is_helper = |pid: u32| adopters.is_some() && by_pid.get(&pid).map(|seen| seen.session) == adopters;
    let is_out = |pid: u32| pid <= 1 || pid == search.asker || search.adopter == Some(pid) || is_helper(pid);
    let mut found: HashMap<u32, bool> = HashMap::new();
    for seen in all {
        let is_kin = !is_out(seen.pid) && (is_marked(seen, search) || is_recorded(seen, search, &by_pid));
        found.insert(seen.pid, is_kin || (!is_out(seen.pid) && is_adopted(seen, search, &by_pid)));
    }
    // Kin of kin, until nobody new is found; each round finds one or is the last.
    loop {
        let is_next = |seen: &&Sighting| {
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

fn is_marked(seen: &Sighting, search: &Search<'_>) -> bool {
    let service = seen.service.as_deref().filter(|service| !service.is_empty());
    seen.marker.as_deref() == Some(search.marker)
        && service.is_some_and(|service| search.service.is_none_or(|wanted| wanted == service))
}

/// What a service starts may say that it belongs to another one, which is to be believed.
fn is_of_another_service(seen: &Sighting, search: &Search<'_>) -> bool {
    let is_other = |service: &str| search.service.is_some_and(|wanted| wanted != service);
    seen.marker.as_deref() == Some(search.marker) && seen.service.as_deref().is_some_and(is_other)
}

fn is_recorded(seen: &Sighting, search: &Search<'_>, by_pid: &HashMap<u32, &Sighting>) -> bool {
    search.recorded.iter().any(|known| {
        if known.pid == seen.pid {
            return known.started == seen.started;
        }
        // While a session or a group lives, the pid of its leader is given to nobody else (credentials(7)): a leader that
        // is gone was the recorded one, if that is older than its follower.
        let follows = seen.session == known.pid || seen.group == known.pid;
        let is_leader = by_pid.get(&known.pid).is_none_or(|leader| leader.started == known.started);
        known.pid > 1 && follows && is_leader && known.started <= seen.started
    })
}

/// Children of the supervisor in a session other than its own: what it started itself, and orphans.
fn is_adopted(seen: &Sighting, search: &Search<'_>, by_pid: &HashMap<u32, &Sighting>) -> bool {
    let Some(adopter) = search.adopter.and_then(|pid| by_pid.get(&pid)) else { return false };
    search.service.is_none() && seen.parent == adopter.pid && seen.session != adopter.session
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Search<'_> = Search { marker: "r/a", service: None, recorded: &[], adopter: None, asker: 900 };

    fn process(pid: u32, parent: u32) -> Sighting {
        let started = u64::from(pid);
        Sighting { pid, parent, group: pid, session: pid, started, marker: None, service: None }
    }

    fn marked(pid: u32, marker: &str, service: &str) -> Sighting {
        let service = (!service.is_empty()).then(|| service.to_owned());
        Sighting { marker: Some(marker.to_owned()), service, ..process(pid, 1) }
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
        assert_eq!(kin(&all, &Search { service: Some("web"), ..ANY }), [10]);
    }

    #[test]
    fn a_recorded_process_is_known_by_pid_and_start_and_a_reused_pid_is_a_stranger() {
        let all = [process(10, 1), process(11, 10)];
        assert_eq!(kin(&all, &Search { recorded: &[id(10, 10)], ..ANY }), [10, 11]);
        assert!(kin(&all, &Search { recorded: &[id(10, 9)], ..ANY }).is_empty());
    }

    #[test]
    fn what_a_gone_leader_left_in_its_session_or_group_is_kin_unless_it_is_older() {
        let orphan = Sighting { session: 10, ..process(30, 1) };
        let grouped = Sighting { group: 10, session: 5, ..process(31, 1) };
        let older = Sighting { session: 10, started: 3, ..process(32, 1) };
        let all = [orphan, grouped, older];
        assert_eq!(kin(&all, &Search { recorded: &[id(10, 10)], ..ANY }), [30, 31]);
        let with_stranger = [all[0].clone(), Sighting { started: 20, ..process(10, 1) }];
        assert!(kin(&with_stranger, &Search { recorded: &[id(10, 10)], ..ANY }).is_empty(), "reused");
    }

    #[test]
    fn descendants_are_kin_however_deep_and_in_any_order() {
        let all = [process(30, 20), process(20, 10), marked(10, "r/a", "web"), process(40, 1)];
        assert_eq!(kin(&all, &ANY), [10, 20, 30]);
    }

    #[test]
    fn a_service_started_by_another_service_is_that_other_service() {
        let db = Sighting { parent: 10, ..marked(11, "r/a", "db") };
        let all = [marked(10, "r/a", "web"), db];
        assert_eq!(kin(&all, &Search { service: Some("web"), ..ANY }), [10]);
    }

    #[test]
    fn what_the_supervisor_adopted_is_the_worktrees_and_its_own_helpers_are_nobodys() {
        let helper = Sighting { session: 50, group: 50, ..process(60, 50) };
        let wiped = Sighting { session: 69, group: 69, ..process(70, 50) };
        let all = [process(50, 1), helper, wiped];
        let search = Search { adopter: Some(50), ..ANY };
        assert_eq!(kin(&all, &search), [70]);
        assert!(kin(&all, &Search { service: Some("web"), ..search }).is_empty());
    }

    #[test]
    fn a_check_is_its_supervisors_while_that_lives_and_of_the_worktree_but_not_the_service_after_it() {
        let check = Sighting { parent: 50, session: 50, ..marked(60, "r/a", "web/check") };
        let gone_into_the_background = Sighting { session: 70, ..marked(70, "r/a", "web/check") };
        let all = [process(50, 1), check, gone_into_the_background];
        assert_eq!(kin(&all, &Search { adopter: Some(50), ..ANY }), [70]);
        assert_eq!(kin(&all[1..], &ANY), [60, 70]);
        assert!(kin(&all[1..], &Search { service: Some("web"), ..ANY }).is_empty());
    }

    #[test]
    fn whoever_asks_and_the_first_process_are_never_kin() {
        let asker = Sighting { pid: 900, ..marked(900, "r/a", "web") };
        let first = Sighting { pid: 1, ..marked(1, "r/a", "web") };
        assert!(kin(&[asker, first], &Search { recorded: &[id(1, 1), id(900, 900)], ..ANY }).is_empty());
    }
}
