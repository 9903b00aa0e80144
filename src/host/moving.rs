//! Folders that the system does not rename: mount points, and those of an overlay's lower layer. That is asked before anything
//! is changed, and a folder of git's own is copied instead.

use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use rustix::io::Errno;

use super::{remove_tree, token};

/// The file system type of an overlay (`statfs(2)`).
const OVERLAY: u64 = 0x794c_7630;

/// Why a folder cannot be renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmovable {
    /// It lies in the lower layer of an overlay, as all that came with a container's image.
    LowerLayer,
    /// Something is mounted there, or its parent is on another file system.
    Mounted,
}

/// Asks the system whether `folder` can be renamed into `place`, a folder that is there: it is told to rename it over a
/// folder that is not empty, which no file system does, and the reason that it gives tells. `None` where nothing is against it.
#[must_use]
pub fn why_unmovable(folder: &Path, place: &Path) -> Option<Unmovable> {
    let full = place.join(format!("probe-{}", token::random().ok()?));
    let inside = full.join("full");
    let answer = fs::create_dir_all(&inside).ok().map(|()| rustix::fs::rename(folder, &full));
    if matches!(answer, Some(Ok(()))) {
        // What no file system does; it goes back at once.
        let _ = rustix::fs::rename(&full, folder);
    }
    let _ = fs::remove_dir(&inside);
    let _ = fs::remove_dir(&full);
    match answer {
        Some(Err(Errno::XDEV)) if is_overlay(folder) => Some(Unmovable::LowerLayer),
        Some(Err(Errno::XDEV | Errno::BUSY)) => Some(Unmovable::Mounted),
        _ => None,
    }
}

#[cfg(target_os = "linux")]
fn is_overlay(folder: &Path) -> bool {
    rustix::fs::statfs(folder)
        .is_ok_and(|found| u64::try_from(found.f_type).is_ok_and(|kind| kind == OVERLAY))
}

#[cfg(not(target_os = "linux"))]
fn is_overlay(_: &Path) -> bool {
    false
}

/// Copies a folder whole to `to`, which must not be there: modes, times, links, and owners as far as we may. What is left of
/// a copy that failed is removed.
///
/// # Errors
///
/// Those of the system; `Unsupported` for a device or a pipe inside. Sockets are left out: nobody answers at a copy.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    copy(from, to).inspect_err(|_| {
        let _ = remove_tree::remove_tree(to);
    })
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in from.read_dir()? {
        let (entry, kind) = entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind)))?;
        let (old, new) = (entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&old, &new)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&old)?, &new)?;
        } else if kind.is_file() {
            fs::copy(&old, &new)?;
            bear_resemblance(&old, &new)?;
        } else if !std::os::unix::fs::FileTypeExt::is_socket(&kind) {
            return Err(Error::new(ErrorKind::Unsupported, format!("{} cannot be copied", old.display())));
        }
    }
    bear_resemblance(from, to)
}

/// Gives the copy the owner, the mode and the times of the original, and waits until it is on the disk.
fn bear_resemblance(old: &Path, new: &Path) -> Result<()> {
    let found = old.symlink_metadata()?;
    // Only root may, and only where it differs is there anything to do.
    let _ = chown(new, Some(found.uid()), Some(found.gid()));
    let file = fs::File::open(new)?;
    let times = fs::FileTimes::new().set_accessed(found.accessed()?).set_modified(found.modified()?);
    file.set_times(times)?;
    file.set_permissions(fs::Permissions::from_mode(found.mode() & 0o7777))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::files::is_same_tree;

    #[test]
    fn a_copy_has_the_content_the_modes_and_the_times() {
        let place = tempfile::tempdir().unwrap();
        let (old, new) = (place.path().join("old"), place.path().join("new"));
        fs::create_dir_all(old.join("a/b")).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
        fs::write(old.join("a/b/file"), "text").unwrap();
        fs::set_permissions(old.join("a/b/file"), fs::Permissions::from_mode(0o440)).unwrap();
        symlink("nowhere", old.join("a/link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(old.join("socket")).unwrap();
        copy_folder(&old, &new).unwrap();
        assert!(!new.join("socket").exists());
        fs::remove_file(old.join("socket")).unwrap();
        assert!(is_same_tree(&old, &new) && is_same_tree(&new, &old));
        for path in ["a/b/file", "a/b", "a"] {
            let (old, new) = (old.join(path).metadata().unwrap(), new.join(path).metadata().unwrap());
            assert_eq!(
                (old.mode(), old.modified().unwrap()),
                (new.mode(), new.modified().unwrap()),
                "{path}"
            );
        }
        assert!(copy_folder(&old, &new).is_err(), "it is there");
    }

    #[test]
    fn what_can_be_renamed_is_where_it_was_after_the_question() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("folder");
        fs::create_dir_all(folder.join("inside")).unwrap();
        assert_eq!(why_unmovable(&folder, place.path()), None);
        assert_eq!(why_unmovable(&place.path().join("none"), place.path()), None);
        assert!(folder.join("inside").is_dir());
        assert_eq!(place.path().read_dir().unwrap().count(), 1, "nothing of the question is left");
    }
}
