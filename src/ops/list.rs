//! The worktrees of this repository, or of every registered one, with branch, purpose, ports and state.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::list_sizes::Sizes;
use super::services::live;
use super::{bases, branches, prompt, rows, view};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::{ChangedPaths, Repository, Upstreams};
use crate::model::branch::Distance;
use crate::model::registry::table::Registry;
use crate::model::short_names::{ShortNames, of_folder};
use crate::model::view::{ChangesView, StatusView, WorktreeView};
use crate::ops::recorded_repositories::others;

/// A wish for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Every registered repository, not just the one we stand in.
    pub all: bool,
    /// With changes, and commits ahead and behind.
    pub status: bool,
    /// With what each takes on disk.
    pub size: bool,
    /// Whether the changes seen are kept for prompts.
    pub remembers: bool,
}

/// The list.
#[derive(Clone, Debug, JsonSchema, Serialize)]
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
    let mut report = known(context, request)?;
    live::add_states(context, &*context.store()?.read()?, &mut report.worktrees);
    Ok(report)
}

/// Returns the list as git and the registry have it; how services stand now is not looked at.
///
/// # Errors
///
/// As [`list`].
pub fn known(context: &Context, request: Request) -> Result<Report> {
    let registry = context.store()?.read()?;
    let mut report = Report { worktrees: Vec::new(), warnings: Vec::new() };
    let mut sizes = Sizes::default();
    if !request.all {
        let repository = context.require_repository_unless("wt list --all")?;
        add(context, context, repository, &registry, request, &mut report, &mut sizes)?;
        sizes.count(context, &mut report.worktrees, &mut report.warnings)?;
        name_repositories(&registry, &mut report.worktrees);
        return Ok(report);
    }
    if let Some(repository) = &context.repository {
        add(context, context, repository, &registry, request, &mut report, &mut sizes)?;
    }
    for known in others(context, &registry).iter().filter(|known| !known.entries.is_empty()) {
        context.host.interrupt.check()?;
        if let Some((ground, _)) = known.sight(context) {
            let repository = ground.require_repository()?;
            add(context, &ground, repository, &registry, request, &mut report, &mut sizes)?;
        } else {
            // Gone or elsewhere now: its entries are shown all the same, as the registry has them.
            let entries = known.entries.iter();
            report.worktrees.extend(entries.map(|entry| view::of_unreachable(context, entry)));
        }
    }
    sizes.count(context, &mut report.worktrees, &mut report.warnings)?;
    name_repositories(&registry, &mut report.worktrees);
    Ok(report)
}

/// Gives each worktree the short name of its repository; one that is not on record is called as its folder.
fn name_repositories(registry: &Registry, worktrees: &mut [WorktreeView]) {
    let names = ShortNames::of(registry);
    let by_folder: HashMap<&Path, &str> =
        registry.repositories.iter().map(|known| (&*known.path, names.name(&known.id))).collect();
    for worktree in worktrees {
        let known = by_folder.get(&*worktree.repository).map(|name| (*name).to_owned());
        worktree.repository_name = Some(known.unwrap_or_else(|| of_folder(&worktree.repository)));
    }
}

/// Adds the worktrees of the repository, which are shown with the configuration of its `ground`.
fn add(
    context: &Context,
    ground: &Context,
    repository: &Repository,
    registry: &Registry,
    request: Request,
    report: &mut Report,
    sizes: &mut Sizes,
) -> Result<()> {
    let rows = rows::rows(repository, registry)?;
    let mut shown = view::of_rows(context, ground, &rows);
    context.host.interrupt.check()?;
    if request.status {
        let mut distances = Distances::new(ground, repository);
        let mut changes = changes(context, repository, &shown, &mut report.warnings)?.into_iter();
        for (worktree, row) in shown.iter_mut().zip(&rows) {
            let mut status = StatusView::default();
            let head = worktree.head.as_deref();
            worktree.base = Some(row.entry.as_ref().and_then(|entry| bases::find(repository, entry, head)));
            if !worktree.missing {
                status.changes = changes.next().flatten();
                let distance = worktree.branch.as_deref().and_then(|branch| distances.find(branch));
                status.ahead = distance.map(|distance| distance.ahead);
                status.behind = distance.map(|distance| distance.behind);
            }
            worktree.status = Some(status);
        }
        let entries: Vec<_> = rows.iter().map(|row| row.entry.as_ref()).collect();
        let may_write = [context, ground].iter().all(|known| !known.config.policy.is_read_only());
        if request.remembers && may_write {
            prompt::remember(&context.host, &entries, &shown);
        }
    }
    if request.size {
        sizes.note(repository, &mut shown, report.worktrees.len());
    }
    report.worktrees.append(&mut shown);
    Ok(())
}

/// The changes of every worktree that is there, in their order; `None` for those that nobody can tell.
fn changes(
    context: &Context,
    repository: &Repository,
    shown: &[WorktreeView],
    warnings: &mut Vec<String>,
) -> Result<Vec<Option<ChangesView>>> {
    let there: Vec<&WorktreeView> = shown.iter().filter(|worktree| !worktree.missing).collect();
    let paths: Vec<&Path> = there.iter().map(|worktree| &*worktree.path).collect();
    let interrupt = &context.host.interrupt;
    let told = repository.changes_of_all(&paths, &|| interrupt.is_raised());
    interrupt.check()?;
    let counted = there.iter().zip(told).map(|(worktree, told)| match told {
        Some(Ok(changes)) => Some(count(&changes)),
        Some(Err(failure)) => {
            warnings.push(format!("{}: {failure}", worktree.name));
            None
        }
        None => None,
    });
    Ok(counted.collect())
}

/// Returns how many files differ, by kind.
#[must_use]
pub fn count(changes: &ChangedPaths) -> ChangesView {
    ChangesView {
        staged: changes.staged.len(),
        modified: changes.modified.len() + changes.conflicted.len() + changes.submodules.len(),
        untracked: changes.untracked.len() + changes.unreadable.len(),
    }
}

/// Ahead and behind of the upstream, else of the default branch. Many branches stand at the same commits.
struct Distances<'a> {
    context: &'a Context,
    repository: &'a Repository,
    upstreams: Option<Upstreams>,
    /// The default branch and its commit, once they were looked for.
    default: OnceCell<Option<(String, String)>>,
    known: HashMap<(String, String), Option<Distance>>,
}

impl<'a> Distances<'a> {
    fn new(context: &'a Context, repository: &'a Repository) -> Self {
        Self {
            context,
            repository,
            upstreams: repository.upstreams().ok(),
            default: OnceCell::new(),
            known: HashMap::new(),
        }
    }

    fn find(&mut self, branch: &str) -> Option<Distance> {
        let tip = self.repository.find_branch(branch).ok()??;
        let tracking = self.upstreams.as_ref().and_then(|all| all.tracking(branch));
        let upstream = tracking.and_then(|name| self.repository.find_reference(&name).ok().flatten());
        let other = if let Some(commit) = upstream {
            commit
        } else {
            let (name, commit) = self.default()?;
            if name == branch {
                return None;
            }
            commit
        };
        if tip == other {
            return Some(Distance { ahead: 0, behind: 0 });
        }
        let repository = self.repository;
        let key = (tip, other);
        *self.known.entry(key).or_insert_with_key(|(tip, other)| repository.ahead_behind(tip, other).ok())
    }

    fn default(&self) -> Option<(String, String)> {
        let repository = self.repository;
        let found = || {
            let (name, trunks) = branches::require_trunks(self.context, repository).ok()?;
            let trunk = trunks.into_iter().next()?;
            Some((name, trunk.commit))
        };
        self.default.get_or_init(found).clone()
    }
}
