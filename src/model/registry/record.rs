//! A line of the registry that may or may not be an entry: what cannot be read is kept to the byte, never dropped.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::Entry;

/// An entry, or something that claims to be one and is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Record {
    Entry(Box<Entry>),
    Unreadable(Value),
}
