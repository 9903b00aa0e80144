//! Claims: they are looked at with the rest, taken for worktrees that have none, and given back where no worktree needs them.

use std::path::Path;

use super::grounds::Grounds;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::facts::Facts;
use crate::model::finding::FixTarget;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::ops::{claim_sight, claims, host_ports};

/// Adds what is seen of claims to the facts; what cannot be asked is said.
pub fn gather(context: &Context, grounds: &Grounds<'_>, registry: &Registry, facts: &mut Facts) {
    for ground in grounds.contexts() {
        match claim_sight::of_branches(ground, registry) {
            Some(Ok(seen)) => facts.branch_claims.push(seen),
            Some(Err(failure)) => facts.unreached.push(format!("claims were not looked at: {failure}")),
            None => {}
        }
    }
    match claim_sight::of_ports(context, registry) {
        Ok(seen) => facts.port_claims = seen,
        Err(failure) => facts.unreached.push(format!("claims on ports were not looked at: {failure}")),
    }
}

/// Claims the branch and the ports of a worktree that has no claims on them.
///
/// # Errors
///
/// `claimed`, `port_conflict`, `claims_unreachable`; `not_found` where the record changed meanwhile.
pub fn take(ground: &Context, target: &FixTarget) -> Result<Vec<String>> {
    let entry = host_ports::update(ground, |registry| {
        let is_it = |entry: &&mut Entry| target.is(entry) && entry.state == EntryState::Active;
        let Some(known) = registry.entries_mut().find(is_it) else {
            let message = format!("the record of `{}` changed meanwhile", target.name);
            return Err(Failure::new(Code::NotFound, message).hint("run the command again"));
        };
        claims::note(ground, known)?;
        Ok(known.clone())
    })?;
    claims::take_noted(ground, &entry, false)?;
    Ok(Vec::new())
}

/// Gives a claim of ours back that no worktree needs.
///
/// # Errors
///
/// `claims_unreachable`.
pub fn give_back(
    context: &Context,
    grounds: &Grounds<'_>,
    repository: &Path,
    branch: &str,
) -> Result<Vec<String>> {
    let is_it =
        |ground: &&Context| ground.repository.as_ref().is_some_and(|known| known.root() == repository);
    let Some(ground) = grounds.contexts().find(is_it) else { return Ok(Vec::new()) };
    let Some(kept) = ground.network_claims() else { return Ok(Vec::new()) };
    kept.push_give_backs()?;
    let board = kept.board()?;
    let seen = claim_sight::seen(kept, &board);
    // After the remote was asked: what was claimed and recorded meanwhile is known then.
    let recorded = claim_sight::recorded(&*context.store()?.read()?);
    let both = board.claims.iter().zip(&seen);
    for (standing, _) in both.filter(|(_, claim)| claim.branch == branch && claim.is_orphaned(&recorded)) {
        // Just this one: somebody else's may stand there by now.
        kept.drop_standing(&standing.reference, &standing.commit)?;
    }
    Ok(Vec::new())
}

/// Gives back what earlier commands gave up and could not give back: it may stand nowhere yet, and come to stand.
pub fn push_give_backs(grounds: &Grounds<'_>) {
    for claims in
        grounds.contexts().filter_map(Context::network_claims).filter(|claims| claims.claimant.waits)
    {
        // Where nobody answers a later command does it; that claims were not looked at is said already.
        let _ = claims.push_give_backs();
    }
}

/// Gives back the ports that are claimed and no record has.
///
/// # Errors
///
/// `claims_unreachable`.
pub fn settle_ports(context: &Context) -> Result<Vec<String>> {
    host_ports::update(context, |_| Ok(()))?;
    Ok(Vec::new())
}
