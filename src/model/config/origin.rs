//! A value of the configuration and where it came from.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    BuiltIn,
    /// A file and the 1-based line in it.
    File {
        path: String,
        line: usize,
    },
    /// The name of an environment variable.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => formatter.write_str("built-in"),
            Self::File { path, line } => write!(formatter, "{path}:{line}"),
            Self::Variable(name) => formatter.write_str(name),
        }
    }
}

/// As people read it: `built-in`, `/p/.wt.toml:3`, `WT_TRASH_KEEP`.
impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One value and where it came from.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct ConfigValue {
    /// Dotted: `ports.conflict.policy`.
    pub key: String,
    pub value: Value,
    #[schemars(with = "String")]
    pub origin: Origin,
}

/// A value of a repository's file of which more was wanted than counts at once.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldValue {
    /// As written.
    pub value: ConfigValue,
    /// Whether `wt trust` can make it count; else it never does.
    pub until_trusted: bool,
    /// Whether its very text was trusted, so that it counts.
    pub is_trusted: bool,
}
