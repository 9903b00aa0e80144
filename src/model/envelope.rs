//! What every JSON answer begins with, and how a failure stands in it: the one shape of `--json`.

use std::borrow::Cow;
use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::called::Called;
use super::visible;
use crate::error::{Code, Failure, Result};

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

impl<T: Serialize> Envelope<'_, T> {
    /// Returns the answer as it is written: one line, or several for eyes; no character in it is dangerous to a terminal.
    ///
    /// # Errors
    ///
    /// `internal` for an answer that is no JSON object.
    pub fn text(&self, is_pretty: bool) -> Result<String> {
        let text = if is_pretty { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
        let text = text.map_err(|error| {
            Failure::new(Code::Internal, format!("the answer is not a JSON object: {error}")).caused_by(error)
        })?;
        Ok(harmless(&text).into_owned())
    }
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

/// Returns JSON that means the same and shows no dangerous character: they stand in strings only.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    let keeps = |letter: char| letter == '\n' || visible::is_harmless(letter);
    if text.chars().all(keeps) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if keeps(letter) {
            safe.push(letter);
        } else {
            // As JSON wants it (RFC 8259, section 7): in UTF-16.
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_means_the_same() {
        let text = serde_json::to_string("a\u{202e}\u{9b}b\u{e0041}").unwrap();
        let safe = harmless(&text);
        assert!(safe.is_ascii(), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), "a\u{202e}\u{9b}b\u{e0041}");
    }
}
