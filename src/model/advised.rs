//! A command that people are advised to type: its words, each quoted for the shell where it must be. Every hint that
//! puts a value into a command is built from one, and a test parses every pattern with the program's own parser.

use std::fmt::{self, Display};

use super::quoting::word_sh;
use super::word::is_plain_word;

/// The flags in patterns whose value is the next word.
pub const WITH_VALUE: [&str; 11] = [
    "--shared-host",
    "--base",
    "--config",
    "--forget-teardown",
    "--port",
    "--purpose",
    "--reason",
    "--service",
    "--strategy",
    "--take-over",
    "--worktree",
];

/// A command to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advised {
    program: &'static str,
    folder: Option<String>,
    words: Vec<String>,
    /// Values from the first one on that begins with a dash: they stand behind `--`, after all flags.
    last: Vec<String>,
}

/// The command `pattern`, each `{}` of it a value: `wt("ports release {} --worktree {}", &[&port, &name])`. A value stays one
/// word whatever it holds.
#[must_use]
pub fn wt(pattern: &str, values: &[&dyn Display]) -> Advised {
    command("wt", pattern, values)
}

/// As [`wt`], a command of git's.
#[must_use]
pub fn git(pattern: &str, values: &[&dyn Display]) -> Advised {
    command("git", pattern, values)
}

fn command(program: &'static str, pattern: &str, values: &[&dyn Display]) -> Advised {
    let mut values = values.iter();
    let mut command = Advised { program, folder: None, words: Vec::new(), last: Vec::new() };
    for word in pattern.split_whitespace() {
        if !word.contains("{}") {
            command.words.push(word.to_owned());
            continue;
        }
        let value = values.next().map(ToString::to_string).unwrap_or_default();
        command.push(&word.replacen("{}", &value, 1));
    }
    command
}

impl Advised {
    /// Has it run in `folder`.
    #[must_use]
    pub fn at(mut self, folder: impl Display) -> Self {
        self.folder = Some(folder.to_string());
        self
    }

    /// Has root run it, whose PATH need not have our program.
    #[must_use]
    pub fn by_root(mut self) -> Self {
        self.program = "sudo $(command -v wt)";
        self
    }

    /// Adds words behind it, each a value.
    #[must_use]
    pub fn and<T: Display>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        values.into_iter().for_each(|value| self.push(&value.to_string()));
        self
    }

    /// Has it concern the worktree called `name`.
    #[must_use]
    pub fn of_worktree(mut self, name: &str) -> Self {
        self.words.push("--worktree".to_owned());
        self.push(name);
        self
    }

    /// What begins with a dash is no flag: it is joined to the flag that it is the value of, or stands behind `--`.
    fn push(&mut self, value: &str) {
        let is_dashed = value.starts_with('-');
        match self.words.last_mut() {
            Some(flag) if WITH_VALUE.contains(&flag.as_str()) => {
                if is_dashed {
                    flag.push('=');
                    flag.push_str(&word_sh(value));
                } else {
                    self.words.push(shown(value));
                }
            }
            _ if is_dashed => self.last.push(word_sh(value)),
            _ if self.last.is_empty() => self.words.push(shown(value)),
            _ => self.last.push(shown(value)),
        }
    }
}

/// As [`word_sh`], but a `:` in a word needs no quotes here.
fn shown(word: &str) -> String {
    let is_plain = word.split(':').all(is_plain_word);
    if is_plain { word.to_owned() } else { word_sh(word) }
}

impl Display for Advised {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.program)?;
        if let Some(folder) = &self.folder {
            write!(formatter, " -C {}", word_sh(folder))?;
        }
        self.words.iter().try_for_each(|word| write!(formatter, " {word}"))?;
        if !self.last.is_empty() {
            formatter.write_str(" --")?;
        }
        self.last.iter().try_for_each(|word| write!(formatter, " {word}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::words;

    #[test]
    fn a_value_is_one_word_whatever_it_holds() {
        for value in ["feature-login", "a b", "it's", "$(x)", "", "a`b", "-x", "--force", "~", "a;b", "*"] {
            for pattern in ["remove {}", "remove --force {}"] {
                let typed = wt(pattern, &[&value]).to_string();
                let read = words::split(&typed).unwrap();
                assert_eq!(read.last().map(String::as_str), Some(value), "{typed}");
            }
        }
    }

    #[test]
    fn what_is_plain_is_typed_as_it_is() {
        let command = wt("ports release {} --worktree {}", &[&5000, &"feature-login"]);
        assert_eq!(command.to_string(), "wt ports release 5000 --worktree feature-login");
        let command = command.at("/my work");
        assert_eq!(command.to_string(), "wt -C '/my work' ports release 5000 --worktree feature-login");
        assert_eq!(wt("logs", &[]).and(["web", "api"]).to_string(), "wt logs web api");
        assert_eq!(wt("config show service.{}", &[&"web"]).to_string(), "wt config show service.web");
        let logs = wt("logs", &[]).and(["web"]);
        assert_eq!(logs.of_worktree("feature-login").to_string(), "wt logs web --worktree feature-login");
        assert_eq!(wt("up {}", &[&"-x"]).of_worktree("-y").to_string(), "wt up --worktree='-y' -- '-x'");
    }

    #[test]
    fn what_begins_with_a_dash_is_taken_for_no_flag() {
        assert_eq!(wt("remove {}", &[&"-x"]).to_string(), "wt remove -- '-x'");
        assert_eq!(wt("remove {} -D", &[&"-x"]).to_string(), "wt remove -D -- '-x'");
        assert_eq!(wt("restore", &[]).and(["a", "-b", "c"]).to_string(), "wt restore a -- '-b' c");
        let command = wt("ports release {} --worktree {}", &[&5000, &"-x"]);
        assert_eq!(command.to_string(), "wt ports release 5000 --worktree='-x'");
    }
}
