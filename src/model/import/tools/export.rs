//! The other way round: the file of a tool that makes worktrees, with the one line that calls us.

use std::str::FromStr;

use serde_json::json;

/// A tool whose file can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Cursor,
    Codex,
    Conductor,
}

/// The tools, by their words.
pub const TOOLS: [(&str, Tool); 3] =
    [("cursor", Tool::Cursor), ("codex", Tool::Codex), ("conductor", Tool::Conductor)];

/// The line: it does nothing where we are not installed, never calls another program of our name, and fails nothing.
pub const LINE: &str = "command -v git-wt >/dev/null && git-wt agent enter || true";

impl FromStr for Tool {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = TOOLS.iter().find(|(name, _)| *name == word);
        found.map(|(_, tool)| *tool).ok_or_else(|| "known are cursor, codex and conductor".to_owned())
    }
}

impl Tool {
    /// Returns the file, relative to the root of the repository.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Cursor => ".cursor/worktrees.json",
            Self::Codex => ".codex/environments/environment.toml",
            Self::Conductor => "conductor.json",
        }
    }

    /// Returns the text of a new file; `repository` names the environment where the tool wants a name.
    #[must_use]
    pub fn text(self, repository: &str) -> String {
        let written = match self {
            Self::Cursor => json!({ "setup-worktree-unix": [LINE] }),
            Self::Conductor => json!({ "scripts": { "setup": LINE } }),
            Self::Codex => {
                let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
                return format!(
                    "version = 1\nname = {}\n\n[setup]\nscript = {}\n",
                    text(repository),
                    text(LINE)
                );
            }
        };
        format!("{written:#}\n")
    }

    /// Returns the key of the file that the line belongs to.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Cursor => "setup-worktree-unix",
            Self::Codex => "setup.script",
            Self::Conductor => "scripts.setup",
        }
    }

    /// Answers whether a file that is there calls us.
    #[must_use]
    pub fn has_line(text: &str) -> bool {
        text.contains("git-wt agent enter")
    }
}
