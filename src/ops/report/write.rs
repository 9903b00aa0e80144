//! The report's page, and its file: a file that is no report of ours is never overwritten.

use std::path::Path;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::model::report::page::{self, MARK};
use crate::model::report::tables::Report;

/// Only the user may read it: it names worktrees and programs.
const MODE: u32 = 0o600;

/// Returns the page.
///
/// # Errors
///
/// `internal`.
pub fn page(context: &Context, report: &Report) -> Result<String> {
    page::html(report, context.now())
}

/// Writes the page into `file`, which is not there or is an earlier report.
///
/// # Errors
///
/// `path_not_empty` for anything else that stands there; `permission`, `disk_full`.
pub fn write(context: &Context, report: &Report, file: &Path) -> Result<()> {
    let file = context.absolute(file);
    if let Ok(there) = file.symlink_metadata() {
        if !there.is_file() || !files::begins_with(&file, MARK.as_bytes()).unwrap_or(false) {
            let message = format!("{} is there already, and is no report", file.display());
            return Err(
                Failure::new(Code::PathNotEmpty, message).hint("name another file, or move that one away")
            );
        }
        return files::replace(&file, page(context, report)?.as_bytes(), MODE);
    }
    files::make_new(&file, page(context, report)?.as_bytes(), MODE)
}
