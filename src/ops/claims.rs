//! Claims on the names and ports of worktrees: noted in the record in the same write that gives the name or the port, taken
//! when the record stands and no lock is held, and given back when it lets go of them.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::claims::Claims;
use crate::host::token;
use crate::model::claim::{self, Claim, ClaimId, Subject, Taken};
use crate::model::registry::entry::{Entry, EntryState};

/// Brings the noted claims of a record up to its name and ports; to be called under the lock, as part of the change. Nothing
/// is noted where nobody keeps claims.
///
/// # Errors
///
/// `internal` when the system has no randomness.
pub fn note(context: &Context, entry: &mut Entry) -> Result<()> {
    note_for(context.claims(), entry)
}

fn note_for(claims: &dyn Claims, entry: &mut Entry) -> Result<()> {
    let before = entry.notes.claims.read_each();
    let wanted = if claims.are_kept() { subjects(entry) } else { Vec::new() };
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

/// The things that the worktree of `entry` has: its name and its ports, nothing once it is removed.
fn subjects(entry: &Entry) -> Vec<Subject> {
    if matches!(entry.state, EntryState::Removed { .. }) {
        return Vec::new();
    }
    let name = Subject::Name { repository: entry.repository_id.0.clone(), name: entry.name.clone() };
    std::iter::once(name).chain(entry.ports().map(Subject::Port)).collect()
}

/// Takes the claims that a change of the record added; `before` is `None` for a record that is new.
///
/// # Errors
///
/// `port_conflict` or `worktree_exists` where somebody else has one: none is taken then. Fails when those who keep claims
/// cannot be reached.
pub fn take(context: &Context, before: Option<&Entry>, after: &Entry) -> Result<()> {
    take_from(context.claims(), &claim::beyond(&noted(Some(after)), &noted(before)))
}

fn take_from(claims: &dyn Claims, won: &[Claim]) -> Result<()> {
    if won.is_empty() {
        return Ok(());
    }
    let Taken::Lost(holding) = claims.take(won)? else { return Ok(()) };
    let (host, user, worktree) = (&holding.host, &holding.user, &holding.worktree);
    let of = format!("`{worktree}` of {user} on {host}");
    Err(match &holding.claim.subject {
        Subject::Port(port) => Failure::new(Code::PortConflict, format!("port {port} is claimed by {of}")),
        Subject::Name { name, .. } => {
            Failure::new(Code::WorktreeExists, format!("the name `{name}` is claimed by {of}"))
        }
    })
}

fn noted(entry: Option<&Entry>) -> Vec<Claim> {
    entry.map(|entry| entry.notes.claims.read_each()).unwrap_or_default()
}

/// Gives back the claims that a change of the record let go of; `after` is `None` for a record that is gone. Nobody is held
/// up by it: what cannot be done now is put off.
pub fn let_go(context: &Context, before: Option<&Entry>, after: Option<&Entry>) {
    give_back_by(context.claims(), &claim::beyond(&noted(before), &noted(after)));
}

/// Gives back the claims of records that are gone.
pub fn give_back<'a>(context: &Context, entries: impl IntoIterator<Item = &'a Entry>) {
    let all: Vec<Claim> = entries.into_iter().flat_map(|entry| entry.notes.claims.read_each()).collect();
    give_back_by(context.claims(), &all);
}

fn give_back_by(claims: &dyn Claims, gone: &[Claim]) {
    if gone.is_empty() {
        return;
    }
    let ids: Vec<ClaimId> = gone.iter().map(|claim| claim.id.clone()).collect();
    let _ = claims.give_back(&ids);
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::host::claims::Unclaimed;
    use crate::model::checks::sample;
    use crate::model::claim::{Holding, Scope};
    use crate::model::registry::allocation::Allocation;

    /// Keeps claims in memory.
    #[derive(Default)]
    struct Kept(RefCell<Vec<Claim>>);

    impl Claims for Kept {
        fn are_kept(&self) -> bool {
            true
        }

        fn take(&self, claims: &[Claim]) -> Result<Taken> {
            let mut kept = self.0.borrow_mut();
            let lost = kept.iter().find(|known| claims.iter().any(|claim| claim.subject == known.subject));
            if let Some(lost) = lost {
                let (host, user, worktree) = ("h".to_owned(), "u".to_owned(), "w".to_owned());
                return Ok(Taken::Lost(Holding { claim: lost.clone(), host, user, worktree }));
            }
            kept.extend_from_slice(claims);
            Ok(Taken::All)
        }

        fn give_back(&self, ids: &[ClaimId]) -> Result<()> {
            self.0.borrow_mut().retain(|known| !ids.contains(&known.id));
            Ok(())
        }

        fn holders(&self, _: &Scope) -> Result<Vec<Holding>> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn claims_follow_the_record_and_are_noted_before_they_are_taken() {
        let kept = Kept::default();
        let mut entry = sample::entry("a", 1, &[5000, 5001]);
        note_for(&kept, &mut entry).unwrap();
        let noted = super::noted(Some(&entry));
        assert_eq!((noted.len(), kept.0.borrow().len()), (3, 0), "the name and two ports");
        take_from(&kept, &noted).unwrap();
        assert_eq!(*kept.0.borrow(), noted);
        let mut moved = entry.clone();
        moved.allocations.remove(0);
        let port = crate::model::port::Port::new(5002).unwrap();
        moved.allocations.push(Allocation::new(port, "web".parse().unwrap(), entry.created_at));
        note_for(&kept, &mut moved).unwrap();
        let now = super::noted(Some(&moved));
        take_from(&kept, &claim::beyond(&now, &noted)).unwrap();
        give_back_by(&kept, &claim::beyond(&noted, &now));
        let subjects: Vec<Subject> = kept.0.borrow().iter().map(|claim| claim.subject.clone()).collect();
        assert_eq!(subjects.len(), 3);
        assert!(subjects.contains(&Subject::Port(port)), "{subjects:?}");
        let mut rival = sample::entry("b", 2, &[5002]);
        note_for(&kept, &mut rival).unwrap();
        let lost = take_from(&kept, &super::noted(Some(&rival))).unwrap_err();
        assert_eq!(lost.code(), Code::PortConflict);
        assert_eq!(kept.0.borrow().len(), 3, "all or none");
        give_back_by(&kept, &now);
        assert!(kept.0.borrow().is_empty());
    }

    #[test]
    fn where_nobody_keeps_claims_nothing_is_noted() {
        let mut entry = sample::entry("a", 1, &[5000]);
        let before = entry.clone();
        note_for(&Unclaimed, &mut entry).unwrap();
        assert_eq!(entry, before);
    }
}
