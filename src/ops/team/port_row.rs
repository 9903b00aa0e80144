//! A port that somebody has, of this machine or over all machines of the team.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::port::Port;

/// A port that a worktree has.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PortRow {
    pub port: Port,
    pub user: String,
    pub host: String,
    pub worktree: String,
    pub since: Option<Timestamp>,
    /// Whether it is of this user's own registry.
    pub own: bool,
}
