//! Where the main worktree is when its git folder lies elsewhere (a link, `git init --separate-git-dir`): git does not keep
//! that, so we do, beside the repository's id. It counts only while the folder's `.git` leads back.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::paths::{canonical, read_link_file};
use super::repository::Repository;
use crate::error::{Code, Failure, Result};

const FILE: &str = "wt/main-worktree";

/// Finds the main worktree of a repository that one does not stand in: as it was kept, else beside its git folder, as a
/// link (`.git -> .git.nosync`) has it.
pub(super) fn find(common_dir: &Path) -> Option<PathBuf> {
    let beside = || common_dir.parent().map(Path::to_path_buf);
    kept(common_dir)
        .filter(|folder| leads_to(folder, common_dir))
        .or_else(|| beside().filter(|folder| leads_to(folder, common_dir)))
}

fn kept(common_dir: &Path) -> Option<PathBuf> {
    let text = std::fs::read(common_dir.join(FILE)).ok()?;
    let folder = Path::new(OsStr::from_bytes(text.strip_suffix(b"\n")?));
    folder.is_absolute().then(|| folder.to_path_buf())
}

/// Answers whether the folder's `.git`, a folder, a link or a file, is that git folder.
fn leads_to(folder: &Path, common_dir: &Path) -> bool {
    let dot_git = folder.join(".git");
    if dot_git.is_dir() {
        return canonical(&dot_git) == common_dir;
    }
    dot_git.is_file() && read_link_file(&dot_git).is_some_and(|target| canonical(&target) == common_dir)
}

/// Answers whether `path` leads to `root`, which has no links. Links are resolved only where both are one folder: nearly all that
/// is asked about is another one.
fn is_same(path: &Path, root: &Path) -> bool {
    let is_other = match (path.metadata(), root.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) != (other.dev(), other.ino()),
        _ => false,
    };
    !is_other && canonical(path) == root
}

impl Repository {
    /// Answers whether `path` is the main worktree, and its `.git` leads to this repository.
    #[must_use]
    pub fn is_main_worktree(&self, path: &Path) -> bool {
        !self.bare && (path == self.root || is_same(path, &self.root)) && leads_to(path, &self.common_dir)
    }

    /// Keeps where the main worktree is, when one stands in it and its git folder does not tell.
    pub(super) fn keep_main_worktree(&self) -> Result<()> {
        let stands_in_it = self.current.as_ref().is_some_and(|current| current.admin.is_none());
        let tells = self.root.join(".git") == self.common_dir;
        if !stands_in_it || (tells && !self.common_dir.join(FILE).exists()) {
            return Ok(());
        }
        if kept(&self.common_dir).is_some_and(|kept| kept == self.root) {
            return Ok(());
        }
        let path = self.common_dir.join(FILE);
        let failed =
            |error| Failure::from_io(error, Code::GitFailed, format!("cannot write {}", path.display()));
        let mut file = tempfile::NamedTempFile::new_in(self.require_wt_dir()?).map_err(failed)?;
        let text = [self.root.as_os_str().as_bytes(), b"\n"].concat();
        file.write_all(&text).map_err(failed)?;
        // Whoever may use the repository has to read it.
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(failed)?;
        file.persist(&path).map(drop).map_err(|error| failed(error.error))
    }
}
