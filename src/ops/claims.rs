//! Claims on the branches and ports of worktrees: noted in the record in the same write that gives them, taken before or right
//! after it, and given back when the record lets go of them.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::claims::{Claims, Taking};
use crate::host::git::Repository;
use crate::host::token;
use crate::model::claim::{self, Claim, ClaimId, ClaimSubject, ClaimsTaken, Holding};
use crate::model::claim_ref::ClaimWords;
use crate::model::config::settings::ClaimScope;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::claim_sight::is_spare;
use crate::ops::host_ports;

/// Brings the noted claims of a record up to its branch and ports; to be called under the lock, as part of the change. Nothing
/// is noted where nobody keeps claims.
///
/// # Errors
///
/// `internal` when the system has no randomness.
pub fn note(context: &Context, entry: &mut Entry) -> Result<()> {
    // With a folder that cannot be used nothing is given; what was given keeps its ids.
    let is_shared = match context.shared_host() {
        Ok(shared) => shared.is_some(),
        Err(_) => entry.notes.claims.read_each().iter().any(Claim::is_of_port),
    };
    // Another repository's claims are settled where one stands in that.
    let is_here = || {
        let id = context.repository.as_ref().and_then(Repository::find_id);
        id.as_ref() == Some(&entry.repository_id)
    };
    let repository = context.claims().repository().filter(|_| is_here());
    note_for(repository, context.config.team.scope, is_shared, entry)
}

fn note_for(repository: Option<&str>, scope: ClaimScope, is_shared: bool, entry: &mut Entry) -> Result<()> {
    let before = entry.notes.claims.read_each();
    let mut wanted = subjects(repository, scope, is_shared, entry);
    if repository.is_none() && !matches!(entry.state, EntryState::Removed { .. }) {
        wanted.extend(before.iter().filter(|claim| !claim.is_of_port()).map(|claim| claim.subject.clone()));
    }
    if before.is_empty() && wanted.is_empty() {
        return Ok(());
    }
    let mut noted = Vec::new();
    for subject in wanted {
        let known = before.iter().find(|known| known.subject == subject).cloned();
        noted.push(match known {
            Some(known) => known,
            None => Claim { id: ClaimId(token::random()?), subject },
        });
    }
    if noted.is_empty() {
        entry.notes.claims.clear();
    } else {
        entry.notes.claims.write(&noted);
    }
    Ok(())
}

/// The things that the worktree of `entry` has: its branch and its ports, nothing once it is removed.
fn subjects(
    repository: Option<&str>,
    scope: ClaimScope,
    is_shared: bool,
    entry: &Entry,
) -> Vec<ClaimSubject> {
    if matches!(entry.state, EntryState::Removed { .. }) {
        return Vec::new();
    }
    // Everybody has the main worktree, its branch and its ports.
    let here = repository.filter(|_| !entry.is_main());
    let branch = entry.branch.as_ref().filter(|_| scope.takes_branch(&entry.identifier));
    let branch = here.zip(branch).map(|(repository, branch)| ClaimSubject::Branch {
        repository: repository.to_owned(),
        branch: branch.clone(),
    });
    let ports = entry.ports().filter(|_| is_shared).map(ClaimSubject::Port);
    let of_team = |repository: &str| {
        let repository = repository.to_owned();
        entry.ports().map(move |port| ClaimSubject::TeamPort { repository: repository.clone(), port })
    };
    let of_team = here.filter(|_| scope.port).into_iter().flat_map(of_team);
    branch.into_iter().chain(ports).chain(of_team).collect()
}

/// Takes the claims that a change of the record added; `before` is `None` for a record that is new.
///
/// # Errors
///
/// `port_conflict` or `claimed` where somebody else has one: none is taken then. `claims_unreachable` when those who keep
/// claims cannot be reached.
pub fn take(context: &Context, before: Option<&Entry>, after: &Entry) -> Result<()> {
    take_anyway(context, before, after, context.takes_over)
}

/// As [`take`]; with `over` a branch is taken from whoever has it, else from nobody but ourselves: what was claimed by hand, or
/// by a process that died.
///
/// # Errors
///
/// As [`take`].
pub fn take_anyway(context: &Context, before: Option<&Entry>, after: &Entry, over: bool) -> Result<()> {
    let won = claim::beyond(&noted(Some(after)), &noted(before));
    if won.is_empty() {
        return Ok(());
    }
    if !host_ports::has_all(context, after)? {
        // The record was changed by somebody who did not mind the folder: what it has is settled now.
        host_ports::update(context, |_| Ok(()))?;
    }
    let may_replace = |words: Option<&ClaimWords>| over || is_spare(context, words);
    let taking = Taking { worktree: &after.name, by_hand: false, may_replace: &may_replace };
    take_from(context.claims(), &won, &taking, &|holding| pass_over(context, holding))
}

/// Has the next choice pass over a port that somebody else of the team has.
fn pass_over(context: &Context, holding: &Holding) {
    if let (ClaimSubject::TeamPort { port, .. }, Ok(mut claimed)) =
        (&holding.claim.subject, context.claimed_ports.lock())
    {
        claimed.insert(*port, holding.clone());
    }
}

/// Asks once which branches (where `numbers` are looked for) and ports others of the team have, before some are chosen. Where
/// nobody answers the claim itself says so.
pub fn see(context: &Context, numbers: bool) {
    let scope = context.config.team.scope;
    let Some(claims) = context.network_claims().filter(|claims| claims.claimant.waits) else { return };
    if numbers
        && scope.number
        && let (Ok(references), Ok(mut claimed)) = (claims.references(), context.claimed.lock())
    {
        claimed.extend(references);
    }
    if scope.port
        && let (Ok(ports), Ok(mut claimed)) = (claims.ports_of_others(), context.claimed_ports.lock())
    {
        claimed.extend(ports);
    }
}

/// Takes the claims of a record that is there, as if nothing was known of them; with `over` also from somebody who has one.
///
/// # Errors
///
/// As [`take`].
pub fn take_noted(context: &Context, entry: &Entry, over: bool) -> Result<()> {
    if let Some(claims) = context.network_claims() {
        for claim in &noted(Some(entry)) {
            claims.begin_anew(&claim.id)?;
        }
    }
    take_anyway(context, None, entry, over)
}

fn take_from(claims: &dyn Claims, won: &[Claim], taking: &Taking<'_>, lose: &dyn Fn(&Holding)) -> Result<()> {
    let won: Vec<Claim> = won.iter().filter(|claim| !claim.is_of_port()).cloned().collect();
    if won.is_empty() {
        return Ok(());
    }
    match claims.take(&won, taking)? {
        ClaimsTaken::All => Ok(()),
        ClaimsTaken::Lost(holding) => {
            lose(&holding);
            Err(lost(&holding))
        }
    }
}

/// The failure of whoever wanted what somebody else has.
#[must_use]
pub fn lost(holding: &Holding) -> Failure {
    match &holding.claim.subject {
        ClaimSubject::Port(port) => host_ports::refusal(*port, holding),
        ClaimSubject::TeamPort { port, .. } => {
            host_ports::refusal(*port, holding).detail("host", holding.host.clone())
        }
        ClaimSubject::Branch { branch, .. } => {
            let since = holding.since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
            let (host, user, worktree) = (&holding.host, &holding.user, &holding.worktree);
            let message = format!("branch `{branch}` is claimed by {user} on {host} (`{worktree}`){since}");
            Failure::new(Code::Claimed, message)
                .hint("`wt team` shows who works on what; with --take-over it becomes yours")
                .detail("branch", branch.clone())
                .detail("host", host.clone())
                .detail("user", user.clone())
                .detail("worktree", worktree.clone())
                .detail("since", holding.since.map(|since| since.to_string()))
        }
    }
}

fn noted(entry: Option<&Entry>) -> Vec<Claim> {
    entry.map(|entry| entry.notes.claims.read_each()).unwrap_or_default()
}

/// Gives back the claims that a change of the record let go of; `after` is `None` for a record that is gone. Nobody is held
/// up by it: what cannot be done now is put off.
pub fn let_go(context: &Context, before: Option<&Entry>, after: Option<&Entry>) {
    give_back_all(context, &claim::beyond(&noted(before), &noted(after)));
}

/// What is said of a worktree whose claim waits for those who keep it.
pub const NOT_YET: &str =
    "its branch is not claimed yet: those who keep claims did not answer; a later command does it";

/// Answers whether a claim of `entry` waits for those who keep it.
#[must_use]
pub fn is_pending(context: &Context, entry: &Entry) -> bool {
    let Some(claims) = context.network_claims() else { return false };
    noted(Some(entry)).iter().any(|claim| !claim.is_of_port() && claims.is_pending(&claim.id))
}

/// Settles what earlier commands could not: give-backs that are queued, and claims of worktrees that a hook recorded or that
/// were made offline. Returns what was lost meanwhile, in words.
#[must_use]
pub fn catch_up(context: &Context) -> Vec<String> {
    let Some(claims) = context.network_claims().filter(|claims| claims.claimant.waits) else {
        return Vec::new();
    };
    if context.config.policy.is_read_only() {
        return Vec::new();
    }
    let mut said = Vec::new();
    if let Err(failure) = claims.push_give_backs() {
        if failure.details().get("reason").is_some_and(|reason| reason == "host_duplicated") {
            said.push(failure.message().to_owned());
        }
        return said;
    }
    let id = context.repository.as_ref().and_then(Repository::find_id);
    let Ok(registry) = context.store().and_then(|store| store.read()) else { return Vec::new() };
    let here = registry.entries().filter(|entry| entry.state == EntryState::Active);
    for entry in here.filter(|entry| id.as_ref() == Some(&entry.repository_id)) {
        let pending = noted(Some(entry))
            .into_iter()
            .filter(|claim| !claim.is_of_port() && claims.is_pending(&claim.id));
        for claim in pending {
            let may_replace = |words: Option<&ClaimWords>| is_spare(context, words);
            let taking = Taking { worktree: &entry.name, by_hand: false, may_replace: &may_replace };
            match claims.take(std::slice::from_ref(&claim), &taking) {
                Ok(ClaimsTaken::Lost(holding)) => {
                    said.push(format!("`{}`: {}", entry.name, lost(&holding)));
                    claims.put_aside(&claim);
                }
                Ok(ClaimsTaken::All) => {}
                // Whoever cannot be reached now is asked by a later command.
                Err(_) => return said,
            }
        }
    }
    // What another remote had before is given back there once it is claimed here.
    let _ = claims.push_give_backs();
    said
}

/// Takes the claim on the branch that the worktree of `entry` is to have next, as `name`, beside the one that it has; returns the record
/// with it.
///
/// # Errors
///
/// As [`take`].
pub fn aim(context: &Context, entry: &Entry, name: &str, branch: Option<&str>) -> Result<Entry> {
    let mut aimed = entry.clone();
    if context.network_claims().is_none() || entry.branch.as_deref() == branch {
        return Ok(aimed);
    }
    aimed.branch = branch.map(str::to_owned);
    name.clone_into(&mut aimed.name);
    note(context, &mut aimed)?;
    match take(context, Some(entry), &aimed) {
        Ok(()) => Ok(aimed),
        Err(failure) => {
            let_go(context, Some(&aimed), Some(entry));
            Err(failure)
        }
    }
}

/// Puts the claims of `aimed` on record, and gives back what it does not need any more.
pub fn arrive(context: &Context, aimed: &Entry) {
    let wanted = noted(Some(aimed));
    let change = |known: &mut Entry| {
        let before = known.clone();
        let ports = noted(Some(known)).into_iter().filter(Claim::is_of_port);
        let all: Vec<Claim> =
            ports.chain(wanted.iter().filter(|claim| !claim.is_of_port()).cloned()).collect();
        if all != noted(Some(known)) {
            known.notes.claims.write(&all);
        }
        (before, known.clone())
    };
    if context.network_claims().is_none() {
        return;
    }
    let changed = context
        .store()
        .and_then(|store| store.update(|registry| Ok(registry.find_by_sequence(aimed.sequence).map(change))));
    if let Ok(Some((before, after))) = changed {
        let_go(context, Some(&before), Some(&after));
    }
}

/// Gives back the claims of records that are gone.
pub fn give_back<'a>(context: &Context, entries: impl IntoIterator<Item = &'a Entry>) {
    let all: Vec<Claim> = entries.into_iter().flat_map(|entry| entry.notes.claims.read_each()).collect();
    give_back_all(context, &all);
}

fn give_back_all(context: &Context, gone: &[Claim]) {
    let (ports, others): (Vec<Claim>, Vec<Claim>) = gone.iter().cloned().partition(Claim::is_of_port);
    let ids: Vec<ClaimId> = ports.into_iter().map(|claim| claim.id).collect();
    host_ports::give_back(context, &ids);
    if !others.is_empty() {
        let _ = context.claims().give_back(&others);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::host::claims::Unclaimed;
    use crate::model::checks::sample;

    /// Keeps claims in memory.
    #[derive(Default)]
    struct Kept(RefCell<Vec<Claim>>);

    impl Claims for Kept {
        fn repository(&self) -> Option<&str> {
            Some("example.org/shop")
        }

        fn take(&self, claims: &[Claim], _: &Taking<'_>) -> Result<ClaimsTaken> {
            let mut kept = self.0.borrow_mut();
            let lost = kept.iter().find(|known| claims.iter().any(|claim| claim.subject == known.subject));
            if let Some(lost) = lost {
                let (host, user, worktree) = ("h".to_owned(), "u".to_owned(), "w".to_owned());
                return Ok(ClaimsTaken::Lost(Box::new(Holding {
                    claim: lost.clone(),
                    host,
                    user,
                    worktree,
                    since: None,
                })));
            }
            kept.extend_from_slice(claims);
            Ok(ClaimsTaken::All)
        }

        fn give_back(&self, claims: &[Claim]) -> Result<()> {
            self.0.borrow_mut().retain(|known| claims.iter().all(|claim| claim.id != known.id));
            Ok(())
        }
    }

    #[test]
    fn claims_follow_the_record_and_are_noted_before_they_are_taken() {
        let kept = Kept::default();
        let scope = ClaimScope { branch: true, ..ClaimScope::default() };
        let mut entry = sample::entry("a", 1, &[5000, 5001]);
        entry.branch = Some("feature/a".to_owned());
        note_for(kept.repository(), scope, true, &mut entry).unwrap();
        let noted = super::noted(Some(&entry));
        assert_eq!((noted.len(), kept.0.borrow().len()), (3, 0), "the branch and two ports");
        let taking = Taking { worktree: "a", by_hand: false, may_replace: &|_| false };
        take_from(&kept, &noted, &taking, &|_| {}).unwrap();
        assert_eq!(*kept.0.borrow(), noted[..1], "ports are another holder's");
        note_for(kept.repository(), scope, true, &mut entry).unwrap();
        assert_eq!(super::noted(Some(&entry)), noted, "what it has keeps its ids");
        let mut rival = sample::entry("b", 2, &[]);
        rival.branch = Some("feature/a".to_owned());
        note_for(kept.repository(), scope, true, &mut rival).unwrap();
        let lost = take_from(&kept, &super::noted(Some(&rival)), &taking, &|_| {}).unwrap_err();
        assert_eq!(lost.code(), Code::Claimed);
        kept.give_back(&noted).unwrap();
        assert!(kept.0.borrow().is_empty());
        // With numbers alone a name is nobody's; ports over all machines are claimed beside those of this one.
        let scope = ClaimScope { number: true, port: true, branch: false };
        note_for(kept.repository(), scope, true, &mut entry).unwrap();
        let labels: Vec<String> =
            super::noted(Some(&entry)).iter().map(|claim| claim.subject.label()).collect();
        assert_eq!(labels, ["port 5000", "port 5001", "port 5000", "port 5001"]);
    }

    #[test]
    fn where_nobody_keeps_claims_nothing_is_noted() {
        let mut entry = sample::entry("a", 1, &[5000]);
        let before = entry.clone();
        note_for(Unclaimed.repository(), ClaimScope::default(), false, &mut entry).unwrap();
        assert_eq!(entry, before);
    }
}
