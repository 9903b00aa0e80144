//! The small files of an admin folder: written new or replaced whole, and the log that `git worktree add` begins.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use super::repository::Repository;
use crate::error::{Code, Failure, Result};

/// Writes a file that must not exist.
pub(super) fn write_new(path: &Path, text: &[u8]) -> Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o666)
        .open(path)
        .map_err(cannot("write", path))?;
    file.write_all(text).map_err(cannot("write", path))
}

/// Replaces a file whole, or makes it.
pub(super) fn write_over(path: &Path, text: &[u8]) -> Result<()> {
    let aside = path.with_extension("wt-new");
    // A file of this name can only be what a killed attempt left.
    let _ = std::fs::remove_file(&aside);
    let written = write_new(&aside, text);
    let replaced = written.and_then(|()| std::fs::rename(&aside, path).map_err(cannot("replace", path)));
    replaced.inspect_err(|_| drop(std::fs::remove_file(&aside)))
}

/// Returns the text of a `.git` file that names `target`.
pub(super) fn link_text(target: &Path) -> Vec<u8> {
    let mut text = b"gitdir: ".to_vec();
    text.extend_from_slice(target.as_os_str().as_bytes());
    text.push(b'\n');
    text
}

/// Returns the way from the folder `from` to `to`; both are absolute and free of `..`.
pub(super) fn relative_path(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(ours, theirs)| ours == theirs).count();
    let up = from[shared..].iter().map(|_| Component::ParentDir);
    up.chain(to[shared..].iter().copied()).collect()
}

impl Repository {
    /// Returns the two lines with which git begins the log of a new worktree's HEAD: the checkout and the reset.
    /// `None` when `core.logAllRefUpdates` is off.
    pub(super) fn head_log(&self, commit: &str) -> Result<Option<String>> {
        if self
            .settings(None)?
            .get_string("core.logAllRefUpdates")
            .is_ok_and(|value| matches!(value.to_ascii_lowercase().as_str(), "false" | "no" | "off" | "0"))
        {
            return Ok(None);
        }
        let signature = self
            .library()
            .and_then(|library| library.committer_from_env().or_else(|_| library.signature()).ok());
        let Some(signature) = signature.or_else(|| git2::Signature::now("unknown", "unknown").ok()) else {
            return Ok(None);
        };
        let (name, email) = (
            String::from_utf8_lossy(signature.name_bytes()),
            String::from_utf8_lossy(signature.email_bytes()),
        );
        let when = signature.when();
        let offset = when.offset_minutes();
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs());
        let zone = format!("{sign}{:02}{:02}", minutes / 60, minutes % 60);
        let who = format!("{name} <{email}> {} {zone}", when.seconds());
        let zeros = "0".repeat(commit.len());
        Ok(Some(format!("{zeros} {commit} {who}\n{commit} {commit} {who}\treset: moving to HEAD\n")))
    }
}

pub(super) fn cannot<'a>(doing: &'a str, path: &'a Path) -> impl Fn(std::io::Error) -> Failure + 'a {
    move |error| Failure::from_io(error, Code::GitFailed, format!("cannot {doing} {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_replaced_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".git");
        std::fs::create_dir(&path).unwrap();
        assert!(write_over(&path, b"gitdir: /there\n").is_err());
        let names = folder.path().read_dir().unwrap().flatten().map(|entry| entry.file_name());
        assert_eq!(names.collect::<Vec<_>>(), [".git"]);
    }

    #[test]
    fn a_relative_path_leads_there() {
        let way = |from: &str, to: &str| relative_path(Path::new(from), Path::new(to));
        assert_eq!(
            way("/p/a/.git/worktrees/x", "/p/a.worktrees/x/.git"),
            Path::new("../../../../a.worktrees/x/.git")
        );
        assert_eq!(way("/p/w", "/p/a/.git/worktrees/x"), Path::new("../a/.git/worktrees/x"));
    }
}
