//! Where a switch leads: the worktree that is meant, and in it the sub-folder that we stand in now, where it is there too.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::elsewhere::{self, FoundElsewhere};
use super::{exec, last, path, rows};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::directive;
use crate::model::resolve::Naming;

/// Where a switch leads.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    pub name: String,
    /// The worktree's own folder.
    pub path: PathBuf,
    /// The folder that the shell changes to: in the worktree, the same as we stand in now where that is there.
    pub folder: PathBuf,
    #[serde(skip)]
    pub spot: FoundElsewhere,
}

impl Report {
    /// Returns the variables of its env block, for a command that is run there.
    ///
    /// # Errors
    ///
    /// `config_invalid`.
    pub fn variables(&self, context: &Context) -> Result<Vec<(String, String)>> {
        exec::target_of(context, self.spot.clone()).map(|target| target.variables)
    }
}

/// Finds where a switch to `wanted` leads.
///
/// # Errors
///
/// As [`path::place`].
pub fn switch(context: &Context, wanted: &str, naming: Naming) -> Result<Report> {
    let spot = path::place(context, wanted, naming)?;
    let root = spot.found.path.clone();
    let folder = if spot.home.is_some() { root.clone() } else { folder_in(context, &root)? };
    Ok(Report { name: spot.found.name.clone(), path: root, folder, spot })
}

/// Returns the names that a switch may be given here: those of this repository; outside of one, those of all.
///
/// # Errors
///
/// Fails when the registry or the repository cannot be read.
pub fn names(context: &Context) -> Result<Vec<String>> {
    let registry = context.store()?.read()?;
    if let Some(repository) = &context.repository {
        return Ok(rows::rows(repository, &registry)?.iter().map(rows::WorktreeRow::name).collect());
    }
    Ok(elsewhere::names(&registry, None))
}

/// Returns the folder in the worktree at `root` that is called as the one we stand in; else the nearest one above it that is
/// there.
fn folder_in(context: &Context, root: &Path) -> Result<PathBuf> {
    let repository = context.require_repository()?;
    let Some(current) = repository.current() else { return Ok(root.to_path_buf()) };
    let here = rows::canonical(&context.folder);
    let Ok(inner) = here.strip_prefix(rows::canonical(&current.path)) else { return Ok(root.to_path_buf()) };
    if inner.as_os_str().is_empty() {
        return Ok(root.to_path_buf());
    }
    let registry = context.store()?.read()?;
    let rows = rows::rows(repository, &registry)?;
    let others: Vec<PathBuf> = rows.iter().map(|row| rows::canonical(row.path())).collect();
    let target = rows::canonical(root);
    // A folder of another worktree may lie in this one, and a link may lead out of it.
    let is_inside = |folder: &Path| {
        let within = others.iter().filter(|other| folder.starts_with(other));
        within.max_by_key(|other| other.components().count()) == Some(&target)
    };
    let inners = inner.ancestors().filter(|inner| !inner.as_os_str().is_empty());
    let kept = inners.map(|inner| root.join(inner)).find(|folder| {
        let real = folder.canonicalize().ok().filter(|real| real.is_dir());
        real.is_some_and(|real| is_inside(&real))
    });
    Ok(kept.unwrap_or_else(|| root.to_path_buf()))
}

/// Remembers that this terminal goes to the worktree at `root` now. Where nothing can be remembered, it goes there all the same.
pub fn remember(context: &Context, root: &Path) {
    if !context.config.policy.is_read_only() {
        let _ = last::remember(context, root);
    }
}

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
