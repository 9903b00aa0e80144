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
mod tests;
