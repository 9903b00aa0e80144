//! Services start in a worktree that is ready: a setup that runs is waited for, and one that failed is said.

use super::contact::WishListener;
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
pub(super) fn await_setup(
    context: &Context,
    entry: &Entry,
    listener: &mut dyn WishListener,
) -> Result<Entry> {
    let name = entry.name.clone();
    let mut waiting = || listener.say(&format!("waiting for the setup of `{name}`, which runs"));
    let entry = setup::await_end(context, entry, &mut waiting)?;
    if let Some(said) = unready(context, &entry) {
        listener.note(&said);
    }
    Ok(entry)
}

/// What is missing in a worktree whose setup did not come to its end, or never began.
fn unready(context: &Context, entry: &Entry) -> Option<String> {
    let has_setup = !context.config.worktree.setup.is_empty();
    let what = match setup::view(context, entry).state {
        SetupState::Failed => "has failed",
        SetupState::Interrupted => "was interrupted",
        SetupState::TornDown => "was taken back by its teardown",
        SetupState::Skipped if has_setup => "was skipped",
        SetupState::Untrusted if has_setup => "was not run, since it was not trusted",
        // The main worktree was made ready by whoever cloned it.
        SetupState::None if has_setup && !entry.is_main() => "was never run",
        _ => return None,
    };
    let (name, again) = (&entry.name, wt("setup {}", &[&entry.name]));
    Some(format!("the setup of `{name}` {what}: services may miss what it makes; `{again}` runs it"))
}
