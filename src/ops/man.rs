//! Writes manual pages into a folder. Only the pages themselves are replaced.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Result;
use crate::host::files;

/// A manual page.
#[derive(Clone, Debug)]
pub struct Page {
    /// The file's name, `wt-create.1`.
    pub name: String,
    /// roff, as man(7) has it.
    pub text: String,
}

/// The page of the whole program.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ManPage {
    /// roff.
    pub page: String,
}

/// Which pages were written, and where.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    pub folder: PathBuf,
    pub pages: Vec<String>,
}

/// Writes the pages into `folder`, which is made where it is missing.
///
/// # Errors
///
/// `permission` or `disk_full`, naming the file.
pub fn write(folder: &Path, pages: &[Page]) -> Result<Report> {
    files::make_folders(folder)?;
    let mut names = Vec::new();
    for page in pages {
        files::replace(&folder.join(&page.name), page.text.as_bytes(), 0o644)?;
        names.push(page.name.clone());
    }
    names.sort();
    Ok(Report { folder: folder.to_path_buf(), pages: names })
}
