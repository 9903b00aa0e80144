//! The debts that are due: paid from the main worktree, since the worktree's own folder is gone.

use super::lock;
use super::pay::{find_hindrance, note_failed, pay};
use super::torn::{Torn, TornStatus};
use crate::context::Context;
use crate::error::{Code, Result};
use crate::model::registry::debt::Debt;
use crate::model::registry::repository::RepositoryId;
use crate::model::teardown::FailedTeardown;
use crate::ops::origin;

/// Pays what is due, of one repository or of all; what failed lately only where `is_asked`: somebody waits for the answer.
/// Does nothing while another `wt` is at it.
///
/// # Errors
///
/// `interrupted`; or the registry cannot be read or written. What fails stays, and is in the answer.
pub fn pay_due(context: &Context, is_asked: bool, of: Option<&RepositoryId>) -> Result<Vec<Torn>> {
    let mut torn = Vec::new();
    if context.store()?.read()?.debts.is_empty() {
        return Ok(torn);
    }
    let _held = context.host.interrupt.hold();
    let Some(hold) = lock::try_take(context)? else { return Ok(torn) };
    let witnesses = context.witnesses()?;
    if context.store()?.read()?.calls_for_teardown(&witnesses) {
        context.store()?.update(|registry| {
            registry.date_debts(&witnesses);
            Ok(())
        })?;
    }
    let numbers: Vec<u64> = context.store()?.read()?.debts.iter().map(|debt| debt.number).collect();
    for number in numbers {
        context.host.interrupt.check()?;
        // Read anew for each: a worktree of that name may be there by now, and whoever makes one waits for us.
        let registry = context.store()?.read()?;
        let due = registry.debts.iter().find(|debt| debt.number == number).filter(|debt| {
            of.is_none_or(|id| *id == debt.repository_id)
                && registry.is_due(debt, &witnesses)
                && (is_asked || !debt.is_put_off(witnesses.now))
        });
        let Some(debt) = due.cloned() else { continue };
        match pay_one(context, &debt) {
            Ok(one) => torn.extend(one),
            Err(failure) if failure.code() == Code::Interrupted => return Err(failure),
            // One that cannot be paid must not keep the others.
            Err(failure) => torn.extend(put_off(context, &debt, failure.message())?),
        }
    }
    hold.release();
    Ok(torn)
}

fn pay_one(context: &Context, debt: &Debt) -> Result<Vec<Torn>> {
    if let Some(why) = find_hindrance(context, debt)? {
        return put_off(context, debt, &why);
    }
    match origin::find_by_id(context, &debt.repository, &debt.repository_id) {
        Some(repository) => pay(context, debt, repository.root()),
        None => put_off(context, debt, &format!("its main worktree {} is gone", debt.repository.display())),
    }
}

fn put_off(context: &Context, debt: &Debt, why: &str) -> Result<Vec<Torn>> {
    let first = debt.teardown.commands.first();
    let command = first.map(|command| command.text.clone()).unwrap_or_default();
    let failed = FailedTeardown { at: context.now(), command, exit: None, reason: why.to_owned(), log: None };
    note_failed(context, debt, &failed)?;
    Ok(Torn::all(debt, TornStatus::Failed, Some(why)))
}

/// Returns what would be run now of the repository we stand in.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn due_here(context: &Context) -> Result<Vec<Torn>> {
    let Some(id) = context.repository.as_ref().and_then(crate::host::git::Repository::find_id) else {
        return Ok(Vec::new());
    };
    let registry = context.store()?.read()?;
    if registry.debts.is_empty() {
        return Ok(Vec::new());
    }
    let witnesses = context.witnesses()?;
    let due =
        registry.debts.iter().filter(|debt| debt.repository_id == id && registry.is_due(debt, &witnesses));
    Ok(due.flat_map(|debt| Torn::all(debt, TornStatus::Due, None)).collect())
}
