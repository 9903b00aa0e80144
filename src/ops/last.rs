//! The worktree that this terminal was in before the one it is in: what `-` means.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::terminal_places::{self, Places};
use crate::ops::rows;

/// Returns the folder of the last worktree of this terminal.
///
/// # Errors
///
/// `not_found` without a terminal, and where none was left yet.
pub fn find(context: &Context) -> Result<PathBuf> {
    let absent = |message: &str| {
        Failure::new(Code::NotFound, message)
            .hint("`wt switch NAME` changes to one, and remembers where it was")
    };
    let leader = terminal_places::find_leader()
        .ok_or_else(|| absent("`-` is the last worktree of a terminal, and there is no terminal here"))?;
    let places = terminal_places::read(&context.host.dirs()?, &leader);
    let here = standing(context);
    // Whoever changed folder by hand goes back to where they were sent.
    let last = places.and_then(|places| {
        if here.as_ref() == Some(&places.current) { places.last } else { Some(places.current) }
    });
    last.ok_or_else(|| absent("this terminal was in no other worktree yet"))
}

/// Remembers that this terminal goes to the worktree at `folder` now.
///
/// # Errors
///
/// Fails when the state folder cannot be written to.
pub fn remember(context: &Context, folder: &Path) -> Result<()> {
    let Some(leader) = terminal_places::find_leader() else { return Ok(()) };
    let dirs = &context.host.dirs()?;
    let known = terminal_places::read(dirs, &leader);
    let folder = rows::canonical(folder);
    let before = standing(context).or_else(|| known.as_ref().map(|known| known.current.clone()));
    let last = match before.filter(|before| *before != folder) {
        Some(before) => Some(before),
        None => known.and_then(|known| known.last),
    };
    terminal_places::write(dirs, &Places { leader, current: folder, last })
}

fn standing(context: &Context) -> Option<PathBuf> {
    context.repository.as_ref()?.current().map(|current| rows::canonical(&current.path))
}
