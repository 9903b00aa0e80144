//! Services start in a worktree that is ready: a setup that runs is waited for, and one that failed is said.

use super::contact::Listener;
use crate::context::Context;
use crate::error::Result;
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::model::setup::SetupState;
use crate::ops::setup;

/// Waits for a setup of the worktree that runs, and says so where the last one did not come to its end.
///
/// # Errors
///
/// `interrupted`; `not_found` when the worktree is removed meanwhile.
pub(super) fn await_setup(context: &Context, entry: &Entry, listener: &mut dyn Listener) -> Result<Entry> {
    let name = entry.name.clone();
    let mut waiting = || listener.say(&format!("waiting for the setup of `{name}`, which runs"));
    let entry = setup::await_end(context, entry, &mut waiting)?;
    let state = setup::view(context, &entry).state;
    if matches!(state, SetupState::Failed | SetupState::Interrupted) {
        let what = match state {
            SetupState::Failed => "has failed",
            _ => "was interrupted",
        };
        let again = wt("setup {}", &[&entry.name]);
        listener.note(&format!(
            "the setup of `{name}` {what}: services may miss what it makes; `{again}` runs it"
        ));
    }
    Ok(entry)
}
