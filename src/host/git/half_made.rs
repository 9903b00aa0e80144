//! What a `git worktree add` left that died: an admin folder without a worktree's index, which may make every
//! `git worktree list` fail, or a whole worktree that still bears git's own lock.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::repository::Repository;
use super::tips::{is_head_written, read_text};
use super::worktrees::GitWorktree;
use crate::error::{Code, Failure, Result};
use crate::host::process::table;
use crate::host::remove_tree::remove_tree;
use crate::host::{files, token};
use crate::model::branch::Head;

/// How long nothing must have changed before git is taken to be gone.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// An admin folder that git left half-made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfMadeAdmin {
    /// git's name of the worktree.
    pub admin: String,
    /// The worktree's folder; empty where the admin folder does not say.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// What was not provably put there by git: it is in the way of settling.
    pub foreign: Vec<PathBuf>,
    /// Whether the worktree is whole, and only git's last step is missing.
    whole: bool,
}

impl Repository {
    /// Returns what dead `git worktree add`s left, those passed over whose admin folder `is_ours`.
    pub fn half_made(&self, is_ours: impl Fn(&GitWorktree) -> bool) -> Result<Vec<HalfMadeAdmin>> {
        self.half_made_among(&self.worktrees()?, is_ours)
    }

    /// As [`half_made`](Self::half_made), where the worktrees were read already.
    pub fn half_made_among(
        &self,
        worktrees: &[GitWorktree],
        is_ours: impl Fn(&GitWorktree) -> bool,
    ) -> Result<Vec<HalfMadeAdmin>> {
        let suspects = worktrees
            .iter()
            .filter(|worktree| worktree.broken.is_some() || worktree.initializing)
            .filter(|worktree| !is_ours(worktree));
        let settled = suspects.filter(|suspect| {
            let folders = [self.root(), self.common_dir(), &suspect.path];
            let named: Vec<&Path> = folders.into_iter().filter(|folder| folder.is_absolute()).collect();
            self.is_settled(suspect) && !is_git_at_work(&named)
        });
        settled.cloned().map(|suspect| self.look_at_half_made(suspect)).collect()
    }

    /// Takes away what was left half-made, or makes git's last step when the worktree is whole; looks again before.
    pub fn settle_half_made(&self, admin: &str, is_ours: impl Fn(&GitWorktree) -> bool) -> Result<()> {
        let found =
            self.half_made(|worktree| worktree.admin.as_deref() != Some(admin) || is_ours(worktree))?;
        let Some(left) = found.into_iter().next() else { return Ok(()) };
        if let Some(foreign) = left.foreign.first() {
            let message =
                format!("{} holds what git did not put there: {}", left.path.display(), foreign.display());
            return Err(Failure::new(Code::PathNotEmpty, message).hint("save that, then remove the folder"));
        }
        if left.whole {
            return self.finish(admin);
        }
        if self.find_admin_mentioned_by(&left.path).is_some_and(|named| named == admin) {
            self.remove_half_made(admin, &left.path)?;
        }
        let aside = self.require_wt_dir()?.join(format!("half-made-{}", token::random()?));
        self.take_admin(admin, &aside)?;
        remove_tree(&aside)
    }

    /// Renames the folder aside before it is looked at for the last time: what somebody puts at its place from then on is
    /// not in it.
    fn remove_half_made(&self, admin: &str, path: &Path) -> Result<()> {
        let name = format!(".wt-half-made-{}", token::random()?);
        let aside = path.parent().unwrap_or(path).join(name);
        files::rename_new(path, &aside)?;
        let mut moved: Vec<GitWorktree> = self.worktrees()?;
        moved.retain(|worktree| worktree.admin.as_deref() == Some(admin));
        let foreign = match moved.pop() {
            Some(worktree) => self.foreign_of(admin, &GitWorktree { path: aside.clone(), ..worktree }),
            None => Ok(vec![aside.clone()]),
        };
        match foreign {
            Ok(foreign) if foreign.is_empty() => remove_tree(&aside),
            other => {
                files::rename_new(&aside, path)?;
                let first = other?.into_iter().next().unwrap_or_default();
                let message =
                    format!("{} got what git did not put there: {}", path.display(), first.display());
                Err(Failure::new(Code::PathNotEmpty, message).hint("save that, then remove the folder"))
            }
        }
    }

    fn finish(&self, admin: &str) -> Result<()> {
        let folder = self.admin_dir(admin);
        let commondir = folder.join("commondir");
        if read_text(&commondir).unwrap_or_default().is_empty() {
            files::replace(&commondir, b"../..\n", 0o644)?;
        }
        let lock = folder.join("locked");
        if read_text(&lock).as_deref() == Some("initializing") {
            fs::remove_file(&lock).map_err(|error| {
                Failure::from_io(error, Code::GitFailed, format!("cannot remove {}", lock.display()))
            })?;
        }
        Ok(())
    }

    /// Answers whether nothing of the admin folder changed lately. A clock that went backwards makes no folder old.
    #[must_use]
    pub fn is_settled(&self, worktree: &GitWorktree) -> bool {
        let Some(admin) = &worktree.admin else { return false };
        let folder = self.admin_dir(admin);
        let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        let changed = |path: PathBuf| path.symlink_metadata().ok()?.modified().ok();
        let last = entries.chain([folder.clone(), worktree.path.clone()]).filter_map(changed).max();
        #[expect(clippy::disallowed_methods, reason = "file times are compared with the same clock")]
        let now = SystemTime::now();
        last.is_some_and(|last| now.duration_since(last).is_ok_and(|age| age >= SETTLED_AFTER))
    }

    fn look_at_half_made(&self, worktree: GitWorktree) -> Result<HalfMadeAdmin> {
        let admin = worktree.admin.clone().unwrap_or_default();
        let whole = self.is_whole_but_for_commondir(&admin, &worktree.path);
        let foreign = if whole { Vec::new() } else { self.foreign_of(&admin, &worktree)? };
        let why = worktree.broken.unwrap_or_else(|| "git's own lock is still on it".to_owned());
        Ok(HalfMadeAdmin { admin, path: worktree.path, why, foreign, whole })
    }

    fn is_whole_but_for_commondir(&self, admin: &str, path: &Path) -> bool {
        let folder = self.admin_dir(admin);
        let has = |file: &str| fs::metadata(folder.join(file)).is_ok_and(|file| file.len() > 0);
        let links_back = self.find_admin_named_by(path).is_some_and(|named| named == admin);
        is_head_written(&folder) && has("gitdir") && has("index") && !has("index.lock") && links_back
    }

    /// An index has what somebody staged, so an admin folder with one is never taken away.
    fn foreign_of(&self, admin: &str, worktree: &GitWorktree) -> Result<Vec<PathBuf>> {
        let index = self.admin_dir(admin).join("index");
        if index.symlink_metadata().is_ok() {
            return Ok(vec![index]);
        }
        let path = &worktree.path;
        let is_its_folder = self.find_admin_mentioned_by(path).is_some_and(|named| named == admin);
        if path.as_os_str().is_empty() || !is_its_folder {
            // Whatever stands there is not this worktree, and stays.
            return Ok(Vec::new());
        }
        let commit = match &worktree.head {
            Head::Detached(commit) => Some(commit.clone()),
            Head::Branch(_) | Head::Unborn(_) | Head::Unreadable(_) => worktree.commit.clone(),
        };
        if let Some(commit) = commit {
            return self.foreign_paths_by_git(path, &commit, &[".git"]);
        }
        let names = path.read_dir().into_iter().flatten().flatten().map(|entry| entry.file_name());
        Ok(names.filter(|name| name != ".git").map(PathBuf::from).collect())
    }

    /// Answers whether the worktree `admin` ever stood at a commit: its own log of HEAD has lines (git-reflog(1)).
    #[must_use]
    pub fn had_commits(&self, admin: &str) -> bool {
        fs::metadata(self.admin_dir(admin).join("logs/HEAD")).is_ok_and(|log| log.len() > 0)
    }
}

/// Answers whether a git is at work in one of `folders`: then nothing there is called dead.
pub(super) fn is_git_at_work(folders: &[&Path]) -> bool {
    table::pids().any(|pid| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = words.split(|byte| *byte == 0);
        let is_git = words.next().is_some_and(|program| program == b"git" || program.ends_with(b"/git"));
        is_git
            && match fs::read_link(format!("/proc/{pid}/cwd")) {
                Ok(folder) => folders.iter().any(|place| folder.starts_with(place)),
                // Another user's: it may be here.
                Err(_) => words.any(|word| word == b"worktree"),
            }
    })
}
