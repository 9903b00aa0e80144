//! Puts a new copy in the place of what stands there: both change places, and they change back where what stood there is not
//! what was expected. Nobody finds the place empty meanwhile.

use std::fs::{self, File, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, RenameFlags, openat, renameat, renameat_with, unlinkat};
use rustix::io::Errno;

use super::spot::{FOLDER, name_of, parent_of};
use crate::error::{Code, Failure, Result};
use crate::host::{env_file, files, ownership};
use crate::model::env_block;

/// Puts the copy at `path` in `tree` where the same path in `target` is, if `is_expected` answers so of what stood there, which
/// is gone then. Answers whether it did; the copy is gone otherwise.
///
/// # Errors
///
/// `permission`, `disk_full`; what stood there is still there, or the message says where it is.
pub fn renew(tree: &Path, target: &Path, path: &str, is_expected: &dyn Fn(&Path) -> bool) -> Result<bool> {
    let refused = |error: Errno| {
        Failure::from_io(
            error.into(),
            Code::Permission,
            format!("{} cannot be replaced", target.join(path).display()),
        )
    };
    let name = name_of(path.as_bytes());
    let from = open_below(tree, path).map_err(refused)?;
    let discard = || unlinkat(&from, name, AtFlags::empty()).map_err(refused);
    let to = match open_below(target, path) {
        Ok(to) => to,
        // A folder above it went away, or is a link now.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return discard().map(|()| false),
        Err(error) => return Err(refused(error)),
    };
    let exchange = || renameat_with(&from, name, &to, name, RenameFlags::EXCHANGE);
    match exchange() {
        Ok(()) => {
            if is_expected(&tree.join(path)) {
                return discard().map(|()| true);
            }
            exchange().map_err(|error| {
                let kept = tree.join(path).display().to_string();
                let message = format!("{} is kept as {kept}", target.join(path).display());
                Failure::from_io(error.into(), Code::Permission, message).detail("kept", kept)
            })?;
            discard().map(|()| false)
        }
        // Some file systems know no exchange; a look beforehand is the best they allow.
        Err(Errno::INVAL | Errno::NOSYS) if is_expected(&target.join(path)) => {
            renameat(&from, name, &to, name).map_err(refused).map(|()| true)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOENT) => discard().map(|()| false),
        Err(error) => Err(refused(error)),
    }
}

/// Opens the folder that `path` lies in, below `root` and through no link.
fn open_below(root: &Path, path: &str) -> Result<OwnedFd, Errno> {
    let mut folder = openat(CWD, root, FOLDER, Mode::empty())?;
    for name in parent_of(path.as_bytes()).split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        folder = openat(&folder, name, FOLDER, Mode::empty())?;
    }
    Ok(folder)
}

/// Has the copy of an env file keep the block that stands in `here`.
///
/// # Errors
///
/// `config_invalid` for a block that nobody can tell from the user's lines, `disk_full`.
pub fn keep_block(copy: &Path, here: &Path) -> Result<()> {
    let Some(bytes) = env_file::read(here)? else { return Ok(()) };
    env_block::require_clear(&bytes, &here.display().to_string())?;
    let Some(lines) = env_block::lines(&bytes) else { return Ok(()) };
    let own = env_file::read(copy)?.unwrap_or_default();
    let mode = copy.metadata().map_or(0o600, |found| found.permissions().mode() & 0o777);
    files::replace(copy, &env_block::splice(&own, &lines)?, mode)
}

/// Keeps a copy of the file or link at `path` of `target` in the folder `kept`, which nobody else may look into.
///
/// # Errors
///
/// `permission`, `disk_full`.
pub fn keep(target: &Path, path: &str, kept: &Path) -> Result<()> {
    let (from, to) = (target.join(path), kept.join(path));
    let refused = |error| {
        let message = format!("{} cannot be kept in {}", from.display(), kept.display());
        Failure::from_io(error, Code::Permission, message)
    };
    ownership::make_private_folders(to.parent().unwrap_or(kept)).map_err(refused)?;
    let found = from.symlink_metadata().map_err(refused)?;
    if found.is_symlink() {
        return fs::read_link(&from).and_then(|leads| symlink(leads, &to)).map_err(refused);
    }
    let (mut source, _) = files::open_plain(&from).map_err(refused)?;
    let copied = File::options().write(true).create_new(true).open(&to).and_then(|mut copy| {
        copy.set_permissions(Permissions::from_mode(found.permissions().mode() & 0o777))?;
        std::io::copy(&mut source, &mut copy)?;
        copy.set_modified(found.modified()?)?;
        copy.sync_all()
    });
    copied.map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_meanwhile_goes_back_to_its_place() {
        let place = tempfile::tempdir().unwrap();
        let (tree, target) = (place.path().join("tree"), place.path().join("target"));
        for folder in [&tree, &target] {
            fs::create_dir_all(folder.join("in")).unwrap();
        }
        let text = |path: &Path| fs::read_to_string(path.join("in/file")).unwrap();
        let put = |path: &Path, bytes: &[u8]| files::replace(&path.join("in/file"), bytes, 0o600).unwrap();
        put(&tree, b"new");
        put(&target, b"edited");
        let is_old = |path: &Path| files::read_plain(path).is_ok_and(|bytes| bytes == b"old");
        assert!(!renew(&tree, &target, "in/file", &is_old).unwrap());
        assert_eq!(text(&target), "edited");
        assert!(!tree.join("in/file").exists(), "the copy that nobody wants is gone");
        put(&tree, b"new");
        put(&target, b"old");
        assert!(renew(&tree, &target, "in/file", &is_old).unwrap());
        assert_eq!(text(&target), "new");
        // Through no link, and not where nothing stands.
        put(&tree, b"new");
        fs::rename(target.join("in"), place.path().join("away")).unwrap();
        symlink(place.path().join("away"), target.join("in")).unwrap();
        assert!(!renew(&tree, &target, "in/file", &|_| true).unwrap());
        assert_eq!(fs::read(place.path().join("away/file")).unwrap(), b"new");
    }
}
