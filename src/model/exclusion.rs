//! A port never allocated, with its reason: the built-in ones and those that people add.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::port::{Port, PortRange};

/// A range of ports never allocated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    pub first: Port,
    pub last: Port,
    pub reason: String,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Exclusion {
    /// Excludes `range` because of `reason`.
    #[must_use]
    pub fn new(range: PortRange, reason: &str) -> Self {
        Self { first: range.first(), last: range.last(), reason: reason.to_owned(), extra: Map::new() }
    }

    /// Answers whether `port` is excluded by this.
    #[must_use]
    pub fn contains(&self, port: Port) -> bool {
        self.first <= port && port <= self.last
    }
}
