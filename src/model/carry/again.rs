//! Carrying again: what becomes of a path that the source has, by what is remembered of it and what stands here now.

use schemars::JsonSchema;
use serde::Serialize;

/// What stands at the path in the worktree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
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
pub enum Verdict {
    /// Nothing: it is as it should be.
    Current,
    /// It is new here.
    Bring,
    /// It takes the place of the copy, while that is unchanged.
    Renew,
    /// It takes the place of what the user made, which is put aside.
    Replace,
    Keep(Kept),
}

/// Why a path stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The copy was changed here.
    Edited,
    /// The copy was deleted here.
    Deleted,
    /// No copy was ever made there.
    Own,
    /// A process has it open: what it writes from then on would be lost.
    InUse,
}

impl Kept {
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
    pub reason: Kept,
}

/// Decides about a path. `has_news` says whether the source has something else than what was carried, `is_open` whether a
/// process has open what stands here.
#[must_use]
pub fn decide(here: Here, has_news: bool, force: bool, is_open: impl Fn() -> bool) -> Verdict {
    let verdict = match here {
        Here::Absent => Verdict::Bring,
        Here::Deleted if force => Verdict::Bring,
        Here::Deleted => Verdict::Keep(Kept::Deleted),
        Here::Blank => Verdict::Renew,
        Here::Copy if has_news => Verdict::Renew,
        Here::Copy | Here::Same => Verdict::Current,
        Here::Other { .. } if force => Verdict::Replace,
        Here::Other { was_copy: true } => Verdict::Keep(Kept::Edited),
        Here::Other { was_copy: false } | Here::Folder => Verdict::Keep(Kept::Own),
    };
    match verdict {
        Verdict::Renew | Verdict::Replace if is_open() => Verdict::Keep(Kept::InUse),
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_or_unchanged_here_is_brought_and_nothing_of_the_users() {
        let (edited, own) = (Here::Other { was_copy: true }, Here::Other { was_copy: false });
        for (here, has_news, plain, forced) in [
            (Here::Absent, true, Verdict::Bring, Verdict::Bring),
            (Here::Deleted, false, Verdict::Keep(Kept::Deleted), Verdict::Bring),
            (Here::Deleted, true, Verdict::Keep(Kept::Deleted), Verdict::Bring),
            (Here::Blank, true, Verdict::Renew, Verdict::Renew),
            (Here::Copy, true, Verdict::Renew, Verdict::Renew),
            (Here::Copy, false, Verdict::Current, Verdict::Current),
            (Here::Same, true, Verdict::Current, Verdict::Current),
            (edited, false, Verdict::Keep(Kept::Edited), Verdict::Replace),
            (edited, true, Verdict::Keep(Kept::Edited), Verdict::Replace),
            (own, true, Verdict::Keep(Kept::Own), Verdict::Replace),
            (Here::Folder, true, Verdict::Keep(Kept::Own), Verdict::Keep(Kept::Own)),
        ] {
            assert_eq!(decide(here, has_news, false, || false), plain, "{here:?} {has_news}");
            assert_eq!(decide(here, has_news, true, || false), forced, "{here:?} {has_news} forced");
        }
        assert_eq!(decide(Here::Copy, true, true, || true), Verdict::Keep(Kept::InUse));
        assert_eq!(decide(own, true, true, || true), Verdict::Keep(Kept::InUse));
        assert_eq!(decide(Here::Absent, true, false, || true), Verdict::Bring);
        assert!(Kept::Edited.yields() && !Kept::InUse.yields());
    }

    #[test]
    fn reasons_are_spelled_as_scripts_know_them() {
        assert_eq!(serde_json::to_value(Kept::InUse).unwrap(), "in_use");
        assert_eq!(serde_json::to_value(Kept::Own).unwrap(), "own");
    }
}
