//! Which purpose a worktree gets that something else made: what its branch begins with, else the pattern of the
//! configuration that says most about it.

use super::branch::{Head, Returning};
use super::glob::Glob;
use super::purpose::Purpose;

/// What a worktree that is to be adopted stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptionGround<'a> {
    Branch(&'a str),
    /// A commit, without a branch.
    Detached,
    /// It cannot be read.
    Unknown,
}

impl<'a> AdoptionGround<'a> {
    /// Returns what a worktree stands on; a rebase or bisection comes back to its branch.
    #[must_use]
    pub fn of(head: &'a Head, returning: Option<&'a Returning>) -> Self {
        match (head, returning) {
            (Head::Branch(name) | Head::Unborn(name), _) => Self::Branch(name),
            (Head::Detached(_), Some(returning)) => Self::Branch(&returning.branch),
            (Head::Detached(_), None) => Self::Detached,
            (Head::Unreadable(_), _) => Self::Unknown,
        }
    }
}

/// Patterns of branches, each with the purpose of the worktrees that stand on one; the empty pattern is for those
/// without a branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<(String, Purpose)>);

impl Patterns {
    /// Patterns in whatever order: which one counts does not depend on it.
    #[must_use]
    pub fn new(mut patterns: Vec<(String, Purpose)>) -> Self {
        patterns.sort_by(|(one, _), (other, _)| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        Self(patterns)
    }

    /// The longest pattern counts; of equally long ones the first by alphabet.
    fn find(&self, ground: AdoptionGround<'_>) -> Option<&Purpose> {
        let is_match = |pattern: &str| match ground {
            AdoptionGround::Branch(branch) => !pattern.is_empty() && is_like(pattern, branch),
            AdoptionGround::Detached => pattern.is_empty(),
            AdoptionGround::Unknown => false,
        };
        self.0.iter().find(|(pattern, _)| is_match(pattern)).map(|(_, purpose)| purpose)
    }
}

/// Every `*` stands for any letters, slashes too; all else is itself.
fn is_like(pattern: &str, branch: &str) -> bool {
    let mut glob = Vec::with_capacity(pattern.len());
    for byte in pattern.bytes() {
        if matches!(byte, b'?' | b'[' | b'\\') {
            glob.push(b'\\');
        }
        glob.push(byte);
    }
    Glob::new(&glob, false, false).is_match(branch.as_bytes(), &mut 0)
}

/// Returns the purpose of a worktree that nobody named one for: `feature/login` is a feature, and so for every purpose that
/// is `known`; `fix/…` is a bugfix; else the patterns say.
#[must_use]
pub fn purpose<'a>(
    ground: AdoptionGround<'_>,
    known: impl Iterator<Item = &'a Purpose>,
    patterns: &'a Patterns,
) -> Option<&'a Purpose> {
    let by_prefix = || {
        let AdoptionGround::Branch(branch) = ground else { return None };
        let (first, _) = branch.split_once('/')?;
        let word = match first {
            "fix" | "bug" => "bugfix",
            "feat" => "feature",
            other => other,
        };
        { known }.find(|purpose| purpose.as_str() == word)
    };
    by_prefix().or_else(|| patterns.find(ground))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(pairs: &[(&str, &str)]) -> Patterns {
        Patterns::new(
            pairs.iter().map(|(glob, purpose)| ((*glob).to_owned(), purpose.parse().unwrap())).collect(),
        )
    }

    #[test]
    fn the_prefix_goes_first_then_the_longest_pattern_then_the_alphabet() {
        let known: Vec<Purpose> =
            ["feature", "bugfix", "review", "experiment"].iter().map(|name| name.parse().unwrap()).collect();
        let usual = patterns(&[("worktree-*", "feature"), ("", "experiment")]);
        let own = patterns(&[
            ("*", "experiment"),
            ("a*", "review"),
            ("*z", "bugfix"),
            ("feature/odd*", "bugfix"),
            ("x/*/y", "review"),
            ("[a]?", "bugfix"),
        ]);
        let cases = [
            (&usual, AdoptionGround::Branch("worktree-calm-fox"), Some("feature")),
            (&usual, AdoptionGround::Branch("worktree-a/b"), Some("feature")),
            (&usual, AdoptionGround::Branch("my-worktree-a"), None),
            (&usual, AdoptionGround::Branch("fix/it"), Some("bugfix")),
            (&usual, AdoptionGround::Branch("typo"), None),
            (&usual, AdoptionGround::Branch(""), None),
            (&usual, AdoptionGround::Detached, Some("experiment")),
            (&usual, AdoptionGround::Unknown, None),
            // What the branch begins with, whatever a pattern says.
            (&own, AdoptionGround::Branch("feature/odd-one"), Some("feature")),
            (&own, AdoptionGround::Branch("x/1/2/y"), Some("review")),
            // Both have two letters.
            (&own, AdoptionGround::Branch("az"), Some("bugfix")),
            (&own, AdoptionGround::Branch("ab"), Some("review")),
            (&own, AdoptionGround::Branch("[a]?"), Some("bugfix")),
            (&own, AdoptionGround::Branch("abc"), Some("review")),
            (&own, AdoptionGround::Detached, None),
            (&own, AdoptionGround::Branch("q"), Some("experiment")),
        ];
        for (patterns, ground, expected) in cases {
            let found = purpose(ground, known.iter(), patterns).map(Purpose::as_str);
            assert_eq!(found, expected, "{ground:?}");
        }
    }
}
