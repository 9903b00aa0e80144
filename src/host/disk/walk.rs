//! The folders of all places on few threads: whoever is free takes the next folder, and what is found stays with the thread
//! until all are seen.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rustix::fs::{AtFlags, FileType, fstat, statat};
use rustix::io::Errno;

use super::extents::{self, Extent};
use super::folder::{RepositorySigns, below, list, open_below};
use super::tag;
use crate::host::git::{Depth, Ignores};
use crate::host::processors::part_threads;
use crate::model::cache::{self, Stays};

/// A place that is opened.
pub(super) struct Root<'a> {
    pub(super) folder: OwnedFd,
    pub(super) device: u64,
    pub(super) ignores: &'a Ignores,
    /// Folders that are not looked into, and why: other worktrees, and mount points.
    pub(super) skipped: Vec<(Vec<u8>, Stays)>,
    /// Whether files of its file system may share blocks.
    pub(super) shares: bool,
}

/// The path of a cache.
type Key = Arc<[u8]>;

/// A folder that is still to be seen.
struct Task {
    root: usize,
    path: Vec<u8>,
    depth: Depth,
    cache: Option<Key>,
    /// Whether it is of another repository, or git's own: no cache is looked for, and no file says when one was at work.
    is_foreign: bool,
}

/// What a thread saw of one place.
#[derive(Default)]
pub(super) struct WalkedPlace {
    pub(super) bytes: u64,
    pub(super) newest: i64,
    pub(super) is_partial: bool,
    pub(super) caches: HashMap<Key, SeenCache>,
    pub(super) staying: Vec<(Vec<u8>, Stays)>,
    /// Files with several names, or with blocks that other files may have too.
    pub(super) shared: Vec<SharedFile>,
}

/// A file of which something may be counted already.
pub(super) struct SharedFile {
    pub(super) device: u64,
    /// Its number, where it has several names.
    pub(super) inode: Option<u64>,
    /// What nobody else has.
    pub(super) own: u64,
    pub(super) extents: Vec<Extent>,
    pub(super) cache: Option<Key>,
}

/// What a thread saw of one cache.
#[derive(Default)]
pub(super) struct SeenCache {
    pub(super) bytes: u64,
    pub(super) trouble: Option<Stays>,
    /// Device and number of the folder itself, where this thread saw it.
    pub(super) identity: Option<(u64, u64)>,
}

struct Queue {
    tasks: Vec<Task>,
    /// Taken and not done.
    running: usize,
}

pub(super) struct DiskWalk<'a> {
    pub(super) roots: &'a [Root<'a>],
    pub(super) patterns: &'a [String],
    pub(super) interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl DiskWalk<'_> {
    /// Sees all folders. Returns what each thread saw of each place.
    pub(super) fn run(&self) -> Vec<Vec<WalkedPlace>> {
        let tasks = self.roots.iter().enumerate().rev().map(|(at, root)| Task {
            root: at,
            path: Vec::new(),
            depth: root.ignores.root(&root.folder),
            cache: None,
            is_foreign: false,
        });
        let queue = Mutex::new(Queue { tasks: tasks.collect(), running: 0 });
        let (queue, changed) = (&queue, &Condvar::new());
        let work = || {
            let mut seen: Vec<WalkedPlace> = self.roots.iter().map(|_| WalkedPlace::default()).collect();
            let mut inner = Vec::new();
            let mut is_running = false;
            loop {
                let mut all = queue.lock().unwrap_or_else(PoisonError::into_inner);
                all.running -= usize::from(is_running);
                let is_news = !inner.is_empty() || all.running == 0;
                all.tasks.append(&mut inner);
                while all.tasks.is_empty() && all.running > 0 {
                    all = changed.wait(all).unwrap_or_else(PoisonError::into_inner);
                }
                let task = if (self.interrupted)() { None } else { all.tasks.pop() };
                is_running = task.is_some();
                all.running += usize::from(is_running);
                drop(all);
                if is_news || task.is_none() {
                    changed.notify_all();
                }
                let Some(task) = task else { return seen };
                self.folder(&task, &mut seen, &mut inner);
            }
        };
        std::thread::scope(|scope| {
            let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            // Where the system gives no more threads, those that there are do the work.
            let start = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
            let threads: Vec<_> = (1..count).map_while(start).collect();
            part_threads();
            let own = work();
            let others = threads.into_iter().filter_map(|thread| thread.join().ok());
            std::iter::once(own).chain(others).collect()
        })
    }

    fn folder(&self, task: &Task, seen: &mut [WalkedPlace], inner: &mut Vec<Task>) {
        let root = &self.roots[task.root];
        let seen = &mut seen[task.root];
        let opened = open_below(&root.folder, &task.path).and_then(|folder| Ok((fstat(&folder)?, folder)));
        let (stat, folder) = match opened {
            Ok(opened) => opened,
            // It went meanwhile.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return,
            Err(_) => return seen.miss(task.cache.as_ref(), Stays::Unreadable),
        };
        if stat.st_dev != root.device {
            return seen.miss(task.cache.as_ref(), Stays::Mounted);
        }
        let mut is_foreign = task.is_foreign;
        let mut folders: Vec<(Vec<u8>, bool)> = Vec::new();
        let (mut bytes, mut newest) = (blocks(stat.st_blocks), 0);
        let mut has_tag = false;
        let mut signs = RepositorySigns::default();
        let listed = list(&folder, |name, kind| {
            signs.see(name);
            if kind == FileType::Directory {
                is_foreign |= name == b".git" && !task.path.is_empty();
                return folders.push((name.to_vec(), name == b".git"));
            }
            has_tag |= name == b"CACHEDIR.TAG";
            is_foreign |= name == b".git" && !task.path.is_empty();
            let Ok(found) = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
            if kind == FileType::Symlink {
                self.link(task, root, name, seen);
            }
            newest = newest.max(found.st_mtime);
            let all = blocks(found.st_blocks);
            let is_file = root.shares && FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
            let extents = if is_file && all > 0 { extents::shared(&folder, name) } else { Vec::new() };
            let inode = (found.st_nlink > 1).then_some(found.st_ino);
            if inode.is_none() && extents.is_empty() {
                bytes += all;
                return;
            }
            let shared: u64 = extents.iter().map(|extent| extent.end - extent.start).sum();
            let (device, cache) = (found.st_dev, task.cache.clone());
            seen.shared.push(SharedFile { device, inode, own: all.saturating_sub(shared), extents, cache });
        });
        is_foreign |= signs.is_bare() || (signs.is_repository() && !task.path.is_empty());
        seen.is_partial |= listed.is_err();
        seen.bytes += bytes;
        if task.cache.is_none() && !is_foreign {
            seen.newest = seen.newest.max(newest);
        }
        if let Some(key) = &task.cache {
            let cache = seen.caches.entry(key.clone()).or_default();
            cache.bytes += bytes;
            if **key == *task.path {
                cache.identity = Some((stat.st_dev, stat.st_ino));
                let name = key.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                let needs_tag = std::str::from_utf8(name).is_ok_and(cache::needs_tag);
                if needs_tag && !(has_tag && tag::is_in(&folder)) {
                    cache.trouble = Some(Stays::NoTag);
                }
            }
            let trouble = (is_foreign && !task.is_foreign).then_some(Stays::Repository);
            cache.trouble = cache.trouble.or(trouble).or(listed.is_err().then_some(Stays::Unreadable));
        }
        let ignores_here = folders.is_empty() || task.cache.is_some();
        let depth = match root.ignores {
            _ if ignores_here || task.path.is_empty() => task.depth.clone(),
            ignores => ignores.enter(&task.depth, &task.path, Some(&folder)),
        };
        for (name, is_git) in folders {
            let path = below(&task.path, &name);
            if let Some((_, why)) = root.skipped.iter().find(|(skipped, _)| *skipped == path) {
                match &task.cache {
                    Some(key) => seen.miss(Some(key), *why),
                    None if self.is_named(&name) => seen.staying.push((path, *why)),
                    None => {}
                }
                continue;
            }
            let mut cache = task.cache.clone();
            if cache.is_none() && !is_foreign && !is_git && self.is_named(&name) {
                if root.ignores.is_ignored(&depth, &path, true) {
                    cache = Some(path.as_slice().into());
                } else {
                    seen.staying.push((path.clone(), Stays::NotIgnored));
                }
            }
            inner.push(Task {
                root: task.root,
                path,
                depth: depth.clone(),
                cache,
                is_foreign: is_foreign || is_git,
            });
        }
    }

    fn link(&self, task: &Task, root: &Root<'_>, name: &[u8], seen: &mut WalkedPlace) {
        if task.cache.is_none() && !task.is_foreign && self.is_named(name) {
            let path = below(&task.path, name);
            if open_below(&root.folder, &path).is_err_and(|error| error != Errno::NOENT) {
                seen.staying.push((path, Stays::Link));
            }
        }
    }

    fn is_named(&self, name: &[u8]) -> bool {
        std::str::from_utf8(name).is_ok_and(|name| cache::is_deletable(name, self.patterns))
    }
}

impl WalkedPlace {
    fn miss(&mut self, cache: Option<&Key>, why: Stays) {
        self.is_partial |= why == Stays::Unreadable;
        if let Some(key) = cache {
            self.caches.entry(key.clone()).or_default().trouble.get_or_insert(why);
        }
    }
}

/// Bytes of a number of blocks, which are of 512 bytes whatever the file system has (`stat(2)`).
fn blocks(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default().saturating_mul(512)
}
