//! The first step of a removal: it is recorded before anything is touched.

use std::path::Path;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::process::identity;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::journal::Trash;
use crate::model::registry::note::Notes;
use crate::model::registry::table::Registry;
use crate::ops::foreign;
use crate::ops::remove::RemovalTarget;

pub(super) fn changed_meanwhile(name: &str) -> Failure {
    Failure::new(Code::NotFound, format!("`{name}` is being changed by another `wt`"))
        .hint("look with `wt list`, then try again")
}

/// Records the removal before its first step; a worktree nobody had recorded gets an entry, so that it can be restored.
pub(super) fn mark_removing(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    admin: &str,
    trash: &Trash,
) -> Result<Entry> {
    let id = repository.require_id()?;
    let record = repository.record()?;
    let now = context.now();
    let state = EntryState::Removing { process: identity::current()?, trash: trash.clone() };
    let known = target.entry.as_ref().map(|entry| entry.sequence);
    let mut notes = Notes::default();
    if known.is_none() {
        // A stranger's code comes back as that.
        let commit = target.worktree.as_ref().and_then(|worktree| worktree.commit.as_deref());
        let branch = target.branch.as_deref();
        let mark = foreign::of_adopted(context, repository, Some(admin), branch, commit)?;
        if let Some(mark) = &mark {
            notes.foreign.write(mark);
        }
    }
    context.store()?.update(|registry| {
        registry.remember_repository(record.clone());
        if let Some(known) = known {
            return mark_known(registry, repository, target, known, admin, &state);
        }
        let (name, path) = (target.name.clone(), target.path.clone());
        let draft = Entry {
            admin: admin.to_owned(),
            branch: target.branch.clone(),
            state: state.clone(),
            host: context.host.name(),
            notes: notes.clone(),
            ..Entry::new(repository.root(), id.clone(), name, path, "git", now)
        };
        let draft = if target.missing { registry.recalled(draft) } else { draft };
        Ok(registry.insert(draft))
    })
}

/// Records the removal of several recorded worktrees in one step, or of none where one of them was changed meanwhile.
pub(super) fn mark_all_removing(
    context: &Context,
    repository: &Repository,
    all: &[(&RemovalTarget, &str, &Trash)],
) -> Result<Vec<Entry>> {
    let record = repository.record()?;
    let process = identity::current()?;
    context.store()?.update(|registry| {
        registry.remember_repository(record.clone());
        let marked = all.iter().map(|(target, admin, trash)| {
            let Some(known) = target.entry.as_ref().map(|entry| entry.sequence) else {
                return Err(changed_meanwhile(&target.name));
            };
            let state = EntryState::Removing { process: process.clone(), trash: (*trash).clone() };
            mark_known(registry, repository, target, known, admin, &state)
        });
        marked.collect()
    })
}

fn mark_known(
    registry: &mut Registry,
    repository: &Repository,
    target: &RemovalTarget,
    sequence: u64,
    admin: &str,
    state: &EntryState,
) -> Result<Entry> {
    let entry = registry
        .find_by_sequence(sequence)
        .filter(|entry| matches!(entry.state, EntryState::Active | EntryState::Creating { .. }))
        .filter(|entry| !entry.is_being_renamed());
    let Some(entry) = entry else {
        return Err(changed_meanwhile(&target.name));
    };
    entry.state = state.clone();
    admin.clone_into(&mut entry.admin);
    // Where git says it is: `git worktree move` tells nobody else.
    entry.path.clone_from(&target.path);
    entry.branch.clone_from(&target.branch);
    repository.root().clone_into(&mut entry.repository);
    Ok(entry.clone())
}

pub(super) fn planned_trash(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    delete_branch: bool,
    token: &str,
) -> Trash {
    let parent = target.path.parent().unwrap_or(Path::new("/"));
    let now = context.now();
    let until = now.checked_add(
        jiff::SignedDuration::try_from(context.config.trash.keep).unwrap_or(jiff::SignedDuration::MAX),
    );
    Trash {
        token: token.to_owned(),
        folder: parent.join(".wt-trash").join(format!("{}-{token}", target.name)),
        admin: repository.trash_dir(token),
        keep_ref: Some(format!("refs/wt/trash/{token}")),
        head: target.worktree.as_ref().and_then(|worktree| worktree.commit.clone()),
        branch_deleted: delete_branch && target.branch.is_some(),
        removed_at: now,
        until: until.unwrap_or(jiff::Timestamp::MAX),
        removed_in: Some(context.host.clock.moment()),
        seen_over: None,
        refused_at: None,
        restoring: false,
        extra: serde_json::Map::new(),
    }
}
