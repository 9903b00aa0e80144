//! What takes back what a worktree's setup made outside of it: recorded with the text that was trusted when the setup began, and
//! with the variables of that time.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The key of the commands.
pub const TEARDOWN: &str = "worktree.teardown";

/// When a teardown is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeardownAt {
    /// When the worktree can no longer be restored.
    #[default]
    Expiry,
    /// When the worktree is removed.
    Remove,
}

/// One command of a teardown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeardownCommand {
    /// As it was written.
    pub text: String,
    /// Split and filled.
    pub words: Vec<String>,
}

/// A teardown on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Teardown {
    pub commands: Vec<TeardownCommand>,
    /// Of the worktree, and where programs and the home folder were.
    pub variables: Vec<(String, String)>,
    #[serde(default)]
    pub at: TeardownAt,
    /// How long all of it may take, in milliseconds.
    pub timeout: u64,
    /// For how many seconds a worktree that was deleted by hand may come back before it is due.
    #[serde(default)]
    pub keep: i64,
    /// Whether the commands stood in a file that only counts once it is trusted: where that trust was taken back, they are
    /// not run.
    #[serde(default)]
    pub needs_trust: bool,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How a teardown failed the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedTeardown {
    pub at: Timestamp,
    pub command: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<PathBuf>,
}
