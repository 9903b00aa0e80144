//! What one run of `wt` answered, with assertions that show everything when they fail.

use std::process::Output;

use serde_json::Value;
use wt::door::answers::SCHEMAS;

use super::{advice, schemas};

/// One finished run of `wt`.
#[derive(Debug)]
pub struct Run {
    pub arguments: Vec<String>,
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn new(arguments: &[&str], output: &Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let signal = output.status.signal().map(|signal| 1000 + signal);
        let run = Self {
            arguments: arguments.iter().map(ToString::to_string).collect(),
            status: output.status.code().or(signal).unwrap(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        schemas::assert_known(&run.stdout);
        advice::assert_typable(&run.stdout, &run.stderr);
        run
    }

    /// Everything about the run, for a failed assertion.
    pub fn shown(&self) -> String {
        format!(
            "wt {}\n--- exit {}\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.arguments.join(" "),
            self.status,
            shortened(&self.stdout),
            shortened(&self.stderr)
        )
    }

    /// Asserts exit 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}", self.shown());
        self
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.shown()));
        assert_eq!(value["schema"], 1, "{}", self.shown());
        assert_eq!(value["command"], command_word(&self.arguments), "{}", self.shown());
        value
    }

    /// The `error` object on stdout, which must have `code`.
    #[track_caller]
    pub fn error(&self, code: &str) -> Value {
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], code, "{}", self.shown());
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{}", self.shown());
        error
    }

    /// Asserts that stderr names all of `words`.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "stderr lacks {word:?}\n{}", self.shown());
        }
        self
    }

    /// Asserts that stdout has all of `words`.
    #[track_caller]
    pub fn answers(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stdout.contains(word), "stdout lacks {word:?}\n{}", self.shown());
        }
        self
    }
}

/// The beginning of a text that may be very long.
fn shortened(text: &str) -> String {
    text.chars().take(4000).collect()
}

/// The command among the words: the longest name that has a schema of its answers.
fn command_word(arguments: &[String]) -> String {
    let named = |at: usize| {
        let names = [3, 2, 1].into_iter().filter_map(|count| Some(arguments.get(at..at + count)?.join(" ")));
        names.into_iter().find(|name| SCHEMAS.iter().any(|(known, _)| known == name))
    };
    (0..arguments.len()).find_map(named).unwrap()
}
