//! What is to be pruned: one worktree, and the plan for all of them.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::{GitWorktree, RecordDamage, Repository};
use crate::model::registry::entry::Entry;
use crate::ops::damaged;
use crate::ops::prune::report::found;
use crate::ops::prune::{KeptWorktree, PruneKind, Pruned, Request};
use crate::ops::remove;
use crate::ops::remove::RemovalTarget;
use crate::ops::rows::WorktreeRow;
use crate::ops::teardown::Torn;

/// One worktree to be pruned.
#[derive(Clone, Debug)]
pub struct PruneCandidate {
    pub name: String,
    pub path: PathBuf,
    pub branch: Option<String>,
    pub reason: String,
    pub kind: PruneKind,
    /// How it goes; `None` for a record of ours that git has no worktree to.
    pub(super) target: Option<RemovalTarget>,
    pub(super) row: WorktreeRow,
    /// Whether a person named it: no evidence is asked for.
    pub(super) is_named: bool,
}

impl PruneCandidate {
    pub(super) fn new(
        row: &WorktreeRow,
        reason: impl Into<String>,
        kind: PruneKind,
        target: Option<RemovalTarget>,
    ) -> Self {
        Self {
            name: row.name(),
            path: row.path().to_path_buf(),
            branch: row.branch().map(str::to_owned),
            reason: reason.into(),
            kind,
            target,
            row: row.clone(),
            is_named: false,
        }
    }

    /// A record of ours that git has no worktree to.
    pub(super) fn without_target(row: &WorktreeRow, reason: String) -> Self {
        Self::new(row, reason, PruneKind::Vanished, None)
    }

    /// Returns what is to be said about it once it is pruned, and before.
    #[must_use]
    pub fn outlook(&self) -> Pruned {
        let allocations = self.row.entry.iter().flat_map(Entry::ports);
        Pruned {
            name: self.name.clone(),
            path: self.path.clone(),
            branch: self.branch.clone(),
            reason: self.reason.clone(),
            kind: self.kind,
            restorable: self.target.is_some(),
            restorable_until: None,
            branch_deleted: false,
            branch_kept_reason: None,
            ports: allocations.map(crate::model::port::Port::number).collect(),
        }
    }
}

/// What a pruning would do.
#[derive(Clone, Debug)]
pub struct Plan {
    pub candidates: Vec<PruneCandidate>,
    pub kept: Vec<KeptWorktree>,
    /// The default branch and its upstream, where worktrees were compared with them.
    pub compared_with: Vec<String>,
    /// What would be run of the teardowns that are owed.
    pub(super) due: Vec<Torn>,
    pub(super) request: Request,
}

impl Plan {
    /// Returns those that are merged: whole worktrees, about which a person may be asked.
    #[must_use]
    pub fn merged(&self) -> Vec<&PruneCandidate> {
        self.candidates.iter().filter(|candidate| candidate.kind == PruneKind::Merged).collect()
    }

    /// Leaves the merged ones alone.
    #[must_use]
    pub fn without_merged(mut self) -> Self {
        self.candidates.retain(|candidate| candidate.kind == PruneKind::Vanished);
        self
    }

    /// Returns the plan as it is shown.
    #[must_use]
    pub fn shown(&self) -> PlannedPrune {
        PlannedPrune {
            pruned: self.candidates.iter().map(PruneCandidate::outlook).collect(),
            kept: self.kept.clone(),
            compared_with: self.compared_with.clone(),
            teardown: self.due.clone(),
            delete_branch: self.request.delete_branch,
        }
    }
}

/// A vanished worktree as it goes: its losses are no obstacle, since git's record is kept with all that it names.
pub(super) fn vanished(
    context: &Context,
    repository: &Repository,
    row: &WorktreeRow,
) -> Result<PruneCandidate> {
    let losses = remove::RemovalLook::Losses { with_branch: false };
    let target = row.worktree.as_ref().map(|_| remove::inspect(context, repository, found(row), losses));
    let reason = format!("its folder {} is gone", row.path().display());
    Ok(PruneCandidate::new(row, reason, PruneKind::Vanished, target.transpose()?))
}

/// A worktree of which git's record alone goes.
pub(super) fn damaged(
    context: &Context,
    row: &WorktreeRow,
    worktree: &GitWorktree,
    damage: &RecordDamage,
) -> Result<PruneCandidate> {
    let target = remove::inspect_record(context, found(row))?;
    let reason = damaged::in_words(worktree, damage);
    Ok(PruneCandidate {
        is_named: true,
        ..PruneCandidate::new(row, reason, PruneKind::Damaged, Some(target))
    })
}

/// A plan as JSON has it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct PlannedPrune {
    pub pruned: Vec<Pruned>,
    pub kept: Vec<KeptWorktree>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compared_with: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teardown: Vec<Torn>,
    pub delete_branch: bool,
}
