//! The programs whose sessions we know how to answer.

use schemars::JsonSchema;
use serde::Serialize;

/// A coding agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Program {
    Claude,
    Codex,
    Cursor,
    OpenCode,
    Gemini,
    Copilot,
}

impl Program {
    /// Every one of them, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Claude, Self::Codex, Self::Cursor, Self::OpenCode, Self::Gemini, Self::Copilot];

    /// Returns the word by which it is named on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Cursor => "cursor",
            Self::OpenCode => "opencode",
            Self::Gemini => "gemini",
            Self::Copilot => "copilot",
        }
    }

    /// Returns the program of that word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.as_str() == word)
    }

    /// Returns what its makers call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Claude => "Claude Code",
            Self::Codex => "Codex",
            Self::Cursor => "Cursor",
            Self::OpenCode => "OpenCode",
            Self::Gemini => "Gemini CLI",
            Self::Copilot => "Copilot CLI",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Program;
    use crate::model::variants::{sorted, words_of};

    #[test]
    fn every_program_is_found_by_its_word() {
        assert_eq!(sorted(Program::ALL.map(Program::as_str)), words_of::<Program>());
    }

    #[test]
    fn every_program_has_the_title_that_its_makers_give_it() {
        let titles = Program::ALL.map(|program| (program.as_str(), program.title()));
        let expected = [
            ("claude", "Claude Code"),
            ("codex", "Codex"),
            ("cursor", "Cursor"),
            ("opencode", "OpenCode"),
            ("gemini", "Gemini CLI"),
            ("copilot", "Copilot CLI"),
        ];
        assert_eq!(titles, expected);
        for (program, (word, _)) in Program::ALL.into_iter().zip(expected) {
            assert_eq!(Program::find(word), Some(program));
        }
        assert_eq!(Program::find("Claude"), None);
    }
}
