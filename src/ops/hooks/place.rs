//! What install and uninstall share: one at a time for a repository, the folders that can hold our files, the plan for
//! one folder, our lines in git's configuration, and the wish in the registry.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::git::{HookPlace, Repository, find_partner, hooks_folder_facts};
use crate::host::lock::FileHold;
use crate::model::event::Event;
use crate::model::hooks::folder::{Obstacle, find_obstacle};
use crate::model::hooks::partner::Partner;
use crate::model::hooks::step::{FoundHook, HookRefusal, HookStep, refusal_words};
use crate::model::hooks::text::GitHook;

/// Takes the lock that lets one command at a time work on this repository's hooks.
pub(super) fn hold(context: &Context, repository: &Repository) -> Result<FileHold> {
    let path = repository.require_wt_dir()?.join("hooks.lock");
    FileHold::take_within(&path, context.config.registry.lock_timeout, &context.host.interrupt)?.ok_or_else(
        || {
            let message = "another `wt` is working on this repository's hooks";
            Failure::new(Code::RegistryLocked, message).hint("try again when it is done")
        },
    )
}

/// Where git looks for hooks in the main worktree, and why it is not written to, if it is not.
pub(super) fn folder(repository: &Repository) -> Result<(PathBuf, Option<Obstacle>)> {
    let facts =
        hooks_folder_facts(&repository.hooks_dir(&repository.hook_settings(None)?, repository.root()));
    let worktrees = repository.worktrees()?;
    let mut paths: Vec<&Path> = worktrees.iter().map(|worktree| worktree.path.as_path()).collect();
    paths.retain(|path| !path.as_os_str().is_empty() && *path != repository.common_dir());
    let obstacle = find_obstacle(&facts, repository.common_dir(), &paths);
    Ok((facts.path, obstacle))
}

/// What is to be done to the hooks of one folder: planned whole before anything is changed.
pub(super) struct Plan {
    pub(super) folder: PathBuf,
    pub(super) steps: Vec<(HookPlace, Vec<HookStep>)>,
}

type Decision = fn(&FoundHook, &FoundHook, bool) -> Result<Vec<HookStep>, HookRefusal>;

impl Plan {
    /// Plans for `folder`.
    ///
    /// # Errors
    ///
    /// `hook_foreign` where a person must decide.
    pub(super) fn new(folder: &Path, decide: Decision) -> Result<Self> {
        let mut steps = Vec::new();
        for hook in GitHook::ALL {
            let place = HookPlace::new(folder, hook);
            let (target, chained) = place.read();
            let planned = decide(&target, &chained, place.is_twins()).map_err(|refusal| {
                let (message, hint) = refusal_words(refusal, hook, &folder.display().to_string());
                Failure::new(Code::HookForeign, message).hint(hint).detail("hook", hook.name())
            })?;
            steps.push((place, planned));
        }
        Ok(Self { folder: folder.to_path_buf(), steps })
    }

    /// Takes the steps; answers whether there were any.
    pub(super) fn apply(&self) -> Result<bool> {
        let is_needed = self.steps.iter().any(|(_, steps)| !steps.is_empty());
        if is_needed {
            files::make_folders(&self.folder)?;
        }
        for (place, steps) in &self.steps {
            place.sweep_drafts();
            for step in steps {
                place.take(*step)?;
            }
        }
        Ok(is_needed)
    }
}

/// Makes sure that what git's configuration has under our names is ours.
///
/// # Errors
///
/// `hook_foreign` when somebody changed a command there.
pub(super) fn require_own_sections(repository: &Repository) -> Result<()> {
    for hook in GitHook::ALL {
        let Some(command) = repository.find_own_command(hook) else { continue };
        if !hook.is_own_command(&command) {
            let key = format!("hook.{}", hook.friendly_name());
            let file = repository.common_dir().join("config");
            return Err(Failure::new(
                Code::HookForeign,
                format!("`{key}.command` in {} is not what wt wrote: it is left alone", file.display()),
            )
            .hint(format!("if it is not needed: git config --local --remove-section {key}"))
            .detail("hook", hook.name()));
        }
    }
    Ok(())
}

/// Removes our sections from git's configuration; answers whether there were any.
pub(super) fn remove_sections(repository: &Repository) -> Result<bool> {
    let mut removed = false;
    for hook in GitHook::ALL.into_iter().filter(|hook| repository.has_hook_section(*hook)) {
        repository.remove_hook_section(hook)?;
        removed = true;
    }
    Ok(removed)
}

/// Notes in the registry whether hooks are wanted here; writes only where that is news.
pub(super) fn note_wish(context: &Context, repository: &Repository, wanted: bool) -> Result<()> {
    let record = repository.record()?;
    let store = context.store()?;
    if store.read()?.wants_hooks(&record.id) == wanted {
        return Ok(());
    }
    let now = context.now();
    store.update(|registry| {
        registry.remember_repository(record.clone());
        registry.want_hooks(&record.id, wanted);
        let event = if wanted { "hooks_installed" } else { "hooks_uninstalled" };
        registry.record_event(now, Event { repository: Some(record.path.clone()), ..Event::new(event) });
        Ok(())
    })
}

/// The refusal to write into a folder that is not this repository's alone, with what to add instead.
pub(super) fn refused(repository: &Repository, folder: &Path, obstacle: Obstacle) -> Failure {
    let partner = find_partner(repository.root(), folder).unwrap_or(Partner::Unknown);
    let whose = match partner {
        Partner::Unknown => String::new(),
        partner => format!(" (it looks like {})", partner.name()),
    };
    let lines = partner.lines(&folder.display().to_string());
    let to_add: Vec<String> =
        lines.iter().map(|(file, lines)| format!("at the end of {file}:\n{}", indented(lines))).collect();
    let details: Vec<serde_json::Value> =
        lines.iter().map(|(file, lines)| serde_json::json!({ "file": file, "lines": lines })).collect();
    Failure::new(
        Code::HookForeign,
        format!("git's hooks folder {} {}{whose}: it is not written to", folder.display(), obstacle.phrase()),
    )
    .hint(format!(
        "add these lines yourself, and `wt hooks status` tells whether they work\n{}",
        to_add.join("\n")
    ))
    .detail("manager", partner.name())
    .detail("folder", folder.display().to_string())
    .detail("add", details)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
