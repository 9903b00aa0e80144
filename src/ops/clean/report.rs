//! What is asked of a cleaning, and what it answers.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Failure;
use crate::model::cache::Stays;
use crate::model::view::as_text;

/// A wish to clean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Names; empty for the worktree we stand in, or for all where something selects among them.
    pub names: Vec<String>,
    /// Only worktrees in which nothing changed for so long.
    pub idle: Option<Duration>,
    /// Only worktrees whose branch is merged.
    pub merged: bool,
}

/// A cache that was deleted, or would be.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Cleaned {
    pub worktree: String,
    /// Relative to the worktree.
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// On disk; a file with several names counts once.
    pub bytes: u64,
    /// The command that brings it back, in the folder that it lay in; `null` where it comes back by itself, or nobody can tell.
    pub back_with: Option<&'static str>,
}

/// A folder of a cache's name that stays.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct LeftFolder {
    pub worktree: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    pub reason: Stays,
    /// How many folders of a cache's name it stands for, where git ignores none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caches: Option<usize>,
    /// What all of it takes, where it stands for several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// A process that works in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

/// What was cleaned.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct Report {
    pub cleaned: Vec<Cleaned>,
    pub left: Vec<LeftFolder>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why it did not go on.
    #[serde(skip)]
    pub stopped: Option<Failure>,
}
