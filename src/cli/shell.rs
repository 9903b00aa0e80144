//! The shells that are taught, and what each of them is taught.

use clap::{Arg, Command, ValueEnum};

/// A shell that asks us for words, and that can change its folder for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// Returns the function that changes the shell's folder where we say so.
    pub fn function(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../templates/shell-init.bash"),
            Self::Zsh => include_str!("../../templates/shell-init.zsh"),
            Self::Fish => include_str!("../../templates/shell-init.fish"),
        }
    }

    /// Returns the function with which the shell asks for the words that fit, as they are at that moment.
    pub fn completions(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../templates/completions.bash"),
            Self::Zsh => include_str!("../../templates/completions.zsh"),
            Self::Fish => include_str!("../../templates/completions.fish"),
        }
    }
}

/// Leaves out what only git and wt itself call: some shells' completions would offer it.
pub fn for_people(whole: &Command) -> Command {
    let shown: Vec<Command> = whole.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned().collect();
    let flags: Vec<Arg> = whole.get_arguments().cloned().collect();
    Command::new("wt").args(flags).subcommands(shown)
}
