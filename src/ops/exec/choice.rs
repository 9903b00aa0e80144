//! The worktrees in which a command is to be run, each with its variables, settled before anything runs.

use std::path::PathBuf;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::process::attribution::{ProcessClaim, WT_MARKER};
use crate::model::purpose::Purpose;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::resolve::Naming;
use crate::ops::elsewhere::{self, FoundElsewhere};
use crate::ops::find::FoundWorktree;
use crate::ops::rows::{self, WorktreeRow};
use crate::ops::{env, foreign, ground};

/// Which worktrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedWorktrees {
    Named(Vec<String>),
    /// All linked ones and a recorded main one; of one purpose only, where one is given.
    All(Option<Purpose>),
}

/// What is to be run, where.
#[derive(Clone, Debug)]
pub struct Request {
    pub wanted: WantedWorktrees,
    /// The command and its arguments, without a shell.
    pub words: Vec<std::ffi::OsString>,
    /// How many run at a time.
    pub jobs: usize,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct ExecTarget {
    pub name: String,
    pub path: PathBuf,
    /// Why nothing is run there.
    pub skipped: Option<&'static str>,
    pub variables: Vec<(String, String)>,
}

/// Chooses them, in the order of `wt list`, or as they were named, of whichever repository.
///
/// # Errors
///
/// `not_found` and `ambiguous` for a name, `config_invalid`.
pub(super) fn choose(context: &Context, wanted: &WantedWorktrees) -> Result<Vec<ExecTarget>> {
    let registry = context.store()?.read()?;
    let spots: Vec<FoundElsewhere> = match wanted {
        WantedWorktrees::Named(names) => {
            let spots = names.iter().map(|name| elsewhere::anywhere(context, &registry, name, Naming::Whole));
            spots.collect::<Result<_>>()?
        }
        WantedWorktrees::All(purpose) => {
            let is_meant = |row: &rows::WorktreeRow| {
                let recorded = row.entry.as_ref();
                let is_of =
                    |purpose: &Purpose| recorded.is_some_and(|entry| entry.purpose.as_ref() == Some(purpose));
                (!row.is_main() || recorded.is_some()) && purpose.as_ref().is_none_or(is_of)
            };
            let rows = rows::rows(context.require_repository()?, &registry)?;
            let meant = rows.into_iter().filter(is_meant);
            meant.map(|row| FoundElsewhere { found: row.into(), home: None }).collect()
        }
    };
    let is_named = matches!(wanted, WantedWorktrees::Named(_));
    let mut targets: Vec<ExecTarget> = Vec::with_capacity(spots.len());
    for spot in spots {
        if targets.iter().any(|known| known.path == spot.found.path) {
            continue;
        }
        // Whoever says "all" does not think of strangers.
        let is_passed_over = !is_named && is_foreign(context, &spot)?;
        let target = target_of(context, spot)?;
        let passed_over = is_passed_over.then_some(foreign::SKIPPED);
        targets.push(ExecTarget { skipped: target.skipped.or(passed_over), ..target });
    }
    Ok(targets)
}

fn is_foreign(context: &Context, spot: &FoundElsewhere) -> Result<bool> {
    let row = WorktreeRow { worktree: spot.found.worktree.clone(), entry: spot.found.entry.clone() };
    Ok(foreign::of_row(context.require_repository()?, &row).is_foreign)
}

/// Returns the worktree with its variables, as the configuration of its own repository makes them.
///
/// # Errors
///
/// `config_invalid`.
pub fn target_of(context: &Context, spot: FoundElsewhere) -> Result<ExecTarget> {
    let name = spot.name();
    match &spot.home {
        None => target(context, name, spot.found),
        Some(home) => match ground::open(context, &home.root, &home.id) {
            Some((context, _)) => target(&context, name, spot.found),
            None => Ok(ExecTarget { name, path: spot.found.path, skipped: None, variables: Vec::new() }),
        },
    }
}

fn target(context: &Context, name: String, found: FoundWorktree) -> Result<ExecTarget> {
    let skipped = skipped(&found);
    let variables = match &found.entry {
        Some(entry) if skipped.is_none() => variables(context, context.require_repository()?, entry)?,
        _ => Vec::new(),
    };
    Ok(ExecTarget { name, path: found.path, skipped, variables })
}

fn skipped(found: &FoundWorktree) -> Option<&'static str> {
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
    variables.push((WT_MARKER.to_owned(), ProcessClaim::of(entry).marker()));
    Ok(variables)
}
