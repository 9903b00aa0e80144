//! `wt completions`: what a shell needs to complete our words.

use clap::{Arg, Args, Command, CommandFactory};
use clap_complete::Shell;

use super::arguments::Cli;
use super::session::Session;
use crate::error::Result;

/// Print the completions for a shell
#[derive(Args, Debug)]
#[command(after_help = "In ~/.bashrc: eval \"$(wt completions bash)\"")]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Leaves out what only git and wt itself call: some shells' completions would offer it.
fn for_people(whole: &Command) -> Command {
    let shown: Vec<Command> = whole.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned().collect();
    let flags: Vec<Arg> = whole.get_arguments().cloned().collect();
    Command::new("wt").args(flags).subcommands(shown)
}

/// Runs the command.
///
/// # Errors
///
/// Fails when stdout cannot be written to.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut for_people(&Cli::command()), "wt", &mut script);
    let script = String::from_utf8_lossy(&script);
    if session.ui.is_json() {
        session.ui.answer_json(&serde_json::json!({ "script": script }))?;
    } else {
        session.ui.answer(&script)?;
    }
    Ok(0)
}
