//! The worktrees of this repository, or of every registered one, with branch, purpose, ports and state.

use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::view::{ChangesView, StatusView, WorktreeView};

use super::rows::{self, Row};
use super::view;

/// A wish for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Every registered repository, not just the one we stand in.
    pub all: bool,
    /// With changes, and commits ahead and behind.
    pub status: bool,
}

/// The list.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub worktrees: Vec<WorktreeView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Returns the list.
///
/// # Errors
///
/// `not_a_repository` outside of one, unless all are asked for.
pub fn list(context: &Context, request: Request) -> Result<Report> {
    let registry = context.store()?.read()?;
    let mut report = Report { worktrees: Vec::new(), warnings: Vec::new() };
    if !request.all {
        add(context, context.require_repository()?, &registry, request, &mut report)?;
        return Ok(report);
    }
    let mut seen: Vec<RepositoryId> = Vec::new();
    if let Some(repository) = &context.repository {
        seen.extend(repository.find_id());
        add(context, repository, &registry, request, &mut report)?;
    }
    for entry in registry.entries().filter(|entry| entry.is_living()) {
        if seen.contains(&entry.repository_id) {
            continue;
        }
        seen.push(entry.repository_id.clone());
        let found = Repository::discover(&entry.repository).map(|repository| {
            let is_it = repository.find_id().as_ref() == Some(&entry.repository_id);
            is_it.then_some(repository)
        });
        match found {
            Ok(Some(repository)) => add(context, &repository, &registry, request, &mut report)?,
            Ok(None) | Err(_) => add_unreachable(context, &registry, &entry.repository_id, &mut report),
        }
    }
    Ok(report)
}

fn add(
    context: &Context,
    repository: &Repository,
    registry: &Registry,
    request: Request,
    report: &mut Report,
) -> Result<()> {
    for row in rows::rows(repository, registry)? {
        context.host.interrupt.check()?;
        let mut shown = view::of_row(context, repository, &row);
        if request.status {
            shown.status = Some(status(repository, &row, &shown, &mut report.warnings));
        }
        report.worktrees.push(shown);
    }
    Ok(())
}

/// A repository that is gone or elsewhere now: its entries are shown all the same, as the registry has them.
fn add_unreachable(context: &Context, registry: &Registry, id: &RepositoryId, report: &mut Report) {
    for entry in registry.living(id) {
        report.worktrees.push(view::of_unreachable(context, entry));
    }
}

fn status(
    repository: &Repository,
    row: &Row,
    shown: &WorktreeView,
    warnings: &mut Vec<String>,
) -> StatusView {
    if shown.missing {
        return StatusView::default();
    }
    let changes = match repository.changes(row.path(), false) {
        Ok(changes) => Some(ChangesView {
            staged: changes.staged.len(),
            modified: changes.modified.len() + changes.conflicted.len() + changes.submodules.len(),
            untracked: changes.untracked.len(),
        }),
        Err(failure) => {
            warnings.push(format!("{}: {failure}", shown.name));
            None
        }
    };
    let divergence = shown.branch.as_deref().and_then(|branch| divergence(repository, branch));
    StatusView {
        changes,
        ahead: divergence.map(|counts| counts.0),
        behind: divergence.map(|counts| counts.1),
    }
}

/// Ahead and behind of the upstream, else of the default branch.
fn divergence(repository: &Repository, branch: &str) -> Option<(usize, usize)> {
    let tip = repository.find_branch(branch).ok()??;
    let upstream = repository.upstream(branch).ok().flatten().and_then(|upstream| upstream.commit);
    let other = if let Some(commit) = upstream {
        commit
    } else {
        let default = repository.default_branch().ok()??;
        if default == branch {
            return None;
        }
        repository.find_commit(&default).ok()??
    };
    let distance = repository.ahead_behind(&tip, &other).ok()?;
    Some((distance.ahead, distance.behind))
}
