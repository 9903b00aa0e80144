//! Where the branch of a new worktree comes from, for the first line that is said of it; and the other branch that may
//! have been meant.

use jiff::Timestamp;

use super::draft::NameDraft;
use super::planned::BranchPlan;
use super::request::{HeadWish, Request};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::branch::RemoteBranch;
use crate::model::creation::Base;
use crate::model::start::BranchStart;
use crate::ops::branches;

/// Returns the branch that new branches start at by `create.base`; `None` for HEAD.
///
/// # Errors
///
/// `branch_not_found` where nobody knows which branch is the default one.
pub fn configured_base(context: &Context, repository: &Repository) -> Result<Option<String>> {
    if context.config.create.base == Base::Head {
        return Ok(None);
    }
    let (name, trunks) = branches::require_trunks(context, repository)?;
    // The branch here, or the remote's where there is none.
    trunks.into_iter().next().map(|trunk| Some(trunk.name)).ok_or_else(|| {
        Failure::new(
            Code::BranchNotFound,
            format!("`create.base` is `default`, and the default branch `{name}` is not there"),
        )
        .hint("fetch it, or name a commit with `--base`")
    })
}

/// Returns where the branch comes from. What cannot be read is not said.
pub fn start(
    context: &Context,
    repository: &Repository,
    request: &Request,
    branch: &BranchPlan,
    commit: &str,
    tracked: Option<&RemoteBranch>,
) -> BranchStart {
    match branch {
        BranchPlan::Existing { name } => {
            let committed_at = repository.commit_time(commit).ok().flatten();
            // Of what was named, else of the default branch.
            let other = match tracked {
                Some(tracked) => {
                    Some((format!("{}/{}", tracked.remote, tracked.name), tracked.commit.clone()))
                }
                None => find_trunk(context, repository, name),
            };
            let behind = other.and_then(|(other, tip)| {
                let behind = repository.ahead_behind(commit, &tip).ok()?.behind;
                Some((other, behind))
            });
            BranchStart::Existing {
                committed_at: committed_at.and_then(|second| Timestamp::from_second(second).ok()),
                behind: behind.as_ref().map(|(_, behind)| *behind),
                of: behind.map(|(default, _)| default),
            }
        }
        BranchPlan::Track { name, remote, .. } => {
            BranchStart::Tracking { upstream: format!("{remote}/{name}") }
        }
        BranchPlan::New { .. } => {
            BranchStart::New { from: origin(context, repository, request), commit: commit.to_owned() }
        }
        BranchPlan::Detached => {
            BranchStart::Detached { from: origin(context, repository, request), commit: commit.to_owned() }
        }
    }
}

/// The default branch and its commit, where `name` is another one.
fn find_trunk(context: &Context, repository: &Repository, name: &str) -> Option<(String, String)> {
    let (default, trunks) = branches::require_trunks(context, repository).ok()?;
    let trunk = trunks.into_iter().next().filter(|_| default != name)?;
    Some((trunk.name, trunk.commit))
}

/// What the commit was called: as typed, or the branch one stands on; `None` where HEAD is on none.
fn origin(context: &Context, repository: &Repository, request: &Request) -> Option<String> {
    if let Some(base) = request.base.as_deref().filter(|base| *base != "HEAD") {
        return Some(base.to_owned());
    }
    if request.base.is_none()
        && let Ok(Some(configured)) = configured_base(context, repository)
    {
        return Some(configured);
    }
    let admin = repository.current().and_then(|current| current.admin.as_deref());
    repository.read_head(admin).ok()?.branch().map(ToOwned::to_owned)
}

/// Returns the branch that is called as the identifier is, where no branch was named and another one is made.
///
/// # Errors
///
/// Fails when the branches cannot be read.
pub fn find_namesake(
    repository: &Repository,
    request: &Request,
    draft: &NameDraft,
    branch: &BranchPlan,
) -> Result<Option<String>> {
    let (Some(identifier), BranchPlan::New { .. }) = (&request.identifier, branch) else { return Ok(None) };
    let name = identifier.as_str();
    let is_asked_for = request.branch.is_some() || request.head != HeadWish::Branch || request.base.is_some();
    if is_asked_for || draft.branch == name {
        return Ok(None);
    }
    let is_free = match repository.find_branch(name)? {
        // One that is checked out is nobody's to be meant.
        Some(_) => repository.branch_in_use(name)?.is_none(),
        None => !repository.find_remote_branches(name)?.is_empty(),
    };
    Ok(is_free.then(|| name.to_owned()))
}
