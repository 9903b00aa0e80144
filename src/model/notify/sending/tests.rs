//! What goes out, what waits, and what is given up.

use std::time::Duration;

use serde_json::json;

use super::super::{quiet, webhook};
use super::*;
use crate::model::event::Event;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn settings(more: impl FnOnce(&mut NotifySettings)) -> AllSettings {
    let mut all = NotifySettings {
        on: vec![NoticeKind::Failed],
        webhook: webhook::read(&json!("https://h/x")).ok(),
        command: Some("say".to_owned()),
        ..NotifySettings::default()
    };
    more(&mut all);
    [(Some("/r".into()), all.clone()), (Some("/s".into()), all)].into()
}

fn ledger(events: &[(&str, &str, i64)]) -> Ledger {
    let heard = events.iter().map(|(name, root, second)| {
        Event::new(name).of(*root, "one").with("service", format!("web{second}")).numbered(0, at(*second))
    });
    let mut ledger = Ledger { heard: heard.collect(), ..Ledger::default() };
    ledger.digest(at(9));
    ledger
}

#[test]
fn each_way_gets_its_own_and_what_nobody_asked_for_goes() {
    let settings = settings(|_| ());
    let mut ledger = ledger(&[("failed", "/r", 1), ("unhealthy", "/r", 2)]);
    ledger.address(&settings, at(9), &TimeZone::UTC);
    let batches = ledger.batches(&settings, at(9));
    assert_eq!(batches.iter().map(|batch| batch.via).collect::<Vec<_>>(), [Via::Webhook, Via::Command]);
    assert_ne!(batches[0].numbers, batches[1].numbers);
    ledger.note_taken(&batches[0]);
    assert_eq!(ledger.batches(&settings, at(9)), batches[1..]);
}

#[test]
fn quiet_hours_hold_and_their_end_sends_one_for_each_receiver() {
    let settings = settings(|all| {
        all.quiet = quiet::read(&json!("00:00-01:00")).ok();
        all.command = None;
    });
    let mut ledger = ledger(&[("failed", "/r", 1), ("failed", "/s", 2)]);
    ledger.address(&settings, at(9), &TimeZone::UTC);
    assert!(ledger.batches(&settings, at(9)).is_empty());
    assert_eq!(ledger.next(), Some(at(3600)));
    ledger.address(&settings, at(3600), &TimeZone::UTC);
    let batches = ledger.batches(&settings, at(3600));
    assert_eq!((batches.len(), batches[0].notices.len()), (1, 2), "the same receiver for both repositories");
}

#[test]
fn what_is_refused_comes_later_and_is_given_up_after_an_hour() {
    let settings = settings(|all| all.on.push(NoticeKind::GivenUp));
    let mut ledger = ledger(&[("failed", "/r", 1)]);
    ledger.address(&settings, at(9), &TimeZone::UTC);
    let batch = ledger.batches(&settings, at(9)).remove(0);
    assert!(ledger.note_refused(&batch, &settings, at(10)).is_empty());
    assert_eq!(ledger.batches(&settings, at(10)).len(), 1, "the command is not kept waiting");
    let later = at(10).checked_add(Duration::from_hours(2)).unwrap();
    let given_up = ledger.note_refused(&batch, &settings, later);
    assert_eq!((given_up.len(), given_up[0].tries), (1, 2));
    let told: Vec<_> = ledger.due.iter().map(|due| (due.notice.kind, due.via)).collect();
    assert_eq!(told, [(NoticeKind::Failed, Some(Via::Command)), (NoticeKind::GivenUp, Some(Via::Command))]);
    let all: Vec<NoticeBatch> = ledger.batches(&settings, later);
    ledger.note_refused(&all[1], &settings, later);
    let end = later.checked_add(Duration::from_hours(2)).unwrap();
    ledger.note_refused(&all[1], &settings, end);
    assert_eq!(ledger.due.len(), 1, "what was given up is not told of for ever");
}

#[test]
fn the_end_of_a_trouble_never_overtakes_its_beginning() {
    let settings = settings(|all| {
        all.on.push(NoticeKind::Recovered);
        all.command = None;
    });
    let mut ledger = ledger(&[("failed", "/r", 1)]);
    ledger.address(&settings, at(9), &TimeZone::UTC);
    let first = ledger.batches(&settings, at(9)).remove(0);
    ledger.note_refused(&first, &settings, at(10));
    ledger.heard = vec![Event::new("ready").of("/r", "one").with("service", "web1").numbered(0, at(10))];
    ledger.digest(at(10));
    ledger.address(&settings, at(10), &TimeZone::UTC);
    assert!(ledger.batches(&settings, at(10)).is_empty(), "the first one is tried again later");
    let next = ledger.next().unwrap();
    assert!(next > at(10), "nobody looks again and again meanwhile");
    let both = ledger.batches(&settings, next);
    let kinds: Vec<_> = both.iter().map(|batch| batch.notices[0].kind).collect();
    assert_eq!(kinds, [NoticeKind::Failed, NoticeKind::Recovered]);
}

#[test]
fn a_broken_configuration_puts_a_notice_off_and_loses_none() {
    let mut ledger = ledger(&[("failed", "/r", 1)]);
    ledger.address(&AllSettings::new(), at(9), &TimeZone::UTC);
    assert_eq!((ledger.due.len(), ledger.next()), (1, Some(at(69))));
    ledger.address(&settings(|_| ()), at(69), &TimeZone::UTC);
    assert_eq!(ledger.batches(&settings(|_| ()), at(69)).len(), 2);
}

#[test]
fn a_configuration_that_stays_broken_for_two_days_ends_the_waiting() {
    let mut ledger = ledger(&[("failed", "/r", 1)]);
    let put_off_at = |ledger: &mut Ledger, second| {
        ledger.address(&AllSettings::new(), at(second), &TimeZone::UTC);
        ledger.due.len()
    };
    let two_days = 2 * 86_400;
    assert_eq!(put_off_at(&mut ledger, 9), 1);
    assert_eq!(put_off_at(&mut ledger, 86_400), 1);
    assert_eq!(put_off_at(&mut ledger, 9 + two_days - 1), 1);
    assert_eq!(put_off_at(&mut ledger, 9 + two_days + 60), 0);
}

#[test]
fn an_alertmanager_hears_the_end_of_what_it_was_told() {
    let settings = settings(|all| all.format = NoticeFormat::Alertmanager);
    let mut ledger = ledger(&[("failed", "/r", 1)]);
    ledger.heard = vec![Event::new("stopped").of("/r", "one").with("service", "web1").numbered(0, at(3))];
    ledger.digest(at(9));
    ledger.address(&settings, at(9), &TimeZone::UTC);
    let told: Vec<_> = ledger.due.iter().map(|due| (due.notice.is_end(), due.via)).collect();
    assert_eq!(told, [(false, Some(Via::Webhook)), (false, Some(Via::Command)), (true, Some(Via::Webhook))]);
}

#[test]
fn the_repositories_whose_settings_are_needed_are_named_once() {
    let ledger = ledger(&[("failed", "/s", 1), ("failed", "/r", 2), ("failed", "/s", 3)]);
    assert_eq!(ledger.repositories(), [Some("/r".into()), Some("/s".into())]);
    assert!(Ledger::default().repositories().is_empty());
}

#[test]
fn two_repositories_have_one_receiver_where_the_same_is_told_in_the_same_form() {
    let same = settings(|_| ());
    let (r, s): (Option<PathBuf>, Option<PathBuf>) = (Some("/r".into()), Some("/s".into()));
    let with = |change: fn(&mut NotifySettings)| {
        let mut all = settings(|_| ());
        change(all.get_mut(&s).unwrap());
        [Via::Webhook, Via::Command].map(|via| is_same_receiver(&all, via, &r, &s))
    };
    assert_eq!(with(|_| ()), [true, true]);
    assert_eq!(with(|other| other.webhook = webhook::read(&json!("https://h/y")).ok()), [false, true]);
    assert_eq!(with(|other| other.format = NoticeFormat::Slack), [false, true]);
    assert_eq!(with(|other| other.command = Some("shout".to_owned())), [true, false]);
    assert!(is_same_receiver(&AllSettings::new(), Via::Webhook, &r, &r));
    assert!(!is_same_receiver(&same, Via::Webhook, &r, &None));
}

#[test]
fn a_notice_goes_by_the_ways_that_ask_for_it() {
    let notice = ledger(&[("failed", "/r", 1)]).due[0].notice.clone();
    let of = |change: fn(&mut NotifySettings), notice: &Notice| {
        let all = settings(change);
        ways(&all[&Some("/r".into())], notice)
    };
    assert_eq!(of(|_| (), &notice), [Via::Webhook, Via::Command]);
    assert_eq!(of(|all| all.webhook = None, &notice), [Via::Command]);
    assert_eq!(of(|all| all.command = None, &notice), [Via::Webhook]);
    assert_eq!(of(|all| all.on.clear(), &notice), []);
    let silent = Notice { is_silent: true, ..notice.clone() };
    assert_eq!(of(|_| (), &silent), []);
    let end = Notice { kind: NoticeKind::Recovered, is_silent: true, ..notice };
    assert_eq!(of(|all| all.format = NoticeFormat::Alertmanager, &end), [Via::Webhook]);
    assert_eq!(of(|all| all.format = NoticeFormat::Slack, &end), []);
}

#[test]
fn what_was_put_off_begins_to_be_tried_anew_and_what_is_to_come_waits() {
    let mut ledger = ledger(&[("failed", "/r", 1)]);
    ledger.address(&AllSettings::new(), at(9), &TimeZone::UTC);
    assert_eq!(ledger.due[0].first, Some(at(9)));
    let settings = settings(|all| all.command = None);
    ledger.address(&settings, at(10), &TimeZone::UTC);
    assert_eq!((ledger.due.len(), ledger.due[0].via), (1, None), "it is not its turn yet");
    ledger.address(&settings, at(69), &TimeZone::UTC);
    assert_eq!((ledger.due[0].via, ledger.due[0].first), (Some(Via::Webhook), None));
    let batch = ledger.batches(&settings, at(69)).remove(0);
    ledger.note_refused(&batch, &settings, at(70));
    ledger.address(&settings, at(80), &TimeZone::UTC);
    assert_eq!(
        (ledger.due[0].first, ledger.due[0].tries),
        (Some(at(70)), 1),
        "the first try stays the first"
    );
}
