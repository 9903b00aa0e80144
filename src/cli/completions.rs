//! `wt completions`: what a shell needs to complete our words.

use clap::{Arg, Args, Command, CommandFactory};
use clap_complete::Shell;

use super::arguments::Cli;
use super::complete;
use super::session::Session;
use crate::error::Result;

/// Print the completions for a shell
#[derive(Args, Debug)]
#[command(
    after_help = "In ~/.bashrc: eval \"$(wt completions bash)\"\n    In ~/.zshrc, after compinit: eval \"$(wt completions zsh)\"\n    In ~/.config/fish/config.fish: wt completions fish | source"
)]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Leaves out what only git and wt itself call: some shells' completions would offer it.
pub fn for_people(whole: &Command) -> Command {
    let shown: Vec<Command> = whole.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned().collect();
    let flags: Vec<Arg> = whole.get_arguments().cloned().collect();
    Command::new("wt").args(flags).subcommands(shown)
}

/// Returns the function with which a shell asks for the words that fit, as they are at that moment.
pub fn asking(shell: complete::Shell) -> &'static str {
    match shell {
        complete::Shell::Bash => include_str!("../../templates/completions.bash"),
        complete::Shell::Zsh => include_str!("../../templates/completions.zsh"),
        complete::Shell::Fish => include_str!("../../templates/completions.fish"),
    }
}

/// The shells that nobody taught to ask get the words of the command line alone.
fn script(shell: Shell) -> String {
    let asks = match shell {
        Shell::Bash => Some(complete::Shell::Bash),
        Shell::Zsh => Some(complete::Shell::Zsh),
        Shell::Fish => Some(complete::Shell::Fish),
        _ => None,
    };
    if let Some(shell) = asks {
        return asking(shell).to_owned();
    }
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut for_people(&Cli::command()), "wt", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Runs the command.
///
/// # Errors
///
/// Fails when stdout cannot be written to.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let script = script(arguments.shell);
    if session.ui.is_json() {
        session.ui.answer_json(&serde_json::json!({ "script": script }))?;
    } else {
        session.ui.answer(&script)?;
    }
    Ok(0)
}
