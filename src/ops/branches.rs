//! Questions about branches that several operations ask: which one is the default branch, and whether one may be deleted.

use crate::context::Context;
use crate::error::Result;
use crate::host::git::{Repository, Trunk};
use crate::model::branch::{BranchKept, KeptReason};
use crate::model::default_branch::{self, DefaultBranch};

/// Decides which branch is the default one.
///
/// # Errors
///
/// Fails when git's configuration or the refs cannot be read.
pub fn default_branch(context: &Context, repository: &Repository) -> Result<DefaultBranch> {
    Ok(default_branch::decide(&repository.default_branch_clues(configured(context, repository))?))
}

/// Returns the default branch that the repository's configuration names.
#[must_use]
pub fn configured<'a>(context: &'a Context, repository: &Repository) -> Option<&'a str> {
    // What is configured here says nothing about another repository in the same list.
    let own = context.repository.as_ref().map(Repository::common_dir);
    let configured = context.config.git.default_branch.as_deref();
    configured.filter(|_| own == Some(repository.common_dir()))
}

/// Returns the default branch and what it is compared with: the branch here, and its remote's.
///
/// # Errors
///
/// `branch_not_found` when nothing tells which branch it is, or it is nowhere.
pub fn require_trunks(context: &Context, repository: &Repository) -> Result<(String, Vec<Trunk>)> {
    match default_branch(context, repository)? {
        DefaultBranch::Unknown(doubt) => Err(doubt.refusal()),
        DefaultBranch::Known { name, remote } => {
            let trunks = repository.trunks(&name, remote.as_deref())?;
            Ok((name, trunks))
        }
    }
}

/// Why the branch that the worktree `own` leaves must not be deleted; `None` when nothing speaks for it. Asked again right
/// before a deletion.
///
/// # Errors
///
/// Fails when a worktree cannot be looked at: it may hold the branch.
pub fn keep_reason(
    context: &Context,
    repository: &Repository,
    branch: &str,
    own: Option<&str>,
    force: u8,
) -> Result<Option<BranchKept>> {
    if let Some(used) = repository.branch_in_use_beside(branch, own)? {
        return Ok(Some(BranchKept { reason: KeptReason::of(used.hold), path: Some(used.path) }));
    }
    let is_protected = force == 0 && default_branch(context, repository)?.may_be(branch);
    Ok(is_protected.then_some(BranchKept { reason: KeptReason::DefaultBranch, path: None }))
}
