//! Looks whether each hook will reach `wt`, here and in each linked worktree. Reads only; runs nothing but
//! `git --version` and, with half a second, the probe that hooks try `wt` with.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::Result;
use crate::host::git::{
    HooksInGit, Repository, find_caller, find_partner, found_hook, git_version, hooks_folder_facts,
};
use crate::host::process::probe;
use crate::model::hooks::firing::{Firing, FiringState, HookFacts, How, Reached, how_for, judge};
use crate::model::hooks::folder::Obstacle;
use crate::model::hooks::partner::Partner;
use crate::model::hooks::text::{GitHook, WORD};
use crate::model::registry::table::Registry;
use crate::ops::rows;

use super::place;

/// Everything about a repository's hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// git's version, as major and minor.
    pub git: (u32, u32),
    /// Where hooks belong with this git.
    pub belongs: How,
    /// The folder where git looks for hooks in the main worktree.
    pub folder: PathBuf,
    /// Why that folder is not written to, if it is not.
    pub obstacle: Option<Obstacle>,
    /// The tool that keeps the project's hooks, where one leaves traces.
    pub manager: Option<Partner>,
    /// Whether somebody installed hooks here (the registry's `hooks_wanted`).
    pub wanted: bool,
    /// The program that a hook would run.
    pub program: Reached,
    /// For each worktree that is there, the main one first, and each hook.
    pub hooks: Vec<HookSight>,
}

/// One hook in one worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookSight {
    pub hook: GitHook,
    /// The worktree's name.
    pub worktree: String,
    pub path: PathBuf,
    pub firing: Firing,
}

impl Inspection {
    /// Answers whether every hook fires in every worktree.
    #[must_use]
    pub fn is_firing(&self) -> bool {
        self.hooks.iter().all(|sight| sight.firing.fires)
    }

    /// Answers whether an install would bring a text up to date, or move hooks to where this git reads them.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.hooks.iter().any(|sight| match &sight.firing.state {
            FiringState::Outdated
            | FiringState::Twice
            | FiringState::GitTooOld
            | FiringState::Stranger { is_former: true, .. } => true,
            FiringState::Ready => sight.firing.how != Some(self.belongs),
            _ => false,
        })
    }
}

/// Inspects the hooks of `repository`. A registry that cannot be read is no obstacle: worktrees then go by git's names.
///
/// # Errors
///
/// Fails when git cannot be run or the repository's own files cannot be read.
pub fn inspect(context: &Context, repository: &Repository) -> Result<Inspection> {
    let git = git_version(repository.common_dir(), &context.host.interrupt)?;
    let registry = context.store().and_then(|store| store.read()).unwrap_or_default();
    let program = reached(context);
    let (folder, obstacle) = place::folder(repository)?;
    let belongs = how_for(git);
    let around = Around { repository, belongs, program: program.clone() };
    let shared = repository.hook_settings(None)?;
    let mut hooks = Vec::new();
    for row in rows::rows(repository, &registry)? {
        let Some(worktree) = row.worktree.as_ref().filter(|worktree| !worktree.missing) else { continue };
        let own = worktree.admin.as_deref().filter(|admin| repository.has_own_settings(admin));
        let settings = match own {
            Some(admin) => &repository.hook_settings(Some(admin))?,
            None => &shared,
        };
        for hook in GitHook::ALL {
            let sight = around.sight(hook, settings, &worktree.path);
            let (worktree, path) = (row.name(), worktree.path.clone());
            hooks.push(HookSight { hook, worktree, path, firing: judge(&sight) });
        }
    }
    Ok(Inspection {
        git,
        belongs,
        manager: find_partner(repository.root(), &folder),
        folder,
        obstacle,
        wanted: is_wanted(repository, &registry),
        program,
        hooks,
    })
}

fn is_wanted(repository: &Repository, registry: &Registry) -> bool {
    repository.find_id().is_some_and(|id| registry.wants_hooks(&id))
}

/// Finds the program that a hook would run, as its text does: `git-wt` first, which needs no proof.
#[must_use]
pub fn reached(context: &Context) -> Reached {
    let environment = &context.host.environment;
    if let Some(program) = environment.find_program("git-wt") {
        return Reached::Ours(program);
    }
    let Some(program) = environment.find_program("wt") else { return Reached::Nothing };
    if probe::answers(&program, &["hook", "probe"], WORD) {
        Reached::Ours(program)
    } else {
        Reached::Stranger(program)
    }
}

/// What is the same for all worktrees.
struct Around<'a> {
    repository: &'a Repository,
    belongs: How,
    program: Reached,
}

impl Around<'_> {
    fn sight(&self, hook: GitHook, settings: &HooksInGit, worktree: &Path) -> HookFacts {
        let folder = self.repository.hooks_dir(settings, worktree);
        let file = folder.join(hook.name());
        let own = self.repository.own_hooks_dir();
        let found = found_hook(&file, hook);
        let called_by = if found.is_ours() { None } else { find_caller(hook, &file, worktree) };
        // Inside the git folder a hooks folder is as good as the usual one.
        let is_home = hooks_folder_facts(&folder).path.starts_with(self.repository.common_dir());
        let path = settings.folder.as_ref().map(|folder| folder.display().to_string());
        HookFacts {
            hook,
            belongs: self.belongs,
            called_by,
            diverted: path.filter(|_| !is_home),
            installed_file: found_hook(&own.join(hook.name()), hook).is_ours(),
            file: found,
            command: settings.lines.find_command(hook),
            disabled: settings.lines.is_disabled(hook),
            program: self.program.clone(),
        }
    }
}
