//! A repository as the registry knows it: by a random id kept inside it, so that moving it changes nothing.

use std::fmt;
use std::path::PathBuf;

use super::note::Gone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The random id that `wt` keeps in a repository's common git dir; 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepositoryId(pub String);

impl fmt::Display for RepositoryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is remembered about one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryRecord {
    pub id: RepositoryId,
    /// The main worktree's folder, or the bare repository.
    pub path: PathBuf,
    pub common_dir: PathBuf,
    /// Device and inode of the common dir: with the id they tell a moved repository from a copied one.
    #[serde(default)]
    pub device: u64,
    #[serde(default)]
    pub inode: u64,
    /// Whether somebody asked for hooks here.
    #[serde(default)]
    pub hooks_wanted: bool,
    #[serde(flatten)]
    pub gone: Gone,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
