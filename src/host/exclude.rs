//! `info/exclude`, shared by all worktrees of a repository: our lines, each added once, edited under a lock.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::interrupt::Interrupt;
use super::{files, lock};
use crate::error::{Code, Failure, Result};

/// The line before ours, which tells it from the same line written by somebody else.
const SIGN: &str = "# env blocks written by wt";

/// Our line.
const LINE: &str = "/.env";

/// Adds the line unless it is there.
///
/// # Errors
///
/// `permission` or `disk_full`; `interrupted` while somebody else has it locked.
pub fn add(common_dir: &Path, interrupt: &Interrupt) -> Result<()> {
    edit(common_dir, interrupt, |text| {
        if text.split(|byte| *byte == b'\n').any(|line| matches!(line.trim_ascii(), b"/.env" | b".env")) {
            return Ok(None);
        }
        let mut text = text.to_vec();
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(format!("{SIGN}\n{LINE}\n").as_bytes());
        Ok(Some(text))
    })
}

/// The line before one that keeps a folder of worktrees out of the main worktree's sight.
const FOLDER_SIGN: &str = "# worktrees made by wt";

/// Adds a line that ignores `folder`, relative to the main worktree, unless it is there.
///
/// # Errors
///
/// `permission` or `disk_full`; `interrupted` while somebody else has it locked.
pub fn add_folder(common_dir: &Path, folder: &Path, interrupt: &Interrupt) -> Result<()> {
    let line = [b"/", &*literal(folder.as_os_str().as_encoded_bytes()), b"/"].concat();
    edit(common_dir, interrupt, |text| {
        if text.split(|byte| *byte == b'\n').any(|known| known == line) {
            return Ok(None);
        }
        let mut text = text.to_vec();
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(FOLDER_SIGN.as_bytes());
        text.push(b'\n');
        text.extend_from_slice(&line);
        text.push(b'\n');
        Ok(Some(text))
    })
}

/// Returns the path as a pattern that means just it (gitignore(5)).
fn literal(path: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(path.len());
    for byte in path {
        if matches!(byte, b'*' | b'?' | b'[' | b'\\' | b'!' | b'#' | b' ') {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
    pattern
}

/// Takes the line out again, if it is ours and `is_unused` says so; asked while nobody else can edit, so that a create
/// which adds the line later finds it gone and adds it again.
///
/// # Errors
///
/// `permission` or `disk_full`; `interrupted` while somebody else has it locked; and those of `is_unused`.
pub fn remove(
    common_dir: &Path,
    interrupt: &Interrupt,
    is_unused: impl FnOnce() -> Result<bool>,
) -> Result<()> {
    let ours = format!("{SIGN}\n{LINE}\n").into_bytes();
    if common_dir.join("info/exclude").metadata().is_ok_and(|found| !found.is_file()) {
        // Whatever that is, no line of ours is in it.
        return Ok(());
    }
    edit(common_dir, interrupt, |text| {
        let Some(at) = text.windows(ours.len()).position(|window| window == ours) else { return Ok(None) };
        Ok(is_unused()?.then(|| [&text[..at], &text[at + ours.len()..]].concat()))
    })
}

fn edit(
    common_dir: &Path,
    interrupt: &Interrupt,
    change: impl FnOnce(&[u8]) -> Result<Option<Vec<u8>>>,
) -> Result<()> {
    let info = common_dir.join("info");
    let named = info.join("exclude");
    let failed =
        |error| Failure::from_io(error, Code::Permission, format!("{} cannot be written", named.display()));
    files::make_folders(&info)?;
    // A link to the user's own list stays one: what it leads to is replaced.
    let path = match fs::canonicalize(&named) {
        Ok(path) => path,
        Err(error) if error.kind() == ErrorKind::NotFound && named.symlink_metadata().is_err() => {
            named.clone()
        }
        Err(error) => return Err(failed(error)),
    };
    // The folder is locked, not the file: that one is replaced.
    let lock_folder = path.parent().unwrap_or(&info);
    let lock = File::open(lock_folder).map_err(failed)?;
    if !lock::when_free(&lock, &mut || interrupt.is_raised()).map_err(failed)? {
        let message = format!("interrupted while another process has {} locked", lock_folder.display());
        return Err(Failure::new(Code::Interrupted, message));
    }
    let before = match files::read_plain(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed(error)),
    };
    let Some(after) = change(&before)? else { return Ok(()) };
    let mode = path.metadata().map_or(0o644, |found| found.permissions().mode() & 0o777);
    files::replace(&path, &after, mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_at_once_leave_one_line_and_the_users_own() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("info")).unwrap();
        let path = folder.path().join("info/exclude");
        files::replace(&path, b"*.swp", 0o644).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| add(folder.path(), &Interrupt::default()).unwrap());
            }
        });
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("*.swp\n{SIGN}\n{LINE}\n"));
        remove(folder.path(), &Interrupt::default(), || Ok(true)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "*.swp\n");
    }

    #[test]
    fn a_line_of_the_users_is_neither_doubled_nor_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("info")).unwrap();
        let path = folder.path().join("info/exclude");
        files::replace(&path, b"/.env\n", 0o644).unwrap();
        add(folder.path(), &Interrupt::default()).unwrap();
        remove(folder.path(), &Interrupt::default(), || Ok(true)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"/.env\n");
    }

    #[test]
    fn a_linked_exclude_file_stays_a_link_and_its_target_gets_the_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("info")).unwrap();
        let (link, target) = (folder.path().join("info/exclude"), folder.path().join("mine"));
        files::replace(&target, b"*.swp\n", 0o644).unwrap();
        std::os::unix::fs::symlink("../mine", &link).unwrap();
        add(folder.path(), &Interrupt::default()).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), format!("*.swp\n{SIGN}\n{LINE}\n"));
        remove(folder.path(), &Interrupt::default(), || Ok(true)).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "*.swp\n");
    }
}
