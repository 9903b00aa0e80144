//! A removal that is not on record yet.

use crate::host::lock::FileHold;
use crate::model::registry::journal::Trash;

pub(super) struct Begun {
    /// Let go of where it is dropped.
    pub(super) hold: FileHold,
    /// git's name of the worktree.
    pub(super) admin: String,
    pub(super) trash: Trash,
}
