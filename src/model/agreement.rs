//! What of a service was approved when somebody asked for it: asked about again at every start.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::registry::repository::RepositoryId;

/// What of a service was approved when somebody asked for it: asked about again at every start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub repository_id: Option<RepositoryId>,
    /// Nothing where all is the user's own.
    pub commands: Vec<AgreedCommand>,
}

/// One command that was approved, and the file that `--config` named where it stands in that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedCommand {
    #[serde(flatten)]
    pub approved: Approved,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// One command that was approved, whole.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Approved {
    pub key: String,
    pub command: String,
}
