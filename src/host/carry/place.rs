//! Puts copies that are whole in their places: by renames that replace nothing, and through no link.

use std::fs::{File, Permissions};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, Mode, RenameFlags, Timespec, Timestamps, futimens, openat, renameat_with, statat,
};
use rustix::io::Errno;

use super::search::{Item, PathKind};
use super::spot::FOLDER;
use crate::error::{Code, Failure, Result};

/// Moves all that is in `tree` into `target`, folders as a whole where the target has them not. Returns the paths that
/// were taken meanwhile: their copies stay where they are.
///
/// # Errors
///
/// `permission`, `disk_full`; what was moved stays moved.
pub fn place(tree: &Path, target: &Path) -> Result<Vec<String>> {
    let refused = |error: Errno| {
        Failure::from_io(
            error.into(),
            Code::Permission,
            format!("copies cannot be put into {}", target.display()),
        )
    };
    let open = |folder: &Path| openat(CWD, folder, FOLDER, Mode::empty());
    let (tree, target) = (open(tree).map_err(refused)?, open(target).map_err(refused)?);
    let mut taken = Vec::new();
    let mut tasks = vec![(tree, target, String::new())];
    while let Some((from, to, path)) = tasks.pop() {
        for name in names(from.as_fd()).map_err(refused)? {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            match rename(from.as_fd(), to.as_fd(), &name) {
                Ok(()) => {}
                Err(Errno::EXIST | Errno::NOTEMPTY) => {
                    let within = |folder: &OwnedFd| openat(folder, &*name, FOLDER, Mode::empty());
                    match (within(&from), within(&to)) {
                        (Ok(from), Ok(to)) => tasks.push((from, to, inner)),
                        _ => taken.push(inner),
                    }
                }
                Err(error) => return Err(refused(error)),
            }
        }
    }
    Ok(taken)
}

fn names(folder: BorrowedFd<'_>) -> Result<Vec<String>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

fn rename(from: BorrowedFd<'_>, to: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
    match renameat_with(from, name, to, name, RenameFlags::NOREPLACE) {
        // Some file systems know no flag; a look beforehand is the best they allow.
        Err(Errno::INVAL | Errno::NOSYS) => match statat(to, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => rustix::fs::renameat(from, name, to, name),
            Ok(_) => Err(Errno::EXIST),
            Err(error) => Err(error),
        },
        other => other,
    }
}

/// Gives the folders that were made for the copies mode and time of the source's, the innermost first. Never fails: the
/// copies are whole without.
pub fn dress_folders(target: &Path, items: &[Item]) {
    for item in items.iter().rev().filter(|item| !item.exists) {
        let PathKind::Folder { mode, time: (seconds, nanoseconds) } = item.kind else { continue };
        let Ok(folder) = openat(CWD, target.join(&item.path), FOLDER, Mode::empty()) else { continue };
        let folder = File::from(folder);
        let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        let _ = futimens(&folder, &Timestamps { last_access: time, last_modification: time });
        let _ = folder.set_permissions(Permissions::from_mode(mode));
    }
}
