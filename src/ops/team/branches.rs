//! Claims on branches that people look at, make and give back by hand.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::claims::{Claims, GitClaims};
use crate::host::git::is_valid_branch_name;
use crate::host::token;
use crate::model::advised::wt;
use crate::model::claim::{Claim, ClaimId, ClaimSubject, ClaimsTaken};
use crate::ops::claims;

/// A branch that somebody has.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct BranchRow {
    pub branch: String,
    pub user: String,
    pub host: String,
    pub worktree: String,
    pub since: Timestamp,
    /// Whether it is of this user's own registry.
    pub own: bool,
}

/// A branch that was claimed or given back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ClaimChange {
    pub branch: String,
    pub remote: String,
}

/// Returns the branches that are claimed, by name; none where nobody keeps claims.
///
/// # Errors
///
/// `claims_unreachable`.
pub fn rows(context: &Context) -> Result<Vec<BranchRow>> {
    let Some(claims) = context.git_claims() else { return Ok(Vec::new()) };
    let rows = claims.standing()?.into_iter().map(|standing| BranchRow {
        own: standing.words.registry == claims.claimant.registry,
        branch: standing.words.branch,
        user: standing.words.user,
        host: standing.words.host,
        worktree: standing.words.worktree,
        since: standing.words.since,
    });
    let mut rows: Vec<BranchRow> = rows.collect();
    rows.sort_by(|one, other| one.branch.cmp(&other.branch));
    Ok(rows)
}

fn require_claims(context: &Context) -> Result<&GitClaims> {
    context.require_repository()?;
    context.git_claims().ok_or_else(|| {
        let remote = &context.config.team.remote;
        Failure::new(
            Code::Usage,
            format!("nobody keeps claims here: `team.claims` is off, or there is no remote `{remote}`"),
        )
        .hint(
            "write `claims = \"git\"` under [team] into your configuration, or `wt trust` what .wt.toml says",
        )
    })
}

/// Claims `branch`; with `over` also from somebody who has it.
///
/// # Errors
///
/// `claimed`, `claims_unreachable`, `name_invalid`, `usage` where nobody keeps claims.
pub fn claim(context: &Context, branch: &str, over: bool) -> Result<ClaimChange> {
    let kept = require_claims(context)?;
    if !is_valid_branch_name(branch) {
        return Err(Failure::new(
            Code::NameInvalid,
            format!("`{}` is no name of a branch", branch.escape_debug()),
        ));
    }
    let subject = ClaimSubject::Branch { repository: kept.repository.clone(), branch: branch.to_owned() };
    let wanted = Claim { id: ClaimId(token::random()?), subject };
    match kept.take(std::slice::from_ref(&wanted), branch, over) {
        Ok(ClaimsTaken::All) => {
            Ok(ClaimChange { branch: branch.to_owned(), remote: kept.remote.name.clone() })
        }
        Ok(ClaimsTaken::Lost(holding)) => Err(claims::lost(&holding)),
        Err(failure) => {
            let _ = kept.give_back(&[wanted]);
            Err(failure)
        }
    }
}

/// Gives the claim on `branch` back; with `over` also somebody else's.
///
/// # Errors
///
/// `not_found`, `not_yours`, `claims_unreachable`, `usage` where nobody keeps claims.
pub fn release(context: &Context, branch: &str, over: bool) -> Result<ClaimChange> {
    let kept = require_claims(context)?;
    let found = kept.standing()?.into_iter().find(|standing| standing.words.branch == branch);
    let Some(standing) = found else {
        return Err(Failure::new(Code::NotFound, format!("nobody has claimed branch `{branch}`"))
            .hint("`wt team` shows what is claimed"));
    };
    if standing.words.registry != kept.claimant.registry && !over {
        let (user, host) = (&standing.words.user, &standing.words.host);
        let message = format!("branch `{branch}` is claimed by {user} on {host}");
        return Err(Failure::new(Code::NotYours, message).hint(format!(
            "`{}` gives it back all the same",
            wt("team release --take-over {}", &[&branch])
        )));
    }
    if !kept.drop_standing(&standing)? {
        let message = format!("the claim on `{branch}` changed meanwhile, or the remote did not let it go");
        return Err(Failure::new(Code::ClaimsUnreachable, message)
            .hint("look again: `wt team`")
            .detail("reason", "refused"));
    }
    kept.journal.forget(&standing.words.id);
    Ok(ClaimChange { branch: branch.to_owned(), remote: kept.remote.name.clone() })
}
