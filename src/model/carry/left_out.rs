//! What was meant and is not carried, each with a reason that never changes its spelling.

use schemars::JsonSchema;
use serde::Serialize;

/// Why a path is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// Every byte would have to be copied, and there are more than `carry.max_bytes`.
    TooLarge,
    /// The worktree that it is for tracks it.
    Tracked,
    /// Something stands there already.
    Exists,
    /// A link that leads out of the worktree, or to what is not carried.
    Outside,
    /// A folder above it is a link there, or no folder.
    LinkParent,
    /// A pipe, a socket or a device.
    Special,
    /// It went away, or changed again and again, while it was copied.
    Vanished,
    /// It may not be read, or is damaged.
    Unreadable,
    /// Another worktree or a repository of its own.
    Worktree,
    /// The worktree that it is for does not ignore it: the next `git add` would publish it.
    NotIgnored,
}

impl LeftOutReason {
    /// Returns the reason for people, after a path.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::TooLarge => "is larger than `carry.max_bytes`",
            Self::Tracked => "is tracked there",
            Self::Exists => "is there already",
            Self::Outside => "is a link that leads out of the worktree",
            Self::LinkParent => "lies below a link there",
            Self::Special => "is neither a file nor a folder nor a link",
            Self::Vanished => "went away or changed while it was copied",
            Self::Unreadable => "cannot be read",
            Self::Worktree => "belongs to another worktree or repository",
            Self::NotIgnored => "is not ignored there",
        }
    }
}

/// One path that is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct LeftOut {
    /// Relative to the worktree.
    pub path: String,
    pub bytes: u64,
    pub reason: LeftOutReason,
}

/// So many paths of one match are named for one reason; where there are more the match itself is.
const NAMED: usize = 20;

/// What is left out, with the match each belongs to, as it is found.
#[derive(Clone, Debug, Default)]
pub struct LeftOutMatches(Vec<(String, LeftOut)>);

impl LeftOutMatches {
    /// Notes a path of the match `topmost`.
    pub fn note(&mut self, topmost: &str, path: String, bytes: u64, reason: LeftOutReason) {
        self.0.push((topmost.to_owned(), LeftOut { path, bytes, reason }));
    }

    /// Adds what another one noted.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns all of it, in order; of a match of which many paths are left out for one reason, the match alone.
    #[must_use]
    pub fn into_rows(mut self) -> Vec<LeftOut> {
        self.0.sort_by(|(one, first), (other, second)| {
            (one, first.reason, &first.path).cmp(&(other, second.reason, &second.path))
        });
        let mut rows = Vec::new();
        for group in
            self.0.chunk_by(|(one, first), (other, second)| one == other && first.reason == second.reason)
        {
            match group {
                [(topmost, first), ..] if group.len() > NAMED => rows.push(LeftOut {
                    path: topmost.clone(),
                    bytes: group.iter().map(|(_, row)| row.bytes).sum(),
                    reason: first.reason,
                }),
                few => rows.extend(few.iter().map(|(_, row)| row.clone())),
            }
        }
        rows.sort();
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_paths_are_named_and_many_become_their_match() {
        let mut leaving = LeftOutMatches::default();
        for number in 0..=NAMED {
            leaving.note("data", format!("data/{number}"), 2, LeftOutReason::Exists);
        }
        leaving.note("data", "data/pipe".to_owned(), 0, LeftOutReason::Special);
        leaving.note("a", "a".to_owned(), 1, LeftOutReason::Exists);
        let rows = leaving.into_rows();
        let seen: Vec<_> = rows.iter().map(|row| (row.path.as_str(), row.bytes, row.reason)).collect();
        let many = 2 * (NAMED as u64 + 1);
        assert_eq!(
            seen,
            [
                ("a", 1, LeftOutReason::Exists),
                ("data", many, LeftOutReason::Exists),
                ("data/pipe", 0, LeftOutReason::Special)
            ]
        );
    }

    #[test]
    fn reasons_are_spelled_as_scripts_know_them() {
        let spelled = |reason: LeftOutReason| serde_json::to_value(reason).unwrap();
        assert_eq!(spelled(LeftOutReason::TooLarge), "too_large");
        assert_eq!(spelled(LeftOutReason::LinkParent), "link_parent");
        assert_eq!(spelled(LeftOutReason::NotIgnored), "not_ignored");
    }

    #[test]
    fn each_reason_is_said_in_words_of_its_own() {
        for (reason, words) in [
            (LeftOutReason::TooLarge, "is larger than `carry.max_bytes`"),
            (LeftOutReason::Tracked, "is tracked there"),
            (LeftOutReason::Exists, "is there already"),
            (LeftOutReason::Outside, "is a link that leads out of the worktree"),
            (LeftOutReason::LinkParent, "lies below a link there"),
            (LeftOutReason::Special, "is neither a file nor a folder nor a link"),
            (LeftOutReason::Vanished, "went away or changed while it was copied"),
            (LeftOutReason::Unreadable, "cannot be read"),
            (LeftOutReason::Worktree, "belongs to another worktree or repository"),
            (LeftOutReason::NotIgnored, "is not ignored there"),
        ] {
            assert_eq!(reason.words(), words);
        }
    }

    #[test]
    fn twenty_paths_are_named_and_what_another_noted_is_counted_with_them() {
        let noted = |numbers: std::ops::Range<usize>| {
            let mut leaving = LeftOutMatches::default();
            numbers.for_each(|at| leaving.note("data", format!("data/{at:02}"), 1, LeftOutReason::Exists));
            leaving
        };
        let mut whole = noted(0..10);
        whole.extend(noted(10..20));
        let rows = whole.clone().into_rows();
        assert_eq!((rows.len(), rows[19].path.as_str()), (20, "data/19"));
        whole.extend(noted(20..21));
        let row = LeftOut { path: "data".to_owned(), bytes: 21, reason: LeftOutReason::Exists };
        assert_eq!(whole.into_rows(), [row]);
    }
}
