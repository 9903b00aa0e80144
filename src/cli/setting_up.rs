//! The setup of a worktree as a person watches it: a line of progress, then what became of it.

use super::session::Session;
use super::watching::Watching;
use crate::context::Context;
use crate::error::Result;
use crate::model::registry::entry::Entry;
use crate::model::view::WorktreeView;
use crate::ops::env;
use crate::ops::setup::{self, SetupOutcome, SetupWish};
use crate::ui::progress::Bar;

/// Runs the setup of a worktree.
///
/// # Errors
///
/// As [`setup::run`].
pub fn set_up(
    session: &Session<'_>,
    context: &Context,
    entry: &Entry,
    wish: SetupWish,
) -> Result<SetupOutcome> {
    let bar = Bar::new(session.ui);
    setup::run(context, context.require_repository()?, entry, wish, &Watching(&bar))
}

/// Runs the setup of the worktree `made`, which was just made, or notes that nobody wants it. Whatever becomes of that,
/// the worktree is there.
///
/// # Errors
///
/// Fails when the worktree is gone again.
pub fn along(
    session: &Session<'_>,
    context: &Context,
    made: &WorktreeView,
    is_wanted: bool,
) -> Result<SetupOutcome> {
    let entry = env::require_entry_shown(context, made)?;
    let outcome = if is_wanted {
        set_up(session, context, &entry, SetupWish::Along)
    } else {
        setup::skip(context, &entry)
    };
    let outcome = outcome.unwrap_or_else(|failure| {
        let setup = setup::view(context, &entry);
        SetupOutcome { setup, failure: Some(failure), warnings: Vec::new(), hint: None }
    });
    tell(session, &outcome);
    Ok(outcome)
}

/// The same of a worktree that was there already: what was set up once is not set up again, and one that runs is waited for.
///
/// # Errors
///
/// `interrupted`; `not_found` when the worktree is gone.
pub fn again(
    session: &Session<'_>,
    context: &Context,
    found: &WorktreeView,
    is_wanted: bool,
) -> Result<SetupOutcome> {
    let entry = env::require_entry_shown(context, found)?;
    let name = &found.name;
    let mut waiting = || session.ui.say(&format!("waiting for the setup of `{name}`, which runs"));
    let entry = setup::await_end(context, &entry, &mut waiting)?;
    let setup = setup::view(context, &entry);
    if is_wanted && setup::is_wanted_again(context, &setup) {
        session.ui.say(&format!("running the setup of `{name}`, which did not come to its end before"));
        return along(session, context, found, true);
    }
    Ok(SetupOutcome { setup, failure: None, warnings: Vec::new(), hint: None })
}

/// Says what there is to say beside the answer.
pub fn tell(session: &Session<'_>, outcome: &SetupOutcome) {
    outcome.warnings.iter().for_each(|warning| session.ui.warn(warning));
    outcome.hint.iter().for_each(|hint| session.ui.hint(hint));
}
