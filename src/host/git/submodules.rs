//! The submodules that a worktree has clones of: what they hold lies in the worktree's own git folder and goes with it
//! (gitsubmodules(7)), unless it is on a remote.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::operation;
use super::paths::{canonical, read_link_file};
use super::repository::{Repository, git_dir_word};
use super::scan::submodule_paths;
use super::status::changes_by_git;
use crate::error::Result;

/// How deep clones may lie in each other, and names have slashes.
const DEEPEST: usize = 64;

/// A clone of a submodule that would go with its worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clone {
    /// Where it is in the worktree, else the name it has in git's folder.
    pub name: String,
    /// Whether it holds changes, unfinished work, or commits that are on no remote; also where that cannot be told.
    pub is_needed: bool,
    /// What is ignored in it, from the worktree's folder on.
    pub ignored: Vec<String>,
}

impl Repository {
    /// Returns the clones of the worktree `admin` at `path`, each looked at.
    ///
    /// # Errors
    ///
    /// `git_failed` when the index cannot be read, `interrupted`.
    pub fn submodule_clones(
        &self,
        path: &Path,
        admin: &str,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Vec<Clone>> {
        let mut clones = Vec::new();
        let modules = self.admin_dir(admin).join("modules");
        for git_dir in clones_below(&modules) {
            let name = git_dir.strip_prefix(&modules).unwrap_or(&git_dir).to_path_buf();
            clones.push((name, folder_of(&git_dir), git_dir));
        }
        // Those whose repository was never moved into git's folder.
        for inner in self.submodule_paths(path, admin)? {
            let inner = PathBuf::from(OsStr::from_bytes(&inner));
            let dot_git = path.join(&inner).join(".git");
            if dot_git.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
                clones.extend(
                    clones_below(&dot_git.join("modules"))
                        .into_iter()
                        .map(|git_dir| (inner.clone(), folder_of(&git_dir), git_dir)),
                );
                clones.push((inner.clone(), Some(path.join(&inner)), dot_git));
            }
        }
        let top = canonical(path);
        clones
            .into_iter()
            .map(|(name, folder, git_dir)| {
                self.clone_at(&top, &name, folder.as_deref(), &git_dir, interrupted)
            })
            .collect()
    }

    fn submodule_paths(&self, path: &Path, admin: &str) -> Result<Vec<Vec<u8>>> {
        if let Some(paths) = submodule_paths(&self.admin_dir(admin).join("index")) {
            return Ok(paths);
        }
        let listed = self.git_in(path).args(["ls-files", "--stage", "-z"]).require()?;
        let lines = listed.stdout.split(|byte| *byte == 0).filter(|line| line.starts_with(b"160000 "));
        Ok(lines.filter_map(|line| Some(line[memchr::memchr(b'\t', line)? + 1..].to_vec())).collect())
    }

    fn clone_at(
        &self,
        top: &Path,
        name: &Path,
        folder: Option<&Path>,
        git_dir: &Path,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Clone> {
        let inner = folder.map(canonical);
        let shown = inner.as_deref().and_then(|folder| folder.strip_prefix(top).ok()).unwrap_or(name);
        let mut clone =
            Clone { name: shown.to_string_lossy().into_owned(), is_needed: true, ignored: Vec::new() };
        if operation::find(git_dir).is_some() || !self.is_all_on_remotes(git_dir)? {
            return Ok(clone);
        }
        if let Some(folder) = folder {
            let changes = changes_by_git(folder, true, interrupted)?;
            clone.ignored = changes.ignored.iter().map(|path| format!("{}/{path}", clone.name)).collect();
            clone.is_needed = !changes.is_clean() || !self.marked_by_git(folder)?.is_empty();
        } else {
            clone.is_needed = false;
        }
        Ok(clone)
    }

    /// Answers whether every ref, HEAD and the stash lead to commits that a remote has, as far as was fetched.
    fn is_all_on_remotes(&self, git_dir: &Path) -> Result<bool> {
        let words = ["rev-list", "--max-count=1", "--all", "--not", "--remotes"];
        let output = self.git_in(git_dir).args([git_dir_word(git_dir)]).args(words).run()?;
        Ok(output.is_success() && output.stdout.is_empty())
    }
}

/// Returns the folder that a clone's files are in, where that names it back.
fn folder_of(git_dir: &Path) -> Option<PathBuf> {
    let config = super::config_conditions::file(&git_dir.join("config"))?;
    let folder = git_dir.join(config.get_path("core.worktree").ok()?);
    let named = read_link_file(&folder.join(".git"))?;
    (canonical(&named) == canonical(git_dir)).then_some(folder)
}

/// Returns the git folders below `modules`: names of submodules have slashes, and submodules have submodules.
fn clones_below(modules: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![(modules.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let inner = entry.path();
            if inner.join("HEAD").symlink_metadata().is_ok() && inner.join("objects").is_dir() {
                open.push((inner.join("modules"), depth + 1));
                found.push(inner);
            } else if depth < DEEPEST {
                open.push((inner, depth + 1));
            }
        }
    }
    found.sort();
    found
}
