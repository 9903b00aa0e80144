//! A monitor has the teams of its repositories see this host live: one repository a look, so that a remote which does not answer
//! costs a look its time limit once, and each at most every five minutes. What runs here it has them see too, where that can be
//! shown. Nothing is freed by a beat that stays away.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::context::Context;
use crate::error::Result;
use crate::model::host_entry::BEAT;
use crate::model::lapse::is_past;
use crate::model::registry::repository::RepositoryId;
use crate::model::running_entry::RENEWED;
use crate::ops::recorded_repositories::others;
use crate::ops::team;

/// When each repository was looked at last.
#[derive(Debug, Default)]
pub(super) struct Beats(HashMap<RepositoryId, Timestamp>);

impl Beats {
    /// Beats for one repository, where that is due. Returns what a person has to know.
    ///
    /// # Errors
    ///
    /// Fails when the registry cannot be read.
    pub(super) fn beat(&mut self, context: &Context) -> Result<Option<String>> {
        let registry = context.store()?.read()?;
        let now = context.now();
        for known in others(context, &registry) {
            let is_recent = |then: &Timestamp| !is_past(now, *then, RENEWED);
            let has_claims = || known.entries.iter().any(|entry| team::has_claims_of_branch(entry));
            if self.0.get(known.id).is_some_and(is_recent) || !has_claims() {
                continue;
            }
            self.0.insert(known.id.clone(), now);
            let Some((there, _)) = known.ground(context) else { continue };
            let Some(claims) = there.network_claims() else { continue };
            let mut beaten = claims.beat(BEAT);
            if beaten.is_ok() && claims.keeper.has_rows() {
                beaten = team::tell_running(&there, claims).map(|()| true);
            }
            context.host.interrupt.check()?;
            if matches!(beaten, Ok(false)) {
                continue;
            }
            // Others see by its age that it did not come through.
            let failure = beaten.err().filter(|failure| {
                failure.details().get("reason").is_some_and(|reason| reason == "host_duplicated")
            });
            return Ok(failure.map(|failure| failure.message().to_owned()));
        }
        Ok(None)
    }
}
