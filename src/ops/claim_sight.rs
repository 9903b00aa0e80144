//! Looks at the claims of a repository and of this machine, and changes none.

use std::collections::{HashMap, HashSet};

use crate::context::Context;
use crate::error::Result;
use crate::host::claims::{Board, NetworkClaims, Pushed, UnreadClaim};
use crate::host::process::identity;
use crate::model::claim::{Claim, ClaimId, ClaimSubject, Holding};
use crate::model::claim_file::PortClaim;
use crate::model::claim_ref::{ClaimWords, StandingClaim};
use crate::model::claim_sight::{BranchClaims, PortClaims, SeenClaim, last_seen};
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::ops::host_ports;

/// Asks the remote of the repository we stand in; `None` where nobody keeps claims, or this command waits for no network.
#[must_use]
pub fn of_branches(context: &Context, registry: &Registry) -> Option<Result<BranchClaims>> {
    let claims = context.network_claims().filter(|claims| claims.claimant.waits)?;
    let repository = context.repository.as_ref()?;
    // Without an id no worktree of it was ever recorded, and its claims are there all the same.
    let id = repository.find_id().unwrap_or_else(|| RepositoryId(String::new()));
    Some(claims.board().map(|board| BranchClaims {
        repository: repository.root().to_path_buf(),
        repository_id: id,
        remote: claims.keeper.name().to_owned(),
        standing: seen(claims, &board).into_iter().chain(board.unread.iter().map(unread)).collect(),
        recorded: recorded(registry),
        stale_after: context.config.team.stale_after,
    }))
}

/// Returns what is seen of each claim of the board, in its order.
#[must_use]
pub fn seen(claims: &NetworkClaims, board: &Board) -> Vec<SeenClaim> {
    let hosts = last_seen(&board.claims, &board.hosts);
    let queued: HashSet<String> = claims
        .journal
        .all()
        .into_iter()
        .filter(|pushed| pushed.given_up)
        .map(|Pushed { commit, .. }| commit)
        .collect();
    let look = |claim: &StandingClaim| SeenClaim {
        branch: claim.words.subject().label(),
        holding: claim.words.holding(),
        is_ours: claims.is_ours(&claim.words),
        by_hand: claim.words.by_hand,
        is_at_work: claims.is_ours(&claim.words) && identity::is_alive(&claim.words.process()),
        is_queued: queued.contains(&claim.commit),
        host_seen: hosts.get(&claim.words.host_id).copied().or(Some(claim.words.since)),
    };
    board.claims.iter().map(look).collect()
}

/// A claim of which nothing is known but the branch.
fn unread(claim: &UnreadClaim) -> SeenClaim {
    let subject = ClaimSubject::Branch { repository: String::new(), branch: claim.branch.clone() };
    SeenClaim {
        branch: claim.branch.clone(),
        holding: Holding::unknown(Claim { id: ClaimId(String::new()), subject }, &claim.branch),
        is_ours: false,
        by_hand: false,
        is_at_work: false,
        is_queued: false,
        host_seen: None,
    }
}

/// Returns the ids of claims that records have.
#[must_use]
pub fn recorded(registry: &Registry) -> HashSet<ClaimId> {
    registry.entries().flat_map(|entry| entry.notes.claims.read_each()).map(|claim| claim.id).collect()
}

/// Answers whether a claim that stands is ours and nothing needs it: a person made it before there was a worktree, or the
/// process that claimed it died before it wrote that down. Of another clone on this machine it is in the same registry.
#[must_use]
pub fn is_spare(context: &Context, words: Option<&ClaimWords>) -> bool {
    let (Some(claims), Some(words)) = (context.network_claims(), words) else { return false };
    let is_free = || words.by_hand || !identity::is_alive(&words.process());
    let is_recorded = || {
        let registry = context.store().and_then(|store| store.read());
        registry.map_or(true, |registry| recorded(&registry).contains(&words.id))
    };
    claims.is_ours(words) && is_free() && !is_recorded()
}

/// Looks at the ports that the users of this machine keep apart; `None` where nobody shares it.
///
/// # Errors
///
/// `claims_unreachable`.
pub fn of_ports(context: &Context, registry: &Registry) -> Result<Option<PortClaims>> {
    let Some(shared) = context.shared_host()? else { return Ok(None) };
    let is_ours = |claim: &PortClaim| claim.registry == shared.registry();
    let own: HashMap<ClaimId, _> =
        shared.own().claims.into_iter().filter(is_ours).map(|claim| (claim.id, claim.port)).collect();
    let living = registry.entries().filter(|entry| entry.is_living());
    let noted = living.flat_map(|entry| entry.notes.claims.read_each()).filter(Claim::is_of_port);
    let recorded = noted.map(|claim| claim.id).collect();
    Ok(Some(PortClaims { own, recorded, others: host_ports::others(context)? }))
}
