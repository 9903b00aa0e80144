//! The branch, the folder and the files of a new worktree: through git2 and our own checkout, or through git where
//! libgit2 would not do it right. No lock is held.

use std::cell::Cell;
use std::path::Path;

use super::planned::{BranchPlan, Plan};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::git::{AdminRequest, GitAdd, GitSupport, GitWorktree, Repository};
use crate::host::git_files::checkout;
use crate::host::lock::FileHold;
use crate::model::branch::{AutoSetupMerge, Head, RemoteBranch};
use crate::model::registry::journal::Journal;
use crate::ops::undo::BranchMade;
use crate::ops::watch::Watch;

/// What was made.
pub struct MadeWorktree {
    /// git's name of the new worktree.
    pub admin: String,
    /// Who wrote the files.
    pub way: GitSupport,
    /// What our own checkout wrote; `None` where git did it.
    pub checkout: Option<checkout::Report>,
}

/// Makes everything but the env block.
///
/// # Errors
///
/// Whatever stopped it; what was made so far stays for the undo.
pub fn make(
    context: &Context,
    repository: &Repository,
    plan: &Plan,
    journal: &Journal,
    hold: &FileHold,
    branch_made: &Cell<BranchMade>,
    watch: &dyn Watch,
) -> Result<MadeWorktree> {
    let interrupt = &context.host.interrupt;
    interrupt.check()?;
    make_folders(plan, journal)?;
    if let (true, Some(branch)) = (plan.branch.is_new(), plan.branch.name()) {
        let message = format!("wt create {} ({})", plan.name, journal.token);
        repository.create_branch(branch, &plan.commit, &message)?;
        branch_made.set(BranchMade::Yes);
        repository.note_made_branch(branch, &journal.token);
        if let Some(settings) = plan.request.pull.as_ref().and_then(|pull| pull.settings.as_ref()) {
            repository.follow_pull(branch, settings)?;
        } else if let Some(upstream) = find_upstream(repository, plan)? {
            repository.set_upstream(branch, &upstream)?;
        }
        if let BranchPlan::Track { name, tracked, .. } = &plan.branch {
            repository.set_upstream(name, tracked)?;
        }
    }
    interrupt.check()?;
    let head = match plan.branch.name() {
        Some(branch) => Head::Branch(branch.to_owned()),
        None => Head::Detached(plan.commit.clone()),
    };
    match &plan.way {
        GitSupport::Git(_) => make_by_git(context, repository, plan, &head, &journal.token, hold),
        GitSupport::Engine => {
            make_by_ourselves(context, repository, plan, &head, &journal.token, hold, watch)
        }
    }
}

fn make_by_git(
    context: &Context,
    repository: &Repository,
    plan: &Plan,
    head: &Head,
    token: &str,
    hold: &FileHold,
) -> Result<MadeWorktree> {
    let interrupt = &context.host.interrupt;
    let request = GitAdd {
        path: &plan.path,
        head,
        token,
        // The user's lock is put on when all is done: an unfinished worktree must stay removable.
        lock: None,
        hold: Some(hold.as_fd()),
        interrupted: &|| interrupt.is_raised(),
    };
    let admin = repository.register_with_git(&request)?;
    mark(repository, plan, &admin)?;
    repository.fill_with_git(&request)?;
    share(repository);
    Ok(MadeWorktree { admin, way: plan.way.clone(), checkout: None })
}

fn make_by_ourselves(
    context: &Context,
    repository: &Repository,
    plan: &Plan,
    head: &Head,
    token: &str,
    hold: &FileHold,
    watch: &dyn Watch,
) -> Result<MadeWorktree> {
    let (admin, folder) = loop {
        let name = repository.choose_name(&plan.name)?;
        let request =
            AdminRequest { name: &name, path: &plan.path, head, commit: &plan.commit, lock: None, token };
        // The name may have been taken between choosing and making: then another is chosen.
        if let Some(folder) = repository.make_admin(&request)? {
            break (name, folder);
        }
    };
    mark(repository, plan, &admin)?;
    repository.write_link(&admin, &plan.path)?;
    let interrupt = &context.host.interrupt;
    let interrupted = || interrupt.is_raised();
    // What counts in the new worktree (its git folder, its branch) is known only now that git knows it.
    if repository.only_git_knows_settings()? {
        let way = repository.way_in(&plan.commit, &admin)?;
        if matches!(way, GitSupport::Git(_)) {
            let (path, hold) = (&*plan.path, Some(hold.as_fd()));
            let request = GitAdd { path, head, token, lock: None, hold, interrupted: &interrupted };
            repository.fill_with_git(&request)?;
            share(repository);
            return Ok(MadeWorktree { admin, way, checkout: None });
        }
    }
    let written = checkout::checkout(&checkout::Request {
        common_dir: repository.common_dir(),
        commit: &plan.commit,
        folder: &plan.path,
        admin: &folder,
        siblings: &|| siblings(repository, &plan.path),
        outside: &repository.outside_rules(Some(&admin))?,
        workers: repository.checkout_workers(),
        interrupted: &interrupted,
        progress: &|done, total| watch.files(done, total),
    })?;
    share(repository);
    Ok(MadeWorktree { admin, way: GitSupport::Engine, checkout: Some(written) })
}

/// Marks a stranger's code before its files are there.
fn mark(repository: &Repository, plan: &Plan, admin: &str) -> Result<()> {
    plan.mark.as_ref().map_or(Ok(()), |mark| repository.write_foreign_mark(admin, mark))
}

/// Opens what was made in git's folder to those with whom the repository is shared.
fn share(repository: &Repository) {
    for folder in ["worktrees", "wt"] {
        repository.share(&repository.common_dir().join(folder));
    }
}

/// Returns the other worktrees that are whole, the main one first.
fn siblings<'a>(repository: &'a Repository, path: &'a Path) -> checkout::Candidates<'a> {
    let is_whole = move |other: &GitWorktree| {
        !other.missing && !other.initializing && other.broken.is_none() && other.path != path
    };
    let candidate = |other: GitWorktree| checkout::SiblingCandidate {
        admin: match &other.admin {
            Some(admin) => repository.admin_dir(admin),
            None => repository.common_dir().to_path_buf(),
        },
        folder: other.path,
        commit: other.commit,
    };
    Box::new(repository.each_worktree().filter(is_whole).map(candidate))
}

/// A new branch follows the remote's branch of its own name that it was made from, as `branch.autoSetupMerge` has it. It
/// never follows one of another name: a plain `git push` would go there, or fail.
fn find_upstream(repository: &Repository, plan: &Plan) -> Result<Option<RemoteBranch>> {
    let (BranchPlan::New { name }, Some(base)) = (&plan.branch, &plan.request.base) else { return Ok(None) };
    let followed = match repository.auto_setup_merge() {
        AutoSetupMerge::Never => None,
        AutoSetupMerge::OfBase => repository.find_tracking(base)?,
        AutoSetupMerge::Inherited => repository.find_upstream_branch(base)?,
    };
    Ok(followed.filter(|branch| branch.name == *name))
}

/// Makes the folder and those above it, just as the journal says.
fn make_folders(plan: &Plan, journal: &Journal) -> Result<()> {
    let refused = |path: &Path, error| {
        let message = format!("{} cannot be made", path.display());
        Failure::from_io(error, Code::PathNotEmpty, message).hint("give another folder with `--path`")
    };
    for parent in &journal.new_parents {
        match std::fs::create_dir(parent) {
            Ok(()) => {}
            // Another create of the same moment made it too.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(refused(parent, error)),
        }
    }
    if journal.folder_existed {
        return Ok(());
    }
    if let Some(parent) = plan.path.parent() {
        // An undo of the same moment may have found it empty and removed it.
        files::make_folders(parent)?;
    }
    std::fs::create_dir(&plan.path).map_err(|error| refused(&plan.path, error))
}
