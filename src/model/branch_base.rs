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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_branch_is_from_its_base_is_shown_where_it_can_be_told() {
        let base = || BranchBase { name: Some("main".to_owned()), commit: "1".to_owned() };
        let view = |ahead, behind| BaseView { name: base().name, commit: base().commit, ahead, behind };
        assert_eq!(BaseView::of(base(), Some(Distance { ahead: 2, behind: 3 })), view(Some(2), Some(3)));
        assert_eq!(BaseView::of(base(), None), view(None, None));
    }
}
