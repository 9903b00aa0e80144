//! Where the branch of a worktree began, as its record keeps it, and how far the two are apart now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::branch::Distance;
use super::registry::entry::Entry;

/// The record's field.
const KEY: &str = "base";

/// Where a branch began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchBase {
    /// The branch, or what was typed; `None` where HEAD was on none.
    pub name: Option<String>,
    /// The commit, in hexadecimal.
    pub commit: String,
}

impl BranchBase {
    /// Returns where the worktree's branch began; `None` in records that do not say.
    #[must_use]
    pub fn find(entry: &Entry) -> Option<Self> {
        serde_json::from_value(entry.extra.get(KEY)?.clone()).ok()
    }

    /// Keeps it in the record.
    pub fn write(&self, entry: &mut Entry) {
        if let Ok(value @ Value::Object(_)) = serde_json::to_value(self) {
            entry.extra.insert(KEY.to_owned(), value);
        }
    }
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
    use crate::model::checks::sample;

    #[test]
    fn a_record_keeps_it_and_one_that_is_older_or_strange_says_nothing() {
        let mut entry = sample::entry("a", 1, &[]);
        assert_eq!(BranchBase::find(&entry), None);
        for name in [Some("main".to_owned()), None] {
            let base = BranchBase { name, commit: "1a2b".to_owned() };
            base.write(&mut entry);
            assert_eq!(BranchBase::find(&entry), Some(base));
        }
        entry.extra.insert(KEY.to_owned(), 7.into());
        assert_eq!(BranchBase::find(&entry), None);
    }
}
