//! `--with-changes`: the uncommitted changes of the worktree that we stand in are taken along, and stay where they are.

use schemars::JsonSchema;
use serde::Serialize;

use super::planned::Plan;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{CarriedChanges, Repository};

/// What was taken along.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct TakenChanges {
    /// The commit that holds it, which no ref names.
    pub commit: String,
    pub files: usize,
}

impl From<&CarriedChanges> for TakenChanges {
    fn from(changes: &CarriedChanges) -> Self {
        Self { commit: changes.commit.clone(), files: changes.files }
    }
}

/// Fails where the changes of the worktree that we stand in cannot be taken along.
///
/// # Errors
///
/// `bare_unsupported` where we stand in none; `dirty` in the middle of a merge, a rebase and the like.
pub(super) fn require_source(context: &Context, repository: &Repository) -> Result<()> {
    let Some(current) = repository.current() else {
        let message =
            format!("{} is in no worktree: there are no changes to take along", context.folder.display());
        return Err(Failure::new(Code::BareUnsupported, message).hint("change to the worktree that has them"));
    };
    match repository.find_operation_of(current.admin.as_deref()) {
        None => Ok(()),
        Some(operation) => {
            let folder = current.path.display();
            let message =
                format!("{folder} is in the middle of a {operation}: its changes cannot be taken along");
            Err(Failure::new(Code::Dirty, message)
                .hint(format!("finish or abort the {operation} first (`git status` says how)"))
                .detail("operation", operation))
        }
    }
}

/// Takes the changes, before anything is made; they are objects alone until they are laid out.
///
/// # Errors
///
/// As [`require_source`]; `dirty` where they do not apply to where the branch begins.
pub(super) fn take(context: &Context, repository: &Repository, plan: &mut Plan) -> Result<()> {
    if !plan.request.with_changes {
        return Ok(());
    }
    require_source(context, repository)?;
    let Some(current) = repository.current() else { return Ok(()) };
    let interrupted = || context.host.interrupt.is_raised();
    let taken = repository.take_changes(&current.path, current.admin.as_deref(), &plan.commit, &interrupted);
    context.host.interrupt.check()?;
    plan.changes = taken?;
    if plan.changes.is_none() {
        plan.warnings.push("there are no changes to take along".to_owned());
    }
    Ok(())
}

/// Lays them out in the new worktree.
///
/// # Errors
///
/// As [`Repository::lay_out_changes`].
pub(super) fn lay_out(context: &Context, repository: &Repository, plan: &Plan) -> Result<()> {
    let Some(changes) = &plan.changes else { return Ok(()) };
    let interrupt = &context.host.interrupt;
    let laid = repository.lay_out_changes(&plan.path, &plan.commit, changes, &|| interrupt.is_raised());
    interrupt.check()?;
    laid
}
