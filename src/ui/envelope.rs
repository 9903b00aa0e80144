//! What every JSON answer begins with, and how a failure stands in it: the one shape of `--json`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Failure;
use crate::model::called::Called;

/// The schema of every JSON answer.
pub const SCHEMA: u64 = 1;

/// One object on stdout: the schema, the command word, the fields of the answer, and what failed.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Envelope<'a, T> {
    pub schema: u64,
    /// The command word alone, such as `create` or `ports check`.
    pub command: &'a str,
    #[serde(flatten)]
    pub answer: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// What failed, for people (`message`, `hint`) and for programs (`code`, `details`).
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct ErrorObject {
    /// A stable word, listed in docs/commands.md.
    pub code: &'static str,
    pub message: String,
    /// The next step, where there is one.
    pub hint: Option<String>,
    pub details: Map<String, Value>,
}

impl ErrorObject {
    /// The failure as a program reads it that called us by that name.
    #[must_use]
    pub fn of(failure: &Failure, called: Called) -> Self {
        Self {
            code: failure.code().as_str(),
            message: called.speaks(failure.message()).into_owned(),
            hint: failure.next_step().map(|hint| called.speaks(hint).into_owned()),
            details: failure.details().clone(),
        }
    }
}

/// The answer of a command that failed before it had any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Nothing {}
