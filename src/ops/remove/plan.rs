//! Which worktrees a removal means, and what each of them would lose. Reads only.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::losses;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{GitWorktree, Repository};
use crate::host::place;
use crate::host::process::table;
use crate::model::advised::wt;
use crate::model::branch::{BranchKept, Head, KeptReason};
use crate::model::loss::{self, Loss};
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::services::down;
use crate::ops::{absence, branches, damaged, find, heal, path};

/// A wish to remove worktrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Names, identifiers, branches or paths; empty for the worktree we stand in.
    pub wanted: Vec<String>,
    /// How often `--force` was given: once gives up work, twice also a lock.
    pub force: u8,
    pub delete_branch: bool,
    /// Whether a name that no worktree has is passed over instead of refused.
    pub if_exists: bool,
    /// Whether the losses are to be told even where they are given up.
    pub tells: bool,
}

/// How closely a worktree is looked at that is to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalLook {
    /// For all that would be lost, the branch's commits too where it goes as well.
    Losses { with_branch: bool },
    /// For a lock alone: everything else was given up beforehand.
    Lock,
}

/// One worktree to be removed.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct RemovalTarget {
    pub name: String,
    pub path: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    pub ports: Vec<u16>,
    /// What would be lost, worst first; empty when nothing would.
    pub losses: Vec<Loss>,
    /// Whether the folder is gone already, so that only records remain.
    pub missing: bool,
    /// Why the branch would stay that is to go too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_kept_reason: Option<KeptReason>,
    /// The same in words.
    #[serde(skip)]
    pub branch_kept: Option<BranchKept>,
    /// Whether git's record alone goes, since it is damaged: the folder that it names stays, whatever it is.
    #[serde(skip)]
    pub(in crate::ops) is_record_alone: bool,
    #[serde(skip)]
    pub(in crate::ops) entry: Option<Entry>,
    #[serde(skip)]
    pub(in crate::ops) worktree: Option<GitWorktree>,
}

impl RemovalTarget {
    /// Returns what stands in the way after `force` times `--force`.
    pub fn refused(&self, force: u8) -> Vec<&Loss> {
        self.losses.iter().filter(|loss| loss.needs_force() > force).collect()
    }
}

/// What a removal would do.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Plan {
    pub worktrees: Vec<RemovalTarget>,
    pub delete_branch: bool,
    /// The names that no worktree has, where that is no refusal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    #[serde(skip)]
    pub(super) force: u8,
}

impl Plan {
    /// A removal of worktrees that were looked at before.
    #[must_use]
    pub fn of(worktrees: Vec<RemovalTarget>, delete_branch: bool, force: u8) -> Self {
        Self { worktrees, delete_branch, absent: Vec::new(), force }
    }

    /// Takes `--force` as given once, after somebody was asked and said so. A lock still needs it twice.
    #[must_use]
    pub fn given_up(mut self) -> Self {
        self.force = self.force.max(1);
        self
    }

    /// Answers whether it may be applied.
    ///
    /// # Errors
    ///
    /// `dirty`, `unpushed` or `locked`, naming everything that would be lost.
    pub fn require_safe(&self) -> Result<()> {
        for target in &self.worktrees {
            let refused = target.refused(self.force);
            if !refused.is_empty() {
                return Err(loss::refusal(&target.name, &target.path, &refused, self.delete_branch));
            }
        }
        Ok(())
    }
}

/// Finds the worktrees and reads what would be lost.
///
/// # Errors
///
/// `not_found`, `ambiguous`, or a refusal that no `--force` lifts: the main worktree, or a folder that is not the
/// worktree its records say.
pub fn plan(context: &Context, request: &Request) -> Result<Plan> {
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    let look = if request.force > 0 && !request.tells {
        RemovalLook::Lock
    } else {
        RemovalLook::Losses { with_branch: request.delete_branch }
    };
    let mut worktrees: Vec<RemovalTarget> = Vec::new();
    let mut absent = Vec::new();
    if request.wanted.is_empty() {
        worktrees.push(inspect(context, repository, find::here(context)?, look)?);
    }
    let among = find::Among::new(context, &registry);
    for wanted in &request.wanted {
        let found = if request.if_exists {
            let Some(found) = among.find_named(wanted)? else {
                absent.push(wanted.clone());
                continue;
            };
            found
        } else {
            among.named(wanted)?
        };
        if request.force == 0 {
            require_not_moved(repository, &found)?;
        }
        let target = inspect(context, repository, found, look)?;
        if !worktrees.iter().any(|known| known.path == target.path) {
            worktrees.push(target);
        }
    }
    for target in worktrees.iter_mut().filter(|_| request.delete_branch) {
        let own = target.worktree.as_ref().and_then(|worktree| worktree.admin.as_deref());
        if let Some(branch) = &target.branch {
            let kept = branches::keep_reason(context, repository, branch, own, request.force)?;
            target.branch_kept_reason = kept.as_ref().map(|kept| kept.reason);
            target.branch_kept = kept;
        }
    }
    Ok(Plan { worktrees, delete_branch: request.delete_branch, absent, force: request.force })
}

/// Reads what one worktree would lose.
///
/// # Errors
///
/// As [`plan`].
pub fn inspect(
    context: &Context,
    repository: &Repository,
    found: find::FoundWorktree,
    look: RemovalLook,
) -> Result<RemovalTarget> {
    if found.is_main {
        return Err(Failure::new(
            Code::Usage,
            format!("{} is the main worktree of the repository and cannot be removed", found.path.display()),
        )
        .hint("name a linked worktree; `wt list` shows them"));
    }
    let entry = found.entry;
    let worktree = found.worktree;
    if let Some(linked) = entry.as_ref().map(|entry| &entry.path).filter(|path| path.is_symlink()) {
        return Err(Failure::new(
            Code::NotFound,
            format!("{} is a symbolic link now: what it leads to is not moved", linked.display()),
        )
        .hint("put the folder back in its place, then remove it"));
    }
    if let Some(entry) = &entry {
        require_idle(context, entry)?;
    }
    let missing = place::is_gone(&found.path);
    let mut losses = Vec::new();
    let mut branch = entry.as_ref().and_then(|entry| entry.branch.clone());
    if let Some(worktree) = &worktree {
        if let Head::Branch(name) | Head::Unborn(name) = &worktree.head {
            branch = Some(name.clone());
        }
        if let Some(reason) = &worktree.lock {
            losses.push(Loss::Lock { reason: reason.clone() });
        }
    }
    if !missing {
        let Some(admin) = worktree.as_ref().and_then(|worktree| worktree.admin.as_deref()) else {
            return Err(not_a_worktree(&found.name, &found.path));
        };
        // Of many, each is proven again by itself right before it goes.
        let damaged = worktree.as_ref().and_then(|known| repository.damage(known));
        repository.require_seemingly_linked(&found.path, admin, context.host.home()).map_err(|refused| {
            match damaged {
                Some(damage) => refused.hint(damaged::cure(repository, &found.name, &found.path, &damage)),
                None => refused,
            }
        })?;
        if look != RemovalLook::Lock {
            let seen = losses::of_folder(context, repository, &found.path, admin, entry.as_ref());
            losses.extend(seen.map_err(|failure| unseen(failure, &found.name))?);
        }
    }
    if let RemovalLook::Losses { with_branch } = look {
        // A branch that stays loses nothing.
        let own = worktree.as_ref().and_then(|worktree| worktree.admin.as_deref());
        let with_branch = with_branch
            && match &branch {
                Some(branch) => branches::keep_reason(context, repository, branch, own, 0)?.is_none(),
                None => false,
            };
        // Its commits may be here alone even where the folder is gone.
        losses.extend(losses::of_head(repository, worktree.as_ref(), branch.as_deref(), with_branch)?);
    }
    if look != RemovalLook::Lock {
        let services = entry.as_ref().map(|entry| down::running(context, entry)).transpose()?;
        if let (Some(services), Some(entry)) = (services.filter(|services| !services.is_empty()), &entry) {
            // Said once: as what they are.
            let theirs = down::processes(context, entry)?;
            let is_told = |pid: u32| theirs.contains(&pid) || table::facts(pid).is_none();
            losses = losses.into_iter().filter_map(|loss| loss.without_processes(is_told)).collect();
            losses.push(Loss::Services { services });
        }
    }
    if let (Some(entry), true) = (&entry, look != RemovalLook::Lock) {
        losses::push_setup(context, entry, &mut losses)?;
    }
    loss::sort(&mut losses);
    let ports = entry.iter().flat_map(|entry| &entry.allocations);
    let ports =
        ports.filter_map(|allocation| allocation.find_port().map(crate::model::port::Port::number)).collect();
    Ok(RemovalTarget {
        name: found.name,
        path: found.path,
        branch,
        ports,
        losses,
        missing,
        branch_kept_reason: None,
        branch_kept: None,
        is_record_alone: false,
        entry,
        worktree,
    })
}

/// Returns what it takes to put the record of a worktree away whose folder nothing is done to.
///
/// # Errors
///
/// Where another command is at it.
pub fn inspect_record(context: &Context, found: find::FoundWorktree) -> Result<RemovalTarget> {
    if let Some(entry) = &found.entry {
        require_idle(context, entry)?;
    }
    let ports = found.entry.iter().flat_map(Entry::ports);
    Ok(RemovalTarget {
        name: found.name,
        path: found.path,
        branch: found.entry.as_ref().and_then(|entry| entry.branch.clone()),
        ports: ports.map(crate::model::port::Port::number).collect(),
        losses: Vec::new(),
        missing: true,
        branch_kept_reason: None,
        branch_kept: None,
        is_record_alone: true,
        entry: found.entry,
        worktree: found.worktree,
    })
}

/// What git cannot tell is a reason to look; who means to lose it all need not.
fn unseen(failure: Failure, name: &str) -> Failure {
    let Some(step) = failure.next_step().filter(|_| failure.code() == Code::GitFailed) else {
        return failure;
    };
    let advice =
        format!("{step}; `{force}` gives up whatever is there", force = wt("remove --force {}", &[&name]));
    failure.hint(advice)
}

fn not_a_worktree(name: &str, path: &std::path::Path) -> Failure {
    Failure::new(
        Code::NotFound,
        format!(
            "{} is recorded, but git knows no worktree there: something else may stand in its place",
            path.display()
        ),
    )
    .hint(format!(
        "nothing in it was touched; once it is moved away, `{remove}` drops the record",
        remove = wt("remove {}", &[&name])
    ))
}

/// Refuses a worktree whose folder seems to have been moved: without its records the folder would be no worktree any more.
fn require_not_moved(repository: &Repository, found: &find::FoundWorktree) -> Result<()> {
    let is_gone = place::is_gone(&found.path);
    let admin = found.admin().filter(|_| is_gone);
    let Some(said) = admin.and_then(|admin| absence::moved_in_words(repository, &found.path, admin)) else {
        return Ok(());
    };
    let force = wt("remove --force {}", &[&found.name]);
    Err(path::gone(found).hint(format!("{said}; `{force}` drops its records all the same")))
}

/// Refuses while another command that lives still makes or moves the worktree. One that we healed ourselves is ours.
fn require_idle(context: &Context, entry: &Entry) -> Result<()> {
    let (process, doing) = match &entry.state {
        EntryState::Creating { process, .. } => (process, "created"),
        EntryState::Removing { process, .. } => (process, "removed or restored"),
        EntryState::Active | EntryState::Removed { .. } => return Ok(()),
    };
    if heal::is_left_behind(context, entry) {
        return Ok(());
    }
    let busy = format!("`{}` is being {doing} by another `wt`, pid {}", entry.name, process.pid);
    Err(Failure::new(Code::Locked, busy).hint("wait until it is done, then try again"))
}
