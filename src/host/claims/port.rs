//! The port to those who keep claims. They are asked without any lock of ours: a network may lie between.

use crate::error::Result;
use crate::model::claim::{Claim, ClaimId, Holding, Scope, Taken};

/// Those who keep claims.
pub trait Claims {
    /// Answers whether claims are kept at all: where they are not nothing is written down for them.
    fn are_kept(&self) -> bool;

    /// Takes all of the claims, or none. Their ids are on record before.
    ///
    /// # Errors
    ///
    /// Fails when those who keep them cannot be reached.
    fn take(&self, claims: &[Claim]) -> Result<Taken>;

    /// Gives claims back; those that somebody else has are left.
    ///
    /// # Errors
    ///
    /// Fails when it can neither be done nor be put off.
    fn give_back(&self, ids: &[ClaimId]) -> Result<()>;

    /// Returns who has what.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    fn holders(&self, of: &Scope) -> Result<Vec<Holding>>;
}
