//! git's record of one vanished worktree put away on its own, as `wt validate --fix` does it.

use std::path::Path;
use std::time::Duration;

use super::apply::apply;
use super::candidate::{Plan, vanished};
use super::report::Request;
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::ops::absence::{AbsenceLook, judge};
use crate::ops::rows;
use crate::ops::vanished::Lookout;

/// Puts git's record of the worktree at `path` away, and ours with it, where both are still as they were seen and the
/// folder is proven gone; returns what there is to say.
///
/// # Errors
///
/// Fails when the records cannot be read or written.
pub fn put_record_away(context: &Context, repository: &Repository, path: &Path) -> Result<Vec<String>> {
    let registry = context.store()?.read()?;
    let lookout = Lookout::new(context, Some(repository))?;
    let row = rows::rows(repository, &registry)?.into_iter().find(|row| !row.is_main() && row.path() == path);
    let Some(row) = row else { return Ok(Vec::new()) };
    let AbsenceLook::Vanished = judge(context, repository, &lookout, &row, false) else {
        return Ok(Vec::new());
    };
    let request = Request { merged: false, min_age: Duration::ZERO, delete_branch: false };
    let plan = Plan {
        candidates: vec![vanished(context, repository, &row)?],
        kept: Vec::new(),
        compared_with: Vec::new(),
        due: Vec::new(),
        request,
    };
    let report = apply(context, &plan)?;
    let mut said = report.warnings;
    for pruned in report.pruned.iter().filter(|pruned| pruned.restorable) {
        said.push(format!(
            "git's record of `{0}` was put away: `{restore}` brings back what git knew of it",
            pruned.name,
            restore = wt("restore {}", &[&pruned.name])
        ));
    }
    Ok(said)
}
