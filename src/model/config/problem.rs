//! What is wrong with a configuration, where, and what was probably meant.

use super::origin::Origin;
use crate::error::{Code, Failure};

/// What is wrong with one value, before it is known where the value stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueFault {
    pub message: String,
    pub hint: Option<String>,
    /// The element of a list that is meant.
    pub element: Option<usize>,
}

impl ValueFault {
    /// A fault that `message` describes.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Adds the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says which element of a list is meant.
    #[must_use]
    pub fn at(mut self, element: usize) -> Self {
        self.element = Some(element);
        self
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub origin: Origin,
    /// The dotted key; `None` for a file that does not parse.
    pub key: Option<String>,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    /// A problem with the value of `key`.
    #[must_use]
    pub fn with_value(origin: Origin, key: &str, fault: ValueFault) -> Self {
        let message = format!("`{key}`: {}", fault.message);
        Self { origin, key: Some(key.to_owned()), message, hint: fault.hint }
    }

    /// Returns the failure that says so: `config_invalid`.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let mut failure = Failure::new(Code::ConfigInvalid, format!("{}: {}", self.origin, self.message));
        if let Some(key) = &self.key {
            failure = failure.detail("key", key.as_str());
        }
        match &self.origin {
            Origin::File { path, line } => {
                failure = failure.detail("file", path.as_str()).detail("line", *line);
            }
            Origin::Variable(name) => failure = failure.detail("variable", name.as_str()),
            Origin::BuiltIn => {}
        }
        let hint = self.hint.as_deref().unwrap_or("`wt config schema` describes every key");
        failure.hint(hint)
    }
}
