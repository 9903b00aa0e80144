//! What a create would make: names, branch, commit, folder.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::host::git::{CarriedChanges, GitSupport};
use crate::model::branch::RemoteBranch;
use crate::model::foreign::ForeignMark;
use crate::model::identifier::Identifier;
use crate::model::port::PortRanges;
use crate::model::port::selection::ChosenPort;
use crate::model::port::wish::ServiceWish;
use crate::model::purpose::Purpose;
use crate::model::start::BranchStart;
use crate::ops::carry;
use crate::ops::create::Request;

/// What becomes of the branch.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum BranchPlan {
    /// It exists and is checked out.
    Existing { name: String },
    /// It is made at the commit.
    New { name: String },
    /// It is made at a remote's branch of that name, and tracks it.
    Track {
        name: String,
        remote: String,
        #[serde(skip)]
        tracked: Box<RemoteBranch>,
    },
    /// No branch.
    Detached,
}

impl BranchPlan {
    /// Returns the branch that will be checked out.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Existing { name } | Self::New { name } | Self::Track { name, .. } => Some(name),
            Self::Detached => None,
        }
    }

    /// Answers whether the branch has to be made.
    #[must_use]
    pub fn is_new(&self) -> bool {
        matches!(self, Self::New { .. } | Self::Track { .. })
    }
}

/// What a create would do.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Plan {
    pub name: String,
    pub path: PathBuf,
    pub branch: BranchPlan,
    /// Where the branch comes from.
    pub start: BranchStart,
    /// The branch that is called as the identifier is, where the worktree's own is a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namesake: Option<String>,
    /// The commit to be checked out, in hexadecimal.
    pub commit: String,
    pub purpose: Purpose,
    pub identifier: Identifier,
    pub way: GitSupport,
    /// The ports that would be given now.
    pub ports: Vec<ChosenPort>,
    pub env: bool,
    /// The files that will have the env block, relative to the worktree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[expect(
        clippy::option_option,
        reason = "not locked, locked, locked for a reason: as the flag is written"
    )]
    pub lock: Option<Option<String>>,
    /// Things worth saying that stop nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Whose code it is, where that is not plain.
    #[serde(skip)]
    pub(super) mark: Option<ForeignMark>,
    /// The uncommitted changes that are taken along, once they are taken.
    #[serde(skip)]
    pub(super) changes: Option<CarriedChanges>,
    #[serde(skip)]
    pub(super) request: Request,
    #[serde(skip)]
    pub(super) carry: Option<carry::Plan>,
    #[serde(skip)]
    pub(super) wishes: Vec<ServiceWish>,
    /// Whether an empty folder stands at the path already.
    #[serde(skip)]
    pub(super) folder_existed: bool,
}

impl Plan {
    /// Returns the ranges that are written so, and how many ports of them are wished for.
    #[must_use]
    pub fn find_wished(&self, ranges: &str) -> Option<(PortRanges, usize)> {
        let mut wishes = self.wishes.iter().filter(|wish| wish.ranges.to_string() == ranges);
        let first = wishes.next()?;
        Some((first.ranges.clone(), 1 + wishes.count()))
    }

    /// Has it carry as well.
    pub(super) fn carrying(mut self, carry: Option<carry::Plan>) -> Self {
        self.warnings.extend(carry.iter().flat_map(|carry| carry.warnings.iter().cloned()));
        Self { carry, ..self }
    }
}

pub(super) type Planned = (BranchPlan, String, Vec<String>);
