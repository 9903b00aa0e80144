//! Whose a file is. What root writes beside a user's files (`sudo -E wt …`) stays that user's, who could not use it any more
//! otherwise: it gets the owner of what it replaces, else of its folder. Nothing changes for anybody but root.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Gid, Mode, OFlags, Uid, fchown};

use super::process::users;

/// Gives the file that we just made for `path` the owner of what stands there, else of the folder. Never fails: a file
/// system that knows no owners has none to lose.
pub fn inherit(made: impl AsFd, path: &Path) {
    let is_our_own = |found: &Metadata| is_same(&made, found);
    match path.symlink_metadata() {
        Ok(found) if !is_our_own(&found) => give(made, &found),
        // Nothing stood there, or what stands there is what we made.
        _ => {
            if let Some(Ok(folder)) = path.parent().map(Path::metadata) {
                give(made, &folder);
            }
        }
    }
}

fn is_same(made: &impl AsFd, found: &Metadata) -> bool {
    rustix::fs::fstat(made).is_ok_and(|made| made.st_dev == found.dev() && made.st_ino == found.ino())
}

fn give(made: impl AsFd, owner: &Metadata) {
    if users::ourselves() == 0 && owner.uid() != 0 {
        let _ = fchown(made, Some(Uid::from_raw(owner.uid())), Some(Gid::from_raw(owner.gid())));
    }
}

/// Opens the file at `path` as `options` say, and makes it where it is missing, mode 0600, with the folder's owner.
///
/// # Errors
///
/// Those of the system.
pub fn open_or_make(options: &OpenOptions, path: &Path) -> io::Result<File> {
    loop {
        match options.open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened,
        }
        match make(options, path) {
            // Somebody else was faster, and may have taken it away again by now. A link that leads nowhere stays.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && !path.is_symlink() => {}
            made => return made,
        }
    }
}

/// Makes the file at `path`, where none is, mode 0600, with the folder's owner.
///
/// # Errors
///
/// `AlreadyExists`; those of the system.
pub fn make(options: &OpenOptions, path: &Path) -> io::Result<File> {
    // With create_new no link is followed (open(2), O_EXCL), so that what changes hands is our own file.
    let file = options.clone().create_new(true).mode(0o600).open(path)?;
    inherit(&file, path);
    Ok(file)
}

/// Makes `folder` and those above it that are missing, mode 0700, each with the owner of the one above.
///
/// # Errors
///
/// Those of the system, `AlreadyExists` also where something that is no folder stands.
pub fn make_private_folders(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|folder| folder.symlink_metadata().is_err()).collect();
    for folder in missing.into_iter().rev() {
        match DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if let Ok(made) = rustix::fs::open(folder, flags, Mode::empty()) {
            inherit(&made, folder);
        }
    }
    if folder.is_dir() { Ok(()) } else { Err(ErrorKind::AlreadyExists.into()) }
}
