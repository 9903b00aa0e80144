//! One command of a teardown as answers show it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::registry::debt::Debt;

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TornStatus {
    Done,
    /// It is kept, and tried again.
    Failed,
    /// It would be run now.
    Due,
    /// It is never run.
    GivenUp,
}

/// One command of the teardown of a worktree.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Torn {
    /// The worktree.
    pub name: String,
    /// As it was written.
    pub command: String,
    pub status: TornStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

impl Torn {
    /// Returns all commands of a debt, with the same to say of each.
    pub(super) fn all(debt: &Debt, status: TornStatus, reason: Option<&str>) -> Vec<Self> {
        let torn = |text: &String| Self {
            name: debt.name.clone(),
            command: text.clone(),
            status,
            exit: None,
            reason: reason.map(str::to_owned),
            log: None,
        };
        debt.teardown.commands.iter().map(|command| torn(&command.text)).collect()
    }
}
