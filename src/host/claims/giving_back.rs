//! Claims are given back by the very commit that was pushed, at the remote that it was pushed to, also where the team has left
//! that remote since. What cannot be done now a later command does.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::journal::Pushed;
use super::keeper::Keeper;
use super::network::NetworkClaims;
use crate::error::Result;
use crate::host::token;
use crate::model::claim::{Claim, ClaimId};
use crate::model::claim_change::{Answer, RefChange};
use crate::model::lapse::is_past;

/// How long a remote that the team has left is not asked again, which may be gone for good; and after which time a push that nobody
/// answered is looked for once more.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);

impl NetworkClaims {
    /// Notes that claims are to be given back; false where none of them was ever pushed.
    pub(super) fn give_up(&self, claims: &[Claim]) -> Result<bool> {
        let mut is_any = false;
        for claim in claims {
            match self.journal.find(&claim.id) {
                Some(pushed) if pushed.lost => self.journal.forget(&pushed.id),
                Some(pushed) => {
                    self.journal.write(&Pushed { given_up: true, ..pushed })?;
                    is_any = true;
                }
                None => {}
            }
        }
        Ok(is_any)
    }

    /// Answers whether it was pushed to the remote that has the claims now.
    #[must_use]
    pub fn is_here(&self, pushed: &Pushed) -> bool {
        if pushed.address.is_empty() {
            return pushed.remote == self.keeper.name();
        }
        self.keeper.is_at(&self.keeper.address_of(&pushed.address, &pushed.commit))
    }

    /// Has the claim asked for as if nothing was known of it. Where another remote has it, it is given back there.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`.
    pub fn begin_anew(&self, id: &ClaimId) -> Result<()> {
        match self.journal.find(id) {
            Some(pushed) if !pushed.lost && !self.is_here(&pushed) => self.leave(pushed),
            _ => {
                self.journal.forget(id);
                Ok(())
            }
        }
    }

    /// Notes under a name of its own that what was pushed to another remote is to be given back there.
    pub(super) fn leave(&self, pushed: Pushed) -> Result<()> {
        let id = pushed.id.clone();
        self.journal.write(&Pushed { id: ClaimId(token::random()?), given_up: true, ..pushed })?;
        self.journal.forget(&id);
        Ok(())
    }

    /// Gives back what was given up before and could not be then.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`: a later command does it.
    pub fn push_give_backs(&self) -> Result<()> {
        if self.journal.all().iter().any(|pushed| pushed.given_up && self.is_due(pushed)) {
            self.alone(|| self.push_back())?;
        }
        Ok(())
    }

    fn is_due(&self, pushed: &Pushed) -> bool {
        self.tried(pushed).is_none_or(|then| is_past(self.pulse.now, then, PAUSE))
    }

    /// When it was tried last where it is given back now: a remote that the team has left holds nothing up once it is back.
    fn tried(&self, pushed: &Pushed) -> Option<Timestamp> {
        pushed.tried.filter(|_| pushed.away != self.is_here(pushed))
    }

    pub(super) fn push_back(&self) -> Result<()> {
        let is_ours = |pushed: &Pushed| pushed.host.is_empty() || pushed.host == self.pulse.host.id;
        let (due, others): (Vec<Pushed>, Vec<Pushed>) = self
            .journal
            .all()
            .into_iter()
            .filter(|pushed| pushed.given_up && self.is_due(pushed))
            .partition(is_ours);
        // Another machine with our files pushed them.
        for pushed in &others {
            self.journal.forget(&pushed.id);
        }
        let (here, elsewhere): (Vec<Pushed>, Vec<Pushed>) =
            due.into_iter().partition(|pushed| self.is_here(pushed));
        if !here.is_empty() {
            self.push_back_at(&self.keeper, &here, |changes| self.pulse.push(&self.keeper, changes))?;
        }
        self.push_back_elsewhere(elsewhere);
        Ok(())
    }

    /// Gives back what remotes have that the team has left. Nobody is held up by one that does not answer.
    fn push_back_elsewhere(&self, due: Vec<Pushed>) {
        let mut places: BTreeMap<String, Vec<Pushed>> = BTreeMap::new();
        for pushed in due {
            let place = match pushed.address.as_str() {
                "" => pushed.remote.clone(),
                noted => self.keeper.address_of(noted, &pushed.commit),
            };
            places.entry(place).or_default().push(pushed);
        }
        for (place, due) in places {
            let Some(keeper) = self.keeper.at(&place) else { continue };
            if self.push_back_at(&keeper, &due, |changes| keeper.push(changes, false)).is_err() {
                for pushed in due {
                    // Where it cannot be written it is tried sooner.
                    let _ = self.journal.write(&Pushed { tried: Some(self.pulse.now), away: true, ..pushed });
                }
            }
        }
    }

    fn push_back_at(
        &self,
        keeper: &Keeper,
        due: &[Pushed],
        push: impl Fn(&[RefChange<'_>]) -> Result<Vec<Answer>>,
    ) -> Result<()> {
        let mut refused = Vec::new();
        for round in rounds(due) {
            let mut changes = Vec::new();
            for Pushed { reference, commit, .. } in &round {
                changes.push(RefChange { reference, commit: None, expected: Some(commit) });
            }
            let answers = push(&changes)?;
            for (pushed, answer) in round.into_iter().zip(answers) {
                match answer {
                    Answer::Done => self.journal.forget(&pushed.id),
                    Answer::Refused(_) | Answer::Entangled => refused.push(pushed),
                    other => return Err(keeper.unmade(&other)),
                }
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        // Another stands there, or none: nothing of it is ours. Else the remote takes no refs just now.
        let names: Vec<&str> = refused.iter().map(|pushed| pushed.reference.as_str()).collect();
        let listed = keeper.list(&names)?;
        for pushed in refused {
            if listed.iter().any(|(_, commit)| *commit == pushed.commit) {
                continue;
            }
            // Of one that was never answered nobody knows how far it came: whoever asked may have been killed.
            if (pushed.silent || pushed.pending) && self.tried(pushed).is_none() && keeper.may_be_late() {
                // The remote may be at it yet, without the child that asked for it.
                let away = !self.is_here(pushed);
                self.journal.note(&Pushed { tried: Some(self.pulse.now), away, ..pushed.clone() })?;
            } else {
                self.journal.forget(&pushed.id);
            }
        }
        Ok(())
    }

    /// Takes the claim at `reference` away, whoever has it, where it is still `commit`.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`.
    pub fn drop_standing(&self, reference: &str, commit: &str) -> Result<bool> {
        let change = RefChange { reference, commit: None, expected: Some(commit) };
        let answer = self.alone(|| self.pulse.push(&self.keeper, &[change]))?.pop();
        match answer {
            Some(Answer::Done) => Ok(true),
            Some(Answer::Refused(_) | Answer::Entangled) => Ok(false),
            other => Err(self.keeper.unmade(&other.unwrap_or_default())),
        }
    }
}

/// Divides what is due so that no name is twice in one push, which git would refuse as a whole: of creates that nobody answered
/// several may have wanted one branch.
fn rounds(due: &[Pushed]) -> Vec<Vec<&Pushed>> {
    let mut rounds: Vec<Vec<&Pushed>> = Vec::new();
    for pushed in due {
        let lacks_it =
            |round: &&mut Vec<&Pushed>| round.iter().all(|known| known.reference != pushed.reference);
        match rounds.iter_mut().find(lacks_it) {
            Some(round) => round.push(pushed),
            None => rounds.push(vec![pushed]),
        }
    }
    rounds
}
