//! Gives this host another identity, where a copy of it has the same.

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::host::claims::{host_identity, renew_host_identity};
use crate::host::token;
use crate::model::claim::{Claim, ClaimId};
use crate::model::registry::entry::Entry;

/// The identity that this host has now.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Renewed {
    pub host: String,
    pub id: String,
    /// The id that the other machine keeps.
    pub former: String,
    /// How many branches of worktrees here are claimed anew by the next command that may wait.
    pub branches: usize,
}

/// Gives this host a new identity. What the other machine claimed stays its own; what worktrees here have is claimed anew.
///
/// # Errors
///
/// `permission`, `disk_full`; fails when the registry cannot be written.
pub fn renew(context: &Context) -> Result<Renewed> {
    let (dirs, name) = (context.host.dirs()?, context.host.name());
    let former = host_identity(&dirs, name.clone())?.id;
    renew_host_identity(&dirs)?;
    let branches = context.store()?.update(|registry| {
        let mut branches = 0;
        for entry in registry.entries_mut() {
            branches += rename_claims(entry)?;
        }
        Ok(branches)
    })?;
    let id = host_identity(&dirs, name.clone())?.id;
    Ok(Renewed { host: name, id, former, branches })
}

/// Gives the claims on branches ids of their own: those that they had are the other machine's as well.
fn rename_claims(entry: &mut Entry) -> Result<usize> {
    let mut claims = entry.notes.claims.read_each();
    let mut renamed = 0;
    for claim in claims.iter_mut().filter(|claim| !Claim::is_of_port(claim)) {
        claim.id = ClaimId(token::random()?);
        renamed += 1;
    }
    if renamed > 0 {
        entry.notes.claims.write(&claims);
    }
    Ok(renamed)
}
