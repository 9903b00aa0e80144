//! A worktree that can be chosen.

use std::path::PathBuf;

/// A worktree that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickerRow {
    /// The name that it is gone to by.
    pub name: String,
    pub path: PathBuf,
    /// What is typed is looked for in here: name, branch, purpose, ports.
    pub text: String,
    /// Where its first service with a URL is reached.
    pub url: Option<String>,
    /// Whether we stand in it.
    pub is_current: bool,
    /// Whether its folder is gone.
    pub is_missing: bool,
}
