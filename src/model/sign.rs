//! The signs that stand for a worktree by where one is, and the name of one in another repository.

/// A sign that stands for a worktree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `-`: the one that this terminal was in before.
    Last,
    /// `^`: the main worktree.
    Main,
    /// `@`: the one we stand in.
    Here,
}

impl Sign {
    /// Returns the sign that `word` is. git refuses all three as the name of a branch (git-check-ref-format(1)).
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        match word {
            "-" => Some(Self::Last),
            "^" => Some(Self::Main),
            "@" => Some(Self::Here),
            _ => None,
        }
    }
}

/// Returns repository and name of `REPOSITORY/NAME`; a name may have slashes, a folder's name has none.
#[must_use]
pub fn parts(wanted: &str) -> Option<(&str, &str)> {
    let (repository, name) = wanted.split_once('/')?;
    let is_folder = !matches!(repository, "" | "." | "..");
    (is_folder && !name.is_empty()).then_some((repository, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_stands_alone() {
        assert_eq!(Sign::find("-"), Some(Sign::Last));
        assert_eq!(Sign::find("^"), Some(Sign::Main));
        assert_eq!(Sign::find("@"), Some(Sign::Here));
        for word in ["", "--", "^^", "@{-1}", "a-", "HEAD"] {
            assert_eq!(Sign::find(word), None, "{word}");
        }
    }

    #[test]
    fn a_repository_stands_before_the_first_slash() {
        assert_eq!(parts("shop/login"), Some(("shop", "login")));
        assert_eq!(parts("shop/feature/login"), Some(("shop", "feature/login")));
        assert_eq!(parts("shop/^"), Some(("shop", "^")));
        for wanted in ["shop", "shop/", "/w/x", "./x", "../x", ""] {
            assert_eq!(parts(wanted), None, "{wanted}");
        }
    }
}
