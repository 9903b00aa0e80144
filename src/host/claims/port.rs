//! The port to those who keep claims over a network. They are asked without any lock of ours.

use crate::error::Result;
use crate::model::claim::{Claim, ClaimsTaken};

/// Those who keep claims.
pub trait Claims {
    /// Returns what the repository is called among them; `None` where nobody keeps claims, and nothing is written down for
    /// them.
    fn repository(&self) -> Option<&str>;

    /// Takes all of the claims, or none; with `over` also from somebody who has one. Their ids are on record before.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` when those who keep them cannot be reached.
    fn take(&self, claims: &[Claim], worktree: &str, over: bool) -> Result<ClaimsTaken>;

    /// Gives claims back; those that somebody else has are left.
    ///
    /// # Errors
    ///
    /// Fails when it can neither be done nor be put off.
    fn give_back(&self, claims: &[Claim]) -> Result<()>;
}
