//! Claims on branches, kept over a network: as refs of the remote that the team has anyway, or in an etcd. Each is written where
//! it is as it was seen: those who keep them let one of many win. A push that nobody answered is asked about by what was pushed,
//! never tried again blindly.

use super::journal::{Journal, Pushed};
use super::keeper::Keeper;
use super::port::{Claims, Taking};
use super::pulse::Pulse;
use crate::error::{Code, Failure, Result};
use crate::model::claim::{Claim, ClaimId, ClaimSubject, ClaimsTaken, Holding};
use crate::model::claim_change::{Answer, RefChange, TRY_AGAIN};
use crate::model::claim_ref::{self, ClaimWords};
use crate::model::process::ProcessId;

/// Who claims, and how patient that is.
#[derive(Clone, Debug)]
pub struct Claimant {
    /// The random id of our registry.
    pub registry: String,
    pub process: ProcessId,
    /// Whether this command may wait for a network at all.
    pub waits: bool,
    /// Whether it goes on where nobody answers.
    pub goes_on_offline: bool,
}

/// The claims of one repository.
#[derive(Debug)]
pub struct NetworkClaims {
    pub keeper: Keeper,
    pub repository: String,
    pub journal: Journal,
    pub claimant: Claimant,
    pub pulse: Pulse,
}

impl Claims for NetworkClaims {
    fn repository(&self) -> Option<&str> {
        Some(&self.repository)
    }

    fn take(&self, claims: &[Claim], taking: &Taking<'_>) -> Result<ClaimsTaken> {
        if !self.claimant.waits {
            return Ok(ClaimsTaken::All);
        }
        let taken = self.alone(|| {
            let mut won = Vec::new();
            for claim in claims {
                match self.take_one(claim, taking) {
                    Ok(ClaimsTaken::All) => won.push(claim.clone()),
                    other => {
                        // All or none.
                        self.give_up(&won)?;
                        let _ = self.push_back();
                        return other;
                    }
                }
            }
            Ok(ClaimsTaken::All)
        });
        match taken {
            // What a person claims without a worktree no later command would claim.
            Err(failure) if !taking.by_hand && is_only_out_of_reach(&failure) => {
                if self.claimant.goes_on_offline {
                    return Ok(ClaimsTaken::All);
                }
                let advice = format!("{}; {GO_ON}", failure.next_step().unwrap_or(TRY_AGAIN));
                Err(failure.hint(advice))
            }
            taken => taken,
        }
    }

    fn give_back(&self, claims: &[Claim]) -> Result<()> {
        if self.give_up(claims)? && self.claimant.waits {
            // What cannot be done now a later command does.
            let _ = self.push_give_backs();
        }
        Ok(())
    }
}

/// What else helps whoever claims for a worktree.
const GO_ON: &str =
    "`WT_TEAM_OFFLINE=allow` goes on without them and settles later, `WT_TEAM_CLAIMS=off` does without";

/// Answers whether waiting helps: two machines with one identity, and a remote with two addresses, need a person.
fn is_only_out_of_reach(failure: &Failure) -> bool {
    let is_ours = |reason: &serde_json::Value| reason == "host_duplicated" || reason == "two_addresses";
    failure.code() == Code::ClaimsUnreachable && !failure.details().get("reason").is_some_and(is_ours)
}

impl NetworkClaims {
    /// Runs `work` while no other process of this host is at these claims.
    pub(super) fn alone<R>(&self, work: impl FnOnce() -> Result<R>) -> Result<R> {
        self.pulse.book.alone(self.keeper.interrupt(), || {
            self.keeper.tidy();
            work()
        })
    }

    fn take_one(&self, claim: &Claim, taking: &Taking<'_>) -> Result<ClaimsTaken> {
        let Some(reference) = claim_ref::reference_of(&claim.subject) else { return Ok(ClaimsTaken::All) };
        let mut known = self.journal.find(&claim.id).filter(|known| !known.given_up && !known.lost);
        if let Some(elsewhere) = known.take_if(|known| !self.is_here(known)) {
            self.leave(elsewhere)?;
        }
        let pushed = match known {
            Some(known) if !known.pending => return Ok(ClaimsTaken::All),
            Some(known) if self.keeper.has(&known.commit) => known,
            _ => self.begin(claim, taking, &reference)?,
        };
        let mut expected = None;
        // Once where nobody has it, and once in the place of one that may be replaced.
        for _ in 0..2 {
            let change = RefChange {
                reference: &reference,
                commit: Some(&pushed.commit),
                expected: expected.as_deref(),
            };
            let answer = self.pulse.push(&self.keeper, &[change])?.pop().unwrap_or_default();
            match self.judge(&pushed, &answer)? {
                Judged::Ours => return self.won(&pushed),
                Judged::Unknown(failure) => {
                    if matches!(answer, Answer::Silent(_)) {
                        self.journal.note(&Pushed { silent: true, ..pushed })?;
                    }
                    // The undoing gives it back by its commit, wherever it stands by then.
                    return Err(failure);
                }
                Judged::Theirs { commit, words } => {
                    if words.as_ref().is_some_and(|words| words.id == claim.id && self.is_ours(words)) {
                        // Of an earlier push that was not written down.
                        return self.won(&Pushed { commit, ..pushed });
                    }
                    if expected.is_some() || !(taking.may_replace)(words.as_deref()) {
                        self.lose(&pushed)?;
                        return Ok(ClaimsTaken::Lost(Box::new(holding(words, claim))));
                    }
                    expected = Some(commit);
                }
            }
        }
        Err(self.keeper.unreachable("the claim changes again and again", "refused"))
    }

    /// Makes the commit and writes down what is pushed.
    fn begin(&self, claim: &Claim, taking: &Taking<'_>, reference: &str) -> Result<Pushed> {
        let (branch, port) = match &claim.subject {
            ClaimSubject::Branch { branch, .. } => (branch.clone(), None),
            ClaimSubject::Port(port) | ClaimSubject::TeamPort { port, .. } => (String::new(), Some(*port)),
        };
        let (who, process) = (&self.claimant, &self.claimant.process);
        let words = ClaimWords {
            id: claim.id.clone(),
            repository: self.repository.clone(),
            branch,
            port,
            worktree: taking.worktree.to_owned(),
            host: self.pulse.host.name.clone(),
            user: self.pulse.user.clone(),
            host_id: self.pulse.host.id.clone(),
            registry: who.registry.clone(),
            pid: process.pid,
            started: process.started,
            boot: process.boot.clone(),
            namespace: process.namespace.clone(),
            since: self.pulse.now,
            by_hand: taking.by_hand,
        };
        let title = if words.port.is_some() { "Claim a port" } else { "Claim a branch" };
        let commit = self.keeper.write(title, words.since, &words)?;
        let pushed = Pushed { reference: reference.to_owned(), commit, pending: true, ..self.blank(claim) };
        self.journal.write(&pushed)?;
        Ok(pushed)
    }

    /// Has nothing of ours come of a push that was lost, now or later.
    fn lose(&self, pushed: &Pushed) -> Result<()> {
        if self.keeper.is_in_doubt(&pushed.commit) {
            return self.journal.write(&Pushed { given_up: true, ..pushed.clone() });
        }
        self.journal.forget(&pushed.id);
        Ok(())
    }

    fn won(&self, pushed: &Pushed) -> Result<ClaimsTaken> {
        // Somebody may have given it up meanwhile.
        let given_up = self.journal.find(&pushed.id).is_some_and(|known| known.given_up);
        self.journal.note(&Pushed { pending: false, given_up, ..pushed.clone() })?;
        Ok(ClaimsTaken::All)
    }

    /// Says whose the ref is. What the answer does not tell the remote is asked.
    fn judge(&self, pushed: &Pushed, answer: &Answer) -> Result<Judged> {
        if *answer == Answer::Done {
            return Ok(Judged::Ours);
        }
        let listed = match self.keeper.list(&[&pushed.reference]) {
            Ok(listed) => listed,
            // The push had the time, and knows why there is no answer.
            Err(failure) if failure.code() == Code::ClaimsUnreachable => {
                let is_silent = matches!(answer, Answer::Silent(_));
                return Ok(Judged::Unknown(if is_silent { self.keeper.unmade(answer) } else { failure }));
            }
            Err(failure) => return Err(failure),
        };
        let found: Vec<(String, String)> =
            listed.into_iter().filter(|(name, _)| *name == pushed.reference).take(1).collect();
        let Some((_, commit)) = found.first() else {
            return Ok(Judged::Unknown(self.keeper.unmade(answer)));
        };
        if *commit == pushed.commit {
            return Ok(Judged::Ours);
        }
        let text = self.keeper.read(&found)?.pop().flatten();
        let words = text.and_then(|text| ClaimWords::parse(&text)).map(Box::new);
        Ok(Judged::Theirs { commit: commit.clone(), words })
    }

    /// Answers whether this host claimed it.
    #[must_use]
    pub fn is_ours(&self, words: &ClaimWords) -> bool {
        words.is_of(&self.pulse.host.id, &self.claimant.registry)
    }

    /// Notes that somebody else has what was claimed: it is not asked for again by itself.
    pub fn put_aside(&self, claim: &Claim) {
        let aside = Pushed { lost: true, ..self.blank(claim) };
        // Where it cannot be written it is asked for once more.
        let _ = self.journal.write(&aside);
    }

    /// A record of the claim, of which nothing was pushed here yet.
    fn blank(&self, claim: &Claim) -> Pushed {
        Pushed {
            id: claim.id.clone(),
            remote: self.keeper.name().to_owned(),
            address: self.keeper.address().to_owned(),
            reference: String::new(),
            commit: String::new(),
            pending: false,
            given_up: false,
            lost: false,
            silent: false,
            host: self.pulse.host.id.clone(),
            tried: None,
            away: false,
        }
    }

    /// Answers whether the claim was pushed, or is to be, and nobody has said yet that it stands on this remote.
    #[must_use]
    pub fn is_pending(&self, id: &ClaimId) -> bool {
        let is_pending = |pushed: Pushed| pushed.pending || !pushed.lost && !self.is_here(&pushed);
        self.journal.find(id).is_none_or(is_pending)
    }
}

/// Whose a ref is after a push.
enum Judged {
    Ours,
    /// Another commit stands there, with its words where they can be read.
    Theirs {
        commit: String,
        words: Option<Box<ClaimWords>>,
    },
    Unknown(Failure),
}

/// Who has the branch, as far as the remote's commit tells.
fn holding(words: Option<Box<ClaimWords>>, claim: &Claim) -> Holding {
    let unread = || Claim { id: ClaimId(String::new()), subject: claim.subject.clone() };
    words.map_or_else(|| Holding::unknown(unread(), &claim.subject.label()), |words| words.holding())
}
