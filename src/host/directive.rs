//! The file through which the shell function learns which folder to change to.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// Writes `folder`'s exact bytes into `file`, which the shell function has made: a file that is not there is not made,
/// since nobody would read it.
///
/// # Errors
///
/// Those of opening and writing.
pub fn write_directive(file: &Path, folder: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(file)?;
    file.write_all(folder.as_os_str().as_encoded_bytes())
}
