//! What in a folder was provably made by a checkout, killed half-way perhaps, and what was not. It only looks.

use std::path::{Path, PathBuf};

use crate::error::{Code, Failure, Result};

/// Returns the paths in `folder`, relative to it, that a checkout of `commit` cannot have made: unknown names, and
/// files whose content is neither the commit's nor the beginning of it. The names in `allowed` are passed over at the
/// top. A folder that is not there holds nothing.
///
/// # Errors
///
/// `git_failed` when the commit cannot be read, `permission` when the folder cannot.
pub fn foreign_paths(
    common_dir: &Path,
    commit: &str,
    folder: &Path,
    allowed: &[&str],
) -> Result<Vec<PathBuf>> {
    let _ = (common_dir, folder, allowed);
    Err(Failure::new(Code::Internal, format!("{commit} cannot be compared yet")))
}
