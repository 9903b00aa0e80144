//! The four states of a service's health.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a service is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Not checked.
    #[default]
    Unknown,
    /// Bound, ours, and it answers.
    Healthy,
    /// Held by somebody else, or it does not answer.
    Unhealthy,
    /// Nothing listens.
    NotRunning,
}

impl Health {
    /// Returns the word used in the registry and in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::NotRunning => "not_running",
        }
    }

    /// Returns it as people read it.
    #[must_use]
    pub fn words(self) -> &'static str {
        if self == Self::NotRunning { "not running" } else { self.as_str() }
    }

    /// Returns the sign that draws the eye.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Unknown => "?",
            Self::Healthy => "●",
            Self::Unhealthy => "✗",
            Self::NotRunning => "○",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_word_its_words_and_its_sign() {
        for (state, word, words, mark) in [
            (Health::Unknown, "unknown", "unknown", "?"),
            (Health::Healthy, "healthy", "healthy", "●"),
            (Health::Unhealthy, "unhealthy", "unhealthy", "✗"),
            (Health::NotRunning, "not_running", "not running", "○"),
        ] {
            assert_eq!((state.as_str(), state.words(), state.mark()), (word, words, mark));
            assert_eq!(serde_json::to_value(state).unwrap(), word);
        }
    }
}
