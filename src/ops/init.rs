//! `wt init`: a commented starter for the repository's configuration. It never overwrites one.

use std::path::Path;

use serde::Serialize;

use crate::error::Result;
use crate::host::config_files::{repository_file, write_new};

/// The starter: every line is a comment, so that it changes nothing until someone does.
pub const STARTER: &str = include_str!("../../templates/wt.toml");

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub path: String,
}

/// Writes the starter into `root`: the main worktree, or in a bare repository the folder one stands in.
///
/// # Errors
///
/// `path_not_empty` when the repository has a configuration, `permission` where it may not be written.
pub fn run(root: &Path) -> Result<Report> {
    let path = repository_file(root);
    write_new(&path, STARTER)?;
    Ok(Report { path: path.display().to_string() })
}
