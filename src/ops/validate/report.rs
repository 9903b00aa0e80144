//! What is asked of a look, and what it answers: the findings with their counts, the plan to mend them, what was looked at.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::config::problem::Problem;
use crate::model::finding::{Finding, Fix};
use crate::model::validity::ValiditySummary;

/// What to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Also at listeners.
    pub verify_ports: bool,
    /// At every repository in the registry.
    pub all: bool,
    /// With a fix: leave the ports of worktrees alone that are there and of which nothing listens.
    pub leave_stale: bool,
    /// What was found wrong with the configuration when it was loaded.
    pub config_problems: Vec<Problem>,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Looked {
    pub registry: PathBuf,
    pub repositories: Vec<PathBuf>,
    /// How many recorded worktrees.
    pub worktrees: usize,
    pub allocations: usize,
    /// How many sockets that listen or are bound; absent when listeners were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<usize>,
    /// What could not be looked at, in words.
    #[serde(skip)]
    pub left_out: Vec<String>,
}

/// What was found, and what was done about it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    pub summary: ValiditySummary,
    pub looked_at: Looked,
    /// The copy of the registry from before the fixes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<PathBuf>,
    /// What would be done, where only the plan was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<Fix>>,
    /// What happened on the way.
    #[serde(skip)]
    pub said: Vec<String>,
}
