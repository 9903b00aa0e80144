//! Whole files: replaced in one step, moved without overwriting, compared, made.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};

use super::process::identity;
use super::{ownership, token};
use crate::error::{Code, Failure, Result};

/// How many bytes of two files are compared at once.
const PIECE: usize = 64 * 1024;

/// How much room beyond a file's bytes is made, in bytes: with it the end is found without another small read.
const ROOM: usize = 64;

/// Opens a plain file for reading, and returns its length in bytes too. Whatever else stands there (a pipe, a device, a
/// folder, a socket) is refused by its kind, and a pipe is not waited for.
///
/// # Errors
///
/// Those of the system; `InvalidInput` for what is no plain file.
pub fn open_plain(path: &Path) -> std::io::Result<(File, u64)> {
    let file = plain(File::options().read(true)).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(no_plain_file());
    }
    Ok((file, found.len()))
}

/// Reads a plain file whole, as [`open_plain`].
///
/// # Errors
///
/// As [`open_plain`].
pub fn read_plain(path: &Path) -> std::io::Result<Vec<u8>> {
    let (file, length) = open_plain(path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default().saturating_add(ROOM));
    // Its length is known: `Take` does not ask for it again.
    file.take(u64::MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Answers whether a plain file begins with `bytes`.
///
/// # Errors
///
/// As [`open_plain`].
pub fn begins_with(path: &Path, bytes: &[u8]) -> std::io::Result<bool> {
    let mut first = Vec::with_capacity(bytes.len());
    open_plain(path)?.0.take(bytes.len() as u64).read_to_end(&mut first)?;
    Ok(first == bytes)
}

/// Reads a plain file of text, as [`open_plain`].
///
/// # Errors
///
/// As [`open_plain`]; `InvalidData` for what is no text.
pub fn read_plain_text(path: &Path) -> std::io::Result<String> {
    String::from_utf8(read_plain(path)?).map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))
}

/// Has `options` open a pipe without waiting for whoever is at its other end; plain files know no such waiting.
pub fn plain(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
}

/// Refuses what is no plain file.
///
/// # Errors
///
/// `InvalidInput`; those of looking.
pub fn require_plain(file: File) -> std::io::Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(no_plain_file())
}

fn no_plain_file() -> std::io::Error {
    std::io::Error::new(ErrorKind::InvalidInput, "it is not a plain file")
}

/// Replaces `path` by a file with `bytes` and `mode`: a reader sees the old or the new one, also after a power loss.
///
/// # Errors
///
/// `disk_full` or `permission`; the old file is untouched then.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    put(path, bytes, mode, true)
}

/// Makes the file `path`, which was not there: a reader sees all of it or nothing. The disk is not waited for, because
/// nothing can be lost that was there before.
///
/// # Errors
///
/// As [`replace`].
pub fn make(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    put(path, bytes, mode, false)
}

fn put(path: &Path, bytes: &[u8], mode: u32, waits_for_disk: bool) -> Result<()> {
    draft(path, bytes, mode, waits_for_disk)?.put()
}

/// Writes a new file; whatever stands at `path` stays, and is an error.
///
/// # Errors
///
/// As [`replace`].
pub fn make_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = opened.map_err(|error| refused(path, error))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // It is ours: it was not there before.
        let _ = fs::remove_file(path);
        refused(path, error)
    })
}

/// A file written beside the place that it is to take; dropped, it goes.
#[derive(Debug)]
pub struct DraftFile {
    draft: PathBuf,
    path: PathBuf,
    waits_for_disk: bool,
}

/// Writes `bytes` beside `path`, which is untouched until the draft is [put](DraftFile::put) in its place.
///
/// # Errors
///
/// `disk_full` or `permission`.
pub fn draft(path: &Path, bytes: &[u8], mode: u32, waits_for_disk: bool) -> Result<DraftFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let written =
        DraftFile { draft: folder.join(draft_name(&name)?), path: path.to_path_buf(), waits_for_disk };
    sweep_drafts(folder, &name);
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&written.draft)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
            ownership::inherit(&file, path);
            if waits_for_disk { file.sync_all() } else { Ok(()) }
        })
        .map_err(|error| refused(path, error))?;
    Ok(written)
}

impl DraftFile {
    /// Renames it into its place.
    ///
    /// # Errors
    ///
    /// As [`replace`]; what stands there is untouched then.
    pub fn put(self) -> Result<()> {
        fs::rename(&self.draft, &self.path).map_err(|error| refused(&self.path, error))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if self.waits_for_disk {
            // The file is in its place: an error here would make the caller undo what stands there already.
            let _ = sync_folder(folder);
        }
        Ok(())
    }
}

impl Drop for DraftFile {
    fn drop(&mut self) {
        // Once it was renamed there is nothing of its name any more.
        let _ = fs::remove_file(&self.draft);
    }
}

fn refused(path: &Path, error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Permission, format!("{} cannot be written", path.display()))
}

/// Returns a name for a temporary file of ours that is to become `name`, or to be read for it; one that a killed process left
/// goes with [`sweep_drafts`].
///
/// # Errors
///
/// Fails when the system gives no random bytes.
pub fn draft_name(name: &str) -> Result<String> {
    Ok(format!("{}{}-{}", draft_prefix(name), std::process::id(), &token::random()?[..8]))
}

/// What the names of our temporary files for `name` begin with; the writer's pid follows.
fn draft_prefix(name: &str) -> String {
    format!(".{name}.wt-")
}

/// Answers whether `found` is the name of a temporary file of ours for `name`.
#[must_use]
pub fn is_draft(found: &std::ffi::OsStr, name: &str) -> bool {
    found.to_str().is_some_and(|found| draft_pid(found, name).is_some())
}

/// Returns the pid of whoever made a temporary file or folder of ours for `name`; `None` for what is no such thing.
#[must_use]
pub fn draft_pid_of(found: &std::ffi::OsStr, name: &str) -> Option<u32> {
    draft_pid(found.to_str()?, name)
}

fn draft_pid(found: &str, name: &str) -> Option<u32> {
    let (pid, random) = found.strip_prefix(&draft_prefix(name))?.split_once('-')?;
    let is_ours = random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_ours { pid.parse().ok() } else { None }
}

/// Removes temporary files for `name` that processes left which are gone.
pub fn sweep_drafts(folder: &Path, name: &str) {
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|found| draft_pid(found, name));
        if pid.is_some_and(|pid| identity::of(pid).is_none()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes the names in a folder durable.
///
/// # Errors
///
/// Those of the system.
pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Renames, refusing to replace what stands at `to`.
///
/// # Errors
///
/// `path_not_empty` when something does; else the system's, with the error itself as the cause.
pub fn rename_new(from: &Path, to: &Path) -> Result<()> {
    let renamed = renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE);
    let renamed = match renamed {
        // Some file systems know no flag; a look beforehand is the best they allow.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if to.symlink_metadata().is_err() => {
            fs::rename(from, to)
        }
        other => other.map_err(std::io::Error::from),
    };
    renamed.map_err(|error| {
        let code =
            if error.kind() == ErrorKind::AlreadyExists { Code::PathNotEmpty } else { Code::Permission };
        Failure::from_io(error, code, format!("{} cannot be moved to {}", from.display(), to.display()))
    })
}

/// Makes `folder` and those above it.
///
/// # Errors
///
/// `permission` or `disk_full`.
pub fn make_folders(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| {
        Failure::from_io(error, Code::Permission, format!("{} cannot be made", folder.display()))
    })
}

/// Answers whether all that `one` holds is in `other` too: equal files, equal links, and folders of which everything is
/// there. What cannot be read is not the same.
#[must_use]
pub fn is_same_tree(one: &Path, other: &Path) -> bool {
    let (Ok(first), Ok(second)) = (one.symlink_metadata(), other.symlink_metadata()) else { return false };
    if first.file_type() != second.file_type() {
        return false;
    }
    if first.is_symlink() {
        return matches!((fs::read_link(one), fs::read_link(other)), (Ok(first), Ok(second)) if first == second);
    }
    if first.is_dir() {
        return is_same_folder(one, other);
    }
    first.is_file() && first.len() == second.len() && same_bytes(one, other)
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    holds_only(one, |entry| is_same_tree(&entry.path(), &other.join(entry.file_name())))
}

/// Answers whether all that the folder holds is as `is_it` says. A listing that breaks off says nothing of the rest.
pub fn holds_only(folder: &Path, is_it: impl Fn(&fs::DirEntry) -> bool) -> bool {
    folder.read_dir().is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| is_it(&entry))))
}

/// Compares in pieces: a database of many gigabytes is no reason to fill the memory.
fn same_bytes(one: &Path, other: &Path) -> bool {
    let (Ok(mut one), Ok(mut other)) = (File::open(one), File::open(other)) else { return false };
    let (mut first, mut second) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let (Ok(here), Ok(there)) = (fill(&mut one, &mut first), fill(&mut other, &mut second)) else {
            return false;
        };
        if first[..here] != second[..there] {
            return false;
        }
        if here < PIECE {
            return true;
        }
    }
}

/// Reads until the piece is full or the file ends.
fn fill(file: &mut impl Read, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        match file.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Returns how many bytes a tree takes on disk, hard links counted once each; 0 for what is not there.
#[must_use]
pub fn size_of_tree(path: &Path) -> u64 {
    let Ok(found) = path.symlink_metadata() else { return 0 };
    let own = found.blocks() * 512;
    if !found.is_dir() {
        return own;
    }
    let Ok(entries) = path.read_dir() else { return own };
    entries.flatten().map(|entry| size_of_tree(&entry.path())).fold(own, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_the_same_only_where_every_piece_is() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let mut bytes = vec![7; length];
            replace(&one, &bytes, 0o600).unwrap();
            replace(&other, &bytes, 0o600).unwrap();
            assert!(is_same_tree(&one, &other), "{length}");
            if let Some(last) = bytes.last_mut() {
                *last = 8;
                replace(&other, &bytes, 0o600).unwrap();
                assert!(!is_same_tree(&one, &other), "{length}");
            }
        }
    }
}
