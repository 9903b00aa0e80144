//! Renames what was planned. It is on record before the first step; what fails takes all of it back.

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::{Changed, Plan};
use super::{refusal, settle};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::folder;
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::host::process::identity;
use crate::host::{files, token};
use crate::model::registry::entry::Entry;
use crate::model::renaming::Renaming;
use crate::model::view::WorktreeView;
use crate::ops::claims;
use crate::ops::ports::ledger::require_active;
use crate::ops::view;

/// What a worktree was called, and is called now.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Renamed {
    pub from: String,
    pub to: String,
    /// Whether the branch has a new name too.
    pub branch_renamed: bool,
    /// Whether the folder stands in a new place.
    pub folder_moved: bool,
}

/// What a rename did.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    pub worktree: WorktreeView,
    pub renamed: Renamed,
    /// The variables of `[env.set]` that have another value now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Changed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Renames the worktree.
///
/// # Errors
///
/// What stops a step: then everything is as it was.
pub fn apply(context: &Context, plan: Plan) -> Result<Report> {
    let before = plan.entry.clone();
    let aimed = claims::aim(context, &before, &plan.to.name, plan.to.branch.as_deref())?;
    match rename(context, plan) {
        Ok(report) => {
            claims::arrive(context, &aimed);
            Ok(report)
        }
        Err(failure) => {
            claims::let_go(context, Some(&aimed), Some(&before));
            Err(failure)
        }
    }
}

fn rename(context: &Context, plan: Plan) -> Result<Report> {
    let repository = context.require_repository()?;
    let _held = context.host.interrupt.hold();
    let token = token::random()?;
    let hold = FileHold::take(&context.host.dirs()?.creating_folder()?.join(&token))?;
    let renaming = begin(context, &plan, &token)?;
    let sequence = plan.entry.sequence;
    let mut warnings = plan.notes;
    // Before it is renamed: git's settings are read once.
    let upstream = renaming.from.branch.as_deref().and_then(|branch| repository.find_upstream_name(branch));
    let done = carry_out(context, repository, &plan.entry, &renaming, &hold)
        .and_then(|()| settle::finish(context, repository, sequence, &renaming));
    match done {
        Ok(said) => warnings.extend(said),
        Err(failure) => {
            let undone = settle::take_back(context, repository, sequence, &renaming, &hold);
            hold.release();
            return Err(match undone {
                Ok(_) => failure,
                Err(further) => Failure::new(
                    failure.code(),
                    format!("{}\nand it is not taken back yet: {}", failure.message(), further.message()),
                )
                .hint("the next command goes on with that"),
            });
        }
    }
    hold.release();
    let renamed = Renamed {
        from: renaming.from.name.clone(),
        to: renaming.to.name.clone(),
        branch_renamed: renaming.from.branch != renaming.to.branch,
        folder_moved: renaming.from.path != renaming.to.path,
    };
    if let (Some(branch), Some(upstream), true) = (&renaming.to.branch, upstream, renamed.branch_renamed) {
        warnings.push(format!("branch `{branch}` still follows `{upstream}`, which keeps its name"));
    }
    let registry = context.store()?.read()?;
    let known = registry.entries().find(|known| known.sequence == sequence);
    let entry = known.ok_or_else(|| Failure::new(Code::NotFound, format!("`{}` is gone", renamed.to)))?;
    let worktree = view::of_entry(context, repository, entry)?;
    Ok(Report { worktree, renamed, changed: plan.changed, warnings })
}

/// Puts it on record, where everything still is as it was planned.
fn begin(context: &Context, plan: &Plan, token: &str) -> Result<Renaming> {
    let renaming = Renaming {
        token: token.to_owned(),
        process: identity::current()?,
        from: plan.entry.names(),
        to: plan.to.clone(),
        tip: plan.tip.clone(),
        new_parents: folder::missing_above(&plan.to.path),
        project_before: plan.entry.notes.compose_project.text().map(str::to_owned),
        project_after: plan.project_after.clone(),
        extra: serde_json::Map::new(),
    };
    context.store()?.update(|registry| {
        let id = &plan.entry.repository_id;
        if let Some(taken) =
            registry.find_living(id, &plan.to.name).filter(|taken| taken.sequence != plan.entry.sequence)
        {
            return Err(refusal::name_taken(&taken.name, &taken.path));
        }
        let known =
            registry.find_by_sequence(plan.entry.sequence).filter(|known| known.name == plan.entry.name);
        let Some(known) = known else {
            return Err(Failure::new(Code::NotFound, format!("`{}` was changed meanwhile", plan.entry.name))
                .hint("look with `wt list`, then try again"));
        };
        require_active(known)?;
        // Where git says it is, and on what: `git worktree move` and `git switch` tell nobody else.
        known.path.clone_from(&plan.entry.path);
        known.branch.clone_from(&plan.entry.branch);
        known.admin.clone_from(&plan.entry.admin);
        known.notes.renaming.write(&renaming);
        Ok(())
    })?;
    Ok(renaming)
}

/// The steps up to the one that makes it true: the record has the new names.
fn carry_out(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    renaming: &Renaming,
    hold: &FileHold,
) -> Result<()> {
    let interrupt = &context.host.interrupt;
    // What was started since it was planned; from now on nothing starts there.
    refusal::require_idle(context, entry)?;
    let (from, to) = (&renaming.from, &renaming.to);
    if from.path != to.path {
        if let Some(parent) = to.path.parent() {
            files::make_folders(parent)?;
        }
        repository.move_worktree(&from.path, &to.path, hold.as_fd())?;
    }
    interrupt.check()?;
    if let (Some(old), Some(new), true) = (&from.branch, &to.branch, renaming.tip.is_some()) {
        repository.rename_branch(old, new, hold.as_fd())?;
    }
    interrupt.check()?;
    let is_recorded =
        context.store()?.update(|registry| Ok(registry.rename(entry.sequence, renaming, false)))?;
    if is_recorded { Ok(()) } else { Err(refusal::name_taken(&to.name, &to.path)) }
}
