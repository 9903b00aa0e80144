//! What a policy of the environment lets through: `read-only` lets what only looks.

use std::ffi::OsStr;

use crate::error::{Code, Failure, Result};
use crate::model::policy;

/// The variables that set the policy.
pub const VARIABLES: [&str; 2] = ["WT_POLICY", "WT_POLICY_MODE"];

/// Refuses, by the values of the [`VARIABLES`] alone, what changes things where nothing may be changed. A value that is no policy lets nothing through.
///
/// # Errors
///
/// `not_allowed`, `config_invalid`.
pub fn require_allowed(said: &[Option<&OsStr>], command: &str, looks: bool) -> Result<()> {
    for said in said.iter().flatten().filter(|said| !said.is_empty()) {
        match said.to_str() {
            Some("full") => {}
            Some("read-only") if looks => {}
            Some("read-only") => return Err(policy::read_only(command)),
            _ => {
                let message =
                    format!("WT_POLICY is `{}`, which is no policy", said.to_string_lossy().escape_debug());
                return Err(Failure::new(Code::ConfigInvalid, message).hint("write `read-only` or `full`"));
            }
        }
    }
    Ok(())
}
