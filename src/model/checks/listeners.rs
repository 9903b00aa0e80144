//! What is allocated and what listens: stale ports, ports that strangers hold, servers on other ports than their own.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::facts::{Facts, SeenWorktree};
use crate::model::finding::{Finding, FindingKind, Fix, FixTarget};
use crate::model::port::Port;
use crate::model::port::dispute::{Dispute, DisputeTrouble};
use crate::model::port::listener::Listener;
use crate::model::port::remedy::{Remedy, remedy};
use crate::model::port::resolution::movers;
use crate::model::presence::Presence;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::{Entry, EntryState};

/// How long a port that was moved away from somebody else waits for its server.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// Answers whether a process of the entry's worktree holds the port.
pub fn is_held_by(facts: &Facts, port: Port, entry: &Entry) -> bool {
    facts.listeners.iter().any(|listener| listener.port == port && is_of(listener, entry))
}

fn is_of(listener: &Listener, entry: &Entry) -> bool {
    listener
        .owners
        .iter()
        .filter_map(|owner| owner.belongs_to.as_ref())
        .any(|key| key.repository == entry.repository_id && key.name == entry.name)
}

/// Allocations to look at: of active worktrees that are there, whose listeners can be seen from here.
fn allocations(facts: &Facts) -> impl Iterator<Item = (&Entry, &SeenWorktree, &Allocation, Port)> {
    let looked_at = facts.asked().filter(|(entry, seen)| {
        facts.verify_ports
            && entry.state == EntryState::Active
            && seen.network_visible
            && matches!(seen.presence, Presence::There | Presence::Moved(_))
    });
    looked_at.flat_map(|(entry, seen)| {
        let known = entry.allocations.iter();
        known.filter_map(move |allocation| Some((entry, seen, allocation, allocation.find_port()?)))
    })
}

fn listens_anywhere(facts: &Facts, entry: &Entry) -> bool {
    facts.listeners.iter().any(|listener| listener.listening && is_of(listener, entry))
}

/// Ports of worktrees of which nothing listens, on whatever port.
pub fn stale(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, seen, allocation, port) in allocations(facts) {
        let is_kept = allocation.pinned
            || seen.locked
            || listens_anywhere(facts, entry)
            || facts.asleep.contains(&entry.sequence);
        let is_taken = facts.listeners.iter().any(|listener| listener.port == port);
        if is_kept || is_taken || !is_idle(facts.now, seen, allocation) {
            continue;
        }
        let message = format!(
            "port {port} of `{}` is allocated, and nothing of it listens: idle for {}",
            allocation.service,
            spoken(facts.now.duration_since(allocation.idle_since()))
        );
        let fix =
            Fix::ReleasePort { target: FixTarget::of(entry), service: allocation.service.clone(), port };
        found.push(Finding::about(FindingKind::PortStale, entry, message).fixed_by(fix));
    }
    found
}

fn is_idle(now: Timestamp, seen: &SeenWorktree, allocation: &Allocation) -> bool {
    let last = allocation.idle_since();
    // Its server was told to restart on it, and had no chance yet.
    let moved = allocation.moved_at.read().is_some_and(|moved| now.duration_since(moved) < GRACE);
    if moved {
        return false;
    }
    seen.stale_after.is_zero() || now.duration_since(last) >= seen.stale_after.try_into().unwrap_or_default()
}

/// A span in the largest unit that fits.
fn spoken(span: SignedDuration) -> String {
    let (count, unit) = match span.as_secs() {
        ..60 => return "less than a minute".to_owned(),
        seconds @ 60..3_600 => (seconds / 60, "minute"),
        seconds @ 3_600..86_400 => (seconds / 3_600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// Allocated ports that somebody else holds. Who keeps a doubled port is a question of its own.
pub fn conflicts(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let disputes: HashMap<Port, Dispute> =
        facts.situations.iter().filter_map(Dispute::find).map(|dispute| (dispute.port, dispute)).collect();
    for (entry, _, allocation, port) in allocations(facts) {
        let Some(dispute) = disputes.get(&port) else { continue };
        let DisputeTrouble::Held { .. } = &dispute.trouble else { continue };
        let held = dispute.situation.held_by_others().unwrap_or_default();
        let message = format!("port {port} of `{}` is {held}", allocation.service);
        let finding = Finding::about(FindingKind::PortConflict, entry, message);
        found.push(if movers(dispute).is_empty() {
            finding.hint(advised(dispute, facts))
        } else {
            let service = allocation.service.clone();
            finding.fixed_by(Fix::MovePort { target: FixTarget::of(entry), service, port })
        });
    }
    found
}

/// What a person may do about a port that is not moved away from.
fn advised(dispute: &Dispute, facts: &Facts) -> String {
    let DisputeTrouble::Held { tenant, is_shared, .. } = &dispute.trouble else { return String::new() };
    let service = &tenant.service;
    let stays = match (is_shared, tenant.immovable()) {
        (_, Some(why)) => format!("`{service}` {why}, and is never moved"),
        _ => format!("`{service}` runs on it, and is never moved"),
    };
    let remedy = remedy(dispute, facts.resolve);
    let Some(command) = remedy.command(dispute.port) else { return stays };
    match remedy {
        Remedy::End => format!("`{command}` ends it; {stays}"),
        Remedy::Resolve(_) => format!("`{command}` settles it; {stays}"),
        Remedy::Choose | Remedy::Tell => format!("`{command}` says who it is; {stays}"),
    }
}

/// Services that listen on another port than theirs.
pub fn drift(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, _, allocation, port) in allocations(facts) {
        if is_held_by(facts, port, entry) {
            continue;
        }
        let mut others: Vec<Port> = facts
            .listeners
            .iter()
            .filter(|listener| listener.listening && is_of(listener, entry))
            .map(|listener| listener.port)
            .filter(|other| !entry.ports().any(|own| own == *other))
            .collect();
        others.sort_unstable();
        others.dedup();
        if others.is_empty() {
            continue;
        }
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        let message = format!(
            "`{}`: allocated {port}, its server listens on {}",
            allocation.service,
            others.join(", ")
        );
        found.push(
            Finding::about(FindingKind::PortDrift, entry, message)
                .hint(format!("start it on port {port}, which .env names")),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::checks::sample::{entry, judged, listener, recorded, with};

    fn facts(ports: &[u16], listeners: Vec<Listener>) -> Facts {
        let mut facts = with(vec![recorded(entry("a", 1, ports))]);
        facts.verify_ports = true;
        facts.listeners = listeners;
        facts
    }

    #[test]
    fn a_port_is_stale_when_nothing_of_its_worktree_listens_anywhere() {
        assert!(stale(&facts(&[5000], Vec::new()))[0].fixable);
        assert!(stale(&facts(&[5000], vec![listener(5000, Some("a"))])).is_empty());
        assert!(stale(&facts(&[5000, 5001], vec![listener(5173, Some("a"))])).is_empty());
        assert_eq!(stale(&facts(&[5000], vec![listener(5173, Some("b"))])).len(), 1);
    }

    #[test]
    fn pinned_locked_recent_and_unseen_ports_are_never_stale() {
        let mut pinned = facts(&[5000], Vec::new());
        pinned.worktrees[0].entry.allocations[0].pinned = true;
        assert!(stale(&pinned).is_empty());
        let with = |change: fn(&mut SeenWorktree)| {
            let mut facts = facts(&[5000], Vec::new());
            change(facts.worktrees[0].seen.as_mut().unwrap());
            stale(&facts).len()
        };
        assert_eq!(with(|seen| seen.locked = true), 0);
        assert_eq!(with(|seen| seen.network_visible = false), 0);
        assert_eq!(with(|seen| seen.stale_after = Duration::from_secs(10_000)), 0);
        assert_eq!(with(|seen| seen.stale_after = Duration::from_secs(10)), 1);
        assert_eq!(with(|seen| seen.presence = Presence::Vanished), 0);
    }

    #[test]
    fn idle_counts_from_when_it_was_last_seen_listening() {
        let mut facts = facts(&[5000], Vec::new());
        facts.worktrees[0].seen.as_mut().unwrap().stale_after = Duration::from_secs(100);
        let noted = facts.now - Duration::from_secs(50);
        facts.worktrees[0].entry.allocations[0].last_listening.write(&noted);
        assert!(stale(&facts).is_empty());
    }

    #[test]
    fn a_port_that_was_just_moved_waits_for_its_server() {
        let mut facts = facts(&[5000], Vec::new());
        let moved = facts.now - Duration::from_secs(50);
        facts.worktrees[0].entry.allocations[0].moved_at.write(&moved);
        assert!(stale(&facts).is_empty());
        facts.now += Duration::from_secs(10_000);
        assert_eq!(stale(&facts).len(), 1);
    }

    #[test]
    fn a_stranger_on_an_allocated_port_is_named_and_the_service_moves() {
        let found = conflicts(&judged(&facts(&[5000], vec![listener(5000, None)])));
        assert!(
            found[0].fixable && found[0].message.contains("python3 (pid 42, /srv/demo), a stranger"),
            "{found:?}"
        );
        let sibling = conflicts(&judged(&facts(&[5000], vec![listener(5000, Some("b"))])));
        assert!(sibling[0].message.contains("worktree b), a sibling"), "{sibling:?}");
        assert!(stale(&facts(&[5000], vec![listener(5000, None)])).is_empty());
    }

    #[test]
    fn a_live_service_of_ours_and_a_pinned_one_are_never_moved() {
        let mut own = listener(5000, Some("a"));
        own.owners[0].pid = 43;
        let shared = facts(&[5000], vec![listener(5000, None), own]);
        assert!(!conflicts(&judged(&shared))[0].fixable);
        let mut pinned = facts(&[5000], vec![listener(5000, None)]);
        pinned.worktrees[0].entry.allocations[0].pinned = true;
        assert!(!conflicts(&judged(&pinned))[0].fixable);
    }

    #[test]
    fn a_server_on_another_port_than_its_own_is_drift() {
        let found = drift(&facts(&[5001], vec![listener(5173, Some("a"))]));
        assert!(found[0].message.contains("allocated 5001, its server listens on 5173"), "{found:?}");
        assert!(
            drift(&facts(&[5001], vec![listener(5001, Some("a")), listener(9229, Some("a"))])).is_empty()
        );
    }

    #[test]
    fn without_verify_ports_nothing_is_said_about_listeners() {
        let quiet = Facts { verify_ports: false, ..facts(&[5000], vec![listener(5000, None)]) };
        assert!(
            stale(&quiet).is_empty() && conflicts(&judged(&quiet)).is_empty() && drift(&quiet).is_empty()
        );
    }

    #[test]
    fn a_span_is_said_in_the_largest_unit_that_fits() {
        for (seconds, said) in [
            (0, "less than a minute"),
            (59, "less than a minute"),
            (60, "1 minute"),
            (119, "1 minute"),
            (120, "2 minutes"),
            (3_599, "59 minutes"),
            (3_600, "1 hour"),
            (7_200, "2 hours"),
            (86_399, "23 hours"),
            (86_400, "1 day"),
            (259_199, "2 days"),
            (864_000, "10 days"),
        ] {
            assert_eq!(spoken(SignedDuration::from_secs(seconds)), said, "{seconds}");
        }
    }

    #[test]
    fn a_service_that_sleeps_keeps_its_port_and_a_worktree_that_is_not_there_says_nothing() {
        let mut asleep = facts(&[5000], Vec::new());
        asleep.asleep.insert(1);
        assert_eq!(stale(&asleep), []);
        let mut another = facts(&[5000], Vec::new());
        another.asleep.insert(2);
        assert_eq!(stale(&another).len(), 1);
        let mut moved = facts(&[5000], Vec::new());
        moved.worktrees[0].seen.as_mut().unwrap().presence = Presence::Moved("/w/b".into());
        assert_eq!(stale(&moved).len(), 1, "it is there, at another place");
    }

    #[test]
    fn a_port_is_idle_from_the_second_on_in_which_its_time_is_over() {
        let after = |seconds| {
            let mut facts = facts(&[5000], Vec::new());
            facts.worktrees[0].seen.as_mut().unwrap().stale_after = Duration::from_secs(100);
            facts.now = Timestamp::from_second(1 + i64::from(seconds)).unwrap();
            stale(&facts).len()
        };
        assert_eq!((after(99), after(100), after(101)), (0, 1, 1));
    }

    #[test]
    fn a_port_that_was_moved_waits_an_hour() {
        let after = |seconds| {
            let mut facts = facts(&[5000], Vec::new());
            facts.worktrees[0].entry.allocations[0].moved_at.write(&facts.now);
            facts.now += Duration::from_secs(seconds);
            stale(&facts).len()
        };
        assert_eq!((after(3_599), after(3_600)), (0, 1));
    }

    #[test]
    fn drift_names_each_other_port_once_and_none_that_is_the_worktrees_own() {
        let listeners = [5173, 9229, 5173, 5002].map(|port| listener(port, Some("a")));
        let found = drift(&facts(&[5001, 5002], listeners.to_vec()));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "`web`: allocated 5001, its server listens on 5173, 9229");
        assert_eq!(found[0].hint.as_deref(), Some("start it on port 5001, which .env names"));
        let mut bound = listener(5173, Some("a"));
        bound.listening = false;
        assert_eq!(drift(&facts(&[5001], vec![bound, listener(5174, Some("b"))])), []);
    }

    #[test]
    fn what_is_never_moved_is_told_with_what_settles_it() {
        let mut pinned = facts(&[5000], vec![listener(5000, None)]);
        pinned.worktrees[0].entry.allocations[0].pinned = true;
        let hint = conflicts(&judged(&pinned))[0].hint.clone().unwrap();
        assert!(hint.ends_with("`web` is pinned, and is never moved"), "{hint}");
        let mut own = listener(5000, Some("a"));
        own.owners[0].pid = 43;
        let hint =
            conflicts(&judged(&facts(&[5000], vec![listener(5000, None), own])))[0].hint.clone().unwrap();
        assert!(hint.ends_with("`web` runs on it, and is never moved"), "{hint}");
    }

    #[test]
    fn a_port_is_held_by_the_worktree_whose_process_has_that_very_port() {
        let (mine, other) = (entry("a", 1, &[5000]), entry("b", 2, &[5000]));
        let facts = facts(&[5000], vec![listener(5000, Some("a")), listener(5001, None)]);
        let is = |number, entry: &Entry| is_held_by(&facts, Port::new(number).unwrap(), entry);
        assert!(is(5000, &mine) && !is(5001, &mine) && !is(5000, &other));
        let elsewhere =
            Entry { repository_id: crate::model::registry::repository::RepositoryId("s".to_owned()), ..mine };
        assert!(!is(5000, &elsewhere), "another repository has a worktree of that name");
    }
}
