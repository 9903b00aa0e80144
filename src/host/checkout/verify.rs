//! What a checkout that was cut short provably wrote: a file is ours when it is its blob, or the beginning of it.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use git2::Repository;

use super::plan::{Item, Kind, plan, unreadable};
use crate::error::{Code, Failure, Result};

/// Returns the paths in `folder` that a checkout of `commit` did not provably write; `allowed` names at its top are passed
/// over. Where there are any, the folder must not be deleted.
///
/// # Errors
///
/// `git_failed` or `permission` for what cannot be read.
pub fn foreign_paths(
    common_dir: &Path,
    commit: &str,
    folder: &Path,
    allowed: &[&str],
) -> Result<Vec<PathBuf>> {
    let repository = Repository::open(common_dir).map_err(|error| unreadable(commit, &error))?;
    let plan = plan(&repository, commit)?;
    let items: HashMap<&[u8], &Item> = plan.items.iter().map(|item| (item.path.as_slice(), item)).collect();
    let known: std::collections::HashSet<&[u8]> =
        plan.folders.iter().map(|folder| folder.path.as_slice()).collect();
    let mut foreign = Vec::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(relative) = pending.pop() {
        let here = folder.join(&relative);
        for entry in fs::read_dir(&here).map_err(|error| unread(&here, error))? {
            let entry = entry.map_err(|error| unread(&here, error))?;
            if relative.as_os_str().is_empty() && allowed.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            let path = relative.join(entry.file_name());
            let bytes = path.as_os_str().as_bytes();
            let kind = entry.file_type().map_err(|error| unread(&here, error))?;
            if kind.is_dir() && known.contains(bytes) {
                pending.push(path);
                continue;
            }
            let ours = match items.get(bytes) {
                Some(item) => is_written_by_us(&repository, item, &entry.path(), kind)?,
                None => false,
            };
            if !ours {
                foreign.push(path);
            }
        }
    }
    foreign.sort();
    Ok(foreign)
}

fn is_written_by_us(repository: &Repository, item: &Item, path: &Path, kind: fs::FileType) -> Result<bool> {
    if item.kind == Kind::Gitlink {
        let empty = kind.is_dir() && path.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        return Ok(empty);
    }
    let found = match (item.kind, kind) {
        (Kind::Link, kind) if kind.is_symlink() => {
            fs::read_link(path).map_err(|error| unread(path, error))?.into_os_string().into_vec()
        }
        (Kind::File | Kind::Executable, kind) if kind.is_file() => {
            fs::read(path).map_err(|error| unread(path, error))?
        }
        _ => return Ok(false),
    };
    let blob =
        repository.find_blob(item.object).map_err(|error| unreadable(&item.object.to_string(), &error))?;
    Ok(if item.kind == Kind::Link { blob.content() == found } else { blob.content().starts_with(&found) })
}

fn unread(path: &Path, error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Permission, format!("{} cannot be read", path.display()))
}
