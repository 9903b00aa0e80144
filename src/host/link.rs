//! A file that may be a link: whoever replaces it writes where the link leads, and leaves the link alone.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Code, Failure, Result};

/// After how many links a path is taken for a circle.
const MOST: usize = 16;

/// Follows links to where the file is, or is to be.
///
/// # Errors
///
/// Fails where a link leads back to itself.
pub fn followed(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MOST {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(Failure::new(Code::Permission, format!("{} is a link to itself", path.display())))
}
