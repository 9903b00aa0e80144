//! Only one `wt` runs teardowns at a time: two of the same would spoil each other's work, and a setup must not make anew what
//! is being taken away.

use std::path::PathBuf;
use std::time::Duration;

use crate::context::Context;
use crate::error::Result;
use crate::host::lock::FileHold;
use crate::model::registry::entry::Entry;

/// The lock file of whoever runs teardowns.
const LOCK: &str = "teardown";

/// How long a setup waits at most: a teardown has a time limit of its own.
const PATIENCE: Duration = Duration::from_mins(10);

fn lock_file(context: &Context) -> Result<PathBuf> {
    Ok(context.host.dirs()?.creating_folder()?.join(LOCK))
}

/// Takes the lock; `None` while another `wt` has it.
pub(super) fn try_take(context: &Context) -> Result<Option<FileHold>> {
    FileHold::try_take(&lock_file(context)?)
}

/// Waits while the teardown of a former worktree of that name or place may be at work. From here on none of those is run, for
/// the worktree is on record.
///
/// # Errors
///
/// `interrupted`; or the registry cannot be read.
pub fn await_idle(context: &Context, entry: &Entry) -> Result<()> {
    if !context.store()?.read()?.debts.iter().any(|debt| debt.is_of(entry)) {
        return Ok(());
    }
    let hold = FileHold::take_within(&lock_file(context)?, PATIENCE, &context.host.interrupt)?;
    if let Some(hold) = hold {
        hold.release();
    }
    Ok(())
}
