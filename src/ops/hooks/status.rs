//! The answer of `wt hooks status`: which hook fires where, and what it would run.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::inspect::{HookSight, Inspection};
use crate::model::hooks::firing::{How, Reached};
use crate::model::hooks::partner::Partner;
use crate::model::hooks::text::GitHook;

/// How the hooks of a repository stand.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HooksStatus {
    pub hooks: Vec<HookStatus>,
    /// The tool that keeps the project's hooks, where one leaves traces.
    pub manager: Option<Partner>,
    pub folder: PathBuf,
    /// git's version, such as `2.54`.
    pub git: String,
    /// Where hooks belong with this git.
    pub belongs: How,
    pub installed: bool,
    /// What a hook would run; `null` where it would find nothing.
    pub program: Option<PathBuf>,
    /// Whether that is our program.
    pub program_is_ours: bool,
}

/// One hook in one worktree.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HookStatus {
    pub hook: GitHook,
    pub worktree: String,
    pub path: PathBuf,
    pub fires: bool,
    pub how: Option<How>,
    /// Why it does not fire, or what to know although it does.
    pub reason: Option<String>,
}

impl From<&HookSight> for HookStatus {
    fn from(sight: &HookSight) -> Self {
        let firing = &sight.firing;
        Self {
            hook: sight.hook,
            worktree: sight.worktree.clone(),
            path: sight.path.clone(),
            fires: firing.fires,
            how: firing.how,
            reason: firing.state.reason(),
        }
    }
}

impl From<&Inspection> for HooksStatus {
    fn from(inspection: &Inspection) -> Self {
        let (major, minor) = inspection.git;
        Self {
            hooks: inspection.hooks.iter().map(HookStatus::from).collect(),
            manager: inspection.manager,
            folder: inspection.folder.clone(),
            git: format!("{major}.{minor}"),
            belongs: inspection.belongs,
            installed: inspection.wanted,
            program: match &inspection.program {
                Reached::Nothing => None,
                Reached::Ours(program) | Reached::Stranger(program) => Some(program.clone()),
            },
            program_is_ours: matches!(inspection.program, Reached::Ours(_)),
        }
    }
}
