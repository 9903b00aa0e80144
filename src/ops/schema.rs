//! The schema of a command's answers: found by the command's words.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::suggestion::nearest;

/// The commands whose answers have a schema.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Commands {
    pub commands: Vec<String>,
}

/// The schema of one command's answers.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct AnswerSchema {
    /// A JSON Schema of the draft 2020-12.
    pub json_schema: Value,
}

/// Returns the commands of `schemas`.
#[must_use]
pub fn commands(schemas: &[(&str, &str)]) -> Commands {
    Commands { commands: schemas.iter().map(|(command, _)| (*command).to_owned()).collect() }
}

/// Returns the schema of `command`'s answers as it is written in `schemas`.
///
/// # Errors
///
/// `usage` for a command that is none, with the near one.
pub fn require<'a>(schemas: &[(&str, &'a str)], command: &str) -> Result<&'a str> {
    if let Some((_, text)) = schemas.iter().find(|(known, _)| *known == command) {
        return Ok(text);
    }
    let failure =
        Failure::new(Code::Usage, format!("no command `{}` answers with JSON", command.escape_debug()));
    Err(match nearest(command, schemas.iter().map(|(known, _)| *known)) {
        Some(near) => {
            let meant = wt("schema", &[]).and(near.split(' '));
            failure.hint(format!("did you mean `{meant}`? `wt schema` lists all"))
        }
        None => failure.hint("`wt schema` lists the commands"),
    })
}

/// Returns a schema's text as an answer of its own.
///
/// # Errors
///
/// `internal` when the text is no JSON.
pub fn answer(text: &str) -> Result<AnswerSchema> {
    let json_schema = serde_json::from_str(text).map_err(|error| {
        Failure::new(Code::Internal, format!("the schema is not JSON: {error}")).caused_by(error)
    })?;
    Ok(AnswerSchema { json_schema })
}
