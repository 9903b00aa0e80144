//! Where the branch of a worktree began, as its record keeps it, and how far the two are apart now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::branch::Distance;

/// Where a branch began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchBase {
    /// The branch, or what was typed; `None` where HEAD was on none.
    pub name: Option<String>,
    /// The commit, in hexadecimal.
    pub commit: String,
}

/// Where a branch began, and the commits that one has and the other has not.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct BaseView {
    pub name: Option<String>,
    pub commit: String,
    /// Commits of the branch that its base has not; `None` where that cannot be told.
    pub ahead: Option<usize>,
    /// Commits of the base, as it is now, that the branch has not.
    pub behind: Option<usize>,
}

impl BaseView {
    /// Shows `base`, `distance` apart.
    #[must_use]
    pub fn of(base: BranchBase, distance: Option<Distance>) -> Self {
        Self {
            name: base.name,
            commit: base.commit,
            ahead: distance.map(|distance| distance.ahead),
            behind: distance.map(|distance| distance.behind),
        }
    }
}
