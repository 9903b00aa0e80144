//! A line of the registry that may or may not be an entry: what cannot be read is kept to the byte, never dropped.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::entry::Entry;

/// An entry, or something that claims to be one and is not.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RegistryRow {
    Entry(Box<Entry>),
    Unreadable(Value),
}

impl<'de> Deserialize<'de> for RegistryRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // From the entry's own text: serde's `untagged` would build every entry twice before it is one.
        let text = Box::<RawValue>::deserialize(deserializer)?;
        match serde_json::from_str(text.get()) {
            Ok(entry) => Ok(Self::Entry(Box::new(entry))),
            Err(_) => serde_json::from_str(text.get()).map(Self::Unreadable).map_err(D::Error::custom),
        }
    }
}
