//! Takes away what is provably ours, and puts back what was there before.

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;

use super::install::{Report, take_files_away};
use super::place;

/// Uninstalls the hooks from wherever they are, whichever git wrote them there. Twice is once.
///
/// # Errors
///
/// `hook_foreign` for a hook of ours that somebody changed; `permission` for a folder that cannot be written to.
pub fn uninstall(context: &Context, repository: &Repository) -> Result<Report> {
    let _held = context.host.interrupt.hold();
    let hold = place::hold(context, repository)?;
    place::require_own_sections(repository)?;
    let mut changed = take_files_away(repository)?;
    changed |= place::remove_sections(repository)?;
    hold.release();
    place::note_wish(context, repository, false)?;
    Ok(Report { how: None, folder: repository.own_hooks_dir(), changed, hooks: Vec::new() })
}
