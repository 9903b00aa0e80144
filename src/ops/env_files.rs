//! Has the env files of a worktree follow its record: the only writer of env blocks. Whoever writes looks afterwards
//! whether the blocks still say what the registry says, so that the last one to write has written the truth.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::env_survey::{EnvFile, EnvSurvey, env_tracked, left, survey};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::env_file::{self, EnvFileChange};
use crate::host::exclude;
use crate::host::git::Repository;
use crate::model::env_block;
use crate::model::env_files::{self, Targets};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::service::ServiceName;
use crate::model::variables::MissingVariable;

/// How often the blocks are written at most: others have their own turn, and the last of them ends it.
const MOST: usize = 20;

/// What writing did.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct WrittenEnv {
    pub name: String,
    /// The main file.
    pub path: PathBuf,
    /// Whether any file changed.
    pub changed: bool,
    pub variables: serde_json::Map<String, serde_json::Value>,
    pub env_files: Vec<FileWritten>,
    /// Variables of `[env.set]` that name a service without a port here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_left_out: Vec<MissingVariable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FileWritten {
    pub path: PathBuf,
    /// Whose own file it is; absent for the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    pub changed: bool,
}

/// Answers whether a file of the worktree in `folder` holds our block and nothing else.
#[must_use]
pub fn is_block_alone(folder: &Path, file: &str) -> bool {
    let Ok(Some(bytes)) = env_file::read_in(folder, file) else { return false };
    env_block::lines(&bytes).is_some()
        && env_block::remove(&bytes).is_ok_and(|rest| rest.trim_ascii().is_empty())
}

/// Writes the env blocks of `entry`, again for as long as its allocations change; the entry's path is kept.
///
/// # Errors
///
/// `env_tracked`, `config_invalid`, `permission`, `disk_full`; all files are untouched then.
pub fn follow(context: &Context, repository: &Repository, entry: &Entry) -> Result<WrittenEnv> {
    let mut entry = entry.clone();
    let mut written = write(context, repository, &mut entry)?;
    // Nobody else changes a record that is being created.
    if matches!(entry.state, EntryState::Creating { .. }) {
        return Ok(written);
    }
    for _ in 1..MOST {
        // What we were asked for is written: it is no failure that nobody can tell whether that is still so.
        let registry = match context.store().and_then(|store| store.read()) {
            Ok(registry) => registry,
            Err(failure) => {
                let message = failure.message();
                written
                    .warnings
                    .push(format!("whether the record changed meanwhile is not known: {message}"));
                break;
            }
        };
        let now = registry.entries().find(|known| known.sequence == entry.sequence && known.is_living());
        let differs = |now: &&Entry| now.services() != entry.services() || now.branch != entry.branch;
        let Some(now) = now.filter(differs) else { break };
        entry.allocations.clone_from(&now.allocations);
        entry.branch.clone_from(&now.branch);
        entry.env_files.clone_from(&now.env_files);
        match write(context, repository, &mut entry) {
            Ok(now) => written = later(written, now),
            // What we were asked for is written; whoever changed the record since has it follow, or takes it back.
            Err(failure) => {
                let message = failure.message();
                written.warnings.push(format!("the env files do not follow a later change: {message}"));
                break;
            }
        }
    }
    Ok(written)
}

/// Takes the blocks of `entry` out of all files that have one; what git tracks stays as it is.
///
/// # Errors
///
/// `config_invalid` for a block that lost a marker, `permission`, `disk_full`; all files are untouched then.
pub fn clear(repository: &Repository, entry: &Entry) -> Result<()> {
    let mut changes = Vec::new();
    for mut file in left(repository, entry, |_| false)? {
        if let Some(trouble) = file.trouble.take() {
            return Err(trouble);
        }
        if let (Some(place), false) = (file.place.clone(), file.is_out_of_reach()) {
            changes.extend(change(&file, place)?);
        }
    }
    if changes.is_empty() { Ok(()) } else { env_file::write(&changes) }
}

/// What both did, the second of them last.
fn later(first: WrittenEnv, mut second: WrittenEnv) -> WrittenEnv {
    second.changed |= first.changed;
    for file in &mut second.env_files {
        file.changed |= first.env_files.iter().any(|known| known.path == file.path && known.changed);
    }
    let new = first.warnings.into_iter().filter(|warning| !second.warnings.contains(warning));
    second.warnings = new.chain(second.warnings.clone()).collect();
    second
}

/// Refuses files that git tracks.
///
/// # Errors
///
/// `env_tracked`.
pub fn require_untracked(context: &Context, targets: &Targets) -> Result<()> {
    match targets.files.iter().find(|target| target.is_tracked) {
        Some(target) => Err(env_tracked(context, target)),
        None => Ok(()),
    }
}

/// Writes the blocks into the entry's worktree, and the files' names into `info/exclude`.
fn write(context: &Context, repository: &Repository, entry: &mut Entry) -> Result<WrittenEnv> {
    repository.require_recorded(&entry.path, entry.is_main())?;
    let EnvSurvey { mut files, block, is_beside } = survey(context, repository, entry)?;
    if let Some(tracked) = files.iter().find(|file| file.target.is_tracked && !file.is_out_of_reach()) {
        return Err(env_tracked(context, &tracked.target));
    }
    if let Some(trouble) = files.iter_mut().find_map(|file| file.trouble.take()) {
        return Err(trouble);
    }
    let mut warnings = block.warnings;
    let mut changes = Vec::new();
    let mut report = Vec::new();
    for file in files.iter().filter(|file| !file.is_out_of_reach()) {
        let Some(place) = &file.place else {
            let (path, name) = (&file.target.path, entry.path.display());
            warnings.push(format!("`{path}` gets no env block: its folder is not there in {name}"));
            continue;
        };
        let change = change(file, place.clone())?;
        warnings.extend(file.newly_doubled());
        if file.lines.is_some() || change.is_some() {
            let service = file.target.service.clone();
            report.push(FileWritten { path: place.clone(), service, changed: change.is_some() });
        }
        changes.extend(change);
    }
    let named: Vec<&EnvFile> = files.iter().filter(|file| file.lines.is_some()).collect();
    let paths: Vec<String> = named.iter().map(|file| file.target.path.clone()).collect();
    require_unhidden(repository, entry, &named)?;
    let excluded: Vec<&str> = paths.iter().map(String::as_str).collect();
    exclude::add(repository.common_dir(), &excluded, &context.host.interrupt)?;
    if let Some(main) = named.first().filter(|_| is_beside)
        && !repository.is_ignored_in(&entry.path, Path::new(&main.target.path))?
    {
        let usual =
            crate::model::env_files::EnvTarget { path: env_block::USUAL.to_owned(), ..main.target.clone() };
        return Err(env_tracked(context, &usual));
    }
    if !changes.is_empty() {
        // Written down first: whatever dies in between, the record names every file that may hold a block.
        let known = entry.block_files();
        let further = paths.iter().filter(|path| !known.contains(path)).cloned();
        let all: Vec<String> = known.iter().cloned().chain(further).collect();
        name_files(context, entry, &all)?;
        env_file::write(&changes)?;
        if is_beside {
            warnings.push(format!(
                "git tracks `{}`, so the env block is in `{}` (`env.file` names another file)",
                env_block::USUAL,
                paths.join("`, `")
            ));
        }
        if !block.left_out.is_empty() {
            let left = block.left_out.iter().map(|left| format!("{} ({})", left.variable, left.service));
            let left = left.collect::<Vec<_>>().join(", ");
            warnings.push(format!("left out of the env block, for the service has no port here: {left}"));
        }
    }
    let left = files.iter().filter(|file| file.is_out_of_reach()).map(|file| file.target.path.clone());
    // All of them are named already; a name too many is looked for in vain, and goes with the next write.
    if let Err(failure) = name_files(context, entry, &paths.iter().cloned().chain(left).collect::<Vec<_>>()) {
        warnings.push(format!("the names of the env files are recorded later: {}", failure.message()));
    }
    let variables = block.variables.into_iter().map(|(name, value)| (name, value.into())).collect();
    Ok(WrittenEnv {
        name: entry.name.clone(),
        path: entry.path.join(paths.first().map_or(env_block::USUAL, String::as_str)),
        changed: !changes.is_empty(),
        variables,
        env_files: report,
        env_left_out: block.left_out,
        warnings,
    })
}

/// Refuses a file that stands in the main worktree, is not called as env files are, and that git would not show there any
/// more: the line in `info/exclude` is for all worktrees, and a stranger's configuration may have chosen the name.
fn require_unhidden(repository: &Repository, entry: &Entry, named: &[&EnvFile]) -> Result<()> {
    let main = repository.root();
    if repository.is_bare() || entry.path == main {
        return Ok(());
    }
    for target in named.iter().map(|file| &file.target) {
        let stands = main.join(&target.path);
        let is_of_ours = || std::fs::read(&stands).is_ok_and(|bytes| env_block::lines(&bytes).is_some());
        if env_files::may_hold_block(&target.path, &[])
            || stands.symlink_metadata().is_err()
            || is_of_ours()
            || repository.is_tracked(main, &target.path)?
            || repository.is_ignored_in(main, Path::new(&target.path))?
        {
            continue;
        }
        let message = format!("an env block in `{}` would hide {} from git", target.path, stands.display());
        return Err(Failure::new(Code::Permission, message).hint(format!(
            "name another file with `{}`, or add that one to `.gitignore` yourself",
            target.key()
        )));
    }
    Ok(())
}

/// What is to be done about one file: its block rendered, or taken out where it is to have none any more. A file of which
/// nothing is left goes with its block.
fn change(file: &EnvFile, path: PathBuf) -> Result<Option<EnvFileChange>> {
    let before = file.bytes.clone();
    let bytes = before.as_deref().unwrap_or_default();
    let after = match &file.lines {
        Some(lines) => Some(env_block::splice(bytes, lines)?),
        None => Some(env_block::remove(bytes)?).filter(|rest| !rest.is_empty()),
    };
    Ok((before != after).then_some(EnvFileChange { path, before, after }))
}

/// Records the files that may hold a block, where that is not recorded yet.
fn name_files(context: &Context, entry: &mut Entry, files: &[String]) -> Result<()> {
    if entry.block_files() == files {
        return Ok(());
    }
    entry.name_block_files(files);
    let sequence = entry.sequence;
    context.store()?.update(|registry| {
        if let Some(known) = registry.find_by_sequence(sequence) {
            known.name_block_files(files);
        }
        Ok::<(), Failure>(())
    })
}
