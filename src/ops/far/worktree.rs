//! A worktree of another host, as the `wt` there lists it. That may be an older or a newer one: what it does not say is left
//! out, and what is not known here is passed over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::host::interrupt::Interrupt;
use crate::host::ssh::Ssh;
use std::time::Duration;

/// A worktree there.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Deserialize, Serialize)]
pub struct FarWorktree {
    pub name: String,
    pub path: String,
    #[serde(default)]
    pub branch: Option<String>,
    #[serde(default)]
    pub purpose: Option<String>,
    #[serde(default)]
    pub repository_name: Option<String>,
    #[serde(default)]
    pub repository: Option<String>,
    #[serde(default)]
    pub main: bool,
    #[serde(default)]
    pub missing: bool,
    #[serde(default)]
    pub ports: Vec<FarPort>,
}

/// A port that it has there.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Deserialize, Serialize)]
pub struct FarPort {
    pub port: u16,
    pub service: String,
    #[serde(default)]
    pub url: Option<String>,
    /// How the service stands there; `null` where that is not known.
    #[serde(default)]
    pub state: Option<String>,
}

/// What `wt --json list` answers.
#[derive(Deserialize)]
struct Answer {
    schema: u32,
    #[serde(default)]
    worktrees: Vec<FarWorktree>,
    #[serde(default)]
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

/// Asks the `wt` there for all that it has.
///
/// # Errors
///
/// `host_unreachable`, also where something else answers; `interrupted`.
pub(super) fn ask(ssh: &Ssh, within: Duration, interrupt: &Interrupt) -> Result<Vec<FarWorktree>> {
    let bytes = ssh.ask(&["--json", "list", "--all"], within, interrupt)?;
    match answer(&bytes) {
        Some(Answer { schema: 1, error: None, worktrees }) => Ok(worktrees),
        Some(Answer { error: Some(refused), .. }) => Err(ssh.unreachable(&refused.message)),
        Some(Answer { schema, .. }) => {
            Err(ssh.unreachable(&format!("its `wt` speaks of schema {schema}, which is not known here")))
        }
        None => Err(ssh.unreachable("what answered there is no `wt`")),
    }
}

/// Finds the envelope among what the files of a login and a logout print.
fn answer(bytes: &[u8]) -> Option<Answer> {
    let begins = |at: &usize| {
        bytes[*at..].strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\"schema\""))
    };
    let at = (0..bytes.len()).find(begins)?;
    serde_json::Deserializer::from_slice(&bytes[at..]).into_iter().next()?.ok()
}
