//! Where the branch of a new worktree came from.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::branch_base::BranchBase;

/// Where the branch of a new worktree came from.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BranchStart {
    /// It was made at a commit, which `from` led to.
    New { from: Option<String>, commit: String },
    /// It was there before.
    Existing {
        committed_at: Option<Timestamp>,
        /// How many commits of the branch `of` it has not.
        behind: Option<usize>,
        of: Option<String>,
    },
    /// It was made at a remote's branch, and follows it.
    Tracking { upstream: String },
    /// There is none: the commit itself is checked out.
    Detached { from: Option<String>, commit: String },
}

impl BranchStart {
    /// Returns where a branch that begins so at `commit` began; `None` for one that was there before.
    #[must_use]
    pub fn base(&self, commit: &str) -> Option<BranchBase> {
        let name = match self {
            Self::Existing { .. } => return None,
            Self::New { from, .. } | Self::Detached { from, .. } => from.clone(),
            Self::Tracking { upstream } => Some(upstream.clone()),
        };
        Some(BranchBase { name, commit: commit.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_that_was_not_there_before_has_a_base() {
        let (from, commit) = (Some("main".to_owned()), "c".to_owned());
        for (start, name) in [
            (BranchStart::New { from: from.clone(), commit: commit.clone() }, Some(Some("main"))),
            (BranchStart::Detached { from: None, commit }, Some(None)),
            (BranchStart::Tracking { upstream: "origin/x".to_owned() }, Some(Some("origin/x"))),
            (BranchStart::Existing { committed_at: None, behind: None, of: from }, None),
        ] {
            let expected =
                name.map(|name| BranchBase { name: name.map(str::to_owned), commit: "abc".to_owned() });
            assert_eq!(start.base("abc"), expected, "{start:?}");
        }
    }
}
