//! Claims on branches that people look at, make and give back by hand.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::port_row::PortRow;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::claims::{Claims, NetworkClaims, Taking};
use crate::host::git::is_valid_branch_name;
use crate::host::token;
use crate::model::advised::wt;
use crate::model::claim::{Claim, ClaimId, ClaimSubject, ClaimsTaken};
use crate::model::claim_ref::{ClaimWords, StandingClaim};
use crate::model::claim_sight::last_seen;
use crate::model::host_entry::HostWords;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::claim_sight;
use crate::ops::claims;
use crate::ops::unkept_claims;

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

/// A branch of which the remote has a claim that cannot be read: who has it is not known.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct UnreadRow {
    pub branch: String,
    /// The ref that claims it.
    pub reference: String,
}

/// What the remote has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    pub branches: Vec<BranchRow>,
    pub ports: Vec<PortRow>,
    pub hosts: Vec<HostRow>,
    pub unread: Vec<UnreadRow>,
}

/// A branch that was claimed or given back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ClaimChange {
    pub branch: String,
    pub remote: String,
    /// Why that is not done yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl ClaimChange {
    fn of(branch: &str, kept: &NetworkClaims) -> Self {
        Self { branch: branch.to_owned(), remote: kept.keeper.name().to_owned(), warnings: Vec::new() }
    }
}

/// A host of the team.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HostRow {
    pub host: String,
    /// Tells hosts of one name apart.
    pub id: String,
    pub user: String,
    /// When it was seen last.
    pub seen: Timestamp,
    /// Whether it was not seen for longer than `team.stale_after`.
    pub stale: bool,
    /// How many branches it has.
    pub branches: usize,
    pub own: bool,
}

/// Returns the branches that are claimed and the hosts of the team, by name; none where nobody keeps claims.
///
/// # Errors
///
/// `claims_unreachable`.
pub fn rows(context: &Context) -> Result<Rows> {
    let Some(claims) = context.network_claims() else { return Ok(Rows::default()) };
    let board = claims.board()?;
    let seen = last_seen(&board.claims, &board.hosts);
    let after = SignedDuration::try_from(context.config.team.stale_after).unwrap_or(SignedDuration::MAX);
    let of_entry = |host: &HostWords| (host.id.clone(), host.name.clone(), host.user.clone());
    let of_claim = |claim: &StandingClaim| {
        (claim.words.host_id.clone(), claim.words.host.clone(), claim.words.user.clone())
    };
    let all = board.hosts.iter().map(of_entry).chain(board.claims.iter().map(of_claim));
    let mut hosts: Vec<HostRow> = Vec::new();
    for (id, host, user) in all {
        let Some(at) = seen.get(&id).filter(|_| hosts.iter().all(|known| known.id != id)) else { continue };
        let branches = board
            .claims
            .iter()
            .filter(|claim| claim.words.host_id == id && claim.words.port.is_none())
            .count();
        let (stale, own) = (context.now().duration_since(*at) > after, id == claims.pulse.host.id);
        hosts.push(HostRow { host, id, user, seen: *at, stale, branches, own });
    }
    hosts.sort_by(|one, other| (&one.host, &one.id).cmp(&(&other.host, &other.id)));
    let port = |standing: &StandingClaim| {
        let words = &standing.words;
        let (user, host, worktree) = (words.user.clone(), words.host.clone(), words.worktree.clone());
        let (since, own) = (Some(words.since), claims.is_ours(words));
        words.port.map(|port| PortRow { port, user, host, worktree, since, own })
    };
    let ports = board.claims.iter().filter_map(port).collect();
    let of_branches = board.claims.into_iter().filter(|standing| standing.words.port.is_none());
    let rows = of_branches.map(|standing| BranchRow {
        own: claims.is_ours(&standing.words),
        branch: standing.words.branch,
        user: standing.words.user,
        host: standing.words.host,
        worktree: standing.words.worktree,
        since: standing.words.since,
    });
    let mut rows: Vec<BranchRow> = rows.collect();
    rows.sort_by(|one, other| one.branch.cmp(&other.branch));
    let unread = board.unread.into_iter();
    let unread = unread.map(|one| UnreadRow { branch: one.branch, reference: one.reference }).collect();
    Ok(Rows { branches: rows, ports, hosts, unread })
}

fn require_claims(context: &Context) -> Result<&NetworkClaims> {
    context.require_repository()?;
    context.network_claims().ok_or_else(|| unkept_claims::failure(context))
}

/// Claims `branch`, for the worktree that has it where one is here; with `over` also from somebody who has it.
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
    let done = || ClaimChange::of(branch, kept);
    if let Some(entry) = worktree_of(context, branch)? {
        let entry = context.store()?.update(|registry| {
            let Some(known) = registry.find_by_sequence(entry.sequence) else {
                return Err(Failure::new(Code::NotFound, format!("`{}` is gone", entry.name)));
            };
            claims::note(context, known)?;
            Ok(known.clone())
        })?;
        claims::take_noted(context, &entry, over)?;
        let later = claims::is_pending(context, &entry).then(|| claims::NOT_YET.to_owned());
        return Ok(ClaimChange { warnings: later.into_iter().collect(), ..done() });
    }
    let subject = ClaimSubject::Branch { repository: kept.repository.clone(), branch: branch.to_owned() };
    let wanted = Claim { id: ClaimId(token::random()?), subject };
    let may_replace = |_: Option<&ClaimWords>| over;
    let taking = Taking { worktree: branch, by_hand: true, may_replace: &may_replace };
    match kept.take(std::slice::from_ref(&wanted), &taking) {
        Ok(ClaimsTaken::All) => Ok(done()),
        Ok(ClaimsTaken::Lost(holding)) => Err(claims::lost(&holding)),
        Err(failure) => {
            let _ = kept.give_back(&[wanted]);
            Err(failure)
        }
    }
}

/// The record of the worktree here that has `branch`.
fn worktree_of(context: &Context, branch: &str) -> Result<Option<Entry>> {
    let Some(id) = context.require_repository()?.find_id() else { return Ok(None) };
    let registry = context.store()?.read()?;
    let has_it = |entry: &&Entry| entry.branch.as_deref() == Some(branch) && !entry.is_main();
    Ok(registry.living(&id).filter(|entry| entry.state == EntryState::Active).find(has_it).cloned())
}

/// Gives the claim on `branch` back; with `over` also somebody else's.
///
/// # Errors
///
/// `not_found`, `not_yours`, `claims_unreachable`, `usage` where nobody keeps claims.
pub fn release(context: &Context, branch: &str, over: bool) -> Result<ClaimChange> {
    let kept = require_claims(context)?;
    let board = kept.board()?;
    let found = board.claims.into_iter().find(|standing| standing.words.subject().label() == branch);
    let Some(standing) = found else {
        let Some(unread) = board.unread.into_iter().find(|unread| unread.branch == branch) else {
            return Err(Failure::new(Code::NotFound, format!("nobody has claimed branch `{branch}`"))
                .hint("`wt team` shows what is claimed"));
        };
        if !over {
            let message =
                format!("branch `{branch}` is claimed, and nothing tells by whom: {}", unread.reference);
            return Err(not_yours(message, branch));
        }
        drop_it(kept, branch, &unread.reference, &unread.commit)?;
        return Ok(ClaimChange::of(branch, kept));
    };
    if !kept.is_ours(&standing.words) && !over {
        let (user, host) = (&standing.words.user, &standing.words.host);
        return Err(not_yours(format!("branch `{branch}` is claimed by {user} on {host}"), branch));
    }
    drop_it(kept, branch, &standing.reference, &standing.commit)?;
    // What a worktree here has noted would be taken for a claim that nobody has answered yet, and taken again.
    let registry = context.store()?.read()?;
    if claim_sight::recorded(&registry).contains(&standing.words.id) {
        kept.put_aside(&Claim { id: standing.words.id.clone(), subject: standing.words.subject() });
    } else {
        kept.journal.forget(&standing.words.id);
    }
    Ok(ClaimChange::of(branch, kept))
}

fn not_yours(message: String, branch: &str) -> Failure {
    Failure::new(Code::NotYours, message)
        .hint(format!("`{}` gives it back all the same", wt("team release --take-over {}", &[&branch])))
}

fn drop_it(kept: &NetworkClaims, branch: &str, reference: &str, commit: &str) -> Result<()> {
    if kept.drop_standing(reference, commit)? {
        return Ok(());
    }
    let message = format!("the claim on `{branch}` changed meanwhile, or the remote did not let it go");
    Err(Failure::new(Code::ClaimsUnreachable, message)
        .hint("look again: `wt team`")
        .detail("reason", "refused"))
}
