//! `wt shell-init`: the shell function that lets `wt switch` change folder, and the completions with it.

use clap::Args;

use super::session::Session;
use super::shell::Shell;
use crate::error::Result;
use crate::ops::script::Script;

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

/// Runs the command.
///
/// # Errors
///
/// Fails when stdout cannot be written to.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let function = format!("{}\n{}", arguments.shell.function(), arguments.shell.completions());
    if session.ui.is_json() {
        session.ui.answer_json(&Script { script: function })?;
    } else {
        session.ui.answer(&function)?;
    }
    Ok(0)
}
