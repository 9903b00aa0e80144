//! The port to those who keep claims over a network. They are asked without any lock of ours but the one that has the callers of
//! one host come one by one.

use crate::error::Result;
use crate::model::claim::{Claim, ClaimsTaken};
use crate::model::claim_ref::ClaimWords;

/// For what claims are taken.
pub struct Taking<'a> {
    /// The worktree; the branch itself where there is none yet.
    pub worktree: &'a str,
    /// Whether a person claims it before there is a worktree.
    pub by_hand: bool,
    /// Whether a claim that stands may be replaced; `None` for one that cannot be read.
    pub may_replace: &'a dyn Fn(Option<&ClaimWords>) -> bool,
}

/// Those who keep claims.
pub trait Claims {
    /// Returns what the repository is called among them; `None` where nobody keeps claims, and nothing is written down for
    /// them.
    fn repository(&self) -> Option<&str>;

    /// Takes all of the claims, or none. Their ids are on record before.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` when those who keep them cannot be reached.
    fn take(&self, claims: &[Claim], taking: &Taking<'_>) -> Result<ClaimsTaken>;

    /// Gives claims back; those that somebody else has are left.
    ///
    /// # Errors
    ///
    /// Fails when it can neither be done nor be put off.
    fn give_back(&self, claims: &[Claim]) -> Result<()>;
}
