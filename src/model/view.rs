//! A worktree and its ports as every answer shows them: the shapes that `--json` promises.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::agent::marker::{AgentView, SessionView};
use super::branch::Returning;
use super::branch_base::BaseView;
use super::foreign::Pull;
use super::purpose::Purpose;
use super::registry::allocation::Allocation;
use super::service::ServiceName;
use super::services::live::LiveState;
use super::setup::SetupView;
use crate::model::port::Port;

/// One worktree, registered or not.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct WorktreeView {
    /// The name people use; git's own where the registry does not know the worktree.
    pub name: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// `None` for a detached HEAD.
    pub branch: Option<String>,
    /// The branch that a rebase or bisection will come back to, while HEAD is detached for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returning: Option<Returning>,
    /// The commit checked out, in hexadecimal; `None` before the first commit or where it cannot be read.
    pub head: Option<String>,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub repository: PathBuf,
    /// The repository's short name, as addresses have it; present in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_name: Option<String>,
    pub purpose: Option<Purpose>,
    pub identifier: Option<String>,
    /// `creating`, `active`, `removing`, `removed`; `None` for what the registry does not know.
    pub state: Option<&'static str>,
    /// Whether it is the repository's main worktree.
    pub main: bool,
    /// Whether it is the one we stand in.
    pub current: bool,
    pub registered: bool,
    pub locked: bool,
    /// Why it is locked, where a reason was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_reason: Option<String>,
    /// Whether its folder is gone.
    pub missing: bool,
    pub created_at: Option<Timestamp>,
    pub ports: Vec<PortView>,
    /// Whether git's record of it is damaged, or it and its folder do not name each other: `wt validate` says what helps.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
    /// Whether its code is a stranger's: false where somebody allowed the commit that is checked out, absent for one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign: Option<bool>,
    /// The pull request that is checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<Pull>,
    /// How far its setup has come; absent for what the registry does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupView>,
    /// Whether ignored files are still being carried into it; absent where not.
    #[serde(skip_serializing_if = "is_false")]
    pub carrying: bool,
    /// The busiest session of a coding agent in it: waiting before working before done; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentView>,
    /// All of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<SessionView>,
    /// The registry's entry about it.
    #[serde(skip)]
    pub sequence: Option<u64>,
    /// Where its branch began: present where that was asked for, `null` where the record does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[expect(clippy::option_option, reason = "not asked, not known, known: as the answer shows it")]
    pub base: Option<Option<BaseView>>,
    /// Present when it was asked for.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusView>,
    /// Present when it was asked for.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeView>,
}

/// What a worktree takes on disk; each `None` was asked for and is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SizeView {
    /// A file with several names counts once, for the first worktree of the list that has it.
    pub bytes: Option<u64>,
    /// What of it is in folders that git ignores and `remove.caches` names.
    pub cache_bytes: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// An allocation of a worktree.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct PortView {
    pub port: Port,
    pub service: ServiceName,
    pub url: Option<String>,
    pub pinned: bool,
    /// The last health result; `None` when nobody looked yet.
    pub health: Option<Value>,
    /// How it stands now; present where somebody looked.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveState>,
}

impl PortView {
    /// Returns the view of an allocation; `None` where the record holds no valid port.
    #[must_use]
    pub fn find(allocation: &Allocation, url: Option<String>) -> Option<Self> {
        Some(Self {
            port: allocation.find_port()?,
            service: allocation.service.clone(),
            url,
            pinned: allocation.pinned,
            health: allocation.health.clone(),
            live: None,
        })
    }
}

/// What a closer look at a worktree shows; each `None` was asked for and is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct StatusView {
    pub changes: Option<ChangesView>,
    /// Commits the branch has and its upstream (else the default branch) has not.
    pub ahead: Option<usize>,
    /// Commits the upstream (else the default branch) has and the branch has not.
    pub behind: Option<usize>,
}

/// How many files differ, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ChangesView {
    pub staged: usize,
    pub modified: usize,
    pub untracked: usize,
}

impl ChangesView {
    /// Answers whether nothing differs.
    #[must_use]
    pub fn is_clean(self) -> bool {
        self == Self::default()
    }
}

/// Writes a path as text; what is not UTF-8 becomes `U+FFFD`, since JSON has no other way.
///
/// # Errors
///
/// Only those of the serializer.
pub fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> WorktreeView {
        WorktreeView {
            name: "feature-login".to_owned(),
            path: PathBuf::from("/w"),
            branch: None,
            returning: None,
            head: None,
            repository: PathBuf::from("/r"),
            repository_name: None,
            purpose: None,
            identifier: None,
            state: None,
            main: false,
            current: false,
            registered: false,
            locked: false,
            lock_reason: None,
            missing: false,
            created_at: None,
            ports: Vec::new(),
            damaged: false,
            foreign: None,
            pull: None,
            setup: None,
            carrying: false,
            agent: None,
            agents: Vec::new(),
            sequence: None,
            base: None,
            status: None,
            size: None,
        }
    }

    #[test]
    fn what_was_not_asked_for_is_absent() {
        let shown = serde_json::to_value(view()).unwrap();
        assert!(shown.get("changes").is_none() && shown.get("ahead").is_none());
        assert!(shown["branch"].is_null(), "asked, and there is none");
    }

    #[test]
    fn what_was_asked_for_and_is_not_known_is_null() {
        let shown =
            serde_json::to_value(WorktreeView { status: Some(StatusView::default()), ..view() }).unwrap();
        assert!(shown.get("changes").unwrap().is_null() && shown.get("behind").unwrap().is_null());
    }
}
