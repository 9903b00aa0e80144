//! Gives a debt up, as a person says who has taken away by hand what there was, or who wants it to stay.

use super::pay::{drop_debt, forget_logs};
use super::torn::{Torn, TornStatus};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::event::Event;
use crate::model::registry::debt::Debt;
use crate::ops::origin;

/// Forgets the debts of worktrees called `name`: those of the repository we stand in, and of repositories that are gone.
///
/// # Errors
///
/// `not_found` when there is none; or the registry cannot be written.
pub fn give_up(context: &Context, name: &str) -> Result<Vec<Torn>> {
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let registry = context.store()?.read()?;
    let is_meant = |debt: &&Debt| {
        debt.name == name
            && (own.as_ref() == Some(&debt.repository_id)
                || origin::find_by_id(context, &debt.repository, &debt.repository_id).is_none())
    };
    let found: Vec<Debt> = registry.debts.iter().filter(is_meant).cloned().collect();
    drop(registry);
    if found.is_empty() {
        return Err(Failure::new(
            Code::NotFound,
            format!("no teardown of `{}` is owed", name.escape_debug()),
        )
        .hint("`wt doctor` names those that are"));
    }
    let now = context.now();
    context.store()?.update(|registry| {
        for debt in &found {
            drop_debt(registry, debt.number);
            registry.record_event(now, Event::new("teardown_given_up").of(&debt.repository, &debt.name));
        }
        Ok(())
    })?;
    for debt in &found {
        forget_logs(context, debt.number);
    }
    Ok(found.iter().flat_map(|debt| Torn::all(debt, TornStatus::GivenUp, None)).collect())
}
