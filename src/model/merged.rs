//! Why a branch counts as merged, and whether it ever was anybody's work: a fresh branch at main is no merged one.

use std::fmt;

/// How the work of a branch shows in another one, the cheapest proof first. As for `git branch --merged`, what was
/// reverted later was merged all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeEvidence {
    /// Both are at one commit.
    SameCommit,
    /// Every commit is part of the other branch's history.
    Ancestor,
    /// The commits of the branch take each other back.
    ChangesNothing,
    /// The other branch once had the very same files.
    SameTree { revision: Revision },
    /// A merge, tried in memory, would change no file.
    AddsNothing,
    /// One commit of the other branch has the patch of the whole branch.
    Squashed { revision: Revision },
    /// Each commit's patch is that of a commit of the other branch.
    EveryPatch { count: usize },
}

/// A commit of a branch's history, named as people do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// In hexadecimal.
    pub commit: String,
    /// How many first parents before the branch's tip it is; `None` off that line.
    pub distance: Option<usize>,
}

impl Revision {
    /// Returns `main`, `main~3`, or the short hash.
    #[must_use]
    pub fn name(&self, branch: &str) -> String {
        match self.distance {
            Some(0) => branch.to_owned(),
            Some(distance) => format!("{branch}~{distance}"),
            None => self.commit.chars().take(10).collect(),
        }
    }
}

/// What proves a branch merged, and into which other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchMerge {
    /// The other branch, short: `main`, `origin/main`.
    pub into: String,
    pub evidence: MergeEvidence,
}

impl fmt::Display for BranchMerge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let into = &self.into;
        match &self.evidence {
            MergeEvidence::SameCommit => write!(formatter, "same commit as {into}"),
            MergeEvidence::Ancestor => write!(formatter, "its commits are part of {into}"),
            MergeEvidence::ChangesNothing => write!(formatter, "it changes nothing compared with {into}"),
            MergeEvidence::SameTree { revision } => write!(formatter, "same tree as {}", revision.name(into)),
            MergeEvidence::AddsNothing => write!(formatter, "merging it would add nothing to {into}"),
            MergeEvidence::Squashed { revision } => write!(formatter, "squashed as {}", revision.name(into)),
            MergeEvidence::EveryPatch { count: 1 } => write!(formatter, "its commit's patch is in {into}"),
            MergeEvidence::EveryPatch { count } => {
                write!(formatter, "the patches of its {count} commits are in {into}")
            }
        }
    }
}

impl MergeEvidence {
    /// Answers whether it holds for a branch that nobody ever committed to, so that more is needed to call it work.
    #[must_use]
    pub fn fits_untouched_branch(&self) -> bool {
        matches!(self, Self::SameCommit | Self::Ancestor)
    }
}

/// Answers whether a log of a ref says that somebody made a commit there: `commit`, `commit (amend)`, `cherry-pick`,
/// `revert`, `am`, a step of a rebase. Branching, pulling, resetting and fast-forwarding make none.
#[must_use]
pub fn shows_work<'a>(mut messages: impl Iterator<Item = &'a str>) -> bool {
    messages.any(|message| {
        let head = message.split_once(':').map_or(message, |(head, _)| head);
        let word = head.split([' ', '(']).next().unwrap_or_default();
        let is_step = ["(pick)", "(squash)", "(fixup)", "(edit)", "(reword)", "(continue)"]
            .iter()
            .any(|step| head.contains(step));
        matches!(word, "commit" | "cherry-pick" | "revert" | "am") || (word == "rebase" && is_step)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_work(message: &str) -> bool {
        shows_work(std::iter::once(message))
    }

    #[test]
    fn commits_of_any_kind_are_work() {
        for message in [
            "commit: Add login",
            "commit (initial): first",
            "commit (amend): Add login",
            "commit (merge): Merge branch 'main'",
            "cherry-pick: Add login",
            "revert: Revert \"x\"",
            "am: Add login",
            "rebase (pick): Add login",
            "rebase -i (squash): Add login",
        ] {
            assert!(is_work(message), "{message}");
        }
    }

    #[test]
    fn branching_and_following_main_are_no_work() {
        for message in [
            "",
            "branch: Created from main",
            "wt create",
            "reset: moving to HEAD",
            "checkout: moving from main to commit",
            "pull: Fast-forward",
            "merge main: Fast-forward",
            "rebase (start): checkout main",
            "rebase (finish): returning to refs/heads/x",
            "clone: from commit:x",
        ] {
            assert!(!is_work(message), "{message}");
        }
        assert!(!shows_work(std::iter::empty()));
    }

    #[test]
    fn a_revision_is_named_as_people_do() {
        let at = |distance| Revision { commit: "0123456789abcdef".to_owned(), distance };
        assert_eq!(at(Some(0)).name("main"), "main");
        assert_eq!(at(Some(3)).name("main"), "main~3");
        assert_eq!(at(None).name("main"), "0123456789");
        let merged = BranchMerge {
            into: "origin/main".to_owned(),
            evidence: MergeEvidence::SameTree { revision: at(Some(3)) },
        };
        assert_eq!(merged.to_string(), "same tree as origin/main~3");
    }

    #[test]
    fn each_evidence_has_its_words_and_two_fit_a_branch_without_work() {
        let revision = || Revision { commit: "0123456789abcdef".to_owned(), distance: Some(0) };
        for (evidence, words, fits) in [
            (MergeEvidence::SameCommit, "same commit as main", true),
            (MergeEvidence::Ancestor, "its commits are part of main", true),
            (MergeEvidence::ChangesNothing, "it changes nothing compared with main", false),
            (MergeEvidence::SameTree { revision: revision() }, "same tree as main", false),
            (MergeEvidence::AddsNothing, "merging it would add nothing to main", false),
            (MergeEvidence::Squashed { revision: revision() }, "squashed as main", false),
            (MergeEvidence::EveryPatch { count: 1 }, "its commit's patch is in main", false),
            (MergeEvidence::EveryPatch { count: 2 }, "the patches of its 2 commits are in main", false),
        ] {
            assert_eq!(evidence.fits_untouched_branch(), fits, "{evidence:?}");
            assert_eq!(BranchMerge { into: "main".to_owned(), evidence }.to_string(), words);
        }
    }

    #[test]
    fn each_step_of_a_rebase_that_makes_a_commit_is_work() {
        for (step, expected) in [
            ("pick", true),
            ("squash", true),
            ("fixup", true),
            ("edit", true),
            ("reword", true),
            ("continue", true),
            ("start", false),
            ("abort", false),
        ] {
            assert_eq!(is_work(&format!("rebase ({step}): x")), expected, "{step}");
            assert!(!is_work(&format!("merge ({step}): x")), "{step}");
        }
    }
}
