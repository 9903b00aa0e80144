//! `wt prompt`: one line for a prompt. It says nothing where there is nothing to say, and never fails.

use clap::{Args, ValueEnum};

use super::session::Session;
use crate::model::prompt::{self, PromptFormat};
use crate::ops;

/// Print one line about the worktree one stands in, for a prompt: name, ports with their last health, changes last seen
#[derive(Args, Debug)]
pub struct Arguments {
    /// Who shows it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: FormatWord,
}

/// Who shows the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FormatWord {
    #[default]
    Plain,
    /// Claude Code's status line, which says on stdin where it stands
    Claude,
    Starship,
    /// `%` is doubled
    Zsh,
}

impl From<FormatWord> for PromptFormat {
    fn from(word: FormatWord) -> Self {
        match word {
            FormatWord::Plain => Self::Plain,
            FormatWord::Claude => Self::Claude,
            FormatWord::Starship => Self::Starship,
            FormatWord::Zsh => Self::Zsh,
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> u8 {
    let format = PromptFormat::from(arguments.format);
    let mut viewpoint = session.viewpoint();
    if let Some(folder) = (format == PromptFormat::Claude).then(ops::prompt::told_folder).flatten() {
        viewpoint.global.directories = vec![folder];
    }
    let facts = viewpoint.folder().ok().and_then(|folder| ops::prompt::facts(&viewpoint.host, &folder));
    let line = facts.map(|facts| prompt::line(&facts, format, viewpoint.host.clock.now()));
    // A prompt that cannot be shown is nobody's trouble.
    let _ = match line {
        line if session.ui.is_json() => session.ui.answer_json(&ops::prompt::Report { line }),
        Some(line) => session.ui.answer(&line),
        None => Ok(()),
    };
    0
}
