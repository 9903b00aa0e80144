//! What a create is asked for, with every flag already a type.

use std::path::PathBuf;

use crate::host::git::PullSettings;
use crate::model::config::settings::ConflictPolicy;
pub use crate::model::creation::WantedPorts;
use crate::model::foreign::ForeignMark;
use crate::model::identifier::Identifier;
use crate::model::purpose::Purpose;
use crate::ops::carry;

/// What HEAD of the new worktree should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadWish {
    /// The branch if it exists, here or on a remote; else a new one.
    Branch,
    /// A branch that must not exist yet.
    NewBranch,
    /// No branch: the commit alone.
    Detached,
}

/// A pull request that was fetched, ready to be checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledBranch {
    /// What is written down about the worktree.
    pub mark: ForeignMark,
    /// What the new branch follows; `None` where none is made.
    pub settings: Option<PullSettings>,
    /// The ref that keeps its head.
    pub kept: String,
    /// Whether that was there before.
    pub was_kept: bool,
}

/// A wish for a new worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `None`: from the branch where one is named, else the next free number.
    pub identifier: Option<Identifier>,
    /// `None`: `feature`.
    pub purpose: Option<Purpose>,
    pub branch: Option<String>,
    /// Whether the uncommitted changes of the worktree that we stand in are taken along.
    pub with_changes: bool,
    /// Whether the branch is taken from somebody else of the team who has claimed it.
    pub take_over: bool,
    /// Whether one that is there already and agrees is the answer.
    pub reuse: bool,
    pub base: Option<String>,
    pub head: HeadWish,
    /// The pull request that is meant by it.
    pub pull: Option<Box<PulledBranch>>,
    /// `None`: as the configuration says.
    pub ports: Option<WantedPorts>,
    /// `None`: as the configuration says.
    pub on_conflict: Option<ConflictPolicy>,
    pub path: Option<PathBuf>,
    pub env: bool,
    /// What is carried into the worktree, and from where.
    pub carry: carry::CarryWish,
    /// Whether git's `post-checkout` hooks run.
    pub hooks: bool,
    /// Whether the new worktree is locked at once, and why.
    #[expect(
        clippy::option_option,
        reason = "not locked, locked, locked for a reason: as the flag is written"
    )]
    pub lock: Option<Option<String>>,
}

impl Request {
    /// Answers whether the next free number is asked for.
    #[must_use]
    pub fn is_numbered(&self) -> bool {
        self.identifier.is_none() && self.branch.is_none() && self.path.is_none()
    }
}
