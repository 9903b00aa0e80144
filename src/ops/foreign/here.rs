//! Allowing a stranger's code: the one commit that is checked out, by somebody who looked at it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::{mark, standing};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::foreign::{ForeignMark, Pull};
use crate::model::registry::entry::Entry;
use crate::model::view::as_text;
use crate::ops::env_files::follow;
use crate::ops::services::down::{self, Runs};
use crate::ops::{env, rows};

/// How the code in the worktree that we stand in stands.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ForeignHere {
    pub worktree: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// Whether it is a stranger's and the commit that is checked out is not allowed.
    pub foreign: bool,
    /// Whether it is a stranger's and that commit is allowed.
    pub allowed: bool,
    /// The commit that is checked out, in hexadecimal.
    pub commit: Option<String>,
    pub author: Option<String>,
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<Pull>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    #[serde(skip)]
    entry: Entry,
}

/// Returns how the code in the worktree that we stand in stands.
///
/// # Errors
///
/// `not_found` for a worktree that is not recorded.
pub fn status(context: &Context) -> Result<ForeignHere> {
    let repository = context.require_repository()?;
    let entry = env::require_entry(context, None)?;
    let worktree = repository.find_worktree(&entry.path)?;
    let commit = worktree.as_ref().and_then(|worktree| worktree.commit.clone());
    let standing = standing::of_row(repository, &rows::WorktreeRow { worktree, entry: Some(entry.clone()) });
    let facts = commit.as_ref().map(|commit| repository.commit_facts(commit)).transpose()?;
    Ok(ForeignHere {
        worktree: entry.name.clone(),
        path: entry.path.clone(),
        foreign: standing.is_foreign,
        allowed: standing.shown() == Some(false),
        commit,
        author: facts.as_ref().map(|facts| facts.author.clone()),
        subject: facts.map(|facts| facts.subject),
        pull: standing.pull().cloned(),
        warnings: Vec::new(),
        entry,
    })
}

/// Allows the very commit of `shown`, which somebody has seen, and has the env block follow.
///
/// # Errors
///
/// `untrusted` where another commit is checked out by now; when it cannot be recorded: nothing is allowed then.
pub fn allow(context: &Context, shown: &ForeignHere) -> Result<ForeignHere> {
    let now = status(context)?;
    if now.commit != shown.commit || now.commit.is_none() {
        return Err(Failure::new(
            Code::Untrusted,
            "another commit is checked out by now: nothing was allowed",
        )
        .hint("run the command again, and look at what it shows"));
    }
    change(context, &now, |mark| ForeignMark { foreign: true, allowed: shown.commit.clone(), ..mark })
}

/// Takes back what was allowed for the worktree that we stand in, and returns what runs there.
///
/// # Errors
///
/// Fails when that cannot be recorded, or the services that run cannot be read.
pub fn revoke(context: &Context) -> Result<(ForeignHere, Vec<Runs>)> {
    let now = status(context)?;
    if !now.allowed {
        return Ok((now, Vec::new()));
    }
    let revoked = change(context, &now, |mark| ForeignMark { foreign: true, allowed: None, ..mark })?;
    let mut running = down::running_in_repository(context)?;
    running.retain(|runs| runs.worktree == revoked.worktree);
    Ok((revoked, running))
}

fn change(
    context: &Context,
    now: &ForeignHere,
    change: impl FnOnce(ForeignMark) -> ForeignMark,
) -> Result<ForeignHere> {
    let repository = context.require_repository()?;
    let known = standing::of_entry(repository, &now.entry).mark.unwrap_or_default();
    let entry = mark::write(context, repository, &now.entry, &change(known))?;
    let mut warnings = Vec::new();
    if entry.env {
        // `[env.set]` comes and goes with it. What keeps the block from following is said, and changes nothing about it.
        match follow(context, repository, &entry) {
            Ok(written) => warnings.extend(written.warnings),
            Err(failure) => warnings.push(format!("the env block does not follow: {failure}")),
        }
    }
    Ok(ForeignHere { warnings, ..status(context)? })
}
