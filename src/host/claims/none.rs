//! Nobody keeps claims: whatever the registry gives is given.

use super::port::{Claims, Taking};
use crate::error::Result;
use crate::model::claim::{Claim, ClaimsTaken};

/// Grants everything and remembers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unclaimed;

impl Claims for Unclaimed {
    fn repository(&self) -> Option<&str> {
        None
    }

    fn take(&self, _: &[Claim], _: &Taking<'_>) -> Result<ClaimsTaken> {
        Ok(ClaimsTaken::All)
    }

    fn give_back(&self, _: &[Claim]) -> Result<()> {
        Ok(())
    }
}
