//! Env files on disk, beneath their worktree: no link leads out of it, and several are replaced together or not at all.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::files::{self, DraftFile};
use crate::error::{Code, Failure, Result};

/// The largest file that is taken for an env file, in bytes.
pub const LARGEST: u64 = 4 * 1024 * 1024;

/// A file that is to be written.
#[derive(Clone, Debug)]
pub struct EnvFileChange {
    pub path: PathBuf,
    /// The bytes that stand there; `None` where there is no file.
    pub before: Option<Vec<u8>>,
    /// The bytes that are to stand there; `None` to take the file away.
    pub after: Option<Vec<u8>>,
}

/// Returns where `name`, relative to the worktree `root`, really is, links of its folders followed; `None` where its folder
/// is not there.
///
/// # Errors
///
/// `permission` for a folder that lies outside of the worktree, is git's, or belongs to another repository.
pub fn place(root: &Path, name: &str) -> Result<Option<PathBuf>> {
    let path = root.join(name);
    let refused = |why: String| {
        Failure::new(Code::Permission, format!("{} {why}", path.display()))
            .hint("name a file below the worktree; `wt create --no-env` makes a worktree without env blocks")
    };
    let (Some(folder), Some(file)) = (path.parent(), path.file_name()) else {
        return Err(refused("is no file".to_owned()));
    };
    if folder == root {
        return Ok(Some(path));
    }
    let looked =
        |error| Failure::from_io(error, Code::Permission, format!("{} cannot be looked at", path.display()));
    let real = match folder.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(looked(error)),
    };
    let root = root.canonicalize().map_err(looked)?;
    let Ok(below) = real.strip_prefix(&root) else {
        return Err(refused(format!("leads out of the worktree, to {}", real.display())));
    };
    if below.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err(refused("is git's".to_owned()));
    }
    if !real.is_dir() {
        return Err(refused("is not in a folder".to_owned()));
    }
    let is_repository = |folder: &&Path| **folder != *root && folder.join(".git").symlink_metadata().is_ok();
    let inside = real.ancestors().take_while(|folder| folder.starts_with(&root));
    if let Some(other) = inside.into_iter().find(is_repository) {
        return Err(refused(format!("belongs to another repository, {}", other.display())));
    }
    Ok(Some(real.join(file)))
}

/// Reads the file `name` of the worktree `root`; `None` when there is none.
///
/// # Errors
///
/// As [`place`] and [`read`].
pub fn read_in(root: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    place(root, name)?.map_or(Ok(None), |path| read(&path))
}

/// Reads the file; `None` when there is none.
///
/// # Errors
///
/// `permission` for a link, a folder, or anything else that is not a plain file.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let Ok(found) = path.symlink_metadata() else { return Ok(None) };
    if !found.is_file() {
        return Err(not_plain(path));
    }
    let failed =
        |error| Failure::from_io(error, Code::Permission, format!("{} cannot be read", path.display()));
    let opened = openat(
        CWD,
        path,
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
    );
    let file = match opened {
        Ok(file) => File::from(file),
        Err(error) if std::io::Error::from(error).kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.into())),
    };
    let mut bytes = Vec::with_capacity(usize::try_from(found.len().min(LARGEST)).unwrap_or_default() + 64);
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::new(
            Code::Permission,
            format!("{} is too large for an env file", path.display()),
        )
        .hint("make it smaller; `wt create --no-env` makes a worktree without an env block"));
    }
    Ok(Some(bytes))
}

/// Makes all changes or none: every file is written beside its place first, then all are renamed, and a failure on the way
/// puts back what was renamed. A new file has mode 0600, another one the mode it has.
///
/// # Errors
///
/// As [`read`]; `disk_full`. All files are as they were then, or the message says which is not.
pub fn write(changes: &[EnvFileChange]) -> Result<()> {
    let drafts = changes.iter().map(draft).collect::<Result<Vec<_>>>()?;
    let mut drafts = drafts.into_iter();
    for (at, change) in changes.iter().enumerate() {
        let done = match drafts.next().flatten() {
            Some(draft) => draft.put(),
            None => fs::remove_file(&change.path).map_err(|error| {
                Failure::from_io(
                    error,
                    Code::Permission,
                    format!("{} cannot be removed", change.path.display()),
                )
            }),
        };
        if let Err(failure) = done {
            // What is to go back may need their room.
            drop(drafts);
            return Err(put_back(&changes[..at], failure));
        }
    }
    Ok(())
}

fn draft(change: &EnvFileChange) -> Result<Option<DraftFile>> {
    let Some(bytes) = &change.after else { return Ok(None) };
    match change.path.symlink_metadata() {
        Ok(found) if found.is_file() => {
            files::draft(&change.path, bytes, found.permissions().mode() & 0o777, true).map(Some)
        }
        Ok(_) => Err(not_plain(&change.path)),
        Err(_) => files::draft(&change.path, bytes, 0o600, false).map(Some),
    }
}

/// Undoes what was renamed before something failed, the last one first.
fn put_back(done: &[EnvFileChange], failure: Failure) -> Failure {
    let mut left = Vec::new();
    for change in done.iter().rev() {
        let undone = match &change.before {
            Some(bytes) => {
                let mode = change.path.metadata().map_or(0o600, |found| found.permissions().mode() & 0o777);
                files::replace(&change.path, bytes, mode).is_ok()
            }
            None => fs::remove_file(&change.path).is_ok(),
        };
        if !undone {
            left.push(change.path.display().to_string());
        }
    }
    if left.is_empty() {
        return failure;
    }
    let message = format!("{}\nthe new block stands in {} all the same", failure.message(), left.join(", "));
    Failure::new(failure.code(), message).hint("`wt env` once that is mended")
}

fn not_plain(path: &Path) -> Failure {
    let what = match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => "is a link: nothing is written through one",
        Ok(found) if found.is_dir() => "is a folder",
        _ => "is no plain file",
    };
    Failure::new(Code::Permission, format!("{} {what}", path.display())).hint(
        "put a plain file there, or name another in `env.file` of the configuration; `wt create --no-env` makes a new \
         worktree without an env block",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_changed_or_none() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let change = |name: &str, before: Option<&str>, after: Option<&str>| EnvFileChange {
            path: at(name),
            before: before.map(Into::into),
            after: after.map(Into::into),
        };
        files::replace(&at("a"), b"old", 0o640).unwrap();
        files::replace(&at("gone"), b"ours", 0o600).unwrap();
        let good = [change("a", Some("old"), Some("new")), change("b", None, Some("b"))];
        // The last one is not there to be removed: what was renamed before it goes back.
        let bad = [&good[..], &[change("none", None, None)]].concat();
        assert!(write(&bad).is_err());
        assert_eq!((fs::read(at("a")).unwrap(), at("b").exists()), (b"old".to_vec(), false));
        assert_eq!(fs::metadata(at("a")).unwrap().permissions().mode() & 0o777, 0o640);
        write(&[&good[..], &[change("gone", Some("ours"), None)]].concat()).unwrap();
        assert_eq!(
            (fs::read(at("a")).unwrap(), fs::read(at("b")).unwrap()),
            (b"new".to_vec(), b"b".to_vec())
        );
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "no draft is left, and `gone` is gone");
    }

    #[test]
    fn a_folder_is_followed_only_inside() {
        let held = tempfile::tempdir().unwrap();
        let root = held.path().join("tree");
        for folder in ["tree/server/api", "tree/.git", "tree/sub/.git", "out"] {
            fs::create_dir_all(held.path().join(folder)).unwrap();
        }
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, root.join(name)).unwrap();
        link("server/api", "in");
        link("../out", "leads-out");
        link(".git", "to-git");
        let real = root.canonicalize().unwrap().join("server/api/.env");
        assert_eq!(place(&root, "in/.env").unwrap(), Some(real));
        assert_eq!(place(&root, ".env").unwrap(), Some(root.join(".env")));
        assert_eq!(place(&root, "none/.env").unwrap(), None);
        for name in ["leads-out/.env", "to-git/config", "sub/.env"] {
            assert!(place(&root, name).is_err(), "{name}");
        }
        // Its folder is not there, whatever the path leads to.
        assert_eq!(place(&root, "sub/deep/../.env").unwrap(), None);
    }
}
