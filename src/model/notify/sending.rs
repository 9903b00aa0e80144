//! What goes out now, by which way, together with what; and what becomes of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ledger::{DueNotice, Ledger, Via};
use super::notice::{Notice, NoticeKind};
use super::retry;
use super::settings::{NoticeFormat, NotifySettings};

/// How long a notice waits whose repository's configuration cannot be read just now.
const PUT_OFF: Duration = Duration::from_mins(1);

/// How long that is done.
const PUT_OFF_AT_MOST: Duration = Duration::from_hours(48);

/// Who is to be told by each repository's configuration; without one by the user's own. One whose configuration is broken is not
/// among them.
pub type AllSettings = BTreeMap<Option<PathBuf>, NotifySettings>;

/// Notices that go out as one.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeBatch {
    pub repository: Option<PathBuf>,
    pub via: Via,
    pub numbers: Vec<u64>,
    pub notices: Vec<Notice>,
}

/// Returns the ways by which somebody wants to hear of a notice.
#[must_use]
pub fn ways(settings: &NotifySettings, notice: &Notice) -> Vec<Via> {
    let is_asked_for = settings.on.contains(&notice.kind) && !notice.is_silent;
    // What was told as wrong must end there, or it stays on the list.
    let keeps_list = settings.format == NoticeFormat::Alertmanager && notice.is_end();
    let webhook = settings.webhook.is_some() && (is_asked_for || keeps_list);
    let command = settings.command.is_some() && is_asked_for;
    [(webhook, Via::Webhook), (command, Via::Command)]
        .into_iter()
        .filter(|(is_way, _)| *is_way)
        .map(|(_, via)| via)
        .collect()
}

impl Ledger {
    /// Returns the repositories whose settings are needed now.
    #[must_use]
    pub fn repositories(&self) -> Vec<Option<PathBuf>> {
        let mut found: Vec<_> = self.due.iter().map(|due| due.notice.event.repository.clone()).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Finds out who is told of what is due, drops what nobody wants to hear, and holds what comes in quiet hours.
    pub fn address(&mut self, settings: &AllSettings, now: Timestamp, zone: &TimeZone) {
        let mut number = self.due.iter().map(|due| due.number).max().unwrap_or_default();
        let mut all = Vec::new();
        for due in std::mem::take(&mut self.due) {
            if due.at > now {
                all.push(due);
                continue;
            }
            let Some(known) = settings.get(&due.notice.event.repository) else {
                // Nobody knows whether anybody wants to be told; who comes back after days is told of what is new.
                let first = due.first.unwrap_or(now);
                let at = now.checked_add(PUT_OFF).unwrap_or(now);
                if Duration::try_from(now.duration_since(first)).is_ok_and(|passed| passed < PUT_OFF_AT_MOST)
                {
                    all.push(DueNotice { at, first: Some(first), ..due });
                }
                continue;
            };
            let wanted = match due.via {
                // Who was to be told then may be told no more.
                Some(via) => [via].into_iter().filter(|via| has(known, *via)).collect(),
                None => ways(known, &due.notice),
            };
            let held = known.quiet.and_then(|hours| hours.end(now, zone));
            for via in wanted {
                number += 1;
                let number = if due.via.is_some() { due.number } else { number };
                let is_held = due.is_held || held.is_some();
                // Nobody was asked before.
                let first = due.first.filter(|_| due.tries > 0);
                all.push(DueNotice {
                    number,
                    via: Some(via),
                    at: held.unwrap_or(due.at),
                    is_held,
                    first,
                    ..due.clone()
                });
            }
        }
        self.due = all;
    }

    /// Returns what goes out now: each by itself, but what was held as one for each receiver.
    #[must_use]
    pub fn batches(&self, settings: &AllSettings, now: Timestamp) -> Vec<NoticeBatch> {
        let mut batches: Vec<(bool, NoticeBatch)> = Vec::new();
        for due in self.due.iter().filter(|due| self.turn_of(due) <= now) {
            let Some(via) = due.via else { continue };
            let repository = &due.notice.event.repository;
            let known = batches.iter_mut().find(|(is_held, batch)| {
                due.is_held
                    && *is_held
                    && batch.via == via
                    && is_same_receiver(settings, via, &batch.repository, repository)
            });
            match known {
                Some((_, batch)) => {
                    batch.numbers.push(due.number);
                    batch.notices.push(due.notice.clone());
                }
                None => batches.push((
                    due.is_held,
                    NoticeBatch {
                        repository: repository.clone(),
                        via,
                        numbers: vec![due.number],
                        notices: vec![due.notice.clone()],
                    },
                )),
            }
        }
        batches.into_iter().map(|(_, batch)| batch).collect()
    }

    /// Takes off what was taken by its receiver.
    pub fn note_taken(&mut self, batch: &NoticeBatch) {
        self.due.retain(|due| !batch.numbers.contains(&due.number));
    }

    /// Has what was not taken tried later; returns what is given up instead. Where somebody wants to hear of that, the other way is
    /// taken.
    pub fn note_refused(
        &mut self,
        batch: &NoticeBatch,
        settings: &AllSettings,
        now: Timestamp,
    ) -> Vec<DueNotice> {
        let mut given_up = Vec::new();
        self.due.retain_mut(|due| {
            if !batch.numbers.contains(&due.number) {
                return true;
            }
            due.tries += 1;
            let first = *due.first.get_or_insert(now);
            match retry::next(due.tries, first, now) {
                Some(next) => due.at = next,
                None => given_up.push(due.clone()),
            }
            retry::next(due.tries, first, now).is_some()
        });
        for due in &given_up {
            let known = settings.get(&due.notice.event.repository);
            let asks = known.is_some_and(|known| known.on.contains(&NoticeKind::GivenUp));
            let other = if batch.via == Via::Webhook { Via::Command } else { Via::Webhook };
            if asks && due.notice.kind != NoticeKind::GivenUp && known.is_some_and(|known| has(known, other))
            {
                let notice = Notice::new(NoticeKind::GivenUp, "notice", &due.notice.event, due.notice.began);
                self.add(notice, now);
                if let Some(added) = self.due.last_mut() {
                    added.via = Some(other);
                }
            }
        }
        given_up
    }

    /// Returns when something is to be done next.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.due.iter().map(|due| self.turn_of(due)).min()
    }

    /// Returns when a notice may go out: not before an older one of the same thing by the same way.
    fn turn_of(&self, due: &DueNotice) -> Timestamp {
        let event = &due.notice.event;
        let is_before = |older: &&DueNotice| {
            let of = &older.notice.event;
            older.via == due.via
                && older.number < due.number
                && older.notice.subject == due.notice.subject
                && (&of.repository, &of.worktree) == (&event.repository, &event.worktree)
        };
        let older = self.due.iter().filter(is_before).map(|older| older.at);
        older.chain([due.at]).max().unwrap_or(due.at)
    }
}

fn has(settings: &NotifySettings, via: Via) -> bool {
    match via {
        Via::Webhook => settings.webhook.is_some(),
        Via::Command => settings.command.is_some(),
    }
}

/// Answers whether the same receiver is told by both repositories' settings.
#[must_use]
#[expect(clippy::ref_option, reason = "the settings are kept by just this key")]
pub fn is_same_receiver(
    settings: &AllSettings,
    via: Via,
    one: &Option<PathBuf>,
    other: &Option<PathBuf>,
) -> bool {
    let (Some(one), Some(other)) = (settings.get(one), settings.get(other)) else { return one == other };
    match via {
        Via::Webhook => one.webhook == other.webhook && one.format == other.format,
        Via::Command => one.command == other.command,
    }
}

#[cfg(test)]
mod tests;
