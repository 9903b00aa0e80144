//! Random names that nobody else has.

use crate::error::{Code, Failure, Result};
use crate::model::hex::hex;

/// Returns 32 random hexadecimal digits.
///
/// # Errors
///
/// `internal` when the system has no randomness.
pub fn random() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(Code::Internal, format!("the system gives no random bytes: {error}"))
    })?;
    Ok(hex(&bytes))
}
