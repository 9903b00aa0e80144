//! The answer of a command that only says what it would do.

use schemars::JsonSchema;
use serde::Serialize;

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct DryRun<P> {
    pub plan: P,
}
