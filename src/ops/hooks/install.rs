//! Installs the hooks: into git's configuration where git reads hooks from there, else as files; never both.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::{Repository, git_version};
use crate::model::hooks::firing::{How, how_for};
use crate::model::hooks::step;
use crate::model::hooks::text::GitHook;

use super::place::{self, Plan};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    /// `None` after an uninstall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
    /// The folder of the files, or the configuration's file.
    pub folder: PathBuf,
    /// Whether anything was changed.
    pub changed: bool,
    pub hooks: Vec<InstalledHook>,
}

/// One hook.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct InstalledHook {
    pub hook: GitHook,
    /// The hook that was there before, which is called first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chained: Option<PathBuf>,
}

/// Installs the hooks, or completes what a killed install left. Twice is once.
///
/// # Errors
///
/// `hook_foreign` for a folder that is not this repository's alone, with the lines to add in the hint, and for a hook of
/// ours that somebody changed; `permission` for a folder that cannot be written to.
pub fn install(context: &Context, repository: &Repository) -> Result<Report> {
    let how = how_for(git_version(repository.common_dir(), &context.host.interrupt)?);
    let _held = context.host.interrupt.hold();
    let hold = place::hold(context, repository)?;
    place::require_own_sections(repository)?;
    let report = match how {
        How::Config => into_config(repository)?,
        How::File => into_files(repository)?,
    };
    hold.release();
    place::note_wish(context, repository, true)?;
    Ok(report)
}

fn into_files(repository: &Repository) -> Result<Report> {
    let (folder, obstacle) = place::folder(repository)?;
    if let Some(obstacle) = obstacle {
        return Err(place::refused(repository, &folder, obstacle));
    }
    let plan = Plan::new(&folder, step::to_install)?;
    // Elsewhere, from before somebody set core.hooksPath.
    let own = repository.own_hooks_dir();
    let former = if own == folder { None } else { Some(Plan::new(&own, step::to_uninstall)?) };
    let mut changed = place::remove_sections(repository)?;
    if let Some(former) = former {
        changed |= former.apply()?;
    }
    changed |= plan.apply()?;
    let hooks = plan
        .steps
        .iter()
        .zip(GitHook::ALL)
        .map(|((place, _), hook)| {
            let chained = place.chained();
            let is_there = chained.symlink_metadata().is_ok();
            InstalledHook { hook, chained: is_there.then(|| chained.to_path_buf()) }
        })
        .collect();
    Ok(Report { how: Some(How::File), folder, changed, hooks })
}

fn into_config(repository: &Repository) -> Result<Report> {
    // Files first: for a moment there is no hook, and never are there two.
    let mut changed = take_files_away(repository)?;
    for hook in GitHook::ALL {
        if !repository.has_whole_section(hook) {
            repository.write_hook_section(hook)?;
            changed = true;
        }
    }
    let hooks = GitHook::ALL.into_iter().map(|hook| InstalledHook { hook, chained: None }).collect();
    Ok(Report { how: Some(How::Config), folder: repository.common_dir().join("config"), changed, hooks })
}

/// Takes our files out of the folders that we may have written to; answers whether there were any.
pub(super) fn take_files_away(repository: &Repository) -> Result<bool> {
    let own = repository.own_hooks_dir();
    let mut plans = vec![Plan::new(&own, step::to_uninstall)?];
    let (folder, obstacle) = place::folder(repository)?;
    if folder != own && obstacle.is_none() {
        plans.push(Plan::new(&folder, step::to_uninstall)?);
    }
    let mut changed = false;
    for plan in &plans {
        changed |= plan.apply()?;
        for (place, _) in &plan.steps {
            changed |= place.remove_aside();
        }
    }
    Ok(changed)
}
