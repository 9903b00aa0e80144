//! `wt shell-init`: the shell function that lets `wt switch` change folder, and the completions with it.

use clap::{Args, ValueEnum};

use super::session::Session;
use super::{complete, completions};
use crate::error::Result;

/// Print the shell function that lets `wt switch` and `wt create --switch` change folder, and the completions
#[derive(Args, Debug)]
#[command(
    after_help = "In ~/.bashrc: eval \"$(wt shell-init bash)\"\n    In ~/.zshrc: eval \"$(wt shell-init zsh)\"\n    In ~/.config/fish/config.fish: wt shell-init fish | source"
)]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// The shells that can be taught.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    fn function(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../templates/shell-init.bash"),
            Self::Zsh => include_str!("../../templates/shell-init.zsh"),
            Self::Fish => include_str!("../../templates/shell-init.fish"),
        }
    }

    fn completions(self) -> &'static str {
        completions::asking(match self {
            Self::Bash => complete::Shell::Bash,
            Self::Zsh => complete::Shell::Zsh,
            Self::Fish => complete::Shell::Fish,
        })
    }
}

/// Runs the command.
///
/// # Errors
///
/// Fails when stdout cannot be written to.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let function = format!("{}\n{}", arguments.shell.function(), arguments.shell.completions());
    if session.ui.is_json() {
        session.ui.answer_json(&serde_json::json!({ "script": function }))?;
    } else {
        session.ui.answer(&function)?;
    }
    Ok(0)
}
