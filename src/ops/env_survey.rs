//! The env files of a worktree as they stand, beside what belongs in them: what is written, checked and validated.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::env_render::{self, Rendered};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::env_file;
use crate::host::git::Repository;
use crate::model::env_block;
use crate::model::env_files::{self, EnvTarget};
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;

/// All env files of a worktree.
#[derive(Debug)]
pub struct EnvSurvey {
    pub files: Vec<EnvFile>,
    pub block: Rendered,
    /// Whether the main block stands beside the usual file only because git tracks that.
    pub is_beside: bool,
}

/// One file.
#[derive(Debug)]
pub struct EnvFile {
    pub target: EnvTarget,
    /// Where it really is; `None` where its folder is not there.
    pub place: Option<PathBuf>,
    pub bytes: Option<Vec<u8>>,
    /// The lines of its block; `None` for a file that is to have none any more.
    pub lines: Option<Vec<String>>,
    /// Why it cannot be read, or its block not be told from the user's lines.
    pub trouble: Option<Failure>,
}

/// How a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvFileState {
    Current,
    Missing,
    Drifted,
    /// There is no folder for it: nothing is written.
    NoFolder,
}

/// A file that was checked.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FileChecked {
    pub path: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    pub state: EnvFileState,
    /// Lines that should be there and are not.
    pub expected: Vec<String>,
    /// Lines that are there and should not be.
    pub found: Vec<String>,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Checked {
    pub name: String,
    /// The first file that is not current, else the main one.
    pub path: PathBuf,
    pub state: EnvFileState,
    pub expected: Vec<String>,
    pub found: Vec<String>,
    pub env_files: Vec<FileChecked>,
}

/// Looks at the env files of `entry`: those that are to have a block, and those that had one.
///
/// # Errors
///
/// `config_invalid` for a block that cannot be rendered. What is wrong with one file is its trouble.
pub fn survey(context: &Context, repository: &Repository, entry: &Entry) -> Result<EnvSurvey> {
    let block = env_render::rendered(context, repository, entry)?;
    let targets = targets(context, repository, entry)?;
    let mut files = Vec::new();
    for target in &targets.files {
        let port = |service: &ServiceName| {
            block.ports.iter().find(|(known, _)| known == service).map(|(_, port)| *port)
        };
        let lines = match &target.service {
            None => block.lines.clone(),
            Some(service) => env_files::lines_of_service(&block.lines, port(service)),
        };
        files.push(read_file(&entry.path, target.clone(), Some(lines)));
    }
    files.extend(left(repository, entry, |path| targets.files.iter().any(|target| target.path == path))?);
    Ok(EnvSurvey { files, block, is_beside: targets.is_beside })
}

/// Returns the files of which the record says that they have a block and that are to have none any more; those that
/// `is_wanted` says of are passed over. A file without a block has nothing of ours.
///
/// # Errors
///
/// Fails when git's index cannot be read.
pub(super) fn left(
    repository: &Repository,
    entry: &Entry,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<EnvFile>> {
    let mut files = Vec::new();
    for path in entry.block_files().into_iter().filter(|path| !is_wanted(path)) {
        let is_tracked = is_tracked(repository, entry, &path)?;
        let file = read_file(&entry.path, EnvTarget { path, service: None, is_tracked }, None);
        let has_block = file.bytes.as_deref().is_some_and(|bytes| env_block::lines(bytes).is_some());
        if has_block || (!is_tracked && file.trouble.is_some()) {
            files.push(file);
        }
    }
    Ok(files)
}

/// Chooses the files that are to have a block. Where a block stands in a file that git began to track, nobody is led to
/// another file while the old block lies: that is settled by a person.
fn targets(context: &Context, repository: &Repository, entry: &Entry) -> Result<env_files::Targets> {
    let mut targets = env_files::targets(&context.config, |path| is_tracked(repository, entry, path))?;
    if targets.is_beside {
        let usual = env_file::read_in(&entry.path, env_block::USUAL).ok().flatten().unwrap_or_default();
        if env_block::find(&usual) != env_block::FoundBlock::None {
            targets.is_beside = false;
            let path = env_block::USUAL.to_owned();
            targets.files[0] = EnvTarget { path, service: None, is_tracked: true };
        }
    }
    Ok(targets)
}

fn is_tracked(repository: &Repository, entry: &Entry, path: &str) -> Result<bool> {
    if entry.admin.is_empty() {
        return repository.is_tracked(&entry.path, path);
    }
    repository.is_tracked_in(Some(&entry.admin), &entry.path, path)
}

fn read_file(root: &Path, target: EnvTarget, lines: Option<Vec<String>>) -> EnvFile {
    let mut file = EnvFile { target, place: None, bytes: None, lines, trouble: None };
    let read = env_file::place(root, &file.target.path).and_then(|place| {
        file.place.clone_from(&place);
        let bytes = place.map_or(Ok(None), |place| env_file::read(&place))?;
        env_block::require_clear(bytes.as_deref().unwrap_or_default(), &file.target.path)?;
        Ok(bytes)
    });
    match read {
        Ok(bytes) => file.bytes = bytes,
        Err(failure) => file.trouble = Some(failure),
    }
    file
}

impl EnvFile {
    /// Answers whether it is to have no block any more and git tracks it: it stays as it is, for what git tracks is never
    /// written.
    #[must_use]
    pub fn is_out_of_reach(&self) -> bool {
        self.lines.is_none() && self.target.is_tracked
    }

    /// Compares the block with what it should be.
    #[must_use]
    pub fn checked(&self, root: &Path) -> FileChecked {
        let found = env_block::lines(self.bytes.as_deref().unwrap_or_default());
        let expected = self.lines.clone().unwrap_or_default();
        let state = match &found {
            None if self.place.is_none() => EnvFileState::NoFolder,
            None if self.lines.is_none() => EnvFileState::Current,
            None => EnvFileState::Missing,
            Some(found) if self.lines.as_ref() == Some(found) => EnvFileState::Current,
            Some(_) => EnvFileState::Drifted,
        };
        let found = found.unwrap_or_default();
        let only = |these: &[String], those: &[String]| {
            these.iter().filter(|line| !those.contains(line)).cloned().collect()
        };
        FileChecked {
            path: self.place.clone().unwrap_or_else(|| root.join(&self.target.path)),
            service: self.target.service.clone(),
            state,
            expected: only(&expected, &found),
            found: only(&found, &expected),
        }
    }

    /// Returns what there is to say of the user's own lines that set a name of ours to another value.
    #[must_use]
    pub fn doubled(&self) -> Vec<String> {
        self.doubles().iter().map(|double| self.told(double)).collect()
    }

    /// The same of those names that the block in the file does not set yet: what was said once is not said again.
    #[must_use]
    pub fn newly_doubled(&self) -> Vec<String> {
        let there = env_block::lines(self.bytes.as_deref().unwrap_or_default()).unwrap_or_default();
        let there = variables(there.join("\n").as_bytes());
        let is_known = |double: &&Double| there.iter().any(|(name, _)| *name == double.name);
        let doubles = self.doubles();
        let new: Vec<&Double> = doubles.iter().filter(|double| !is_known(double)).collect();
        match &new[..] {
            [] => Vec::new(),
            [one] => vec![self.told(one)],
            several => vec![self.told_together(several)],
        }
    }

    fn doubles(&self) -> Vec<Double> {
        let own = self.bytes.as_deref().and_then(|bytes| env_block::remove(bytes).ok()).unwrap_or_default();
        let ours = variables(self.lines.clone().unwrap_or_default().join("\n").as_bytes());
        let differing = variables(&own).into_iter().filter_map(|(name, theirs)| {
            let ours = ours.iter().find(|(known, set)| *known == name && *set != theirs)?.1.clone();
            Some(Double { name, theirs, ours })
        });
        differing.collect()
    }

    fn told(&self, double: &Double) -> String {
        let Double { name, theirs, ours } = double;
        format!(
            "your own line in `{}` sets {name} to `{theirs}`, and stays: what wt itself starts gets {ours}; a program that \
             reads the file itself mostly takes the last line of the two, some the first",
            self.target.path
        )
    }

    /// Several of them in one sentence.
    fn told_together(&self, doubles: &[&Double]) -> String {
        let all = |each: &dyn Fn(&Double) -> String| {
            doubles.iter().map(|double| each(double)).collect::<Vec<_>>().join(", ")
        };
        format!(
            "your own lines in `{}` set {}, and stay: what wt itself starts gets {}; a program that reads the file itself \
             mostly takes the last line of the two, some the first",
            self.target.path,
            all(&|Double { name, theirs, .. }| format!("{name} to `{theirs}`")),
            all(&|double| double.ours.clone()),
        )
    }
}

/// A name that the user's own lines set to another value than the block does.
#[derive(Debug)]
struct Double {
    name: String,
    theirs: String,
    ours: String,
}

fn variables(text: &[u8]) -> Vec<(String, String)> {
    dotenvy::from_read_iter(text).filter_map(std::result::Result::ok).collect()
}

/// Compares the blocks in the worktree with what they should be.
///
/// # Errors
///
/// `config_invalid`, also for a block that lost a marker; `permission`.
pub fn check(context: &Context, repository: &Repository, entry: &Entry) -> Result<Checked> {
    let mut survey = survey(context, repository, entry)?;
    if let Some(trouble) = survey.files.iter_mut().find_map(|file| file.trouble.take()) {
        return Err(trouble);
    }
    let files = survey.files.iter().filter(|file| !file.is_out_of_reach());
    let files: Vec<FileChecked> = files.map(|file| file.checked(&entry.path)).collect();
    let is_off = |file: &&FileChecked| !matches!(file.state, EnvFileState::Current | EnvFileState::NoFolder);
    let Some(first) = files.iter().find(is_off).or(files.first()).cloned() else {
        return Err(Failure::new(Code::Internal, "a worktree without any env file"));
    };
    let state = if is_off(&&first) { first.state } else { EnvFileState::Current };
    Ok(Checked {
        name: entry.name.clone(),
        path: first.path,
        state,
        expected: first.expected,
        found: first.found,
        env_files: files,
    })
}

/// The refusal to write into a file that the repository itself keeps.
#[must_use]
pub fn env_tracked(context: &Context, target: &EnvTarget) -> Failure {
    let typed = &context.host.typed;
    let without = typed.clone().with(&["--no-env"]);
    let (without, place) = if typed.is_of("create") {
        (format!("`{without}`, or "), " in the commit to be checked out")
    } else {
        (String::new(), "")
    };
    let (path, key) = (&target.path, target.key());
    Failure::new(Code::EnvTracked, format!("`{path}` is tracked by git{place}"))
        .hint(format!(
            "{without}name a file that git does not track in `{key}` of the configuration, or take this one out of the \
             repository: `{git}`",
            git = crate::model::advised::git("rm --cached {}", &[&path])
        ))
        .detail("key", key)
}
