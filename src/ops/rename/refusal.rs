//! Why a worktree is not renamed: each refusal names the thing and the next command.

use std::path::Path;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::{git, wt};
use crate::model::registry::entry::Entry;
use crate::ops::create;
use crate::ops::occupants;
use crate::ops::services::down;
use crate::ops::setup;

pub(super) fn gone(name: &str, path: &Path) -> Failure {
    Failure::new(Code::NotFound, format!("the folder of `{name}`, {}, is gone", path.display()))
        .hint(format!("`{}` puts its record away", wt("prune {}", &[&name])))
}

pub(super) fn locked(repository: &Repository, name: &str, path: &Path, reason: &str) -> Failure {
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let unlock = git("worktree unlock {}", &[&path.display()]).at(repository.root().display());
    Failure::new(Code::Locked, format!("`{name}` is locked{why}"))
        .hint(format!("unlock it first: `{unlock}`"))
}

pub(super) fn unfinished(name: &str, operation: &str) -> Failure {
    Failure::new(Code::Dirty, format!("git is in the middle of a {operation} in `{name}`"))
        .hint("finish or abort that, then rename again")
}

/// Refuses while anything of the worktree runs: it would go on under the old name and in the old place.
pub(super) fn require_idle(context: &Context, entry: &Entry) -> Result<()> {
    let refused = |what: String, hint: String| Err(Failure::new(Code::Dirty, what).hint(hint));
    let name = &entry.name;
    let services = down::up(context, entry)?;
    if !services.is_empty() {
        let down = wt("down --worktree {}", &[name]);
        let what = format!("services of `{name}` run: {}", services.join(", "));
        return refused(what, format!("stop them first: `{down}`"));
    }
    if setup::is_at_work(context, entry) {
        return refused(format!("`{name}` is being set up"), "wait until that is done".to_owned());
    }
    let inside = occupants::inside(&entry.path).into_iter().map(|process| (process.pid, process.command));
    let left = setup::processes(context, entry)?.into_iter().map(|kin| (kin.id.pid, kin.facts.command));
    let mut running: Vec<String> =
        inside.chain(left).map(|(pid, command)| format!("{command} (pid {pid})")).collect();
    running.sort_unstable();
    running.dedup();
    if running.is_empty() {
        return Ok(());
    }
    refused(
        format!("processes of `{name}` run: {}", running.join(", ")),
        "end them first, or have them change to another folder".to_owned(),
    )
}

pub(super) fn name_taken(name: &str, path: &Path) -> Failure {
    create::name_taken(name, path).hint("choose another name")
}

pub(super) fn path_taken(path: &Path) -> Failure {
    Failure::new(Code::PathNotEmpty, format!("{} is taken", path.display()))
        .hint("move away what stands there, or choose another name")
        .detail("path", path.display().to_string())
}

pub(super) fn branch_taken(branch: &str) -> Failure {
    Failure::new(Code::BranchExists, format!("the branch `{branch}` exists already"))
        .hint("choose another name, or rename or delete that branch first")
        .detail("branch", branch)
}

pub(super) fn branch_used(branch: &str, path: &Path) -> Failure {
    Failure::new(Code::BranchCheckedOut, format!("branch `{branch}` is in use in {}", path.display()))
        .hint("switch that worktree to another branch, or choose another name")
        .detail("branch", branch)
}

pub(super) fn branch_obstructed(branch: &str, obstacle: &str) -> Failure {
    Failure::new(Code::BranchExists, format!("`{branch}` cannot be made while `{obstacle}` exists"))
        .hint("git keeps branches like files: one name cannot be both a branch and a folder")
        .detail("branch", obstacle)
}
