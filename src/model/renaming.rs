//! A rename that is on its way: the names before and after, written down before anything is touched, so that any later command
//! can take it back, or finish it where the record has the new names already.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::process::ProcessId;

/// What a worktree is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorktreeNames {
    pub name: String,
    pub identifier: String,
    pub path: PathBuf,
    /// `None` for a detached HEAD.
    pub branch: Option<String>,
}

/// A rename.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renaming {
    /// Random; names the lock file held by whoever works on it.
    pub token: String,
    pub process: ProcessId,
    pub from: WorktreeNames,
    pub to: WorktreeNames,
    /// What the branch pointed at, in hexadecimal; absent where it keeps its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<String>,
    /// Folders above the new place that did not exist before, outermost first.
    #[serde(default)]
    pub new_parents: Vec<PathBuf>,
    /// The Compose project that was on record before; absent where it was the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_before: Option<String>,
    /// The one that is to be on record after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_after: Option<String>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
