//! Pruning by name, the last resort for every record: of this repository or of one that is gone or was made anew, with or
//! without evidence that the folder was deleted. What is there, moved, locked or being worked at is refused.

use super::candidate::{self, Plan, PruneCandidate, vanished};
use super::report::Request;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{RecordDamage, Repository};
use crate::host::place;
use crate::model::advised::{Advised, git, wt};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::model::resolve::NamedWorktree;
use crate::ops::absence::{AbsenceLook, judge};
use crate::ops::damaged;
use crate::ops::rows::{self, WorktreeRow};
use crate::ops::vanished::Lookout;
use crate::ops::{find, origin};

/// Plans to prune those that are named, each by its whole name, identifier, branch or folder.
///
/// # Errors
///
/// `not_found`, `ambiguous`; `worktree_exists` for one that is there, `locked` for one that stays for another reason.
pub(super) fn plan(context: &Context, request: Request, names: &[String]) -> Result<Plan> {
    let registry = context.store()?.read()?;
    let mut plan = Plan {
        candidates: Vec::new(),
        kept: Vec::new(),
        compared_with: Vec::new(),
        due: Vec::new(),
        request,
    };
    for name in names {
        // Who stands for a sign is known by its folder.
        let signed = match &context.repository {
            Some(_) => find::find_signed(context, &registry, name)?,
            None => None,
        };
        let name = &signed.map_or_else(|| name.clone(), |found| found.path.display().to_string());
        let own = match &context.repository {
            Some(repository) => find_here(context, repository, &registry, name)?,
            None => None,
        };
        let candidate = match own {
            Some(candidate) => candidate,
            None => find_elsewhere(context, &registry, name)?,
        };
        let is_known = |known: &PruneCandidate| known.path == candidate.path && known.name == candidate.name;
        if !plan.candidates.iter().any(is_known) {
            plan.candidates.push(candidate);
        }
    }
    Ok(plan)
}

fn find_here(
    context: &Context,
    repository: &Repository,
    registry: &Registry,
    name: &str,
) -> Result<Option<PruneCandidate>> {
    let fits = |row: &WorktreeRow| {
        let known: NamedWorktree = rows::candidate(row, registry, repository);
        !row.is_main()
            && (known.name == name
                || known.identifier.as_deref() == Some(name)
                || known.branch.as_deref() == Some(name)
                || known.path == context.folder.join(name))
    };
    let mut rows: Vec<WorktreeRow> = rows::rows(repository, registry)?.into_iter().filter(fits).collect();
    if rows.len() > 1 {
        return Err(ambiguous(name, rows.iter().map(|row| row.path().display().to_string()).collect()));
    }
    let Some(row) = rows.pop() else { return Ok(None) };
    if let Some((worktree, damage)) = damaged::of_row(repository, &row) {
        if matches!(damage, RecordDamage::Unlinked(_)) {
            return Err(damaged::refusal(repository, &row.name(), worktree, &damage));
        }
        if worktree.lock.is_some() {
            return Err(locked(&row, "it is locked"));
        }
        if !damaged::is_for_good(repository, worktree, &damage) {
            let message = format!("`{}` changed just now: somebody may be writing its record", row.name());
            return Err(Failure::new(Code::Locked, message).hint("try again in ten seconds"));
        }
        return candidate::damaged(context, &row, worktree, &damage).map(Some);
    }
    let lookout = Lookout::new(context, Some(repository))?;
    match judge(context, repository, &lookout, &row, true) {
        AbsenceLook::Vanished => vanished(context, repository, &row)
            .map(|candidate| Some(PruneCandidate { is_named: true, ..candidate })),
        AbsenceLook::There => {
            Err(is_there(&row.name(), &row.path().display().to_string(), &wt("remove {}", &[&row.name()])))
        }
        AbsenceLook::Kept(why) => Err(locked(&row, &why)),
    }
}

fn locked(row: &WorktreeRow, why: &str) -> Failure {
    let unlock = git("worktree unlock {}", &[&row.path().display()]);
    Failure::new(Code::Locked, format!("`{}` stays: {why}", row.name()))
        .hint(format!("`wt list` shows it; `{unlock}` takes a lock away"))
}

/// A record of a repository that is gone, or out of reach.
fn find_elsewhere(context: &Context, registry: &Registry, name: &str) -> Result<PruneCandidate> {
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let folder = context.folder.join(name);
    let fits = |entry: &&Entry| {
        entry.state == EntryState::Active
            && Some(&entry.repository_id) != own.as_ref()
            && (entry.name == name || entry.path == folder)
    };
    let found: Vec<&Entry> = registry.entries().filter(fits).collect();
    let by_folder: Vec<&Entry> = found.iter().filter(|entry| entry.path == folder).copied().collect();
    let found = if by_folder.len() == 1 { by_folder } else { found };
    let entry = match found.as_slice() {
        [] => {
            return Err(Failure::new(
                Code::NotFound,
                format!("nothing on record is called `{}`", name.escape_debug()),
            )
            .hint("`wt list --all` shows every worktree on record"));
        }
        [entry] => *entry,
        many => {
            return Err(ambiguous(name, many.iter().map(|entry| entry.path.display().to_string()).collect()));
        }
    };
    if !place::is_gone(&entry.path) {
        let here = context.repository.as_ref().and_then(Repository::find_id);
        let remove = wt("remove {}", &[&entry.name]);
        let is_here = here.as_ref() == Some(&entry.repository_id);
        let remove = if is_here { remove } else { remove.at(entry.repository.display()) };
        return Err(is_there(&entry.name, &entry.path.display().to_string(), &remove));
    }
    if let Some(repository) = origin::find_repository(context, entry) {
        let root = repository.root().display();
        return Err(Failure::new(
            Code::NotFound,
            format!("`{}` is a worktree of another repository, {root}", entry.name),
        )
        .hint(format!("run it there: `{prune}`", prune = wt("prune {}", &[&entry.name]).at(&root))));
    }
    let row = WorktreeRow { worktree: None, entry: Some(entry.clone()) };
    let reason = format!("its folder {} and its repository are gone", entry.path.display());
    Ok(PruneCandidate { is_named: true, ..PruneCandidate::without_target(&row, reason) })
}

fn ambiguous(name: &str, folders: Vec<String>) -> Failure {
    Failure::new(Code::Ambiguous, format!("`{}` may mean {}", name.escape_debug(), folders.join(", ")))
        .hint("give its folder")
        .detail("candidates", folders)
}

fn is_there(name: &str, folder: &str, remove: &Advised) -> Failure {
    Failure::new(Code::WorktreeExists, format!("`{name}` is there, at {folder}: nothing is pruned"))
        .hint(format!("`{remove}` takes a worktree away that is there"))
}
