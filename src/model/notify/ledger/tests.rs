//! What is told, and what is not told again.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn web(name: &str, second: i64) -> Event {
    Event::new(name).of("/r", "one").with("service", "web").numbered(0, at(second))
}

/// What is due once these were heard, with the seconds when.
fn told(events: Vec<Event>) -> (Ledger, Vec<(&'static str, u32, i64)>) {
    let mut ledger = Ledger { heard: events, ..Ledger::default() };
    let now = ledger.heard.last().map_or(at(0), |event| event.at);
    ledger.digest(now);
    let seen = told_by(&ledger);
    (ledger, seen)
}

fn told_by(ledger: &Ledger) -> Vec<(&'static str, u32, i64)> {
    let due = ledger.due.iter().filter(|due| !due.notice.is_silent);
    due.map(|due| (due.notice.kind.as_str(), due.notice.changes, due.at.as_second() - 1_000_000)).collect()
}

#[test]
fn a_change_is_told_once_and_never_again_while_it_lasts() {
    let seen = told(vec![
        web("ready", 0),
        web("unhealthy", 1),
        web("unhealthy", 2),
        web("health_changed", 3).with("state", "unhealthy"),
    ]);
    assert_eq!(seen.1, [("unhealthy", 1, 1)]);
    let mut ledger = Ledger::read(&seen.0.write().unwrap());
    assert_eq!(ledger, seen.0);
    ledger.due.clear();
    // Days later it is the same still.
    ledger.heard = vec![
        web("unhealthy", 300_000),
        web("failed", 300_001),
        web("failed", 300_002),
        web("ready", 300_003),
        web("ready", 300_004),
    ];
    ledger.digest(at(300_004));
    assert_eq!(told_by(&ledger), [("failed", 1, 300_001), ("recovered", 1, 300_003)]);
    assert_eq!(ledger.due[1].notice.began, at(1), "since when it was wrong");
}

#[test]
fn what_changes_again_and_again_is_one_notice_once_it_is_calm() {
    let mut events = vec![web("unhealthy", 0), web("ready", 10)];
    for round in 2..20 {
        events.push(web(if round % 2 == 0 { "unhealthy" } else { "ready" }, round * 10));
    }
    let (mut ledger, seen) = told(events);
    assert_eq!(seen, [("unhealthy", 1, 0), ("recovered", 1, 10), ("recovered", 20, 190 + 300)]);
    ledger.due.clear();
    ledger.heard = vec![web("unhealthy", 2000)];
    ledger.digest(at(2000));
    assert_eq!(told_by(&ledger), [("unhealthy", 1, 2000)], "long after that it is told at once");
}

#[test]
fn what_waits_for_calm_is_not_told_of_what_was_stopped_meanwhile() {
    let again = ["unhealthy", "ready", "unhealthy"];
    let mut events: Vec<Event> = (0..).zip(again).map(|(second, name)| web(name, second)).collect();
    assert_eq!(told(events.clone()).1.last(), Some(&("unhealthy", 3, 2 + 300)));
    events.push(web("stopped", 5));
    assert_eq!(told(events).1, [("unhealthy", 1, 0), ("recovered", 1, 1)]);
}

#[test]
fn what_was_stopped_or_is_gone_is_over_and_told_only_to_who_keeps_a_list() {
    let (ledger, seen) =
        told(vec![web("failed", 0), web("over_limit", 0).with("limit", "cpu"), web("stopped", 1)]);
    assert_eq!(seen.len(), 2);
    assert_eq!(ledger.due.iter().filter(|due| due.notice.is_silent).count(), 2);
    assert!(ledger.told.is_empty());
    let (ledger, _) = told(vec![
        web("failed", 0),
        Event::new("setup_failed").of("/r", "one"),
        Event::new("removed").of("/r", "one"),
    ]);
    assert!(ledger.told.is_empty());
    let (ledger, _) = told(vec![web("failed", 0), Event::new("removed").of("/r", "other")]);
    assert_eq!(ledger.told.len(), 1);
}

#[test]
fn a_conflict_lasts_as_long_as_the_same_processes_hold_the_port() {
    let conflict = |pid: u32, second| {
        web("port_conflict", second).with("port", 5000).with("holders", serde_json::json!([{ "pid": pid }]))
    };
    let (_, seen) = told(vec![conflict(7, 0), conflict(7, 1), conflict(8, 2), conflict(8, 90_000)]);
    assert_eq!(seen.iter().map(|(_, _, at)| *at).collect::<Vec<_>>(), [0, 2]);
    let moved =
        Event::new("port_moved").of("/r", "one").with("from", 5000).with("to", 5001).numbered(0, at(1));
    let (_, seen) = told(vec![conflict(7, 0), moved, conflict(7, 2)]);
    assert_eq!(seen.len(), 2);
    let (mut ledger, _) = told(vec![conflict(7, 0), conflict(7, 50_000)]);
    ledger.due.clear();
    ledger.digest(at(100_000));
    assert!(ledger.told.len() == 1 && ledger.due.is_empty(), "it was seen since");
    ledger.digest(at(200_000));
    assert!(ledger.told.is_empty(), "nobody may have seen its end");
    assert!(ledger.due.len() == 1 && ledger.due[0].notice.is_silent, "who keeps a list hears of it");
}

#[test]
fn a_conflict_is_told_once_in_whatever_words_and_for_however_many_ports() {
    let conflict = |ports: &[u16], pids: &[u32], second| {
        let holders: Vec<_> = pids.iter().map(|pid| serde_json::json!({ "pid": pid })).collect();
        Event::new("port_conflict")
            .of("/r", "one")
            .with("ports", ports)
            .with("holders", holders)
            .numbered(0, at(second))
    };
    let health = |reason: &str, second| {
        web("health_changed", second).with("port", 5000).with("state", "unhealthy").with("reason", reason)
    };
    let (ledger, seen) = told(vec![
        conflict(&[5000, 5001], &[7, 8], 0),
        health("held by node (pid 7), a stranger", 1),
        health("held by a process out of sight", 2),
        conflict(&[5001], &[8], 3),
    ]);
    assert_eq!((seen.len(), ledger.told.len()), (1, 2));
    // One of them is free: the other one is not.
    let freed =
        |port: u16, second| Event::new("port_conflict_over").with("port", port).numbered(0, at(second));
    let (mut ledger, _) = told(vec![conflict(&[5000, 5001], &[7], 0), freed(5000, 1)]);
    assert_eq!(ledger.due.len(), 1);
    ledger.heard = vec![freed(5001, 2)];
    ledger.digest(at(2));
    assert_eq!(ledger.due.iter().filter(|due| due.notice.is_silent).count(), 1);
}

#[test]
fn a_port_that_changes_hands_again_and_again_is_one_notice_and_none_once_it_is_free() {
    let conflict = |second: i64| {
        let holders = serde_json::json!([{ "pid": second }]);
        web("port_conflict", second).with("port", 5000).with("holders", holders)
    };
    // Whoever ends the holder need not know whose port it was.
    let over = |second| Event::new("holder_terminated").with("port", 5000).numbered(0, at(second));
    let mut events: Vec<Event> = (0..6).flat_map(|at| [conflict(at * 2), over(at * 2 + 1)]).collect();
    let (_, seen) = told(events.clone());
    assert_eq!(seen, [("port_conflict", 1, 0), ("port_conflict", 1, 2)]);
    events.pop();
    assert_eq!(told(events).1.last(), Some(&("port_conflict", 6, 10 + 300)));
}

#[test]
fn lines_of_others_spoil_nothing_and_a_clock_put_back_keeps_nobody_waiting() {
    let text = b"{\"heard\":{\"sequence\":1,\"at\":\"2026-01-01T00:00:00Z\",\"event\":\"x\"}}\n{\"new\":1}\ngarbage\n{\"due\":";
    assert_eq!(Ledger::read(text).heard.len(), 1);
    let (mut ledger, _) = told(vec![web("failed", 100_000)]);
    ledger.digest(at(0));
    assert_eq!(ledger.due[0].at, at(0));
}

#[test]
fn a_way_is_called_as_it_is_written() {
    for (via, word) in [(Via::Webhook, "webhook"), (Via::Command, "command")] {
        assert_eq!((via.as_str(), serde_json::to_value(via).unwrap()), (word, word.into()));
    }
}

#[test]
fn the_same_processes_are_meant_where_one_of_them_is_in_both_or_nobody_saw_any() {
    for (one, other, is_same) in [
        ("", "", true),
        ("1", "", true),
        ("", "1", true),
        ("1,2", "2,3", true),
        ("1,2", "3", false),
        ("1", "11", false),
    ] {
        assert_eq!(is_same_print(one, other), is_same, "{one:?} {other:?}");
    }
}

#[test]
fn a_time_is_within_a_span_up_to_its_end_and_where_it_is_to_come() {
    for (second, expected) in [(0, true), (600, true), (601, false), (-5, true)] {
        assert_eq!(is_within(at(0), at(second), SPAN), expected, "{second}");
    }
}

#[test]
fn what_an_event_does_not_name_it_is_about_all() {
    let (mut ledger, _) = told(vec![web("failed", 0)]);
    let told = ledger.told.remove(0);
    for (about, is_it) in [
        (Event::new("x"), true),
        (Event::new("x").of("/r", "one"), true),
        (Event::new("x").of("/r", "two"), false),
        (Event::new("x").of("/s", "one"), false),
        (Event { repository: Some("/r".into()), ..Event::new("x") }, true),
        (Event { worktree: Some("two".to_owned()), ..Event::new("x") }, false),
    ] {
        assert_eq!(told.is_of(&about), is_it, "{about:?}");
        assert_eq!(is_of(&web("failed", 0), &about), is_it, "{about:?}");
    }
}

#[test]
fn numbers_of_notices_grow_and_the_oldest_go_where_too_many_wait() {
    let mut ledger = Ledger::default();
    assert!(ledger.is_idle());
    let notice = Notice::new(NoticeKind::Failed, "service:web", &web("failed", 0), at(0));
    (0..MOST_DUE + 2).for_each(|_| ledger.add(notice.clone(), at(0)));
    ledger.digest(at(0));
    let numbers: Vec<u64> = ledger.due.iter().map(|due| due.number).collect();
    assert_eq!((numbers.len(), numbers.first(), numbers.last()), (MOST_DUE, Some(&3), Some(&1002)));
    assert!(!ledger.is_idle());
    ledger.due.clear();
    ledger.taken_in = vec![7, 8];
    assert_eq!(Ledger::read(&ledger.write().unwrap()), ledger);
    ledger.heard.push(web("failed", 0));
    assert!(!ledger.is_idle());
}

#[test]
fn a_conflict_is_the_same_as_long_as_somebody_was_in_the_last_look_too() {
    let conflict = |pids: &[u32], second| {
        let holders: Vec<_> = pids.iter().map(|pid| serde_json::json!({ "pid": pid })).collect();
        web("port_conflict", second).with("port", 5000).with("holders", holders)
    };
    let (ledger, seen) =
        told(vec![conflict(&[7], 0), conflict(&[7, 8], 1), conflict(&[8], 2), conflict(&[], 3)]);
    assert_eq!((seen.len(), ledger.told[0].print.as_str()), (1, "8"), "whom nobody sees may be there still");
    assert_eq!(ledger.told[0].seen, Some(at(3)));
    let (_, seen) = told(vec![conflict(&[7], 0), conflict(&[7, 8], 1), conflict(&[9], 2)]);
    assert_eq!(seen.len(), 2);
}
