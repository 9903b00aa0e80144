//! By which of its two names the program was called: `wt`, or `git-wt`, which git finds for `git wt`. Whatever it advises
//! is typed by that name.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

/// The name of the binary that git runs for `git wt`.
pub const GIT_WT: &str = "git-wt";

/// How the program was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Called {
    #[default]
    Wt,
    /// By git, or by a person who has another `wt`.
    GitWt,
}

impl Called {
    /// Tells the name by the first word of a command line, which may be a path.
    #[must_use]
    pub fn of(word: Option<&OsStr>) -> Self {
        let name = word.and_then(|word| Path::new(word).file_name());
        if name.is_some_and(|name| name == GIT_WT) { Self::GitWt } else { Self::Wt }
    }

    /// Returns the words that a person types.
    #[must_use]
    pub fn typed(self) -> &'static str {
        match self {
            Self::Wt => "wt",
            Self::GitWt => "git wt",
        }
    }

    /// Returns the name of the binary, which is also the name of the shell's function.
    #[must_use]
    pub fn binary(self) -> &'static str {
        match self {
            Self::Wt => "wt",
            Self::GitWt => GIT_WT,
        }
    }

    /// Puts that name into commands between backticks, and into those that a shell runs for its start-up file.
    #[must_use]
    pub fn speaks(self, text: &str) -> Cow<'_, str> {
        if self == Self::Wt || !text.contains("wt ") {
            return Cow::Borrowed(text);
        }
        Cow::Owned(
            text.replace("\u{60}wt ", "\u{60}git wt ")
                .replace("&& wt ", "&& git wt ")
                .replace("$(wt ", "$(git-wt "),
        )
    }

    /// Puts that name into the text of a help, where commands also stand without backticks: usage and examples.
    #[must_use]
    pub fn helps(self, text: &str) -> Cow<'_, str> {
        if self == Self::Wt {
            return Cow::Borrowed(text);
        }
        let usage = text
            .replace("Usage: wt ", "Usage: git wt ")
            .replace("Usage: git-wt ", "Usage: git wt ")
            .replace("\n  wt ", "\n  git wt ");
        Cow::Owned(self.speaks(&usage.replace(": wt ", ": git-wt ")).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_part_of_a_path_is_the_name() {
        for (word, called) in [
            ("wt", Called::Wt),
            ("/usr/bin/wt", Called::Wt),
            ("git-wt", Called::GitWt),
            ("/git-wt/bin/wt", Called::Wt),
            ("./bin/git-wt", Called::GitWt),
            ("", Called::Wt),
        ] {
            assert_eq!(Called::of(Some(OsStr::new(word))), called, "{word}");
        }
        assert_eq!(Called::of(None), Called::Wt);
    }

    #[test]
    fn advice_is_typed_by_the_name_that_was_typed() {
        let advice = "`wt down && wt up`, or `wt list`; eval \"$(wt shell-init bash)\"; the wt folder";
        assert_eq!(Called::Wt.speaks(advice), advice);
        assert_eq!(
            Called::GitWt.speaks(advice),
            "`git wt down && git wt up`, or `git wt list`; eval \"$(git-wt shell-init bash)\"; the wt folder"
        );
    }

    #[test]
    fn help_shows_usage_and_examples_by_that_name() {
        let help = "Usage: wt list [OPTIONS]\n\nExamples:\n  wt list --all\n\nIn config.fish: wt shell-init fish | source";
        assert_eq!(
            Called::GitWt.helps(help),
            "Usage: git wt list [OPTIONS]\n\nExamples:\n  git wt list --all\n\nIn config.fish: git-wt shell-init fish | source"
        );
    }

    #[test]
    fn each_name_is_typed_with_a_blank_for_git_and_is_a_binary_with_a_dash() {
        assert_eq!((Called::Wt.typed(), Called::Wt.binary()), ("wt", "wt"));
        assert_eq!((Called::GitWt.typed(), Called::GitWt.binary()), ("git wt", "git-wt"));
    }

    #[test]
    fn help_by_its_own_name_stays_as_it_is() {
        let help = "Usage: git-wt list\n  wt list: wt x";
        assert_eq!(Called::Wt.helps(help), help);
        assert_eq!(Called::GitWt.helps(help), "Usage: git wt list\n  git wt list: git-wt x");
    }
}
