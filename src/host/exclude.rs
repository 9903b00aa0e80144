//! `info/exclude`, shared by all worktrees of a repository: our lines, each added once, edited under a lock.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::interrupt::Interrupt;
use super::{files, lock};
use crate::error::{Code, Failure, Result};

/// The line before ours, which tells it from the same line written by somebody else.
const SIGN: &str = "# env blocks written by wt";

/// Adds a line for each of `files`, relative to the worktree, unless it is there.
///
/// # Errors
///
/// `permission` or `disk_full`; `interrupted` while somebody else has it locked.
pub fn add(common_dir: &Path, files: &[&str], interrupt: &Interrupt) -> Result<()> {
    edit(common_dir, interrupt, |text| {
        let mut added = Vec::new();
        for file in files {
            let line = line(file);
            let is_it = |known: &[u8]| {
                let known = known.trim_ascii();
                known == line || (!file.contains('/') && known == &line[1..])
            };
            if !text.split(|byte| *byte == b'\n').any(is_it) {
                added.extend_from_slice(&pair(file));
            }
        }
        if added.is_empty() {
            return Ok(None);
        }
        let end: &[u8] = if text.is_empty() || text.ends_with(b"\n") { b"" } else { b"\n" };
        Ok(Some([text, end, &added].concat()))
    })
}

/// The line that ignores `file`.
fn line(file: &str) -> Vec<u8> {
    [b"/", &*literal(file.as_bytes())].concat()
}

/// Our two lines for `file`.
fn pair(file: &str) -> Vec<u8> {
    [SIGN.as_bytes(), b"\n", &*line(file), b"\n"].concat()
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

/// Takes our lines out again but for those of the files that `used` names, until it is answered that these are all; asked
/// while nobody else can edit, so that a create which adds a line later finds it gone and adds it again.
///
/// # Errors
///
/// `permission` or `disk_full`; `interrupted` while somebody else has it locked; and those of `used`.
pub fn remove(
    common_dir: &Path,
    interrupt: &Interrupt,
    used: impl FnOnce(&mut dyn FnMut(&str) -> bool) -> Result<()>,
) -> Result<()> {
    if common_dir.join("info/exclude").metadata().is_ok_and(|found| !found.is_file()) {
        // Whatever that is, no line of ours is in it.
        return Ok(());
    }
    edit(common_dir, interrupt, |text| {
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let is_sign = |at: usize| lines.get(at).is_some_and(|line| line.trim_ascii_end() == SIGN.as_bytes());
        if !(0..lines.len()).any(is_sign) {
            return Ok(None);
        }
        let ours = |at: usize| {
            let line = lines.get(at + 1).filter(|_| is_sign(at)).map(|line| line.trim_ascii_end());
            line.filter(|line| line.starts_with(b"/"))
        };
        let mut unused: HashSet<&[u8]> = (0..lines.len()).filter_map(ours).collect();
        used(&mut |file| {
            unused.remove(&*line(file));
            unused.is_empty()
        })?;
        let (mut kept, mut at) = (Vec::new(), 0);
        while let Some(known) = lines.get(at) {
            if ours(at).is_some_and(|line| unused.contains(line)) {
                at += 2;
                continue;
            }
            kept.extend_from_slice(known);
            at += 1;
        }
        Ok((kept != text).then_some(kept))
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
                scope.spawn(|| add(folder.path(), &[".env"], &Interrupt::default()).unwrap());
            }
        });
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("*.swp\n{SIGN}\n/.env\n"));
        remove(folder.path(), &Interrupt::default(), |_| Ok(())).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "*.swp\n");
    }

    #[test]
    fn a_line_of_the_users_is_neither_doubled_nor_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("info")).unwrap();
        let path = folder.path().join("info/exclude");
        files::replace(&path, b"/.env\n", 0o644).unwrap();
        add(folder.path(), &[".env"], &Interrupt::default()).unwrap();
        remove(folder.path(), &Interrupt::default(), |_| Ok(())).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"/.env\n");
    }

    #[test]
    fn each_file_has_a_line_and_keeps_it_while_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let common = folder.path();
        add(common, &[".env", "a b/.env"], &Interrupt::default()).unwrap();
        add(common, &["a b/.env", ".env.local"], &Interrupt::default()).unwrap();
        let text = || fs::read_to_string(common.join("info/exclude")).unwrap();
        assert_eq!(text(), format!("{SIGN}\n/.env\n{SIGN}\n/a\\ b/.env\n{SIGN}\n/.env.local\n"));
        remove(common, &Interrupt::default(), |is_enough| {
            assert!(!is_enough("a b/.env"), "others may be used too");
            Ok(())
        })
        .unwrap();
        assert_eq!(text(), format!("{SIGN}\n/a\\ b/.env\n"));
    }

    #[test]
    fn a_linked_exclude_file_stays_a_link_and_its_target_gets_the_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("info")).unwrap();
        let (link, target) = (folder.path().join("info/exclude"), folder.path().join("mine"));
        files::replace(&target, b"*.swp\n", 0o644).unwrap();
        std::os::unix::fs::symlink("../mine", &link).unwrap();
        add(folder.path(), &[".env"], &Interrupt::default()).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), format!("*.swp\n{SIGN}\n/.env\n"));
        remove(folder.path(), &Interrupt::default(), |_| Ok(())).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "*.swp\n");
    }
}
