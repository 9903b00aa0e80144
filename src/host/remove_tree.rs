//! Deletes a folder with all it holds: follows no link, leaves no file system, trusts no path twice.

use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, fchmod, fstat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

use super::token;
use crate::error::{Code, Failure, Result};

/// How deep folders are opened inside each other before they are moved up, so that descriptors never run out.
const DEEPEST: usize = 64;

/// How often a folder is emptied into which somebody goes on writing.
const ROUNDS: usize = 1000;

/// Deletes `path` and everything beneath it; nothing there is fine.
///
/// # Errors
///
/// `permission` or the like, naming what could not be deleted; something mounted inside is such a thing. What was
/// deleted before stays deleted.
pub fn remove_tree(path: &Path) -> Result<()> {
    match open_folder(CWD, path) {
        Ok(root) => {
            let mut sweep = Sweep::new(&root, path).map_err(|error| refused(path, error))?;
            sweep.empty(&root, 0).map_err(|error| refused(&sweep.at, error))?;
            drop((root, sweep));
            unlinkat(CWD, path, AtFlags::REMOVEDIR)
        }
        Err(Errno::NOENT) => Ok(()),
        Err(Errno::NOTDIR | Errno::LOOP) => unlinkat(CWD, path, AtFlags::empty()),
        Err(error) => Err(error),
    }
    .map_err(|error| refused(path, error))
}

fn refused(path: &Path, error: Errno) -> Failure {
    let reason = if error == Errno::XDEV {
        std::io::Error::new(std::io::ErrorKind::CrossesDevices, "another file system is mounted there")
    } else {
        error.into()
    };
    Failure::from_io(reason, Code::Permission, format!("{} cannot be deleted", path.display()))
        .detail("path", path.display().to_string())
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

struct Sweep {
    root: OwnedFd,
    device: rustix::fs::Dev,
    moved_up: usize,
    /// Where we are, for messages only: nothing is opened by it.
    at: PathBuf,
}

impl Sweep {
    fn new(root: &OwnedFd, path: &Path) -> Result<Self, Errno> {
        let root = root.try_clone().map_err(|_| Errno::MFILE)?;
        Ok(Self { device: fstat(&root)?.st_dev, root, moved_up: 0, at: path.to_path_buf() })
    }

    /// Empties the open folder. Goes round again while something appears in it.
    fn empty(&mut self, folder: &OwnedFd, depth: usize) -> Result<(), Errno> {
        for _ in 0..ROUNDS {
            let mut found = false;
            for entry in Dir::read_from(folder)? {
                let entry = entry?;
                let name = entry.file_name();
                if name == c"." || name == c".." {
                    continue;
                }
                found = true;
                // After a failure `at` stays where it happened.
                self.at.push(OsStr::from_bytes(name.to_bytes()));
                match self.delete(folder, name, depth) {
                    // Somebody else took it away: that is what was wanted.
                    Ok(()) | Err(Errno::NOENT) => {}
                    Err(error) => return Err(error),
                }
                self.at.pop();
            }
            if !found {
                return Ok(());
            }
        }
        Err(Errno::NOTEMPTY)
    }

    fn delete(&mut self, folder: &OwnedFd, name: &CStr, depth: usize) -> Result<(), Errno> {
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return with_write_right(folder, || unlinkat(folder, name, AtFlags::empty()));
        }
        if stat.st_dev != self.device {
            return Err(Errno::XDEV);
        }
        if depth >= DEEPEST {
            self.moved_up += 1;
            let token = token::random().map_err(|_| Errno::IO)?;
            let aside = format!(".wt-deep-{}-{token}", self.moved_up);
            let root = self.root.try_clone().map_err(|_| Errno::MFILE)?;
            return with_write_right(folder, || renameat(folder, name, &root, aside.as_str()));
        }
        let inner = open_inner(folder, name)?;
        self.empty(&inner, depth + 1)?;
        drop(inner);
        with_write_right(folder, || unlinkat(folder, name, AtFlags::REMOVEDIR))
    }
}

/// Opens a folder inside another, refusing what is mounted there. `st_dev` alone does not tell: a folder of the same
/// file system mounted a second time (mount(8), `--bind`) has the same. Before Linux 5.6 it must do.
fn open_inner(folder: &OwnedFd, name: &CStr) -> Result<OwnedFd, Errno> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{ResolveFlags, openat2};
        let within = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
        match openat2(folder, name, folder_flags(), Mode::empty(), within) {
            // EPERM: how some containers' system call filters say that they do not know it.
            Err(Errno::ACCESS | Errno::NOSYS | Errno::PERM) => {}
            other => return other,
        }
        // A folder that cannot be read may still be somebody's mount: a handle on the name alone tells.
        let handle = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if openat2(folder, name, handle, Mode::empty(), within).is_err_and(|error| error == Errno::XDEV) {
            return Err(Errno::XDEV);
        }
    }
    open_folder(folder, name)
}

/// Opens a folder; one that its owner may not read is made readable first.
fn open_folder(folder: impl AsFd, name: impl rustix::path::Arg + Copy) -> Result<OwnedFd, Errno> {
    match openat(&folder, name, folder_flags(), Mode::empty()) {
        Err(Errno::ACCESS) => {
            rustix::fs::chmodat(&folder, name, Mode::RWXU, AtFlags::empty())?;
            openat(&folder, name, folder_flags(), Mode::empty())
        }
        other => other,
    }
}

/// Tries; where the folder is read-only, makes it writable for its owner and tries again.
fn with_write_right(folder: &OwnedFd, mut attempt: impl FnMut() -> Result<(), Errno>) -> Result<(), Errno> {
    match attempt() {
        Err(Errno::ACCESS) => {
            fchmod(folder, Mode::RWXU)?;
            attempt()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    use super::*;

    /// A folder beside the doomed `tree`, with a file that must live.
    fn beside(folder: &Path) -> (PathBuf, PathBuf) {
        let (tree, precious) = (folder.join("tree"), folder.join("precious"));
        fs::create_dir_all(tree.join("in")).unwrap();
        fs::create_dir(&precious).unwrap();
        fs::File::create(precious.join("file")).unwrap();
        (tree, precious)
    }

    #[test]
    fn links_are_deleted_and_never_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, precious) = beside(folder.path());
        symlink(&precious, tree.join("in/link")).unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists() && precious.join("file").exists());
        symlink(&precious, &tree).unwrap();
        remove_tree(&tree).unwrap();
        assert!(tree.symlink_metadata().is_err() && precious.join("file").exists());
    }

    #[test]
    fn a_tree_far_deeper_than_descriptors_reach_goes_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, _) = beside(folder.path());
        let mut at = openat(CWD, &tree, folder_flags(), Mode::empty()).unwrap();
        for _ in 0..3000 {
            rustix::fs::mkdirat(&at, "d", Mode::RWXU).unwrap();
            at = openat(&at, "d", folder_flags(), Mode::empty()).unwrap();
        }
        drop(at);
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
    }

    #[test]
    fn read_only_folders_go_too() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, _) = beside(folder.path());
        fs::File::create(tree.join("in/file")).unwrap();
        for (path, mode) in [(tree.join("in"), 0o000), (tree.clone(), 0o000)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
    }

    /// Only root can mount; elsewhere there is nothing to see. A bind mount has its source's `st_dev`.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_mounted_inside_stays_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, precious) = beside(folder.path());
        let place = tree.join("in");
        if rustix::mount::mount_bind(&precious, &place).is_err() {
            return;
        }
        let removed = remove_tree(&tree);
        rustix::mount::unmount(&place, rustix::mount::UnmountFlags::DETACH).unwrap();
        assert!(precious.join("file").exists(), "what was mounted was deleted");
        let failure = removed.unwrap_err();
        assert!(failure.message().contains("tree/in"), "{failure}");
    }
}
