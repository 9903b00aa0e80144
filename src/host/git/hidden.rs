//! Changes that git was told not to look at (git-update-index(1): skip-worktree, assume-unchanged): `git status` calls
//! them clean. They are compared in a copy of the index that has the marks taken off.

use std::path::Path;

use super::repository::Repository;
use super::scan::assumed_paths;
use crate::error::{Code, Failure, Result};

impl Repository {
    /// Returns the files in the worktree `admin` at `path` that are marked, are there, and differ from the index.
    ///
    /// # Errors
    ///
    /// `git_failed` when git cannot compare.
    pub fn hidden_changes(&self, path: &Path, admin: &str) -> Result<Vec<String>> {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let index = self.admin_dir(admin).join("index");
        // Most indexes have no such mark, which we can tell; of those that we do not read git tells.
        let mut marked = match assumed_paths(&index) {
            Some(paths) => paths,
            None => self.marked_by_git(path)?,
        };
        // A file that is not there (a sparse checkout) holds nothing.
        marked.retain(|file| path.join(OsStr::from_bytes(file)).symlink_metadata().is_ok());
        if marked.is_empty() {
            return Ok(Vec::new());
        }
        let failed =
            |error| Failure::from_io(error, Code::GitFailed, format!("cannot copy {}", index.display()));
        let scratch = tempfile::tempdir().map_err(failed)?;
        let copy = scratch.path().join("index");
        std::fs::copy(&index, &copy).map_err(failed)?;
        let names = marked.join(&0_u8);
        let git = |words: &[&str]| self.git_in(path).index_file(&copy).args(words);
        for mark in ["--no-assume-unchanged", "--no-skip-worktree"] {
            git(&["update-index", mark, "-z", "--stdin"]).input(names.clone()).require()?;
        }
        // Its status only says that something differs.
        git(&["update-index", "-q", "--refresh"]).run()?;
        let differs = git(&["diff-files", "--name-only", "-z", "--ignore-submodules=none"]).require()?;
        let differing = differs.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let hidden = differing.filter(|name| marked.iter().any(|marked| marked == name));
        Ok(hidden.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// Returns the files that git was told to pass over, in the worktree or the clone of a submodule at `folder`.
    pub(super) fn marked_by_git(&self, folder: &Path) -> Result<Vec<Vec<u8>>> {
        let output = self.git_in(folder).args(["ls-files", "-v", "-z"]).require()?;
        let lines = output.stdout.split(|byte| *byte == 0);
        let marked =
            lines.filter(|line| line.first().is_some_and(|tag| *tag == b'S' || tag.is_ascii_lowercase()));
        Ok(marked.filter_map(|line| line.get(2..)).map(<[u8]>::to_vec).collect())
    }
}
