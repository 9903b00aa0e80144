//! The shells that are taught, and what each of them is taught.

use clap::{Arg, Command, ValueEnum};

use crate::error::{Code, Failure, Result};
use crate::model::called::Called;
use crate::model::word::is_function_name;

/// A shell that asks us for words, and that can change its folder for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// Returns the word by which it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    /// Returns the function that changes the shell's folder where we say so.
    pub fn function(self, names: &ShellNames) -> String {
        let text = match self {
            Self::Bash => include_str!("../../templates/shell-init.bash"),
            Self::Zsh => include_str!("../../templates/shell-init.zsh"),
            Self::Fish => include_str!("../../templates/shell-init.fish"),
        };
        names.put_into(text)
    }

    /// Returns the function that lets `git wt switch` and `git wt create` change folder, and leaves all else to git.
    pub fn git_function(self) -> &'static str {
        match self {
            Self::Bash | Self::Zsh => include_str!("../../templates/shell-init-git.bash"),
            Self::Fish => include_str!("../../templates/shell-init-git.fish"),
        }
    }

    /// Returns the function with which the shell asks for the words that fit, as they are at that moment. It knows the
    /// commands itself.
    pub fn completions(self, names: &ShellNames, command_line: &Command) -> String {
        let text = match self {
            Self::Bash => include_str!("../../templates/completions.bash"),
            Self::Zsh => include_str!("../../templates/completions.zsh"),
            Self::Fish => include_str!("../../templates/completions.fish"),
        };
        let shown = command_line.get_subcommands().filter(|inner| !inner.is_hide_set());
        let commands: Vec<&str> = shown.map(Command::get_name).collect();
        names.put_into(text).replace("WT_COMMANDS", &commands.join(" "))
    }
}

/// What a shell's functions are called, and what they call.
#[derive(Clone, Debug)]
pub struct ShellNames {
    function: String,
    program: &'static str,
}

impl ShellNames {
    /// Takes the name that `--cmd` gives, else that of the program.
    ///
    /// # Errors
    ///
    /// `usage` for a name that no shell takes.
    pub fn of(wanted: Option<&str>, called: Called) -> Result<Self> {
        let function = wanted.unwrap_or_else(|| called.binary());
        if !is_function_name(function) {
            let message = format!("`{}` is no name for a shell's function", function.escape_debug());
            return Err(Failure::new(Code::Usage, message)
                .hint("letters, digits, `_` and `-`, the first a letter or `_`: `--cmd w`"));
        }
        Ok(Self { function: function.to_owned(), program: called.binary() })
    }

    /// The templates are written for a function `wt` that calls `wt`.
    fn put_into(&self, text: &str) -> String {
        let Self { function, program } = self;
        let inner = function.replace('-', "_");
        text.lines()
            .map(|line| match line {
                "wt() {" => format!("{function}() {{"),
                "#compdef wt" => format!("#compdef {function}"),
                _ if line.contains("--command wt ") => line
                    .replace("--command wt ", &format!("--command {function} "))
                    .replace("__wt_complete", &format!("__{inner}_complete")),
                _ => line
                    .replace("function wt ", &format!("function {function} "))
                    .replace("command wt ", &format!("command {program} "))
                    .replace("__wt_complete", &format!("__{inner}_complete"))
                    .replace("-F _wt wt", &format!("-F _{inner} {function}"))
                    .replace("compdef _wt wt", &format!("compdef _{inner} {function}"))
                    .replace("_wt() {", &format!("_{inner}() {{"))
                    .replace("\u{60}wt ", &format!("\u{60}{function} "))
                    .replace("$(wt ", &format!("$({program} "))
                    .replace(": wt ", &format!(": {program} ")),
            })
            .map(|line| line + "\n")
            .collect()
    }
}

/// Leaves out what only git and wt itself call: some shells' completions would offer it.
pub fn for_people(whole: &Command) -> Command {
    let shown: Vec<Command> = whole.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned().collect();
    let flags: Vec<Arg> = whole.get_arguments().cloned().collect();
    Command::new("wt").args(flags).subcommands(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_name_leaves_the_templates_as_they_are() {
        let names = ShellNames::of(None, Called::Wt).unwrap();
        assert_eq!(Shell::Bash.function(&names), include_str!("../../templates/shell-init.bash"));
        let line = Command::new("wt").subcommands([Command::new("switch"), Command::new("path")]);
        let expected = include_str!("../../templates/completions.fish").replace("WT_COMMANDS", "switch path");
        assert_eq!(Shell::Fish.completions(&names, &line), expected);
    }

    #[test]
    fn no_function_keeps_the_name_that_another_one_was_wanted_for() {
        let names = ShellNames::of(Some("w-t"), Called::GitWt).unwrap();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            for text in [shell.function(&names), shell.completions(&names, &Command::new("wt"))] {
                for left in ["\nwt()", "command wt ", "_wt wt", "compdef wt", "_wt()", "function wt "] {
                    assert!(!text.contains(left), "{left}: {text}");
                }
                assert!(text.contains("w-t") && text.contains("command git-wt "), "{text}");
            }
        }
    }
}
