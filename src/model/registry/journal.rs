//! What a create will make and what a removal put away: enough to undo exactly that, by any later command.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::passage::{Moment, OverdueSince, Passage, Term, Witnesses};

/// Written before anything is made. Undoing removes only what is named here, and only while unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// Random; names the lock file held by whoever works on this create, and marks its admin folder.
    pub token: String,
    /// The commit to be checked out, in hexadecimal.
    pub commit: String,
    /// The branch that this create makes; absent when it existed before or HEAD is detached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_branch: Option<String>,
    /// git's admin folder to be made; absent when git itself chooses the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<String>,
    /// Whether an empty folder stood at the path before.
    #[serde(default)]
    pub folder_existed: bool,
    /// Folders above the worktree that did not exist before, outermost first.
    #[serde(default)]
    pub new_parents: Vec<PathBuf>,
    /// Whether an env block is to be written.
    #[serde(default)]
    pub env: bool,
    /// The commit whose files are laid out over those of `commit`, uncommitted; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<String>,
    /// Whether the worktree is to be locked once it is whole, and why: empty for no reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// What is made for a pull request beside the branch; absent for every other create.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<PullMade>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What a create makes for a pull request beside the branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullMade {
    /// The ref that keeps its head.
    pub kept: String,
    /// Whether that was there before.
    pub was_kept: bool,
    /// The remote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// Where a removed worktree is kept, and what it takes to bring it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trash {
    /// Random; names the folder in `.wt-trash` and the ref that keeps objects from gc.
    pub token: String,
    /// The folder with the files; where they were gone already, the same as `admin`.
    pub folder: PathBuf,
    /// git's admin folder, moved into the common git dir's own trash.
    pub admin: PathBuf,
    /// The ref that keeps commits and the index's blobs; absent when there was nothing to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_ref: Option<String>,
    /// What HEAD pointed at, in hexadecimal; absent for an unborn branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Whether the branch was deleted too.
    #[serde(default)]
    pub branch_deleted: bool,
    pub removed_at: Timestamp,
    /// When the clean-up may delete it.
    pub until: Timestamp,
    /// When it was removed, by how long the machine had run; absent in what an earlier wt wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_in: Option<Moment>,
    /// When the clock alone said that its time is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_over: Option<OverdueSince>,
    /// When it could not be deleted, the last time that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// Whether it is being brought back, rather than put away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restoring: bool,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How long a deletion that failed is not tried again by itself: what kept it is seldom gone after minutes.
const PAUSE: SignedDuration = SignedDuration::from_hours(24);

impl Trash {
    /// Judges whether its time is over.
    #[must_use]
    pub fn passage(&self, witnesses: &Witnesses) -> Passage {
        witnesses.judge(&Term {
            until: self.until,
            lasts: self.until.duration_since(self.removed_at).max(SignedDuration::ZERO),
            began: self.removed_in.as_ref(),
            seen: self.seen_over.as_ref(),
        })
    }

    /// Answers whether its deletion failed so lately that it is tried again only where somebody asks for that.
    #[must_use]
    pub fn is_put_off(&self, now: Timestamp) -> bool {
        // A clock that was set back must not put it off for years.
        self.refused_at.is_some_and(|at| at <= now && now.duration_since(at) < PAUSE)
    }

    /// Answers whether git's record alone was kept: the folder was gone before.
    #[must_use]
    pub fn is_record_only(&self) -> bool {
        self.folder == self.admin
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trash(folder: &str) -> Trash {
        serde_json::from_value(json!({
            "token": "t",
            "folder": folder,
            "admin": "/r/.git/wt-trash/t",
            "removed_at": "2026-01-01T00:00:00Z",
            "until": "2026-01-31T00:00:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn a_worktree_whose_folder_was_gone_is_kept_as_gits_record_alone() {
        assert!(trash("/r/.git/wt-trash/t").is_record_only());
        assert!(!trash("/r-one/.wt-trash/t").is_record_only());
    }

    #[test]
    fn a_deletion_that_failed_is_tried_again_after_a_day_or_once_the_clock_was_set_back() {
        let failed = Timestamp::from_second(1_000_000).unwrap();
        let trash = Trash { refused_at: Some(failed), ..trash("/r-one/.wt-trash/t") };
        let hours = |hours| failed + SignedDuration::from_hours(hours);
        assert!(trash.is_put_off(failed) && trash.is_put_off(hours(23)));
        assert!(!trash.is_put_off(hours(24)) && !trash.is_put_off(hours(-1)));
        assert!(!Trash { refused_at: None, ..trash }.is_put_off(failed));
    }
}
