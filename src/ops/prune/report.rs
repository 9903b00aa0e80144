//! What is asked of a pruning, and what it answers.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::branch::{Head, KeptReason};
use crate::ops::find::FoundWorktree;
use crate::ops::rows::WorktreeRow;
use crate::ops::teardown::Torn;

/// A wish to prune.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Also worktrees whose branch is merged.
    pub merged: bool,
    /// How long such a worktree must have stood unchanged.
    pub min_age: Duration,
    /// Delete those branches too.
    pub delete_branch: bool,
}

/// Why something is pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PruneKind {
    Vanished,
    /// git's record alone, which is damaged or names another worktree's folder: the files stay.
    Damaged,
    Merged,
}

/// One worktree that was, or would be, pruned.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Pruned {
    pub name: String,
    pub path: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    pub reason: String,
    pub kind: PruneKind,
    pub restorable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restorable_until: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub branch_deleted: bool,
    /// Why the branch stays that was to go too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_kept_reason: Option<KeptReason>,
    /// The ports that are free again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
}

/// One worktree that stays, and why.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct KeptWorktree {
    pub name: String,
    pub reason: String,
}

/// What was pruned.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct Report {
    pub pruned: Vec<Pruned>,
    pub kept: Vec<KeptWorktree>,
    /// The default branch and its upstream, where worktrees were compared with them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compared_with: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The commands that were due to take back what worktrees had made outside of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teardown: Vec<Torn>,
    /// Whether something stays that was to go, because the records could not be written.
    #[serde(skip)]
    pub is_refused: bool,
}

impl KeptWorktree {
    pub(super) fn new(row: &WorktreeRow, reason: impl Into<String>) -> Self {
        Self { name: row.name(), reason: reason.into() }
    }
}

/// The branch that is checked out, born or not.
pub(super) fn branch(row: &WorktreeRow) -> Option<&str> {
    row.worktree.as_ref().and_then(|worktree| match &worktree.head {
        Head::Branch(name) => Some(name.as_str()),
        Head::Unborn(_) | Head::Detached(_) | Head::Unreadable(_) => None,
    })
}

pub(super) fn found(row: &WorktreeRow) -> FoundWorktree {
    row.clone().into()
}
