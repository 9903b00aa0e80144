//! The folders of a worktree against its index: each is listed once, each tracked path in it is looked at once. What
//! the index does not name is ignored or untracked; a folder that git does not know is one path.

use std::collections::VecDeque;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::doubt::ScanDoubt;
use super::ignoring::Ignoring;
use super::listing::Listing;
use super::rules::Rules;
use super::stat::{StatMatch, sight};
use crate::host::git_files::index::IndexFile;
use crate::host::processors;

/// Tasks for each thread: folders differ in size.
const SHARE: usize = 8;

/// What is compared with what.
pub(super) struct ScanWalk<'a> {
    pub(super) root: OwnedFd,
    pub(super) index: &'a IndexFile,
    pub(super) rules: &'a Rules,
    /// Whether ignored paths are named too.
    pub(super) wants_ignored: bool,
}

/// What a walk found: positions of entries, and paths.
#[derive(Debug, Default)]
pub(super) struct ScanFindings {
    pub(super) modified: Vec<usize>,
    /// Only the content can tell.
    pub(super) doubtful: Vec<usize>,
    pub(super) untracked: Vec<String>,
    pub(super) ignored: Vec<String>,
    /// The attribute files that were seen.
    pub(super) attributes: Vec<PathBuf>,
}

/// A folder with tracked files in it.
struct Task {
    /// Relative to the worktree, ending in a slash; empty for the worktree itself.
    path: Vec<u8>,
    range: Range<usize>,
    ignoring: Ignoring,
    /// Whether the folder is ignored, so that all that is not tracked in it is.
    is_ignored: bool,
}

impl ScanWalk<'_> {
    pub(super) fn open(folder: &Path) -> Result<OwnedFd, ScanDoubt> {
        openat(CWD, folder, folder_flags() - OFlags::NOFOLLOW, Mode::empty())
            .map_err(|_| ScanDoubt("the folder cannot be read"))
    }

    /// Walks with up to `workers` threads, none where there is little to see.
    pub(super) fn run(&self, workers: usize) -> Result<ScanFindings, ScanDoubt> {
        let mut found = ScanFindings::default();
        let (path, range) = (Vec::new(), 0..self.index.entries.len());
        let mut tasks = VecDeque::from([Task { path, range, ignoring: Ignoring::new(), is_ignored: false }]);
        while tasks.len() < workers * SHARE || workers < 2 {
            let Some(task) = tasks.pop_front() else { return Ok(found) };
            let mut inner = Vec::new();
            self.folder(task, &mut found, &mut inner)?;
            tasks.extend(inner);
        }
        let tasks = Mutex::new(tasks);
        let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let work = || -> Result<ScanFindings, ScanDoubt> {
            let mut found = ScanFindings::default();
            while let Some(task) = next() {
                let mut own = vec![task];
                while let Some(task) = own.pop() {
                    self.folder(task, &mut found, &mut own)?;
                }
            }
            Ok(found)
        };
        let others: Vec<Result<ScanFindings, ScanDoubt>> = std::thread::scope(|scope| {
            // Where the system gives no more threads, those that there are do the work.
            let start = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
            let threads: Vec<_> = (1..workers).map_while(start).collect();
            processors::part_threads();
            let own = work();
            let joined =
                threads.into_iter().map(|thread| thread.join().unwrap_or(Err(ScanDoubt("it panicked"))));
            std::iter::once(own).chain(joined).collect()
        });
        for other in others {
            found.extend(other?);
        }
        Ok(found)
    }

    /// Looks at one folder, and leaves those within to be looked at.
    fn folder(&self, task: Task, found: &mut ScanFindings, inner: &mut Vec<Task>) -> Result<(), ScanDoubt> {
        let opened = if task.path.is_empty() {
            self.root.try_clone().map_err(|_| ScanDoubt("there are no file descriptors left"))
        } else {
            match openat(&self.root, &*task.path, folder_flags(), Mode::empty()) {
                Ok(folder) => Ok(folder),
                // It went meanwhile, or a link stands in its place: nothing of it is there.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                    self.miss(task.range, found);
                    return Ok(());
                }
                Err(_) => Err(ScanDoubt("a folder cannot be read")),
            }
        };
        let folder = opened?;
        let mut listing = Listing::read(&folder)?;
        let ignoring = if listing.has(b".gitignore") {
            task.ignoring.with_file_of(&folder, task.path.len())
        } else {
            task.ignoring
        };
        if listing.has(b".gitattributes") {
            found.attributes.push(path_of(&[&*task.path, b".gitattributes"].concat()));
        }
        let mut at = task.range.start;
        while at < task.range.end {
            let path = self.index.path(&self.index.entries[at]);
            let rest = &path[task.path.len()..];
            if let Some(slash) = memchr::memchr(b'/', rest) {
                let (name, whole) = (&rest[..slash], &path[..=task.path.len() + slash]);
                let entries = &self.index.entries[at..task.range.end];
                let end = at + entries.partition_point(|entry| self.index.path(entry).starts_with(whole));
                if listing.take(name) == Some(FileType::Directory) {
                    let bare = &whole[..whole.len() - 1];
                    inner.push(Task {
                        path: whole.to_vec(),
                        range: at..end,
                        is_ignored: task.is_ignored || ignoring.verdict(self.rules, bare, true)?,
                        ignoring: ignoring.clone(),
                    });
                } else {
                    listing.put_back(name);
                    self.miss(at..end, found);
                }
                at = end;
            } else {
                self.entry(&folder, at, rest, &mut listing, found)?;
                at += 1;
            }
        }
        self.rest(&task.path, task.is_ignored, &ignoring, &listing, found)
    }

    /// Looks at a tracked path that is no folder; a folder in its place is no path of its own to git.
    fn entry(
        &self,
        folder: &OwnedFd,
        at: usize,
        name: &[u8],
        listing: &mut Listing,
        found: &mut ScanFindings,
    ) -> Result<(), ScanDoubt> {
        let entry = &self.index.entries[at];
        if name == b".gitattributes" {
            found.attributes.push(path_of(self.index.path(entry)));
        }
        let kind = listing.take(name);
        if entry.is_submodule() {
            // One that nobody has cloned here is an empty folder; of any other git must tell.
            let dot_git = [name, b"/.git"].concat();
            if kind == Some(FileType::Directory)
                && statat(folder, &*dot_git, AtFlags::SYMLINK_NOFOLLOW).err() == Some(Errno::NOENT)
            {
                return Ok(());
            }
            return Err(ScanDoubt("there is a submodule"));
        }
        if entry.is_assumed {
            return Ok(());
        }
        match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => match sight(entry, &stat, self.rules, self.index.written) {
                StatMatch::Same => {}
                StatMatch::Changed => found.modified.push(at),
                StatMatch::Doubtful => found.doubtful.push(at),
            },
            Err(Errno::NOENT) => found.modified.push(at),
            Err(_) => return Err(ScanDoubt("a file cannot be looked at")),
        }
        Ok(())
    }

    /// Counts entries that have nothing where they belong.
    fn miss(&self, range: Range<usize>, found: &mut ScanFindings) {
        found.modified.extend(range.filter(|at| !self.index.entries[*at].is_assumed));
    }

    /// Sorts what the index does not name.
    fn rest(
        &self,
        prefix: &[u8],
        is_ignored: bool,
        ignoring: &Ignoring,
        listing: &Listing,
        found: &mut ScanFindings,
    ) -> Result<(), ScanDoubt> {
        for (name, kind) in listing.left() {
            let is_folder = kind == FileType::Directory;
            if name == b".git" || !(is_folder || matches!(kind, FileType::RegularFile | FileType::Symlink)) {
                continue;
            }
            let mut path = [prefix, name].concat();
            let is_ignored = is_ignored || ignoring.verdict(self.rules, &path, is_folder)?;
            if is_folder {
                path.push(b'/');
            }
            if is_ignored {
                if self.wants_ignored && (!is_folder || self.holds_anything(&path)?) {
                    found.ignored.push(text(&path));
                }
            } else if !is_folder {
                found.untracked.push(text(&path));
            } else {
                let mut within = Vec::new();
                if self.unknown(&path, ignoring, &mut within)? {
                    found.untracked.push(text(&path));
                    found.ignored.append(&mut within);
                } else if !within.is_empty() {
                    found.ignored.push(text(&path));
                }
            }
        }
        Ok(())
    }

    /// Answers whether a folder that git does not know holds something that is not ignored; what is ignored goes into
    /// `ignored`, where that is wanted.
    fn unknown(
        &self,
        path: &[u8],
        ignoring: &Ignoring,
        ignored: &mut Vec<String>,
    ) -> Result<bool, ScanDoubt> {
        let folder = self.inner(path)?;
        let listing = Listing::read(&folder)?;
        if listing.has(b".git") {
            return Err(ScanDoubt("there is a repository in it"));
        }
        let ignoring = if listing.has(b".gitignore") {
            ignoring.with_file_of(&folder, path.len())
        } else {
            ignoring.clone()
        };
        drop(folder);
        let mut is_untracked = false;
        for (name, kind) in listing.left() {
            let is_folder = kind == FileType::Directory;
            if !(is_folder || matches!(kind, FileType::RegularFile | FileType::Symlink)) {
                continue;
            }
            let mut inner = [path, name].concat();
            let is_ignored = ignoring.verdict(self.rules, &inner, is_folder)?;
            if is_folder {
                inner.push(b'/');
            }
            if is_ignored {
                if self.wants_ignored && (!is_folder || self.holds_anything(&inner)?) {
                    ignored.push(text(&inner));
                }
            } else if is_folder {
                let mut within = Vec::new();
                if self.unknown(&inner, &ignoring, &mut within)? {
                    is_untracked = true;
                    ignored.append(&mut within);
                } else if !within.is_empty() {
                    ignored.push(text(&inner));
                }
            } else {
                is_untracked = true;
            }
            if is_untracked && !self.wants_ignored {
                return Ok(true);
            }
        }
        Ok(is_untracked)
    }

    /// Answers whether there is anything but folders in a folder.
    fn holds_anything(&self, path: &[u8]) -> Result<bool, ScanDoubt> {
        let listing = Listing::read(&self.inner(path)?)?;
        for (name, kind) in listing.left() {
            if kind != FileType::Directory || self.holds_anything(&[path, name, b"/"].concat())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn inner(&self, path: &[u8]) -> Result<OwnedFd, ScanDoubt> {
        openat(&self.root, path, folder_flags(), Mode::empty())
            .map_err(|_| ScanDoubt("a folder cannot be read"))
    }
}

impl ScanFindings {
    fn extend(&mut self, mut other: Self) {
        self.modified.append(&mut other.modified);
        self.doubtful.append(&mut other.doubtful);
        self.untracked.append(&mut other.untracked);
        self.ignored.append(&mut other.ignored);
        self.attributes.append(&mut other.attributes);
    }
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;

    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}
