//! What runs where, as those who keep claims show it to the team: an etcd does, a remote does not.

use super::network::NetworkClaims;
use crate::error::{Code, Failure, Result};
use crate::model::claim_ref;
use crate::model::registry::repository::RepositoryId;
use crate::model::running_entry::{self, LASTS, PREFIX, RunningWords};

impl NetworkClaims {
    /// Reads what runs on all hosts of the team, in all its repositories; none where nobody shows it.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`.
    pub fn running(&self) -> Result<Vec<RunningWords>> {
        if !self.keeper.has_rows() {
            return Ok(Vec::new());
        }
        let listed = self.standing(&format!("{PREFIX}*"))?;
        // Under a strange name it is nobody's row.
        let own_name = |(name, words): (String, Option<RunningWords>)| {
            words.filter(|words| running_entry::reference(words) == name)
        };
        Ok(listed.into_iter().filter_map(own_name).collect())
    }

    /// Has the team see what runs here in this clone of the repository. `look` is called when no other process of this host is at
    /// it, so that the last one to write has seen the last state; it is not called where nobody would see it. Whoever claims
    /// meanwhile does not wait for it.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`; those of `look`.
    pub fn tell_running(
        &self,
        clone: &RepositoryId,
        look: impl FnOnce() -> Result<Vec<RunningWords>>,
    ) -> Result<()> {
        if !self.keeper.has_rows() {
            return Ok(());
        }
        self.pulse.book.alone_at_rows(self.keeper.interrupt(), || {
            let own = running_entry::of_clone(&self.pulse.host.id, &self.repository, clone);
            let standing = self.standing(&format!("{own}*"))?;
            let runs = look()?;
            let change = running_entry::change(&runs, &standing, self.pulse.now);
            let row = |words: &&RunningWords| {
                let text = serde_json::to_string(words).map_err(|error| {
                    Failure::new(Code::Internal, format!("what runs cannot be written: {error}"))
                })?;
                Ok((running_entry::reference(words), text))
            };
            let rows = change.written.iter().map(row).collect::<Result<Vec<(String, String)>>>()?;
            self.keeper.show(&rows, &change.dropped, LASTS)
        })
    }

    fn standing(&self, pattern: &str) -> Result<Vec<(String, Option<RunningWords>)>> {
        let listed = self.keeper.list(&[pattern])?;
        let texts = self.keeper.read(&listed)?;
        let read = |text: Option<String>| text.as_deref().and_then(claim_ref::words);
        Ok(listed.into_iter().zip(texts).map(|((name, _), text)| (name, read(text))).collect())
    }
}
