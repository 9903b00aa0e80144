//! What is shown of one worktree while somebody chooses: changes, last commits, ports as they stand, and the last words of its
//! services.

use std::path::Path;

use super::rows;
use super::services::{live, logs};
use super::{list, view};
use crate::context::Context;
use crate::host::git::Repository;
use crate::model::picker::PickerPreview;

/// How many commits are shown.
const COMMITS: usize = 3;

/// How many lines of each log are shown.
const LINES: usize = 4;

/// Looks at the worktree at `path`; `None` where there is none, or nobody wants to know any more.
#[must_use]
pub fn preview(context: &Context, path: &Path, is_unwanted: &dyn Fn() -> bool) -> Option<PickerPreview> {
    let repository = Repository::discover(path).ok()?.heeding(&context.host.interrupt);
    let registry = context.store().and_then(|store| store.read()).ok()?;
    let place = rows::canonical(path);
    let rows = rows::rows(&repository, &registry).ok()?;
    let row = rows.into_iter().find(|row| rows::canonical(row.path()) == place)?;
    let mut seen = [view::of_row(context, &repository, &row)];
    live::add_states(context, &registry, &mut seen);
    let [seen] = seen;
    let commits = seen.head.as_deref().map(|head| repository.last_commits(head, COMMITS)).unwrap_or_default();
    let logs = row.entry.as_ref().map(|entry| logs::last_of_all(context, entry, LINES)).unwrap_or_default();
    let changes = if seen.missing {
        None
    } else {
        repository.changes_unless(path, false, is_unwanted).ok().map(|changes| list::count(&changes))
    };
    (!is_unwanted()).then_some(PickerPreview { changes, commits, ports: seen.ports, logs })
}
