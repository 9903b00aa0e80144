//! Counts what places take on disk, as `du -s` does, and what of it is caches. A file with several names counts once, for
//! the first place that has it, and so do blocks that several files have.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, fstat, openat};

use super::extents::{Covered, may_share};
use super::walk::{DiskWalk, Root, SeenCache, WalkedPlace};
use crate::host::git::Ignores;
use crate::model::cache::Stays;

/// A worktree to be counted.
#[derive(Debug)]
pub struct CountedPlace {
    /// Without links.
    pub path: PathBuf,
    pub ignores: Ignores,
}

/// What a worktree takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskUse {
    /// On disk.
    pub bytes: u64,
    /// What of it is in caches that could be deleted, as far as this look tells.
    pub cache_bytes: u64,
    /// The time, in seconds since 1970, of the file that was changed last, caches and repositories aside.
    pub newest: i64,
    /// Whether something could not be looked into.
    pub is_partial: bool,
    pub caches: Vec<Cache>,
    /// Folders and links of a cache's name that are none, in order.
    pub staying: Vec<(PathBuf, Stays)>,
}

/// A cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Relative to the worktree.
    pub path: PathBuf,
    pub bytes: u64,
    /// Device and number of the folder.
    pub identity: (u64, u64),
}

/// Counts all places; `patterns` are the names of caches. Not looked into are `mounts`, the mount points of this machine, and
/// `worktrees`, beside the other places. `None` for a place that cannot be opened, and for all of them once `interrupted` answers
/// so.
#[must_use]
pub fn count(
    places: &[CountedPlace],
    patterns: &[String],
    mounts: &[PathBuf],
    worktrees: &[PathBuf],
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Vec<Option<DiskUse>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut opened: Vec<Option<usize>> = Vec::with_capacity(places.len());
    let mut roots = Vec::with_capacity(places.len());
    for place in places {
        let folder = openat(CWD, &place.path, flags, Mode::empty());
        let root = folder.and_then(|folder| {
            Ok(Root {
                device: fstat(&folder)?.st_dev,
                shares: may_share(&folder),
                folder,
                ignores: &place.ignores,
                skipped: skipped(place, places, mounts, worktrees),
            })
        });
        opened.push(root.is_ok().then_some(roots.len()));
        roots.extend(root);
    }
    let mut seen = DiskWalk { roots: &roots, patterns, interrupted }.run();
    if interrupted() {
        return vec![None; places.len()];
    }
    let mut counted = Counted::default();
    let each = opened.into_iter().map(|at| {
        let at = at?;
        let of_place = seen.iter_mut().map(|thread| std::mem::take(&mut thread[at])).collect();
        Some(joined(of_place, &mut counted))
    });
    each.collect()
}

/// The folders in a place that are not its own, relative to it.
fn skipped(
    place: &CountedPlace,
    places: &[CountedPlace],
    mounts: &[PathBuf],
    worktrees: &[PathBuf],
) -> Vec<(Vec<u8>, Stays)> {
    let others = places.iter().map(|place| &place.path).chain(worktrees);
    let others = others.map(|path| (path, Stays::Repository));
    let all = others.chain(mounts.iter().map(|path| (path, Stays::Mounted)));
    let inside = all.filter_map(|(path, why)| Some((path.strip_prefix(&place.path).ok()?, why)));
    let inside = inside.filter(|(path, _)| *path != Path::new(""));
    inside.map(|(path, why)| (path.as_os_str().as_bytes().to_vec(), why)).collect()
}

/// What was counted already, by device.
#[derive(Default)]
struct Counted {
    files: HashSet<(u64, u64)>,
    extents: HashMap<u64, Covered>,
}

fn joined(threads: Vec<WalkedPlace>, counted: &mut Counted) -> DiskUse {
    let mut found = DiskUse::default();
    let mut caches: BTreeMap<Vec<u8>, SeenCache> = BTreeMap::new();
    let mut shared = Vec::new();
    for seen in threads {
        found.bytes += seen.bytes;
        found.newest = found.newest.max(seen.newest);
        found.is_partial |= seen.is_partial;
        found.staying.extend(seen.staying.into_iter().map(|(path, why)| (path_of(&path), why)));
        shared.extend(seen.shared);
        for (path, cache) in seen.caches {
            let known = caches.entry(path.to_vec()).or_default();
            known.bytes += cache.bytes;
            known.identity = known.identity.or(cache.identity);
            known.trouble = known.trouble.or(cache.trouble);
        }
    }
    // Whichever thread saw it: what is no cache has its blocks first.
    shared.sort_by(|one, other| one.cache.cmp(&other.cache));
    for file in shared {
        if file.inode.is_some_and(|inode| !counted.files.insert((file.device, inode))) {
            continue;
        }
        let covered = counted.extents.entry(file.device).or_default();
        let bytes = file.own + file.extents.into_iter().map(|extent| covered.add(extent)).sum::<u64>();
        found.bytes += bytes;
        if let Some(known) = file.cache.and_then(|path| caches.get_mut(&*path)) {
            known.bytes += bytes;
        }
    }
    for (path, SeenCache { bytes, identity, trouble }) in caches {
        let path = path_of(&path);
        match (trouble, identity) {
            (None, Some(identity)) => {
                found.cache_bytes += bytes;
                found.caches.push(Cache { path, bytes, identity });
            }
            (trouble, _) => found.staying.push((path, trouble.unwrap_or(Stays::Vanished))),
        }
    }
    found.staying.sort();
    found
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}
