//! What is remembered of the copies in one worktree: enough to prove later that a file is still the copy that was made.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A time of a file: seconds and nanoseconds since 1970.
pub type FileTime = (i64, i64);

/// What was carried into one worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarryRecord {
    /// The folder of the worktree that the copies are of; empty for a record of nothing.
    #[serde(default)]
    pub source: PathBuf,
    /// By path, relative to the worktree; one that is no text is not carried.
    #[serde(default)]
    pub rows: BTreeMap<String, CarriedPath>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CarriedPath {
    /// A folder that was made for what lies in it.
    Folder,
    Link {
        target: PathBuf,
    },
    File {
        /// In bytes; of an env file without our block.
        size: u64,
        /// The source's, which the copy has too.
        time: FileTime,
        /// SHA-1 of the bytes, where it was carried by itself; of an env file without our block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hash: Option<String>,
        /// Whether it may have a block of ours, which comes and goes.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        env: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_version_wrote_is_kept() {
        let text = r#"{"source":"/m","rows":{"a":{"kind":"file","size":3,"time":[7,9]}},"later":1}"#;
        let record: CarryRecord = serde_json::from_str(text).unwrap();
        assert_eq!(record.rows["a"], CarriedPath::File { size: 3, time: (7, 9), hash: None, env: false });
        assert_eq!(serde_json::to_string(&record).unwrap(), text);
    }
}
