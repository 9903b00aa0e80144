//! Asking again (`--reuse`): a worktree that is there already and agrees with what is asked for is the answer.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::draft::NameDraft;
use super::planned::BranchPlan;
use super::request::{HeadWish, Request};
use super::{Report, apply, plan, wishes};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::purpose::Purpose;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::service::ServiceName;
use crate::model::view::{WorktreeView, as_text};
use crate::ops::arrival::{Arrival, arrive};
use crate::ops::rows::{self, WorktreeRow};
use crate::ops::watch::Watch;
use crate::ops::{adopt, bases, env, prune, view};

/// How often it is looked whether another create of the same worktree has ended.
const PAUSE: Duration = Duration::from_millis(25);

/// How many such pauses another process is waited for: a minute.
const MOST_WAITS: u32 = 2400;

/// How often a create is tried again that somebody else was faster at.
const TRIES: usize = 3;

/// What asking again led to.
#[derive(Debug)]
pub enum CreateOutcome {
    Made(Box<Report>),
    Found(Box<Reused>),
}

/// A worktree that was there already.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Reused {
    pub worktree: WorktreeView,
    /// Whether it was created now: no.
    pub created: bool,
    /// Whether a pull request was moved forward to its new head; absent for all else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<bool>,
    pub branch: BranchPlan,
    /// The variables of the env block, in order.
    #[serde(skip)]
    pub variables: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What was asked for and has no effect.
    #[serde(skip)]
    pub said: Vec<String>,
}

/// How the worktree stands that was asked for.
enum Standing {
    Absent,
    /// Its folder is gone; git or the registry has a record of it, by this name.
    Gone(String),
    /// Another process makes it or puts it away.
    Changing,
    There(Box<(WorktreeRow, Entry)>),
}

/// Returns the worktree that the request names where it is there and agrees, once whoever makes it is done; creates it
/// otherwise. One whose folder is gone is made again.
///
/// # Errors
///
/// `usage` without a name; `worktree_exists` for one on another branch or with another purpose; what stops a create, and
/// what stops ports or the env block.
pub fn create_or_reuse(context: &Context, request: &Request, watch: &dyn Watch) -> Result<CreateOutcome> {
    let (mut tries, mut waits) = (0, 0);
    let mut is_cleared = false;
    loop {
        let (purpose, draft) = plan::named(context, request)?;
        match stands(context, &draft)? {
            Standing::There(found) => {
                let (row, entry) = *found;
                return take(context, request, &purpose, &draft, &row, &entry)
                    .map(|found| CreateOutcome::Found(Box::new(found)));
            }
            Standing::Changing => {
                // Whoever died at it is found out at once; who is at work takes a while, or cannot be seen from here.
                if waits == 0 {
                    let _ = arrive(context, Arrival::Obstacle);
                }
                waits += 1;
                if waits > MOST_WAITS {
                    let message = format!("`{}` has been made or removed for a minute by now", draft.name);
                    return Err(Failure::new(Code::Locked, message).hint("`wt list --all` shows its state"));
                }
                context.host.clock.wait(PAUSE, &context.host.interrupt)?;
            }
            Standing::Gone(name) if !is_cleared => {
                is_cleared = true;
                let wish = prune::Request { merged: false, min_age: Duration::ZERO, delete_branch: false };
                prune::apply(context, &prune::plan(context, wish, &[name])?)?;
            }
            Standing::Gone(_) | Standing::Absent => {
                let made = plan::plan(context, request).and_then(|plan| apply::apply(context, plan, watch));
                match made {
                    Ok(report) => return Ok(CreateOutcome::Made(Box::new(report))),
                    Err(failure) if plan::is_taken(&failure) && tries < TRIES => tries += 1,
                    Err(failure) => return Err(failure),
                }
            }
        }
    }
}

/// A worktree that would be the answer.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Reusable {
    pub name: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// Whether it would be created: no.
    pub created: bool,
    #[serde(skip)]
    pub worktree: WorktreeView,
}

/// Returns the worktree that would be the answer; `None` where one would be created. Changes nothing.
///
/// # Errors
///
/// As [`create_or_reuse`].
pub fn find(context: &Context, request: &Request) -> Result<Option<Reusable>> {
    let (purpose, draft) = plan::named(context, request)?;
    let Standing::There(found) = stands(context, &draft)? else { return Ok(None) };
    let (row, entry) = *found;
    require_agreement(request, &purpose, &draft, &row, &entry)?;
    let worktree = view::of_row(context, context.require_repository()?, &row);
    Ok(Some(Reusable { name: worktree.name.clone(), path: worktree.path.clone(), created: false, worktree }))
}

fn stands(context: &Context, draft: &NameDraft) -> Result<Standing> {
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    let rows = rows::rows(repository, &registry)?;
    let is_named = |row: &&WorktreeRow| row.entry.as_ref().is_some_and(|entry| entry.name == draft.name);
    if let Some(row) = rows.iter().find(is_named)
        && let Some(entry) = &row.entry
    {
        return Ok(match entry.state {
            EntryState::Active if row.is_missing() => Standing::Gone(entry.name.clone()),
            EntryState::Active if row.worktree.is_some() => {
                Standing::There(Box::new((row.clone(), entry.clone())))
            }
            // Something else stands there: a create says so.
            EntryState::Active => Standing::Absent,
            _ => Standing::Changing,
        });
    }
    // The record of ours went already, and git has its own.
    let is_left = |row: &&WorktreeRow| {
        let is_it = row.branch() == Some(&draft.branch) || row.path() == draft.path;
        !row.is_main() && row.entry.is_none() && row.is_missing() && is_it
    };
    Ok(rows.iter().find(is_left).map_or(Standing::Absent, |row| Standing::Gone(row.name())))
}

fn require_agreement(
    request: &Request,
    purpose: &Purpose,
    draft: &NameDraft,
    row: &WorktreeRow,
    entry: &Entry,
) -> Result<()> {
    let returning = row.worktree.as_ref().and_then(|worktree| worktree.returning.as_ref());
    let branch = row.branch().or_else(|| returning.map(|returning| returning.branch.as_str()));
    let wanted = (request.head != HeadWish::Detached).then_some(draft.branch.as_str());
    let on =
        |branch: Option<&str>| branch.map_or("no branch".to_owned(), |branch| format!("branch `{branch}`"));
    let differs = if branch != wanted {
        format!("it is on {} and not on {}", on(branch), on(wanted))
    } else if entry.purpose.as_ref() != Some(purpose) {
        let own = entry.purpose.as_ref().map_or("none".to_owned(), |own| format!("`{own}`"));
        format!("its purpose is {own} and not `{purpose}`")
    } else {
        return Ok(());
    };
    let (name, path) = (&entry.name, row.path().display());
    let switch = wt("switch {}", &[name]);
    let named = wt("adopt {} --purpose {}", &[&path, purpose]);
    let named = if branch == wanted { format!("; `{named}` names its purpose") } else { String::new() };
    Err(Failure::new(
        Code::WorktreeExists,
        format!("worktree `{name}` exists already, at {path}, and {differs}"),
    )
    .hint(format!("`{switch}` goes there; another identifier makes another worktree{named}"))
    .detail("path", path.to_string()))
}

/// Gives it what it lacks, and returns it.
fn take(
    context: &Context,
    request: &Request,
    purpose: &Purpose,
    draft: &NameDraft,
    row: &WorktreeRow,
    entry: &Entry,
) -> Result<Reused> {
    require_agreement(request, purpose, draft, row, entry)?;
    let repository = context.require_repository()?;
    let mut entry = Entry { path: row.path().to_path_buf(), ..entry.clone() };
    let mut warnings = Vec::new();
    let wanted = wishes::wishes_of(context, purpose, request.ports.as_ref())?;
    let has = |service: &ServiceName| entry.services().iter().any(|(known, _)| known == service);
    let lacking: Vec<ServiceName> =
        wanted.into_iter().map(|wish| wish.service).filter(|service| !has(service)).collect();
    if !lacking.is_empty() {
        entry = adopt::give_services(context, repository, &entry, lacking, &mut warnings)?;
    }
    let worktree = view::of_entry(context, repository, &entry)?;
    let base = bases::find(repository, &entry, worktree.head.as_deref());
    let branch = match &worktree.branch {
        Some(name) => BranchPlan::Existing { name: name.clone() },
        None => BranchPlan::Detached,
    };
    Ok(Reused {
        said: ignored(repository, request, draft, row, &entry),
        variables: env::variables_of(context, repository, &entry)?,
        worktree: WorktreeView { base: Some(base), ..worktree },
        created: false,
        updated: None,
        branch,
        warnings,
    })
}

/// What was asked for, is different there, and has no effect.
fn ignored(
    repository: &Repository,
    request: &Request,
    draft: &NameDraft,
    row: &WorktreeRow,
    entry: &Entry,
) -> Vec<String> {
    let mut flags: Vec<String> = Vec::new();
    if let Some(base) = &request.base {
        let asked = repository.find_commit(base).ok().flatten();
        let own = entry.notes.base.read().map(|base| base.commit);
        if own.is_none() || asked != own {
            flags.push(format!("--base {base}"));
        }
    }
    if request.path.is_some() && rows::canonical(&draft.path) != rows::canonical(row.path()) {
        flags.push(format!("--path {}", draft.path.display()));
    }
    if let Some(reason) = &request.lock {
        let own = row.worktree.as_ref().and_then(|worktree| worktree.lock.as_ref());
        if own.is_none_or(|own| reason.as_ref().is_some_and(|reason| reason != own)) {
            flags.push("--lock".to_owned());
        }
    }
    if request.with_changes {
        flags.push("--with-changes".to_owned());
    }
    let name = &entry.name;
    flags.into_iter().map(|flag| format!("`{flag}` has no effect: `{name}` is there already")).collect()
}
