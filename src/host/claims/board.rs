//! Everything that the team sees on the remote: the claims, and when each host was seen last.

use jiff::SignedDuration;

use super::network::NetworkClaims;
use crate::error::Result;
use crate::model::claim::{Claim, ClaimId, ClaimSubject, Holding};
use crate::model::claim_ref::{self, ClaimWords, StandingClaim};
use crate::model::host_entry::{self, HostWords};
use crate::model::lapse::is_past;
use crate::model::port::Port;

/// What stands on the remote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    pub claims: Vec<StandingClaim>,
    pub hosts: Vec<HostWords>,
    pub unread: Vec<UnreadClaim>,
}

/// A claim of which nothing is known but the branch: what stands there is no commit of ours, or it could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadClaim {
    pub branch: String,
    pub reference: String,
    pub commit: String,
}

impl NetworkClaims {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`.
    pub fn board(&self) -> Result<Board> {
        let all =
            [claim_ref::PREFIX, claim_ref::PORT_PREFIX, host_entry::PREFIX].map(|one| format!("{one}*"));
        let listed = self.keeper.list(&[&all[0], &all[1], &all[2]])?;
        let texts = self.keeper.read(&listed)?;
        let mut board = Board::default();
        for ((reference, commit), text) in listed.into_iter().zip(texts) {
            if reference.starts_with(host_entry::PREFIX) {
                let words: Option<HostWords> = text.as_deref().and_then(claim_ref::words);
                board.hosts.extend(words.filter(|words| host_entry::reference(&words.id) == reference));
                continue;
            }
            let words = text.as_deref().and_then(ClaimWords::parse);
            match words.filter(|words| claim_ref::reference_of(&words.subject()).as_ref() == Some(&reference))
            {
                Some(words) => board.claims.push(StandingClaim { words, reference, commit }),
                // Under a strange name it is nobody's claim.
                None => board.unread.extend(claim_ref::branch_of(&reference).map(|branch| UnreadClaim {
                    branch,
                    reference,
                    commit,
                })),
            }
        }
        Ok(board)
    }

    /// Returns the refs of the branches that are claimed.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`.
    pub fn references(&self) -> Result<Vec<String>> {
        let listed = self.keeper.list(&[&format!("{}*", claim_ref::PREFIX)])?;
        Ok(listed.into_iter().map(|(name, _)| name).collect())
    }

    /// Returns the ports that other hosts have.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`.
    pub fn ports_of_others(&self) -> Result<Vec<(Port, Holding)>> {
        let listed = self.keeper.list(&[&format!("{}*", claim_ref::PORT_PREFIX)])?;
        let texts = self.keeper.read(&listed)?;
        let mut found = Vec::new();
        for ((reference, _), text) in listed.into_iter().zip(texts) {
            let number =
                reference.strip_prefix(claim_ref::PORT_PREFIX).and_then(|number| number.parse().ok());
            let Some(port) = number.and_then(Port::new) else { continue };
            let subject = ClaimSubject::TeamPort { repository: self.repository.clone(), port };
            let words = text.as_deref().and_then(ClaimWords::parse).filter(|words| words.port == Some(port));
            match words {
                Some(words) if self.is_ours(&words) => {}
                Some(words) => found.push((port, words.holding())),
                None => {
                    let label = subject.label();
                    found.push((
                        port,
                        Holding::unknown(Claim { id: ClaimId(String::new()), subject }, &label),
                    ));
                }
            }
        }
        Ok(found)
    }

    /// Has the team see this host live, where the last sign of it is older than `most`; false where it is not.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`, also where another machine has our identity.
    pub fn beat(&self, most: SignedDuration) -> Result<bool> {
        let is_due = || {
            let last = self.pulse.book.last(&self.pulse.host.id);
            last.is_none_or(|last| is_past(self.pulse.now, last.at, most))
        };
        if !is_due() {
            return Ok(false);
        }
        self.pulse.book.alone(self.keeper.interrupt(), || {
            // Another one of this host may have done it meanwhile.
            let is_due = is_due();
            if is_due {
                self.pulse.push(&self.keeper, &[])?;
            }
            Ok(is_due)
        })
    }
}
