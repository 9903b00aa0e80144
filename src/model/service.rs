//! A named thing in a worktree that wants a port: `web`, `api`, `db`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A service's name, `[a-z][a-z0-9-]*`, 32 at most; in variables `-` becomes `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(String);

impl ServiceName {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the service's `position`-th nameless companion, `port-2`, `port-3`, … (`position` counts from 1).
    #[must_use]
    pub fn numbered(position: usize) -> Self {
        Self(format!("port-{position}"))
    }

    /// Returns the name as it stands in environment variables: `admin-api` is `ADMIN_API`.
    #[must_use]
    pub fn variable(&self) -> String {
        self.0.to_ascii_uppercase().replace('-', "_")
    }
}

impl FromStr for ServiceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if super::identifier::is_lower_word(text, 32) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "`{}` is not a service name: use a lower-case letter, then letters, digits and `-`",
                text.escape_debug()
            ))
        }
    }
}

impl TryFrom<String> for ServiceName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ServiceName> for String {
    fn from(service: ServiceName) -> Self {
        service.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
