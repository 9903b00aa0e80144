//! Where a worktree is.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::absence;
use super::find::{self, Found};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;

/// A worktree's name and folder.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub name: String,
    pub path: PathBuf,
}

/// Returns the folder of the worktree called `wanted`, or beginning so.
///
/// # Errors
///
/// `not_found` when there is none, or its folder is gone; `ambiguous`.
pub fn path(context: &Context, wanted: &str) -> Result<Report> {
    let registry = context.store()?.read()?;
    let found = find::begun(context, &registry, wanted)?;
    if found.path.is_dir() {
        return Ok(Report { name: found.name, path: found.path });
    }
    let gone = gone(&found);
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
pub fn gone(found: &Found) -> Failure {
    let message = format!("the folder of `{}` is gone: {}", found.name, found.path.display());
    Failure::new(Code::NotFound, message)
}
