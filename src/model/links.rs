//! Whether a repository and its worktrees name each other by relative paths, as git would write them
//! (git-config(1), `worktree.useRelativePaths`, and `extensions.relativeWorktrees`; git 2.48 and later).

/// The first git that reads such links.
const FIRST: (u32, u32) = (2, 48);

/// How links are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    Absolute,
    Relative,
    /// Relative, once the repository says that it has such links: an older git must not touch it then.
    Undeclared,
    /// Absolute although relative ones are wished for: the git that is here, of this version, could not read them.
    TooOld(Option<(u32, u32)>),
}

/// Chooses. `wish` is `worktree.useRelativePaths`, `is_declared` whether the repository has the extension; `git` tells the
/// version, and is asked only where it matters. Without a wish the repository's own way is followed.
#[must_use]
pub fn choose(wish: Option<bool>, is_declared: bool, git: impl FnOnce() -> Option<(u32, u32)>) -> Links {
    match (wish, is_declared) {
        (Some(true) | None, true) => Links::Relative,
        (Some(false), _) | (None, false) => Links::Absolute,
        (Some(true), false) => match git() {
            Some(version) if version >= FIRST => Links::Undeclared,
            version => Links::TooOld(version),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_counts_where_git_can_read_what_it_makes_and_else_the_repositorys_own_way() {
        let chosen = |wish, declared, git| choose(wish, declared, || git);
        let (old, new) = (Some((2, 47)), Some((2, 48)));
        assert_eq!(chosen(None, false, new), Links::Absolute);
        assert_eq!(chosen(None, true, old), Links::Relative);
        assert_eq!(chosen(Some(false), true, new), Links::Absolute);
        assert_eq!(chosen(Some(true), true, old), Links::Relative);
        assert_eq!(chosen(Some(true), false, new), Links::Undeclared);
        assert_eq!(chosen(Some(true), false, Some((3, 0))), Links::Undeclared);
        assert_eq!(chosen(Some(true), false, old), Links::TooOld(old));
        assert_eq!(chosen(Some(true), false, None), Links::TooOld(None));
    }
}
