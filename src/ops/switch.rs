//! Tells the shell that called us which folder to change to.

use std::path::Path;

use crate::error::{Code, Failure, Result};
use crate::host::directive;

/// Leaves `folder` for the shell function, which waits for it in `file`.
///
/// # Errors
///
/// Fails when the file cannot be written.
pub fn leave_directive(file: &Path, folder: &Path) -> Result<()> {
    directive::write_directive(file, folder).map_err(|error| {
        let message = format!("the shell cannot be told the folder through {}", file.display());
        Failure::from_io(error, Code::Internal, message)
            .hint("put `eval \"$(wt shell-init bash)\"` (or zsh, fish) into your shell's start-up file again")
    })
}
