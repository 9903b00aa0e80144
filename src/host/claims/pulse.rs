//! Our own entry among the hosts goes with each push. A machine that shares our identity, a copied image, writes the same
//! entry: whoever meets it there stops before a claim changes.

use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::claim_change::{Answer, RefChange};
use crate::model::claim_ref;
use crate::model::host_entry::{self, HostWords};

use super::book::{LastBeat, TeamBook};
use super::identity::HostIdentity;
use super::keeper::Keeper;

/// Our entry on one remote.
#[derive(Debug)]
pub struct Pulse {
    pub host: HostIdentity,
    pub user: String,
    pub now: jiff::Timestamp,
    pub book: TeamBook,
}

impl Pulse {
    /// Pushes `changes` and our entry, all or none; where that cannot be, the entry first, and then each for itself.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` with `details.reason` `host_duplicated` where another machine has our identity; then nothing
    /// changed. `interrupted`, `git_failed`.
    pub fn push(&self, keeper: &Keeper, changes: &[RefChange<'_>]) -> Result<Vec<Answer>> {
        let (reference, words) = (host_entry::reference(&self.host.id), self.words());
        let commit = keeper.write("See a host live", self.now, &words)?;
        let last = self.book.last(&self.host.id);
        let expected = last.as_ref().map(|last| last.commit.as_str());
        let own = RefChange { reference: &reference, commit: Some(&commit), expected };
        let all: Vec<RefChange<'_>> = std::iter::once(own).chain(changes.iter().copied()).collect();
        let mut answers = keeper.push(&all, true)?;
        let ours = answers.remove(0);
        let remembered = LastBeat { id: self.host.id.clone(), commit: commit.clone(), at: self.now };
        match &ours {
            Answer::Done => {
                self.book.remember(Some(&remembered));
                return Ok(answers);
            }
            Answer::Silent(_) | Answer::Failed(_) => return Ok(answers),
            // One of the others was what stopped it.
            Answer::Entangled => {
                return if changes.len() == 1 { Ok(answers) } else { keeper.push(changes, false) };
            }
            Answer::NotAtOnce => {
                if keeper.push(&[own], false)?.first() == Some(&Answer::Done) {
                    self.book.remember(Some(&remembered));
                } else {
                    self.meet(keeper, &reference)?;
                }
            }
            Answer::Refused(_) => self.meet(keeper, &reference)?,
        }
        if changes.is_empty() { Ok(Vec::new()) } else { keeper.push(changes, false) }
    }

    /// Looks at who stands where our entry is to be. It may be ours: of a push whose answer was lost.
    fn meet(&self, keeper: &Keeper, reference: &str) -> Result<()> {
        let listed = keeper.list(&[reference])?;
        let texts = keeper.read(&listed)?;
        let found = listed.into_iter().zip(texts).find(|((name, _), _)| name == reference);
        let Some(((_, commit), text)) = found else {
            self.book.remember(None);
            return Ok(());
        };
        let words: Option<HostWords> = text.as_deref().and_then(claim_ref::words);
        if let Some(words) = words
            && host_entry::is_of_a_twin(&words, &self.host.boot, self.host.began)
        {
            return Err(twin(&words));
        }
        self.book.remember(Some(&LastBeat { id: self.host.id.clone(), commit, at: self.now }));
        Ok(())
    }

    fn words(&self) -> HostWords {
        HostWords {
            id: self.host.id.clone(),
            name: self.host.name.clone(),
            user: self.user.clone(),
            boot: self.host.boot.clone(),
            at: self.now,
        }
    }
}

fn twin(words: &HostWords) -> Failure {
    let message = format!(
        "another machine has this one's identity: `{}` wrote our entry at {:.0}, from another start of a machine",
        words.name, words.at
    );
    Failure::new(Code::ClaimsUnreachable, message)
        .hint(format!(
            "one is a copy of the other: on the copy, `{}` gives it an identity of its own",
            wt("team hosts renew", &[])
        ))
        .detail("reason", "host_duplicated")
        .detail("host", words.name.clone())
}
