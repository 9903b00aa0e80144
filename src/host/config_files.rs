//! The configuration's files: read whole as text, and the starter written where nothing is yet.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::files;
use crate::error::{Code, Failure, Result};
use crate::model::config::layers::{Layer, Source};

/// A repository's file in its main worktree.
pub const REPOSITORY_FILE: &str = ".wt.toml";

/// Bytes: no configuration is longer, and a device or a mistaken file must not fill the memory.
const LONGEST: u64 = 1 << 20;

/// Returns the repository's file below `root`.
#[must_use]
pub fn repository_file(root: &Path) -> PathBuf {
    root.join(REPOSITORY_FILE)
}

/// Answers whether there is a file at `path`, of whatever kind.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Reads the file at `path`; `None` when there is none.
///
/// # Errors
///
/// `config_invalid` for what is no readable text of at most one MiB, `permission` where it may not be read.
pub fn read_layer(path: &Path, source: Source) -> Result<Option<Layer>> {
    // A pipe in a repository would hang every command, so only regular files are opened.
    match fs::metadata(path) {
        Ok(facts) if facts.is_file() => read(path, source).map(Some),
        Ok(_) => Err(refused(path, "is not a file")),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

/// Reads the file that the user named, which may be a pipe (`<(…)` of a shell).
///
/// # Errors
///
/// As [`read_layer`], and `config_invalid` when there is none.
pub fn require_layer(path: &Path, source: Source) -> Result<Layer> {
    match fs::metadata(path) {
        Ok(facts) if facts.is_dir() => Err(refused(path, "is a folder")),
        Ok(_) => read(path, source),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(refused(path, "does not exist")
            .hint("name an existing file with `--config`, or leave the flag out")),
        Err(error) => Err(unreadable(path, error)),
    }
}

/// Writes `text` to a new file at `path`, whole or not at all, with the permissions the user gives new files.
///
/// # Errors
///
/// `path_not_empty` when something is there.
pub fn write_new(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return Failure::new(Code::PathNotEmpty, format!("{} is there already", path.display()))
                .hint("edit it, or remove it first; `wt config show` prints what is in effect");
        }
        Failure::from_io(error, Code::Internal, format!("cannot create {}", path.display()))
    })?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        // Ours and new: half of it is worse than nothing. Whether this works changes nothing about the failure.
        let _ = fs::remove_file(path);
        Failure::from_io(error, Code::Internal, format!("cannot write {}", path.display()))
    })
}

/// Writes `text` to a new file at `relative` below `root`, as [`write_new`]; folders that are missing are made.
///
/// # Errors
///
/// As [`write_new`], and `permission` where a folder of the path is a link or no folder: what is written stays below `root`.
pub fn write_new_below(root: &Path, relative: &str, text: &str) -> Result<PathBuf> {
    let mut folder = root.to_owned();
    let mut parts: Vec<&str> = relative.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    for part in parts {
        folder.push(part);
        match fs::symlink_metadata(&folder) {
            Ok(facts) if facts.is_dir() => {}
            Ok(_) => {
                let message = format!("{} is no folder of its own", folder.display());
                return Err(Failure::new(Code::Permission, message).hint("write the file by hand"));
            }
            Err(_) => fs::create_dir(&folder).map_err(|error| {
                Failure::from_io(error, Code::Internal, format!("cannot create {}", folder.display()))
            })?,
        }
    }
    let path = folder.join(name);
    write_new(&path, text)?;
    Ok(path)
}

/// Adds `text` to the end of the file at `path`, links followed: the file is replaced whole and keeps its mode.
///
/// # Errors
///
/// `config_invalid` where it cannot be read, `permission` or `disk_full` where it cannot be written.
pub fn append(path: &Path, text: &str) -> Result<()> {
    let path = path.canonicalize().map_err(|error| unreadable(path, error))?;
    let known = read(&path, Source::others())?;
    let mode = fs::metadata(&path).map_err(|error| unreadable(&path, error))?.permissions().mode();
    files::replace(&path, format!("{}{text}", known.text).as_bytes(), mode & 0o7777)
}

fn read(path: &Path, source: Source) -> Result<Layer> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| unreadable(path, error))?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(refused(path, "is longer than a configuration can be (1 MiB)"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Layer { path: path.display().to_string(), text, source }),
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..start].split(|byte| *byte == b'\n').count();
            let message = format!("{}:{line}: not valid UTF-8", path.display());
            Err(Failure::new(Code::ConfigInvalid, message)
                .detail("file", path.display().to_string())
                .detail("line", line)
                .hint("save the file as UTF-8"))
        }
    }
}

fn refused(path: &Path, what: &str) -> Failure {
    let shown = path.display().to_string();
    Failure::new(Code::ConfigInvalid, format!("the configuration file {shown} {what}"))
        .detail("file", shown)
        .hint("`wt config path` lists the files that are read")
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    let message = format!("cannot read the configuration file {}", path.display());
    Failure::from_io(error, Code::ConfigInvalid, message)
        .hint("`wt config path` lists the files that are read")
}
