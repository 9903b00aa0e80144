//! What a removal did.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Failure;
use crate::model::branch::KeptReason;

/// What became of one worktree.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Removed {
    pub name: String,
    pub path: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    pub branch_deleted: bool,
    /// Why the branch stays that was to go too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_kept_reason: Option<KeptReason>,
    /// The ports that are free again.
    pub ports: Vec<u16>,
    pub restorable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restorable_until: Option<jiff::Timestamp>,
}

/// What a removal did.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Report {
    pub removed: Vec<Removed>,
    /// The names that no worktree had, where that was no refusal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why not all are removed; it names those that are.
    #[serde(skip)]
    pub stopped: Option<Failure>,
}
