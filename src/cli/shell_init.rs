//! `wt shell-init`: the shell function that lets `wt switch` change folder, and the completions with it.

use clap::Args;

use super::session::Session;
use super::shell::{Shell, ShellNames};
use crate::error::{Code, Failure, Result};
use crate::model::called::Called;
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
    /// Call the function so, where `wt` is somebody else's
    #[arg(long = "cmd", value_name = "FUNCTION")]
    pub function: Option<String>,
    /// Wrap `git` too, so that `git wt switch` and `git wt create --switch` change folder (as git-wt only)
    #[arg(long)]
    pub git: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `usage` for a name that no shell takes, and for `--git` without git-wt.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let names = ShellNames::of(arguments.function.as_deref(), session.called)?;
    let completions = arguments.shell.completions(&names, &(session.command_line)());
    let mut function = format!("{}\n{completions}", arguments.shell.function(&names));
    if arguments.git {
        if session.called != Called::GitWt || arguments.function.is_some() {
            return Err(Failure::new(
                Code::Usage,
                "`--git` wraps `git wt`, which calls the function `git-wt`",
            )
            .hint(format!("eval \"$(git-wt shell-init {} --git)\"", arguments.shell.word())));
        }
        function.push_str(arguments.shell.git_function());
    }
    if session.ui.is_json() {
        session.ui.answer_json(&Script { script: function })?;
    } else {
        session.ui.answer(&function)?;
    }
    Ok(0)
}
