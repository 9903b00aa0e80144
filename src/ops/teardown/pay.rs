//! Runs the commands of one debt. Each that succeeds is struck off at once, so that it is not run again whatever comes after; one
//! that fails stays and holds none of the others up.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::torn::{Torn, TornStatus};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::ownership;
use crate::host::services::log_file::{self, LogFile};
use crate::model::event::Event;
use crate::model::registry::debt::Debt;
use crate::model::registry::table::Registry;
use crate::model::services::state::spoken;
use crate::model::teardown::{FailedTeardown, TeardownCommand};
use crate::ops::setup::{End, Order, end};
use crate::ops::trust::Trust;

/// Returns why a debt may not be paid: whoever trusted its commands does not any more.
pub(super) fn find_hindrance(context: &Context, debt: &Debt) -> Result<Option<String>> {
    let is_revoked = debt.teardown.needs_trust && !Trust::read(context)?.knows(&debt.repository_id);
    Ok(is_revoked.then(|| "its commands are not trusted any more".to_owned()))
}

/// Runs the commands in `folder`, for whoever has the lock.
///
/// # Errors
///
/// `interrupted`; or the log or the registry cannot be written. What fails in a command is in the answer, and on record.
pub(super) fn pay(context: &Context, debt: &Debt, folder: &Path) -> Result<Vec<Torn>> {
    let logs = make_log_folder(context)?;
    let name = debt.number.to_string();
    let log = LogFile::start(&logs, &name).map_err(unlogged)?;
    let path = log_file::path(&logs, &name);
    let marker = debt.marker();
    // One whose `wt` was killed may go on.
    end(&marker, None, &[], &context.host.interrupt)?;
    let limit = Duration::from_millis(debt.teardown.timeout);
    let until = context.host.clock.instant().checked_add(limit);
    let mut torn = Vec::new();
    for (index, command) in debt.teardown.commands.iter().enumerate() {
        if until.is_some_and(|until| context.host.clock.instant() >= until) {
            break;
        }
        // A full disk is told by what the command writes itself.
        let _ = log.note(&format!("$ {}", command.text));
        let order = Order {
            words: &command.words,
            folder,
            variables: &debt.teardown.variables,
            log: &log,
            marker: &marker,
            which: &format!("teardown/{index}"),
            until,
        };
        let (exit, reason) = match order.run(context, &mut |_| Ok(()), &mut || {})? {
            End::Exited(0) => (Some(0), None),
            End::Exited(status) => (Some(status), Some(format!("ended with status {status}"))),
            End::NotStarted(reason) => (Some(127), Some(reason)),
            End::TooLate => (None, Some(format!("was ended: it took longer than {}", spoken(limit)))),
            End::Interrupted => (None, Some("was interrupted".to_owned())),
            End::Unwanted(failure) => return Err(failure),
        };
        let is_interrupted = exit.is_none() && context.host.interrupt.is_raised();
        torn.push(Torn {
            name: debt.name.clone(),
            command: command.text.clone(),
            status: if reason.is_none() { TornStatus::Done } else { TornStatus::Failed },
            exit,
            reason: reason.clone(),
            log: reason.is_some().then(|| path.to_string_lossy().into_owned()),
        });
        let Some(reason) = reason else {
            strike(context, debt, command)?;
            continue;
        };
        let failed = FailedTeardown {
            at: context.now(),
            command: command.text.clone(),
            exit,
            reason,
            log: Some(path.clone()),
        };
        note_failed(context, debt, &failed)?;
        if is_interrupted {
            return Err(Failure::new(
                Code::Interrupted,
                format!("the teardown of `{}` was interrupted", debt.name),
            ));
        }
    }
    if torn.iter().all(|torn| torn.status == TornStatus::Done) {
        forget_logs(context, debt.number);
    }
    Ok(torn)
}

/// Takes a command off a debt, and the debt off the registry with its last one.
fn strike(context: &Context, debt: &Debt, command: &TeardownCommand) -> Result<()> {
    let now = context.now();
    context.store()?.update(|registry| {
        let Some(known) = registry.find_debt(debt.number) else { return Ok(()) };
        if let Some(at) = known.teardown.commands.iter().position(|known| known == command) {
            known.teardown.commands.remove(at);
        }
        if known.teardown.commands.is_empty() {
            drop_debt(registry, debt.number);
        }
        let event = Event::new("teardown_done").of(&debt.repository, &debt.name);
        registry.record_event(now, event.about_command(&command.text, ""));
        Ok(())
    })
}

pub(super) fn drop_debt(registry: &mut Registry, number: u64) {
    registry.debts.retain(|known| known.number != number);
}

/// Writes down that a debt could not be paid just now.
pub(super) fn note_failed(context: &Context, debt: &Debt, failed: &FailedTeardown) -> Result<()> {
    let now = context.now();
    context.store()?.update(|registry| {
        let Some(known) = registry.find_debt(debt.number) else { return Ok(()) };
        known.failed = Some(failed.clone());
        let event = Event::new("teardown_failed").of(&debt.repository, &debt.name);
        let event = event.about_command(&failed.command, &failed.reason);
        registry.record_event(now, event);
        Ok(())
    })
}

fn log_folder(context: &Context) -> Result<PathBuf> {
    Ok(context.host.dirs()?.state().join("teardown"))
}

fn make_log_folder(context: &Context) -> Result<PathBuf> {
    let folder = log_folder(context)?;
    match ownership::make_private_folders(&folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(unlogged(error)),
        _ => Ok(folder),
    }
}

fn unlogged(error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Permission, "the log of the teardown cannot be written")
}

/// Takes away what a debt's commands wrote, which nobody needs once it is paid. What cannot go now does no harm.
pub(super) fn forget_logs(context: &Context, number: u64) {
    let Ok(folder) = log_folder(context) else { return };
    let current = log_file::path(&folder, &number.to_string());
    let _ = std::fs::remove_file(&current);
    for run in 1..=log_file::EARLIER_RUNS {
        let mut earlier = current.clone().into_os_string();
        earlier.push(format!(".{run}"));
        let _ = std::fs::remove_file(earlier);
    }
}
