//! Sends what is due until nothing is left: one process for each user, which ends by itself. Nothing is sent while a lock is held
//! but its own seat.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use super::send::{Sending, send};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::events;
use crate::host::git::Repository;
use crate::host::machine::Host;
use crate::host::notify::{notifier_seat, spool};
use crate::host::process::spawn;
use crate::host::serve::change::StateWatch;
use crate::host::sole_seat::SoleSeat;
use crate::host::trust_file;
use crate::model::event::Event;
use crate::model::notify::ledger::DueNotice;
use crate::model::notify::sending::{AllSettings, NoticeBatch, is_same_receiver};
use crate::model::notify::settings::{COMMAND, NotifySettings};
use crate::model::trust;
use crate::ops::{config, recorded_repositories};

/// How long it waits at most before it looks whether it was told anything.
const LONGEST: Duration = Duration::from_secs(30);

/// How long a signal may go unnoticed that comes right before we wait.
const SLICE: Duration = Duration::from_secs(1);

/// How often what was sent is tried to be noted: whoever sends next would send it once more.
const NOTING: usize = 30;

/// Sends until nothing is left; does nothing where somebody does already.
///
/// # Errors
///
/// `interrupted`; when the file cannot be read or written.
pub fn deliver(context: &Context) -> Result<()> {
    spawn::leave_session();
    let dirs = context.host.dirs()?;
    let state = dirs.require_state()?;
    context.host.interrupt.install()?;
    let mut seat = notifier_seat::take(state)?;
    let mut changes = StateWatch::watch(state).map_err(failed)?;
    if seat.is_none() {
        return Ok(());
    }
    while seat.is_some() {
        context.host.interrupt.check()?;
        changes.has_changed();
        round(context, state)?;
        let now = context.now();
        // Left under the lock: whoever appends after that finds the place free.
        let next =
            spool::update(state, |ledger| if ledger.is_idle() { leave(&mut seat) } else { ledger.next() });
        match next.map_err(failed)? {
            None => break,
            Some(Some(next)) if next > now => {
                let left = Duration::try_from(next.duration_since(now)).unwrap_or(LONGEST);
                wait(context, &changes, left.min(LONGEST));
            }
            Some(_) => {}
        }
    }
    if is_nobody_told(context) {
        // A command that knows of somebody begins anew.
        spool::end(state).map_err(failed)?;
    }
    Ok(())
}

/// Waits until something is heard, the time is over, or we are to end.
fn wait(context: &Context, changes: &StateWatch, time: Duration) {
    let (clock, interrupt) = (context.host.clock, &context.host.interrupt);
    let end = clock.instant() + time;
    loop {
        let left = end.saturating_duration_since(clock.instant());
        if left.is_zero() || interrupt.is_raised() || changes.wait(left.min(SLICE), false) {
            return;
        }
    }
}

fn leave<T>(seat: &mut Option<SoleSeat>) -> Option<T> {
    if let Some(seat) = seat.take() {
        seat.leave();
    }
    None
}

fn failed(error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Permission, "what is to be told cannot be read or written")
}

/// Answers whether nobody wants to be told of anything any more: neither by the user's own configuration nor by that of any
/// repository on record.
fn is_nobody_told(context: &Context) -> bool {
    let is_silent =
        |root: Option<&Path>| settings_of(&context.host, root).is_some_and(|known| !known.is_wanted());
    // Where the registry cannot be read somebody may want to be.
    let Ok(registry) = context.store().and_then(|store| store.read()) else { return false };
    is_silent(None)
        && recorded_repositories::others(context, &registry)
            .iter()
            .all(|repository| repository.places.iter().all(|place| is_silent(Some(place))))
}

/// Sends what is due now.
fn round(context: &Context, state: &Path) -> Result<()> {
    let host = &context.host;
    let now = context.now();
    let digested = spool::update(state, |ledger| {
        ledger.digest(now);
        ledger.repositories()
    });
    let Some(repositories) = digested.map_err(failed)? else { return Ok(()) };
    let settings: AllSettings = repositories
        .into_iter()
        .filter_map(|root| Some((root.clone(), settings_of(host, root.as_deref())?)))
        .collect();
    let zone = host.clock.zone();
    let batches = spool::update(state, |ledger| {
        ledger.address(&settings, now, &zone);
        ledger.batches(&settings, now)
    });
    let mut refused_by: HashMap<usize, String> = HashMap::new();
    let batches = batches.map_err(failed)?.unwrap_or_default();
    for (at, batch) in batches.iter().enumerate() {
        // Who did not answer just now is not asked again for each notice.
        let is_same = |other: &NoticeBatch| {
            other.via == batch.via
                && is_same_receiver(&settings, batch.via, &other.repository, &batch.repository)
        };
        let known = refused_by.iter().find(|(other, _)| batches.get(**other).is_some_and(is_same));
        let sent = match (known, settings.get(&batch.repository)) {
            (Some((_, to)), _) => Sending {
                to: to.clone(),
                status: None,
                refused: Some("did not take the one before".to_owned()),
            },
            (None, Some(known)) => send(host, known, batch.via, &batch.notices, batch.repository.as_deref()),
            (None, None) => continue,
        };
        host.interrupt.check()?;
        if sent.refused.is_some() {
            refused_by.insert(at, sent.to.clone());
        }
        note(context, state, batch, &settings, &sent)?;
    }
    Ok(())
}

/// Notes what became of a batch, and tells of it.
fn note(
    context: &Context,
    state: &Path,
    batch: &NoticeBatch,
    settings: &AllSettings,
    sent: &Sending,
) -> Result<()> {
    let mut tries = 0;
    let given_up = loop {
        let now = context.now();
        let noted = spool::update(state, |ledger| match sent.refused {
            None => {
                ledger.note_taken(batch);
                Vec::new()
            }
            Some(_) => ledger.note_refused(batch, settings, now),
        });
        match noted {
            Ok(given_up) => break given_up.unwrap_or_default(),
            Err(error) if tries >= NOTING => return Err(failed(error)),
            Err(_) => tries += 1,
        }
        context.host.clock.wait(Duration::from_secs(1), &context.host.interrupt)?;
    };
    let told = match &sent.refused {
        None => batch
            .notices
            .iter()
            .map(|notice| about("notified", notice.kind.as_str(), &notice.event, batch, sent))
            .collect(),
        Some(why) => given_up.iter().map(|due| given_up_event(due, batch, sent, why)).collect::<Vec<_>>(),
    };
    let now = context.now();
    let told = told.into_iter().map(|event| event.numbered(0, now)).collect();
    // A log that cannot be written stops no notice.
    let _ = events::append(state, told, &context.writing());
    Ok(())
}

fn given_up_event(due: &DueNotice, batch: &NoticeBatch, sent: &Sending, why: &str) -> Event {
    let event = about("notify_given_up", due.notice.kind.as_str(), &due.notice.event, batch, sent);
    event.with("tries", due.tries).with("reason", why)
}

fn about(name: &str, notice: &str, of: &Event, batch: &NoticeBatch, sent: &Sending) -> Event {
    let mut event =
        Event::new(name).with("notice", notice).with("via", batch.via.as_str()).with("to", sent.to.as_str());
    event.repository.clone_from(&of.repository);
    event.worktree.clone_from(&of.worktree);
    event.service.clone_from(&of.service);
    event
}

/// Returns who is to be told by the configuration of a repository, as far as that counts; `None` where it is broken and what is
/// left of it names nobody.
fn settings_of(host: &Host, root: Option<&Path>) -> Option<NotifySettings> {
    let root = root.filter(|root| root.is_dir());
    let (config, problem) = config::of_other_repository(host, root);
    if problem.is_some() && !config.notify.is_wanted() {
        return None;
    }
    let own = host.config_file().map(|file| file.display().to_string());
    let is_approved = |command: &trust::RepositoryCommand| {
        let id = root.and_then(|root| Repository::discover(root).ok()).and_then(|found| found.find_id());
        let approvals = host.dirs().and_then(|dirs| trust_file::read(&dirs));
        matches!((id, approvals), (Some(id), Ok(approvals)) if approvals.allow(&id, command, None))
    };
    if trust::allows(&config, own.as_deref(), COMMAND, is_approved) {
        return Some(config.notify);
    }
    // A repository's that nobody agreed to does not take the place of the user's own.
    let (alone, _) = config::of_other_repository(host, None);
    Some(NotifySettings { command: alone.notify.command, ..config.notify })
}
