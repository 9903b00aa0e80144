//! A cache taken away: renamed aside inside of its worktree, looked at once more, and only then deleted. Whatever moment we
//! die at, a later look finds the folder, and puts it back or finishes.

use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, openat, renameat_with, statat};
use rustix::io::Errno;

use super::folder::{has_repository, open_below};
use crate::error::{Code, Failure, Result};
use crate::host::process::identity;
use crate::host::remove_tree::remove_tree;
use crate::host::{files, ownership};
use crate::model::cache::Stays;

/// What folders aside are called after; see [`files::draft_name`].
pub const ASIDE: &str = "clean";

/// The cache in a folder aside.
const CACHE: &str = "cache";

/// The file that says where it was, relative to the worktree.
const ORIGIN: &str = "origin";

/// The file that says that it may go.
const DOOMED: &str = "doomed";

/// A cache that is out of everybody's way.
#[derive(Debug)]
pub struct Aside {
    root: OwnedFd,
    worktree: PathBuf,
    folder: PathBuf,
    origin: PathBuf,
}

/// What became of it when it was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    InPlace,
    /// Something else stands there now: it stays where this says.
    Kept(PathBuf),
}

impl Aside {
    /// Renames the cache at `path` of `worktree` aside, if it is the folder `identity` still.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`. The inner error says why the cache stays; it is in its place then.
    pub fn put(
        worktree: &Path,
        path: &Path,
        identity: (u64, u64),
    ) -> Result<std::result::Result<Self, Stays>> {
        let root = open(worktree)?;
        let parent = path.parent().unwrap_or(Path::new(""));
        let Ok(parent) = open_below(&root, parent.as_os_str().as_bytes()) else {
            return Ok(Err(Stays::Vanished));
        };
        let Some(name) = path.file_name() else { return Ok(Err(Stays::Vanished)) };
        let folder = worktree.join(files::draft_name(ASIDE)?);
        ownership::make_private_folders(&folder).map_err(|error| refused(&folder, error))?;
        let aside = Self { root, worktree: worktree.to_path_buf(), folder, origin: path.to_path_buf() };
        // Whoever looks at the worktree meanwhile is to see nothing of it.
        files::make(&aside.folder.join(".gitignore"), b"*\n", 0o600)?;
        files::make(&aside.folder.join(ORIGIN), path.as_os_str().as_bytes(), 0o600)?;
        match renameat_with(&parent, name, CWD, aside.cache(), RenameFlags::NOREPLACE) {
            Ok(()) if aside.is(identity) => Ok(Ok(aside)),
            // Another folder took its place since it was judged.
            Ok(()) => aside.put_back().map(|_| Err(Stays::Vanished)),
            Err(Errno::XDEV | Errno::BUSY) => aside.leave().map(|()| Err(Stays::Mounted)),
            Err(Errno::NOENT | Errno::NOTDIR) => aside.leave().map(|()| Err(Stays::Vanished)),
            Err(error) => {
                aside.leave()?;
                Err(refused(&worktree.join(path), error.into()))
            }
        }
    }

    /// Returns where the cache is now.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.folder.join(CACHE)
    }

    /// Answers whether a repository is in it.
    #[must_use]
    pub fn has_repository(&self) -> bool {
        open(&self.cache()).map_or(true, |cache| has_repository(&cache, b""))
    }

    fn is(&self, (device, inode): (u64, u64)) -> bool {
        statat(CWD, self.cache(), AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|found| {
            FileType::from_raw_mode(found.st_mode) == FileType::Directory
                && (found.st_dev, found.st_ino) == (device, inode)
        })
    }

    /// Deletes it. From now on it is finished, not put back.
    ///
    /// # Errors
    ///
    /// Those of [`remove_tree`]; what is left is finished by the next clean-up.
    pub fn delete(self) -> Result<()> {
        files::make(&self.folder.join(DOOMED), b"", 0o600)?;
        remove_tree(&self.cache())?;
        self.leave()
    }

    /// Puts it back where it was.
    ///
    /// # Errors
    ///
    /// `permission`.
    pub fn put_back(self) -> Result<Returned> {
        let parent = self.origin.parent().unwrap_or(Path::new(""));
        let name = self.origin.file_name().unwrap_or_default();
        let to = open_below(&self.root, parent.as_os_str().as_bytes());
        match to.and_then(|to| renameat_with(CWD, self.cache(), &to, name, RenameFlags::NOREPLACE)) {
            Ok(()) => self.leave().map(|()| Returned::InPlace),
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                Ok(Returned::Kept(self.cache()))
            }
            Err(error) => Err(refused(&self.worktree.join(&self.origin), error.into())),
        }
    }

    /// Removes the folder aside; the cache is not in it any more.
    fn leave(&self) -> Result<()> {
        if self.cache().symlink_metadata().is_ok() {
            return Ok(());
        }
        remove_tree(&self.folder)
    }
}

/// Puts back, or finishes, what a clean-up left in `worktree` whose process died. Returns what became of each that stays. A folder
/// of which git tracks anything is somebody else's, whatever it is called: a repository may bring it.
///
/// # Errors
///
/// `permission`.
pub fn put_all_back(worktree: &Path, is_tracked: &dyn Fn(&Path) -> bool) -> Result<Vec<Returned>> {
    let mut returned = Vec::new();
    for entry in worktree.read_dir().into_iter().flatten().flatten() {
        let pid = files::draft_pid_of(&entry.file_name(), ASIDE);
        let is_left = pid.is_some_and(|pid| identity::of(pid).is_none());
        let is_ours = is_left && !is_tracked(Path::new(&entry.file_name()));
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let folder = entry.path();
        let origin = files::read_plain(&folder.join(ORIGIN)).unwrap_or_default();
        let origin = PathBuf::from(std::ffi::OsStr::from_bytes(&origin));
        let cache = folder.join(CACHE).symlink_metadata();
        let is_one = cache.as_ref().is_ok_and(std::fs::Metadata::is_dir) && is_place(&origin);
        if cache.is_ok() && !is_one {
            continue;
        }
        let is_doomed = folder.join(DOOMED).symlink_metadata().is_ok();
        let aside = Aside { root: open(worktree)?, worktree: worktree.to_path_buf(), folder, origin };
        if aside.cache().symlink_metadata().is_err() {
            aside.leave()?;
        } else if is_doomed {
            aside.delete()?;
        } else {
            returned.push(aside.put_back()?);
        }
    }
    Ok(returned)
}

/// Answers whether a cache can have stood there: below the worktree, and in no repository's own folder.
fn is_place(origin: &Path) -> bool {
    let is_plain =
        |part: Component<'_>| matches!(part, Component::Normal(name) if !name.eq_ignore_ascii_case(".git"));
    origin.components().next().is_some() && origin.components().all(is_plain)
}

/// Answers whether `name` is a folder aside of a clean-up.
#[must_use]
pub fn is_aside(name: &str) -> bool {
    files::is_draft(name.trim_end_matches('/').as_ref(), ASIDE)
}

fn open(folder: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, folder, flags, Mode::empty()).map_err(|error| refused(folder, error.into()))
}

fn refused(path: &Path, error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Permission, format!("{} cannot be moved", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn cache(root: &Path) -> (u64, u64) {
        fs::create_dir_all(root.join("web/dist/in")).unwrap();
        files::replace(&root.join("web/dist/in/file"), b"x", 0o600).unwrap();
        let found = fs::metadata(root.join("web/dist")).unwrap();
        (found.dev(), found.ino())
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_cache_goes_aside_and_back_or_for_good() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        let identity = cache(root);
        let path = Path::new("web/dist");
        let stays = Aside::put(root, path, (identity.0, identity.1 + 1)).unwrap().unwrap_err();
        assert_eq!(
            (stays, root.join("web/dist/in/file").exists()),
            (Stays::Vanished, true),
            "another folder"
        );
        let aside = Aside::put(root, path, identity).unwrap().unwrap();
        assert!(!root.join(path).exists() && !aside.has_repository());
        // Something came in its place: neither is lost.
        fs::create_dir(root.join(path)).unwrap();
        let Returned::Kept(kept) = aside.put_back().unwrap() else { panic!() };
        assert!(kept.join("in/file").exists());
        fs::remove_dir(root.join(path)).unwrap();
        fs::rename(&kept, root.join(path)).unwrap();
        fs::remove_dir_all(kept.parent().unwrap()).unwrap();
        fs::create_dir(root.join("web/dist/.git")).unwrap();
        let aside = Aside::put(root, path, identity).unwrap().unwrap();
        assert!(aside.has_repository());
        assert_eq!(aside.put_back().unwrap(), Returned::InPlace);
        Aside::put(root, path, identity).unwrap().unwrap().delete().unwrap();
        assert_eq!(names(root), ["web"]);
        assert!(names(&root.join("web")).is_empty());
    }

    #[test]
    fn no_link_is_gone_through() {
        let place = tempfile::tempdir().unwrap();
        let (root, other) = (place.path().join("root"), place.path().join("other"));
        let identity = cache(&other);
        fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink(other.join("web"), root.join("web")).unwrap();
        assert_eq!(Aside::put(&root, Path::new("web/dist"), identity).unwrap().unwrap_err(), Stays::Vanished);
        assert!(other.join("web/dist/in/file").exists());
    }

    #[test]
    fn what_a_dead_clean_up_left_is_put_back_before_it_was_judged_and_finished_afterwards() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        let dead = |token: &str| root.join(format!(".clean.wt-4194305-{token}"));
        for (token, is_doomed) in [("00000000", false), ("11111111", true)] {
            fs::create_dir_all(dead(token).join("cache")).unwrap();
            files::replace(&dead(token).join("cache/file"), b"x", 0o600).unwrap();
            files::replace(&dead(token).join("origin"), format!("dist{token}").as_bytes(), 0o600).unwrap();
            if is_doomed {
                files::replace(&dead(token).join("doomed"), b"", 0o600).unwrap();
            }
        }
        assert_eq!(put_all_back(root, &|_| true).unwrap(), []);
        assert_eq!(put_all_back(root, &|_| false).unwrap(), [Returned::InPlace]);
        assert_eq!(names(root), ["dist00000000"]);
        assert!(is_aside(".clean.wt-12-0123abcd/") && !is_aside(".clean.wt-x"));
    }
}
