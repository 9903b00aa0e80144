//! What tells strangers' commits from our own, read once: a command may ask of many worktrees.

use std::cell::OnceCell;

use crate::error::Result;
use crate::model::descent::{Ends, Sources};

/// What was read already.
#[derive(Default)]
pub(super) struct KnownDescent {
    pub(super) own_remotes: OnceCell<Vec<String>>,
    pub(super) sources: OnceCell<Option<Sources>>,
    pub(super) ends: OnceCell<Ends>,
}

/// Returns what `known` holds, read first where nothing was; a failure is not kept.
pub(super) fn once<T>(known: &OnceCell<T>, read: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(known) = known.get() {
        return Ok(known);
    }
    let read = read()?;
    Ok(known.get_or_init(|| read))
}
