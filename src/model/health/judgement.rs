//! From who is on the port, and what it answered, to a state with its level, its reason and the next step.

use super::check::{CheckKind, CheckOutcome};
use super::state::Health;
use crate::model::advised::wt;
use crate::model::port::Port;
use crate::model::port::holder::Holder;
use crate::model::port::occupancy::Occupancy;
use crate::model::quoting::quote_sh;

/// How it begins that a port has no listener.
pub const NOBODY_LISTENS: &str = "nothing listens on ";

/// Why a service is well that does not run: the first request starts it.
pub const ASLEEP: &str = "asleep";

/// What is known about a service after a look at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    pub health: Health,
    /// 0 nothing is bound, 1 bound, 2 ours, 3 it responds.
    pub level: u8,
    /// Whoever listens (or is bound), ours or not.
    pub pid: Option<u32>,
    pub latency_ms: Option<f64>,
    /// Why it is not well.
    pub reason: Option<String>,
    /// The command that helps.
    pub action: Option<String>,
    /// Whether it was judged by an answer, which may have been a mere hiccup, rather than by who is there.
    pub by_answer: bool,
    /// Whether somebody else has the port, alone or beside the worktree's own server.
    pub by_others: bool,
    /// Whether it sleeps: the first request starts it.
    pub is_asleep: bool,
}

/// What actions are made of.
#[derive(Clone, Copy, Debug)]
pub struct ActionSubject<'a> {
    pub port: Port,
    pub check: &'a CheckKind,
    /// The worktree's folder.
    pub folder: &'a str,
    /// The service's name, where it says how it is run.
    pub runnable: Option<&'a str>,
    /// Whether the configuration names the service at all.
    pub is_named: bool,
    /// What settles it where somebody else is on the port, and what ends a server of our own.
    pub remedy: Option<&'a str>,
    /// Who else holds the port, and who else has it by the registry, in words.
    pub held: Option<&'a str>,
}

/// Judges a service; `outcome` is what asking it brought, and matters only where it listens.
#[must_use]
pub fn judge(subject: ActionSubject<'_>, occupancy: &Occupancy, outcome: Option<CheckOutcome>) -> Judgement {
    let port = subject.port;
    match occupancy {
        Occupancy::Nobody => Judgement {
            health: Health::NotRunning,
            reason: Some(if subject.is_named {
                nobody_listens(port)
            } else {
                format!("{}, and no configuration names the service", nobody_listens(port))
            }),
            action: start(subject),
            ..Judgement::default()
        },
        Occupancy::Reserved { pid } => Judgement {
            health: Health::NotRunning,
            level: 1,
            pid: Some(*pid),
            reason: Some(format!("{port} is bound, and nothing listens on it yet")),
            action: start(subject),
            ..Judgement::default()
        },
        Occupancy::Theirs(holder) => Judgement { level: 1, pid: holder.pid, ..held(subject, holder) },
        Occupancy::Ours { pid, beside: Some(holder), .. } => {
            Judgement { level: 2, pid: Some(*pid), ..held(subject, holder) }
        }
        Occupancy::Ours { pid, .. } => answered(subject, (*pid != 0).then_some(*pid), outcome),
    }
}

/// Judges a service that its supervisor has given up, for that reason: what does not run is not well then.
#[must_use]
pub fn given_up(folder: &str, service: &str, seen: Judgement, reason: &str) -> Judgement {
    if seen.health != Health::NotRunning {
        return seen;
    }
    let because = failed(reason);
    let action = wt("logs {}", &[&service]).at(folder).to_string();
    Judgement { health: Health::Unhealthy, reason: Some(because), action: Some(action), ..seen }
}

/// Judges a service that sleeps: nobody who asks for it waits in vain, unless somebody else has its port.
#[must_use]
pub fn asleep(seen: Judgement) -> Judgement {
    if seen.by_others {
        return seen;
    }
    let (health, reason) = (Health::Healthy, Some(ASLEEP.to_owned()));
    Judgement { health, reason, action: None, level: 0, pid: None, latency_ms: None, is_asleep: true, ..seen }
}

/// Judges a service that nobody but its supervisor asks; `trouble` is why that does not find it well.
#[must_use]
pub fn watched(seen: Judgement, trouble: Option<String>) -> Judgement {
    if !is_unasked(&seen) {
        return seen;
    }
    match trouble {
        None => Judgement { health: Health::Healthy, level: 3, reason: None, action: None, ..seen },
        Some(reason) => Judgement { health: Health::Unhealthy, reason: Some(reason), ..seen },
    }
}

/// Answers whether its own process listens, and was not asked.
fn is_unasked(seen: &Judgement) -> bool {
    seen.level == 2 && !seen.by_others && !seen.by_answer
}

/// Judges a service that a request has just started, or that is just put to sleep: for a moment nobody knows better.
#[must_use]
pub fn under_way(seen: Judgement, state: &str) -> Judgement {
    if seen.health != Health::NotRunning && !is_unasked(&seen) {
        return seen;
    }
    Judgement { health: Health::Unknown, reason: Some(state.to_owned()), action: None, ..seen }
}

/// Returns why what was given up is not well.
#[must_use]
pub fn failed(reason: &str) -> String {
    if reason.is_empty() { "failed".to_owned() } else { format!("failed: {reason}") }
}

/// Returns why what is not there is not running.
#[must_use]
pub fn nobody_listens(port: Port) -> String {
    format!("{NOBODY_LISTENS}{port}")
}

fn answered(subject: ActionSubject<'_>, pid: Option<u32>, outcome: Option<CheckOutcome>) -> Judgement {
    let ours = Judgement { level: 2, pid, by_answer: true, ..Judgement::default() };
    match outcome {
        Some(CheckOutcome::Responds { latency_ms }) => {
            Judgement { health: Health::Healthy, level: 3, latency_ms: Some(latency_ms), ..ours }
        }
        Some(CheckOutcome::NotAccepting) => Judgement {
            health: Health::Unhealthy,
            reason: Some("not accepting: connections pile up in its queue".to_owned()),
            action: subject.remedy.map(str::to_owned),
            ..ours
        },
        Some(CheckOutcome::Fails(reason)) => Judgement {
            health: Health::Unhealthy,
            reason: Some(reason),
            action: closer_look(subject),
            ..ours
        },
        Some(CheckOutcome::NotAsked { reason, action }) => {
            Judgement { reason: Some(reason), action, by_answer: false, ..ours }
        }
        None => Judgement { reason: Some("not asked".to_owned()), by_answer: false, ..ours },
    }
}

fn held(subject: ActionSubject<'_>, holder: &Holder) -> Judgement {
    let by = || format!("held by {}", holder.told_with_its_socket());
    Judgement {
        health: Health::Unhealthy,
        by_others: true,
        reason: Some(subject.held.map_or_else(by, str::to_owned)),
        action: Some(
            subject.remedy.map_or_else(|| wt("ports owner {}", &[&subject.port]).to_string(), str::to_owned),
        ),
        ..Judgement::default()
    }
}

fn start(subject: ActionSubject<'_>) -> Option<String> {
    if !subject.is_named {
        return Some(wt("ports release {}", &[&subject.port]).at(subject.folder).to_string());
    }
    subject.runnable.map(|service| wt("up {}", &[&service]).at(subject.folder).to_string())
}

fn closer_look(subject: ActionSubject<'_>) -> Option<String> {
    let port = subject.port;
    match subject.check {
        CheckKind::Tcp => Some(wt("ports owner {}", &[&port]).to_string()),
        CheckKind::Http(check) => {
            Some(format!("curl -i {}", quote_sh(&format!("http://localhost:{port}{}", check.path))))
        }
        CheckKind::Postgres { .. } => Some(format!("pg_isready -h localhost -p {port}")),
        CheckKind::Redis => Some(format!("redis-cli -h localhost -p {port} ping")),
        CheckKind::Command(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::health::check::HttpCheck;
    use crate::model::port::holder::Relation;
    use crate::model::port::sample::{situation, socket};

    fn judged(occupancy: &Occupancy, outcome: Option<CheckOutcome>) -> Judgement {
        let check = CheckKind::Http(HttpCheck::of("/up?a=1&b=2"));
        let subject = ActionSubject {
            port: Port::new(5000).unwrap(),
            check: &check,
            folder: "/my work",
            runnable: Some("web"),
            is_named: true,
            remedy: Some("wt ports resolve"),
            held: None,
        };
        judge(subject, occupancy, outcome)
    }

    #[test]
    fn what_no_configuration_names_can_be_given_up() {
        let check = CheckKind::Tcp;
        let (port, folder) = (Port::new(5000).unwrap(), "/w");
        let subject = ActionSubject {
            port,
            check: &check,
            folder,
            runnable: None,
            is_named: false,
            remedy: None,
            held: None,
        };
        let judgement = judge(subject, &Occupancy::Nobody, None);
        assert!(judgement.reason.unwrap().contains("no configuration names"));
        assert_eq!(judgement.action.as_deref(), Some("wt -C /w ports release 5000"));
    }

    fn ours() -> Occupancy {
        Occupancy::Ours { pid: 7, addresses: Vec::new(), beside: None }
    }

    fn holder() -> Holder {
        let mut socket = socket(None);
        socket.owners[0].pid = 4242;
        situation(&[], &[socket]).holders.remove(0)
    }

    #[test]
    fn nothing_there_is_not_running_and_says_how_to_start_it() {
        let judgement = judged(&Occupancy::Nobody, None);
        assert_eq!((judgement.health, judgement.level, judgement.pid), (Health::NotRunning, 0, None));
        assert_eq!(judgement.action.as_deref(), Some("wt -C '/my work' up web"));
        let held = judged(&Occupancy::Reserved { pid: 9 }, None);
        assert_eq!(
            (held.health, held.level, held.pid),
            (Health::NotRunning, 1, Some(9)),
            "a hold is no stranger"
        );
    }

    #[test]
    fn what_its_supervisor_finds_counts_where_its_own_process_was_not_asked() {
        let (reason, action) = (Some("not trusted".to_owned()), Some("wt trust".to_owned()));
        let health = Health::Unknown;
        let unasked = Judgement { health, level: 2, pid: Some(7), reason, action, ..Judgement::default() };
        let well = watched(unasked.clone(), None);
        assert_eq!((well.health, well.level, well.pid), (Health::Healthy, 3, Some(7)));
        assert_eq!((well.reason, well.action), (None, None), "nothing is wrong with it any more");
        let unwell = watched(unasked.clone(), Some("it hangs".to_owned()));
        assert_eq!((unwell.health, unwell.level), (Health::Unhealthy, 2));
        assert_eq!(unwell.reason.as_deref(), Some("it hangs"));
        let by_others = Judgement { by_others: true, ..unasked.clone() };
        let by_answer = Judgement { by_answer: true, ..unasked.clone() };
        for seen in [by_others, by_answer, Judgement { level: 1, ..unasked }] {
            assert_eq!(watched(seen.clone(), None), seen);
        }
    }

    #[test]
    fn a_stranger_is_unhealthy_whatever_it_would_answer() {
        let theirs = Occupancy::Theirs(holder());
        let judgement = judged(&theirs, Some(CheckOutcome::Responds { latency_ms: 1.0 }));
        assert_eq!((judgement.health, judgement.level), (Health::Unhealthy, 1));
        assert_eq!(judgement.reason.as_deref(), Some("held by node (pid 4242), a stranger"));
        assert_eq!(judgement.action.as_deref(), Some("wt ports resolve"), "ours moves, nobody is ended");
        let sibling =
            Holder { relation: Relation::Sibling, worktree: Some("feature-b".to_owned()), ..holder() };
        let judgement = judged(&Occupancy::Theirs(sibling), None);
        assert_eq!(
            judgement.reason.as_deref(),
            Some("held by node (pid 4242, worktree feature-b), a sibling"),
            "a sibling is no stranger"
        );
        let beside = Occupancy::Ours { pid: 7, addresses: Vec::new(), beside: Some(holder()) };
        let judgement = judged(&beside, Some(CheckOutcome::Responds { latency_ms: 1.0 }));
        assert_eq!((judgement.health, judgement.level, judgement.pid), (Health::Unhealthy, 2, Some(7)));
    }

    #[test]
    fn our_own_server_is_as_well_as_its_answer() {
        let well = judged(&ours(), Some(CheckOutcome::Responds { latency_ms: 1.5 }));
        assert_eq!(
            (well.health, well.level, well.latency_ms, well.reason),
            (Health::Healthy, 3, Some(1.5), None)
        );
        let silent = judged(&ours(), Some(CheckOutcome::NotAccepting));
        assert!(silent.reason.unwrap().starts_with("not accepting"));
        let failing = judged(&ours(), Some(CheckOutcome::Fails("answered 503".to_owned())));
        assert_eq!((failing.health, failing.level), (Health::Unhealthy, 2));
        assert_eq!(failing.action.as_deref(), Some("curl -i 'http://localhost:5000/up?a=1&b=2'"));
        let outcome =
            CheckOutcome::NotAsked { reason: "not trusted".to_owned(), action: Some("wt trust".to_owned()) };
        let unasked = judged(&ours(), Some(outcome));
        assert_eq!((unasked.health, unasked.level, unasked.by_answer), (Health::Unknown, 2, false));
    }

    #[test]
    fn whoever_has_the_port_beside_or_before_us_is_another() {
        let beside = Occupancy::Ours { pid: 7, addresses: Vec::new(), beside: Some(holder()) };
        for (occupancy, by_others) in [
            (Occupancy::Theirs(holder()), true),
            (beside, true),
            (ours(), false),
            (Occupancy::Nobody, false),
            (Occupancy::Reserved { pid: 9 }, false),
        ] {
            let seen = judged(&occupancy, None);
            assert_eq!(seen.by_others, by_others, "{occupancy:?}");
            assert_eq!(asleep(seen).is_asleep, !by_others, "what others have does not sleep: {occupancy:?}");
        }
    }

    #[test]
    fn a_service_that_sleeps_is_well_and_needs_nothing() {
        let seen = asleep(judged(&Occupancy::Reserved { pid: 9 }, None));
        let reason = Some("asleep".to_owned());
        assert_eq!(
            seen,
            Judgement { health: Health::Healthy, reason, is_asleep: true, ..Judgement::default() }
        );
    }

    #[test]
    fn what_was_given_up_is_unhealthy_unless_it_runs_again() {
        let down = judged(&Occupancy::Nobody, None);
        let failed = given_up("/my work", "web", down.clone(), "exited with 1");
        assert_eq!(
            (failed.health, failed.reason.as_deref(), failed.action.as_deref()),
            (Health::Unhealthy, Some("failed: exited with 1"), Some("wt -C '/my work' logs web"))
        );
        assert_eq!(given_up("/w", "web", down, "").reason.as_deref(), Some("failed"));
        let up = judged(&ours(), Some(CheckOutcome::Responds { latency_ms: 1.0 }));
        assert_eq!(given_up("/w", "web", up.clone(), "exited with 1"), up);
    }

    #[test]
    fn while_it_starts_or_goes_to_sleep_nobody_knows_better() {
        let down = under_way(judged(&Occupancy::Nobody, None), "starting");
        assert_eq!(
            (down.health, down.reason.as_deref(), down.action),
            (Health::Unknown, Some("starting"), None)
        );
        let unasked = under_way(judged(&ours(), None), "starting");
        assert_eq!((unasked.health, unasked.reason.as_deref()), (Health::Unknown, Some("starting")));
        let outcomes = [CheckOutcome::Responds { latency_ms: 1.0 }, CheckOutcome::NotAccepting];
        for seen in outcomes
            .map(|outcome| judged(&ours(), Some(outcome)))
            .into_iter()
            .chain([judged(&Occupancy::Theirs(holder()), None)])
        {
            assert_eq!(under_way(seen.clone(), "starting"), seen);
        }
    }

    #[test]
    fn a_closer_look_is_taken_as_the_service_speaks() {
        let look = |check: CheckKind| {
            let subject = ActionSubject {
                port: Port::new(5000).unwrap(),
                check: &check,
                folder: "/w",
                runnable: None,
                is_named: true,
                remedy: None,
                held: None,
            };
            judge(subject, &ours(), Some(CheckOutcome::Fails("no".to_owned()))).action
        };
        assert_eq!(look(CheckKind::Tcp).as_deref(), Some("wt ports owner 5000"));
        assert_eq!(look(CheckKind::Redis).as_deref(), Some("redis-cli -h localhost -p 5000 ping"));
    }
}
