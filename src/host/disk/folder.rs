//! One folder opened below a worktree, through no link, and its names.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

/// Opens a folder to list it, and no link.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens the folder `path` below `root`, the root itself where it is empty. No part of the path may be a link.
///
/// # Errors
///
/// Those of the system: `LOOP` or `NOTDIR` where something of it is a link.
pub fn open_below(root: &OwnedFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    if path.is_empty() {
        return openat(root, ".", FLAGS, Mode::empty());
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{ResolveFlags, openat2};
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match openat2(root, path, FLAGS, Mode::empty(), within) {
            // EPERM: how some containers' system call filters say that they do not know it.
            Err(Errno::NOSYS | Errno::PERM) => {}
            other => return other,
        }
    }
    let mut names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
    let first = openat(root, names.next().unwrap_or(b"."), FLAGS, Mode::empty())?;
    names.try_fold(first, |folder, name| openat(&folder, name, FLAGS, Mode::empty()))
}

/// Calls `each` for every name in the folder but `.` and `..`, with its kind.
///
/// # Errors
///
/// Those of the system.
pub fn list(folder: &OwnedFd, mut each: impl FnMut(&[u8], FileType)) -> Result<(), Errno> {
    let mut seen = |name: &[u8], mut kind: FileType| {
        if name == b"." || name == b".." {
            return;
        }
        if kind == FileType::Unknown {
            // Some file systems do not say.
            kind = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode));
        }
        each(name, kind);
    };
    #[cfg(target_os = "linux")]
    {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut entries = rustix::fs::RawDir::new(folder, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            seen(entry.file_name().to_bytes(), entry.file_type());
        }
    }
    #[cfg(not(target_os = "linux"))]
    for entry in rustix::fs::Dir::read_from(folder)? {
        let entry = entry?;
        seen(entry.file_name().to_bytes(), entry.file_type());
    }
    Ok(())
}

/// What tells of a repository of whatever kind.
const REPOSITORIES: [&[u8]; 8] =
    [b".git", b".hg", b".svn", b".jj", b".bzr", b"_darcs", b".pijul", b".fslckout"];

/// Sees by the names in a folder whether a repository is there: one with a folder of its own, or a bare one of git.
#[derive(Clone, Copy, Debug, Default)]
pub struct RepositorySigns {
    has_own_folder: bool,
    bare: u8,
}

impl RepositorySigns {
    /// Takes a name into account.
    pub fn see(&mut self, name: &[u8]) {
        self.has_own_folder |= REPOSITORIES.contains(&name);
        for (at, part) in [&b"HEAD"[..], b"objects", b"refs"].into_iter().enumerate() {
            self.bare |= u8::from(name == part) << at;
        }
    }

    /// Answers whether the folder is a bare repository, or a repository's own folder.
    #[must_use]
    pub fn is_bare(self) -> bool {
        self.bare == 0b111
    }

    /// Answers whether a repository is there.
    #[must_use]
    pub fn is_repository(self) -> bool {
        self.has_own_folder || self.is_bare()
    }
}

/// Answers whether a repository of anybody stands in the folder or below it; true where it cannot be told.
#[must_use]
pub fn has_repository(root: &OwnedFd, path: &[u8]) -> bool {
    let mut folders = vec![path.to_vec()];
    while let Some(path) = folders.pop() {
        let mut signs = RepositorySigns::default();
        let listed = open_below(root, &path).and_then(|folder| {
            list(&folder, |name, kind| {
                signs.see(name);
                if kind == FileType::Directory {
                    folders.push(below(&path, name));
                }
            })
        });
        match listed {
            Ok(()) if !signs.is_repository() => {}
            // It went meanwhile.
            Err(Errno::NOENT) => {}
            _ => return true,
        }
    }
    false
}

/// The path of a name in a folder.
#[must_use]
pub fn below(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}
