//! Ports that the users of one machine keep apart: a change of the registry that gives ports is made under the lock of the
//! folder they share as well, and what it gave stands there before it stands in the record. A crash in between leaves ids
//! that no record has: the next such change drops exactly these.

use std::collections::{HashMap, HashSet};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::claims::{Held, Seat, SharedHost};
use crate::model::claim::{Claim, ClaimId, ClaimSubject, Holding};
use crate::model::claim_file::PortClaim;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;

/// How long others are left to it before the folder's lock is asked for again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// Changes the registry, as its store does, with the ports of this machine's other users in mind. Where nobody shares the
/// machine it is the store's change and no more.
///
/// # Errors
///
/// Those of the store and of `change`; `claims_unreachable` naming who sits on the folder; `port_conflict` for a port that
/// somebody else has.
pub fn update<R>(context: &Context, change: impl Fn(&mut Registry) -> Result<R>) -> Result<R> {
    let store = context.store()?;
    let Some(shared) = context.shared_host()? else { return store.update(change) };
    let started = context.host.clock.instant();
    loop {
        let tried = store.update_after(
            |_| shared.seat(),
            |registry, seat| match seat {
                Seat::Held(held) => {
                    let before = ids(registry);
                    let answer = change(registry)?;
                    bring_up(context, shared, held, registry, &before)?;
                    Ok(Some(answer))
                }
                Seat::Busy(_) => Ok(None),
            },
        );
        let (answer, seat) = match tried {
            Ok(tried) => tried,
            Err(failure) => {
                // What was written for a change that came to nothing goes again.
                let _ = drop_unrecorded(context, shared);
                return Err(failure);
            }
        };
        match (answer, seat) {
            (Some(answer), _) => return Ok(answer),
            (None, Seat::Busy(holder))
                if context.host.clock.since(started) >= context.config.team.timeout =>
            {
                return Err(busy(context, shared, holder));
            }
            (None, _) => context.host.clock.wait(PAUSE, &context.host.interrupt)?,
        }
    }
}

fn busy(context: &Context, shared: &SharedHost, holder: Option<String>) -> Failure {
    let holder = holder.unwrap_or_else(|| "somebody whom the system does not name".to_owned());
    let waited = context.config.team.timeout.as_secs_f32();
    let message =
        format!("the shared folder {} is locked by {holder}; waited {waited}s", shared.path().display());
    Failure::new(Code::ClaimsUnreachable, message)
        .hint("try again, or wait longer: `team.timeout` (WT_TEAM_TIMEOUT)")
        .detail("reason", "locked")
        .detail("holder", holder)
}

fn ids(registry: &Registry) -> HashSet<ClaimId> {
    let claims = registry.entries().flat_map(|entry| entry.notes.claims.read_each());
    claims.filter(Claim::is_of_port).map(|claim| claim.id).collect()
}

/// Brings our file up to the registry. Claims that a record had before the change stay: it may be taken back.
fn bring_up(
    context: &Context,
    shared: &SharedHost,
    held: &Held,
    registry: &Registry,
    before: &HashSet<ClaimId>,
) -> Result<()> {
    let now = context.now();
    let wanted: Vec<PortClaim> = registry
        .entries()
        .filter(|entry| entry.is_living())
        .flat_map(|entry| {
            let ports: HashSet<Port> = entry.ports().collect();
            entry.notes.claims.read_each().into_iter().filter_map(move |claim| match claim.subject {
                ClaimSubject::Port(port) if ports.contains(&port) => Some(PortClaim {
                    id: claim.id,
                    port,
                    registry: shared.registry().to_owned(),
                    worktree: entry.name.clone(),
                    since: now,
                }),
                _ => None,
            })
        })
        .collect();
    let known = shared.own();
    let is_new = |claim: &&PortClaim| known.claims.iter().all(|known| known.id != claim.id);
    let mut lost = HashSet::new();
    if wanted.iter().any(|claim| is_new(&claim)) {
        let others = held_by_others(shared)?;
        for claim in wanted.iter().filter(is_new) {
            match others.get(&claim.port) {
                // What a record had before and never claimed is a finding, and nothing that this change gave.
                Some(_) if before.contains(&claim.id) => drop(lost.insert(claim.id.clone())),
                Some(holding) => return Err(refusal(claim.port, holding)),
                None => {}
            }
        }
    }
    let wanted: Vec<PortClaim> = wanted.into_iter().filter(|claim| !lost.contains(&claim.id)).collect();
    let settled = known.settled(shared.registry(), &wanted, before);
    if settled == known { Ok(()) } else { shared.write(held, &settled) }
}

/// The failure of whoever wanted a port that somebody else has.
#[must_use]
pub fn refusal(port: Port, holding: &Holding) -> Failure {
    Failure::new(Code::PortConflict, format!("port {port} is {}", holding.told()))
        .hint("`wt ports next` names a free one; `wt team` shows who has which")
        .detail("port", port.number())
        .detail("user", holding.user.clone())
        .detail("worktree", holding.worktree.clone())
}

fn held_by_others(shared: &SharedHost) -> Result<HashMap<Port, Holding>> {
    let port_of = |holding: Holding| match holding.claim.subject {
        ClaimSubject::Port(port) => Some((port, holding)),
        ClaimSubject::Branch { .. } | ClaimSubject::TeamPort { .. } => None,
    };
    Ok(shared.others()?.into_iter().filter_map(port_of).collect())
}

/// Returns the ports that other users of this machine have, and those that others of the team were seen to have.
///
/// # Errors
///
/// `claims_unreachable`.
pub fn others(context: &Context) -> Result<HashMap<Port, Holding>> {
    let mut others = context.shared_host()?.map_or_else(|| Ok(HashMap::new()), held_by_others)?;
    if let Ok(claimed) = context.claimed_ports.lock() {
        others.extend(claimed.iter().map(|(port, holding)| (*port, holding.clone())));
    }
    Ok(others)
}

/// Answers whether this process has seen all port claims of `entry` in our file, or nobody shares the machine.
///
/// # Errors
///
/// `claims_unreachable`.
pub fn has_all(context: &Context, entry: &Entry) -> Result<bool> {
    let Some(shared) = context.shared_host()? else { return Ok(true) };
    Ok(entry
        .notes
        .claims
        .read_each()
        .iter()
        .filter(|claim| claim.is_of_port())
        .all(|claim| shared.has_seen(&claim.id)))
}

/// Gives claims on ports back. What cannot be done now is done by the next change that gives ports.
pub fn give_back(context: &Context, ids: &[ClaimId]) {
    if ids.is_empty() {
        return;
    }
    if let Ok(Some(shared)) = context.shared_host()
        && let Ok(Seat::Held(held)) = shared.seat()
    {
        let known = shared.own();
        let rest = known.without(ids);
        if rest != known {
            let _ = shared.write(&held, &rest);
        }
    }
}

fn drop_unrecorded(context: &Context, shared: &SharedHost) -> Result<()> {
    context.store()?.update_after(
        |_| shared.seat(),
        |registry, seat| {
            let Seat::Held(held) = seat else { return Ok(()) };
            bring_up(context, shared, held, registry, &ids(registry))
        },
    )?;
    Ok(())
}
