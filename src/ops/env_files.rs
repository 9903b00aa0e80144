//! Has the env files of a worktree follow its record: the only writer of env blocks. Whoever writes looks afterwards
//! whether the block still says what the registry says, so that the last one to write has written the truth.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::env;
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::{env_file, exclude};
use crate::model::env_block;
use crate::model::registry::entry::{Entry, EntryState};

/// How often the block is written at most: others have their own turn, and the last of them ends it.
const MOST: usize = 20;

/// What writing did.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Written {
    pub name: String,
    pub path: PathBuf,
    /// Whether the file changed.
    pub changed: bool,
    pub variables: serde_json::Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Writes the env block of `entry`, again for as long as its allocations change; the entry's path is kept.
///
/// # Errors
///
/// `env_tracked`, `config_invalid`, `permission`, `disk_full`; the old file is untouched then.
pub fn follow(context: &Context, repository: &Repository, entry: &Entry) -> Result<Written> {
    let mut entry = entry.clone();
    let mut written = write(context, repository, &entry)?;
    // Nobody else changes a record that is being created.
    if matches!(entry.state, EntryState::Creating { .. }) {
        return Ok(written);
    }
    for _ in 1..MOST {
        let registry = context.store()?.read()?;
        let now = registry.entries().find(|known| known.sequence == entry.sequence && known.is_living());
        let differs = |now: &&Entry| now.services() != entry.services() || now.branch != entry.branch;
        let Some(now) = now.filter(differs) else { break };
        entry.allocations.clone_from(&now.allocations);
        entry.branch.clone_from(&now.branch);
        let again = write(context, repository, &entry)?;
        written = Written { changed: written.changed || again.changed, ..again };
    }
    Ok(written)
}

/// Writes the block into the entry's worktree, and the file's name into `info/exclude`.
fn write(context: &Context, repository: &Repository, entry: &Entry) -> Result<Written> {
    repository.require_own(&entry.path)?;
    if repository.is_tracked(&entry.path, env_file::NAME)? {
        return Err(env::env_tracked(context));
    }
    let (lines, variables, mut warnings) = env::lines(context, repository, entry)?;
    let before = env_file::read(&entry.path)?;
    let after = env_block::splice(before.as_deref().unwrap_or_default(), &lines)?;
    warnings.extend(env::doubled(before.as_deref().unwrap_or_default(), &variables)?);
    exclude::add(repository.common_dir(), &context.host.interrupt)?;
    let changed = before.as_deref() != Some(&after);
    if changed {
        env_file::write(&entry.path, &after)?;
    }
    let variables = variables.into_iter().map(|(name, value)| (name, value.into())).collect();
    Ok(Written {
        name: entry.name.clone(),
        path: entry.path.join(env_file::NAME),
        changed,
        variables,
        warnings,
    })
}
