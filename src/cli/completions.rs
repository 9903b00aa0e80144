//! `wt completions`: what a shell needs to complete our words.

use clap::{Args, Command};
use clap_complete::Shell;

use super::session::Session;
use super::shell::{self, ShellNames, for_people};
use crate::error::Result;
use crate::ops::script::Script;

/// Print the completions for a shell
#[derive(Args, Debug)]
#[command(
    after_help = "In ~/.bashrc: eval \"$(wt completions bash)\"\n    In ~/.zshrc, after compinit: eval \"$(wt completions zsh)\"\n    In ~/.config/fish/config.fish: wt completions fish | source"
)]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
    /// Complete the words of FUNCTION, as `wt shell-init --cmd` called it
    #[arg(long = "cmd", value_name = "FUNCTION")]
    pub function: Option<String>,
}

/// The shells that nobody taught to ask get the words of the command line alone.
fn script(shell: Shell, command_line: &Command, names: &ShellNames, function: &str) -> String {
    let asks = match shell {
        Shell::Bash => Some(shell::Shell::Bash),
        Shell::Zsh => Some(shell::Shell::Zsh),
        Shell::Fish => Some(shell::Shell::Fish),
        _ => None,
    };
    if let Some(shell) = asks {
        return shell.completions(names, command_line);
    }
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut for_people(command_line), function, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Runs the command.
///
/// # Errors
///
/// `usage` for a name that no shell takes; else where stdout cannot be written to.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let names = ShellNames::of(arguments.function.as_deref(), session.called)?;
    let function = arguments.function.as_deref().unwrap_or_else(|| session.called.binary());
    let script = script(arguments.shell, &(session.command_line)(), &names, function);
    if session.ui.is_json() {
        session.ui.answer_json(&Script { script })?;
    } else {
        session.ui.answer(&script)?;
    }
    Ok(0)
}
