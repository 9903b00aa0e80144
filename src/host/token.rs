//! Random names that nobody else has.

use std::fmt::Write as _;

use crate::error::{Code, Failure, Result};

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
    Ok(bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
