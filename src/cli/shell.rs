//! The shells that are taught, and what each of them is taught.

use clap::ValueEnum;

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
