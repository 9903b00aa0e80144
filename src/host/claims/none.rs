//! Nobody keeps claims: whatever the registry gives is given.

use super::Claims;
use crate::error::Result;
use crate::model::claim::{Claim, ClaimId, Holding, Scope, Taken};

/// Grants everything and remembers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unclaimed;

impl Claims for Unclaimed {
    fn are_kept(&self) -> bool {
        false
    }

    fn take(&self, _: &[Claim]) -> Result<Taken> {
        Ok(Taken::All)
    }

    fn give_back(&self, _: &[ClaimId]) -> Result<()> {
        Ok(())
    }

    fn holders(&self, _: &Scope) -> Result<Vec<Holding>> {
        Ok(Vec::new())
    }
}
