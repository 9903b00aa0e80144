//! Where a worktree is.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::absence;
use super::elsewhere::{self, FoundElsewhere};
use super::find::FoundWorktree;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::resolve::Naming;

/// A worktree's name and folder.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub name: String,
    pub path: PathBuf,
}

/// Returns the folder of the worktree that `wanted` means, of whichever repository.
///
/// # Errors
///
/// As [`place`].
pub fn path(context: &Context, wanted: &str) -> Result<Report> {
    let FoundWorktree { name, path, .. } = place(context, wanted, Naming::Beginning)?.found;
    Ok(Report { name, path })
}

/// Finds the worktree that `wanted` means, whose folder is there.
///
/// # Errors
///
/// `not_found` when there is none, or its folder is gone; `ambiguous`.
pub fn place(context: &Context, wanted: &str, naming: Naming) -> Result<FoundElsewhere> {
    let registry = context.store()?.read()?;
    let spot = elsewhere::anywhere(context, &registry, wanted, naming)?;
    let found = &spot.found;
    if found.path.is_dir() {
        return Ok(spot);
    }
    let gone = gone(found);
    if spot.home.is_some() {
        return Err(gone.hint("`wt list --all` shows what is there"));
    }
    if let Some(said) = found
        .admin()
        .and_then(|admin| absence::moved_in_words(context.repository.as_ref()?, &found.path, admin))
    {
        return Err(gone.hint(said));
    }
    Err(gone.hint(format!("`{remove}` drops its records", remove = wt("remove {}", &[&found.name]))))
}

/// The failure of whoever needs the folder of a worktree that has none any more.
#[must_use]
pub fn gone(found: &FoundWorktree) -> Failure {
    let message = format!("the folder of `{}` is gone: {}", found.name, found.path.display());
    Failure::new(Code::NotFound, message)
}
