//! Claims on branches, kept as refs of the remote that the team has anyway. A ref is pushed with a lease: the remote itself lets
//! one of many win. A push that nobody answered is asked about by its commit, never tried again blindly.

use std::time::{Duration, Instant};

use super::Claims;
use super::journal::{Journal, Pushed};
use super::remote::{Answer, Remote, deadline};
use crate::error::Result;
use crate::model::claim::{Claim, ClaimId, ClaimSubject, ClaimsTaken, Holding};
use crate::model::claim_ref::{self, ClaimWords, PREFIX};
use crate::model::process::ProcessId;

/// Who claims, and how patient that is.
#[derive(Clone, Debug)]
pub struct Claimant {
    pub host: String,
    pub user: String,
    /// The random id of our registry.
    pub registry: String,
    pub process: ProcessId,
    pub now: jiff::Timestamp,
    /// How long one command waits.
    pub timeout: Duration,
    /// Whether this command may wait for a network at all.
    pub waits: bool,
    /// Whether it goes on where nobody answers.
    pub goes_on_offline: bool,
}

/// The claims of one repository.
#[derive(Debug)]
pub struct GitClaims {
    pub remote: Remote,
    pub repository: String,
    pub journal: Journal,
    pub claimant: Claimant,
}

/// A claim as the remote has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub words: ClaimWords,
    pub reference: String,
    pub commit: String,
}

impl Claims for GitClaims {
    fn repository(&self) -> Option<&str> {
        Some(&self.repository)
    }

    fn take(&self, claims: &[Claim], worktree: &str, over: bool) -> Result<ClaimsTaken> {
        if !self.claimant.waits {
            return Ok(ClaimsTaken::All);
        }
        let mut won = Vec::new();
        for claim in claims {
            match self.take_one(claim, worktree, over) {
                Ok(ClaimsTaken::All) => won.push(claim.clone()),
                other => {
                    // All or none.
                    let _ = self.give_back(&won);
                    return other;
                }
            }
        }
        Ok(ClaimsTaken::All)
    }

    fn give_back(&self, claims: &[Claim]) -> Result<()> {
        let mut is_any = false;
        for claim in claims {
            if let Some(pushed) = self.journal.find(&claim.id) {
                self.journal.write(&Pushed { given_up: true, ..pushed })?;
                is_any = true;
            }
        }
        if is_any && self.claimant.waits {
            self.settle();
        }
        Ok(())
    }
}

impl GitClaims {
    fn deadline(&self) -> Instant {
        deadline(self.claimant.timeout)
    }

    fn take_one(&self, claim: &Claim, worktree: &str, over: bool) -> Result<ClaimsTaken> {
        let ClaimSubject::Branch { branch, .. } = &claim.subject else { return Ok(ClaimsTaken::All) };
        let reference = claim_ref::reference(branch);
        let pushed = match self.journal.find(&claim.id) {
            Some(known) if !known.pending && !known.given_up => return Ok(ClaimsTaken::All),
            Some(known) if !known.given_up => known,
            _ => self.begin(claim, branch, worktree, &reference)?,
        };
        let until = self.deadline();
        let answer = self.remote.push(&reference, Some(&pushed.commit), None, until)?;
        let standing = match self.judge(&pushed, &answer)? {
            Judged::Ours => return self.won(&pushed),
            Judged::Theirs(commit) => commit,
            Judged::Unknown(failure) => return self.unanswered(&pushed, failure),
        };
        if over {
            let answer =
                self.remote.push(&reference, Some(&pushed.commit), Some(&standing), self.deadline())?;
            match self.judge(&pushed, &answer)? {
                Judged::Ours => return self.won(&pushed),
                Judged::Theirs(_) => {}
                Judged::Unknown(failure) => return self.unanswered(&pushed, failure),
            }
        }
        let holding = self.holding(&reference, branch, claim)?;
        self.journal.forget(&claim.id);
        Ok(ClaimsTaken::Lost(Box::new(holding)))
    }

    /// Makes the commit and writes down what is pushed.
    fn begin(&self, claim: &Claim, branch: &str, worktree: &str, reference: &str) -> Result<Pushed> {
        let (who, process) = (&self.claimant, &self.claimant.process);
        let words = ClaimWords {
            id: claim.id.clone(),
            repository: self.repository.clone(),
            branch: branch.to_owned(),
            worktree: worktree.to_owned(),
            host: who.host.clone(),
            user: who.user.clone(),
            registry: who.registry.clone(),
            pid: process.pid,
            started: process.started,
            boot: process.boot.clone(),
            since: who.now,
        };
        let tree = self.remote.write_object("tree", "")?;
        let commit = self.remote.write_object("commit", &words.commit(&tree))?;
        let pushed = Pushed {
            id: claim.id.clone(),
            remote: self.remote.name.clone(),
            reference: reference.to_owned(),
            commit,
            pending: true,
            given_up: false,
        };
        self.journal.write(&pushed)?;
        Ok(pushed)
    }

    fn won(&self, pushed: &Pushed) -> Result<ClaimsTaken> {
        self.journal.write(&Pushed { pending: false, ..pushed.clone() })?;
        Ok(ClaimsTaken::All)
    }

    fn unanswered(&self, pushed: &Pushed, failure: crate::error::Failure) -> Result<ClaimsTaken> {
        if self.claimant.goes_on_offline {
            return Ok(ClaimsTaken::All);
        }
        // The undoing gives it back by its commit, wherever it stands by then.
        self.journal.write(pushed)?;
        Err(failure)
    }

    /// Says whose the ref is. What the answer does not tell the remote is asked.
    fn judge(&self, pushed: &Pushed, answer: &Answer) -> Result<Judged> {
        if *answer == Answer::Done {
            return Ok(Judged::Ours);
        }
        let listed = match self.remote.list(&pushed.reference, self.deadline()) {
            Ok(listed) => listed,
            Err(failure) if failure.code() == crate::error::Code::ClaimsUnreachable => {
                return Ok(Judged::Unknown(failure));
            }
            Err(failure) => return Err(failure),
        };
        let found = listed.into_iter().find(|(name, _)| *name == pushed.reference).map(|(_, commit)| commit);
        Ok(match (found, answer) {
            (Some(commit), _) if commit == pushed.commit => Judged::Ours,
            (Some(commit), _) => Judged::Theirs(commit),
            (None, Answer::Refused(why)) => Judged::Unknown(self.remote.unreachable(why, "refused")),
            (None, Answer::None(why)) => Judged::Unknown(self.remote.unreachable(why, "timeout")),
            (None, Answer::Done) => Judged::Ours,
        })
    }

    /// Who has the branch, as far as the remote's commit tells.
    fn holding(&self, reference: &str, branch: &str, claim: &Claim) -> Result<Holding> {
        let until = self.deadline();
        let listed = self.remote.list(reference, until)?;
        let commits = self.remote.read(&listed, until)?;
        let words = commits.first().and_then(|commit| ClaimWords::parse(commit));
        Ok(words.map_or_else(
            || Holding {
                claim: Claim { id: ClaimId(String::new()), subject: claim.subject.clone() },
                host: "an unknown host".to_owned(),
                user: "somebody".to_owned(),
                worktree: branch.to_owned(),
                since: None,
            },
            |words| words.holding(),
        ))
    }

    /// Returns all claims of the repository.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`.
    pub fn standing(&self) -> Result<Vec<Standing>> {
        let until = self.deadline();
        let listed = self.remote.list(&format!("{PREFIX}*"), until)?;
        let commits = self.remote.read(&listed, until)?;
        let standing = listed.into_iter().zip(commits).filter_map(|((reference, commit), text)| {
            Some(Standing { words: ClaimWords::parse(&text)?, reference, commit })
        });
        Ok(standing.collect())
    }

    /// Returns the refs of the branches that are claimed.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`.
    pub fn references(&self) -> Result<Vec<String>> {
        Ok(self
            .remote
            .list(&format!("{PREFIX}*"), self.deadline())?
            .into_iter()
            .map(|(name, _)| name)
            .collect())
    }

    /// Gives back what was given up before and could not be then; the first silence ends it until the next command.
    pub fn settle(&self) {
        for pushed in self.journal.all().into_iter().filter(|pushed| pushed.given_up) {
            match self.remote.push(&pushed.reference, None, Some(&pushed.commit), self.deadline()) {
                Ok(Answer::Done) => self.journal.forget(&pushed.id),
                // Another stands there, or none: nothing of it is ours. Else the remote takes no refs just now.
                Ok(Answer::Refused(_)) => match self.remote.list(&pushed.reference, self.deadline()) {
                    Ok(listed) if listed.iter().all(|(_, commit)| *commit != pushed.commit) => {
                        self.journal.forget(&pushed.id);
                    }
                    Ok(_) => {}
                    Err(_) => return,
                },
                Ok(Answer::None(_)) | Err(_) => return,
            }
        }
    }

    /// Takes `standing` away, whoever has it, where it is still as it was seen.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`.
    pub fn drop_standing(&self, standing: &Standing) -> Result<bool> {
        match self.remote.push(&standing.reference, None, Some(&standing.commit), self.deadline())? {
            Answer::Done => Ok(true),
            Answer::Refused(_) => Ok(false),
            Answer::None(why) => Err(self.remote.unreachable(&why, "timeout")),
        }
    }

    /// Answers whether the claim was pushed, or is to be, and nobody has said yet that it stands.
    #[must_use]
    pub fn is_pending(&self, id: &ClaimId) -> bool {
        self.journal.find(id).is_none_or(|pushed| pushed.pending)
    }
}

/// Whose a ref is after a push.
enum Judged {
    Ours,
    /// Another commit stands there.
    Theirs(String),
    Unknown(crate::error::Failure),
}
