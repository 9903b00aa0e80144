//! The worktrees in which a command is to be run, each with its variables, settled before anything runs.

use std::path::PathBuf;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::process::attribution::{Claim, WT_MARKER};
use crate::model::purpose::Purpose;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::find::Found;
use crate::ops::{env, find, rows};

/// Which worktrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Named(Vec<String>),
    /// All linked ones and a recorded main one; of one purpose only, where one is given.
    All(Option<Purpose>),
}

/// What is to be run, where.
#[derive(Clone, Debug)]
pub struct Request {
    pub wanted: Wanted,
    /// The command and its arguments, without a shell.
    pub words: Vec<std::ffi::OsString>,
    /// How many run at a time.
    pub jobs: usize,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub name: String,
    pub path: PathBuf,
    /// Why nothing is run there.
    pub skipped: Option<&'static str>,
    pub variables: Vec<(String, String)>,
}

/// Chooses them, in the order of `wt list`, or as they were named.
///
/// # Errors
///
/// `not_found` and `ambiguous` for a name, `config_invalid`.
pub(super) fn choose(context: &Context, wanted: &Wanted) -> Result<Vec<Target>> {
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    let found: Vec<Found> = match wanted {
        Wanted::Named(names) => {
            let found = names.iter().map(|name| find::named(context, &registry, name));
            found.collect::<Result<_>>()?
        }
        Wanted::All(purpose) => {
            let is_meant = |row: &rows::Row| {
                let recorded = row.entry.as_ref();
                let is_of =
                    |purpose: &Purpose| recorded.is_some_and(|entry| entry.purpose.as_ref() == Some(purpose));
                (!row.is_main() || recorded.is_some()) && purpose.as_ref().is_none_or(is_of)
            };
            let rows = rows::rows(repository, &registry)?;
            rows.into_iter().filter(is_meant).map(Found::from).collect()
        }
    };
    let mut targets: Vec<Target> = Vec::with_capacity(found.len());
    for found in found {
        if targets.iter().all(|known| known.path != found.path) {
            targets.push(target(context, repository, found)?);
        }
    }
    Ok(targets)
}

fn target(context: &Context, repository: &Repository, found: Found) -> Result<Target> {
    let skipped = skipped(&found);
    let variables = match &found.entry {
        Some(entry) if skipped.is_none() => variables(context, repository, entry)?,
        _ => Vec::new(),
    };
    Ok(Target { name: found.name, path: found.path, skipped, variables })
}

fn skipped(found: &Found) -> Option<&'static str> {
    match found.entry.as_ref().map(|entry| &entry.state) {
        Some(EntryState::Creating { .. }) => return Some("creating"),
        Some(EntryState::Removing { .. }) => return Some("removing"),
        _ => {}
    }
    // Something else may stand where git knows of no worktree.
    let is_there = found.worktree.as_ref().is_some_and(|worktree| !worktree.missing) && found.path.is_dir();
    (!is_there).then_some("missing")
}

fn variables(context: &Context, repository: &Repository, entry: &Entry) -> Result<Vec<(String, String)>> {
    let mut variables = env::variables_of(context, repository, entry)?;
    variables.push((WT_MARKER.to_owned(), Claim::of(entry).marker()));
    Ok(variables)
}
