//! A teardown that is due at the removal already. It never stops that: what fails stays as a debt.

use std::path::Path;

use super::lock;
use super::pay::{find_hindrance, pay};
use super::torn::{Torn, TornStatus};
use crate::context::Context;
use crate::error::{Code, Result};
use crate::model::advised::wt;
use crate::model::registry::debt::Debt;
use crate::model::registry::entry::Entry;
use crate::model::teardown::TeardownAt;
use crate::ops::foreign;

/// Makes the teardown of a worktree that is being removed a debt that is due, where it is one at the removal.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn call_in(context: &Context, entry: &Entry) -> Result<Option<Debt>> {
    let is_due_now = entry.notes.teardown.read().is_some_and(|owed| owed.at == TeardownAt::Remove);
    if !is_due_now {
        return Ok(None);
    }
    let now = context.now();
    context.store()?.update(|registry| Ok(registry.call_in(entry.sequence, now)))
}

/// As [`call_in`], and runs it in the worktree's `folder`, of which nothing runs any more; says what failed.
///
/// # Errors
///
/// `interrupted`; or the registry cannot be written.
pub fn tear_down(context: &Context, entry: &Entry, folder: &Path, warnings: &mut Vec<String>) -> Result<()> {
    let Some(debt) = call_in(context, entry)? else { return Ok(()) };
    let mut kept = |why: &str| {
        warnings.push(format!(
            "the teardown of `{}` is kept and tried again, for {why}; `{}` tries it at once",
            debt.name,
            wt("prune", &[])
        ));
    };
    let Some(hold) = lock::try_take(context)? else {
        kept("another `wt` runs one just now");
        return Ok(());
    };
    let is_foreign = foreign::is_foreign(context.require_repository()?, entry);
    let torn = match find_hindrance(context, &debt) {
        // Later it runs in the main worktree.
        Ok(None) if is_foreign => {
            kept("the code there is a stranger's");
            Ok(Vec::new())
        }
        Ok(Some(why)) => {
            kept(&why);
            Ok(Vec::new())
        }
        Ok(None) => pay(context, &debt, folder),
        Err(failure) => Err(failure),
    };
    hold.release();
    match torn {
        Ok(torn) => {
            for failed in torn.iter().filter(|torn| torn.status == TornStatus::Failed) {
                kept(&why(failed));
            }
        }
        Err(failure) if failure.code() == Code::Interrupted => return Err(failure),
        Err(failure) => kept(failure.message()),
    }
    Ok(())
}

fn why(torn: &Torn) -> String {
    format!("`{}` {}", torn.command, torn.reason.as_deref().unwrap_or("failed"))
}
