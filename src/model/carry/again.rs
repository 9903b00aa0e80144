//! Carrying again: what becomes of a path that the source has, by what is remembered of it and what stands here now.

use schemars::JsonSchema;
use serde::Serialize;

/// What stands at the path in the worktree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandsThere {
    Absent,
    /// The path or a folder above it was carried once, and was deleted here since.
    Deleted,
    /// An env file with nothing in it but our block.
    Blank,
    /// The copy as it was made.
    Copy,
    /// The same as in the source.
    Same,
    /// Anything else; whether a copy was made there once.
    Other {
        was_copy: bool,
    },
    /// A folder, where the source has none.
    Folder,
}

/// What becomes of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgainVerdict {
    /// Nothing: it is as it should be.
    Current,
    /// It is new here.
    Bring,
    /// It takes the place of the copy, while that is unchanged.
    Renew,
    /// It takes the place of what the user made, which is put aside.
    Replace,
    Keep(WhyKept),
}

/// Why a path stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyKept {
    /// The copy was changed here.
    Edited,
    /// The copy was deleted here.
    Deleted,
    /// No copy was ever made there.
    Own,
    /// A process has it open: what it writes from then on would be lost.
    InUse,
}

impl WhyKept {
    /// Returns the reason for people, after a path.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Edited => "was changed here",
            Self::Deleted => "was deleted here",
            Self::Own => "was made here",
            Self::InUse => "is open in a process",
        }
    }

    /// Answers whether `--force` brings it all the same.
    #[must_use]
    pub fn yields(self) -> bool {
        self != Self::InUse
    }
}

/// One path that stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct KeptPath {
    /// Relative to the worktree; of a folder that was deleted, the folder alone.
    pub path: String,
    pub reason: WhyKept,
}

/// Decides about a path. `has_news` says whether the source has something else than what was carried, `is_open` whether a
/// process has open what stands here.
#[must_use]
pub fn decide(here: StandsThere, has_news: bool, force: bool, is_open: impl Fn() -> bool) -> AgainVerdict {
    let verdict = match here {
        StandsThere::Absent => AgainVerdict::Bring,
        StandsThere::Deleted if force => AgainVerdict::Bring,
        StandsThere::Deleted => AgainVerdict::Keep(WhyKept::Deleted),
        StandsThere::Blank => AgainVerdict::Renew,
        StandsThere::Copy if has_news => AgainVerdict::Renew,
        StandsThere::Copy | StandsThere::Same => AgainVerdict::Current,
        StandsThere::Other { .. } if force => AgainVerdict::Replace,
        StandsThere::Other { was_copy: true } => AgainVerdict::Keep(WhyKept::Edited),
        StandsThere::Other { was_copy: false } | StandsThere::Folder => AgainVerdict::Keep(WhyKept::Own),
    };
    match verdict {
        AgainVerdict::Renew | AgainVerdict::Replace if is_open() => AgainVerdict::Keep(WhyKept::InUse),
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_or_unchanged_here_is_brought_and_nothing_of_the_users() {
        let (edited, own) = (StandsThere::Other { was_copy: true }, StandsThere::Other { was_copy: false });
        for (here, has_news, plain, forced) in [
            (StandsThere::Absent, true, AgainVerdict::Bring, AgainVerdict::Bring),
            (StandsThere::Deleted, false, AgainVerdict::Keep(WhyKept::Deleted), AgainVerdict::Bring),
            (StandsThere::Deleted, true, AgainVerdict::Keep(WhyKept::Deleted), AgainVerdict::Bring),
            (StandsThere::Blank, true, AgainVerdict::Renew, AgainVerdict::Renew),
            (StandsThere::Copy, true, AgainVerdict::Renew, AgainVerdict::Renew),
            (StandsThere::Copy, false, AgainVerdict::Current, AgainVerdict::Current),
            (StandsThere::Same, true, AgainVerdict::Current, AgainVerdict::Current),
            (edited, false, AgainVerdict::Keep(WhyKept::Edited), AgainVerdict::Replace),
            (edited, true, AgainVerdict::Keep(WhyKept::Edited), AgainVerdict::Replace),
            (own, true, AgainVerdict::Keep(WhyKept::Own), AgainVerdict::Replace),
            (StandsThere::Folder, true, AgainVerdict::Keep(WhyKept::Own), AgainVerdict::Keep(WhyKept::Own)),
        ] {
            assert_eq!(decide(here, has_news, false, || false), plain, "{here:?} {has_news}");
            assert_eq!(decide(here, has_news, true, || false), forced, "{here:?} {has_news} forced");
        }
        assert_eq!(decide(StandsThere::Copy, true, true, || true), AgainVerdict::Keep(WhyKept::InUse));
        assert_eq!(decide(own, true, true, || true), AgainVerdict::Keep(WhyKept::InUse));
        assert_eq!(decide(StandsThere::Absent, true, false, || true), AgainVerdict::Bring);
        assert!(WhyKept::Edited.yields() && !WhyKept::InUse.yields());
    }

    #[test]
    fn reasons_are_spelled_as_scripts_know_them() {
        assert_eq!(serde_json::to_value(WhyKept::InUse).unwrap(), "in_use");
        assert_eq!(serde_json::to_value(WhyKept::Own).unwrap(), "own");
    }

    #[test]
    fn each_reason_is_said_in_words_of_its_own() {
        for (why, words) in [
            (WhyKept::Edited, "was changed here"),
            (WhyKept::Deleted, "was deleted here"),
            (WhyKept::Own, "was made here"),
            (WhyKept::InUse, "is open in a process"),
        ] {
            assert_eq!((why.words(), why.yields()), (words, why != WhyKept::InUse));
        }
    }
}
