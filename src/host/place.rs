//! Where we are, as a folder's absence is judged from: the mount it lies on, this boot, our network.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::mountinfo;
use super::process::identity;
use crate::model::registry::place::FolderPlace;

/// The mounts of this machine, this boot and our network, read once.
#[derive(Clone, Debug)]
pub struct HostSurroundings {
    mounts: Vec<PathBuf>,
    boot: String,
    network: String,
}

impl HostSurroundings {
    /// Reads them.
    #[must_use]
    pub fn read() -> Self {
        let network = std::fs::read_link("/proc/self/ns/net").unwrap_or_default();
        Self {
            mounts: mountinfo::of_us().into_iter().map(|mount| mount.place).collect(),
            boot: identity::boot(),
            network: network.to_string_lossy().into_owned(),
        }
    }

    /// Returns the mount points of this machine.
    #[must_use]
    pub fn mounts(&self) -> &[PathBuf] {
        &self.mounts
    }

    /// Returns the place of `path`, which need not exist.
    #[must_use]
    pub fn place_of(&self, path: &Path) -> FolderPlace {
        let path = resolved(path);
        let around = self.mounts.iter().filter(|mount| path.starts_with(mount));
        FolderPlace {
            mount: around.max_by_key(|mount| mount.components().count()).cloned(),
            ..self.place_of_what_is_there()
        }
    }

    /// Returns the same of what is there: no mount is looked for, since nothing of it is missing.
    #[must_use]
    pub fn place_of_what_is_there(&self) -> FolderPlace {
        FolderPlace {
            mount: None,
            boot: self.boot.clone(),
            network: self.network.clone(),
            extra: serde_json::Map::new(),
        }
    }
}

impl HostSurroundings {
    /// Answers whether the nearest folder above `path` that exists lies, now, on the same file system as one of `folders`,
    /// reached by the same mount: only then does its absence say that it was deleted, and not that it is out of sight.
    #[must_use]
    pub fn shares_ground<'p>(&self, path: &Path, folders: impl IntoIterator<Item = &'p Path>) -> bool {
        let nearest = path.ancestors().skip(1).find(|ancestor| ancestor.metadata().is_ok());
        let Some(ground) = nearest.and_then(|nearest| self.ground(nearest)) else { return false };
        folders.into_iter().any(|folder| self.ground(folder).as_ref() == Some(&ground))
    }

    /// The device that a folder lies on, and where that is mounted.
    fn ground(&self, folder: &Path) -> Option<(u64, Option<PathBuf>)> {
        use std::os::unix::fs::MetadataExt;

        Some((folder.metadata().ok()?.dev(), self.place_of(folder).mount))
    }
}

/// Resolves links as far as the path exists.
fn resolved(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(found) = ancestor.canonicalize() {
            return missing.iter().rev().fold(found, |path: PathBuf, name| path.join(name));
        }
        missing.extend(ancestor.file_name());
    }
    path.to_path_buf()
}

/// Answers whether `path` is gone for good as far as its own disk tells: a path that cannot be looked at is not gone.
#[must_use]
pub fn is_gone(path: &Path) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    path.symlink_metadata().is_err_and(|error| matches!(error.kind(), NotFound | NotADirectory))
}

/// Answers as [`is_gone`], in half the time where something is there, as mostly: for many paths in a row.
#[must_use]
pub fn is_gone_quickly(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXISTS).is_err() && is_gone(path)
}

/// From how many paths in one folder on the folder is read instead of a look at each.
const MANY: usize = 64;

/// Which of many paths seem to be gone: a folder in which many of them lie is read once. What it calls gone is to be looked
/// at again: a file system may find names that it lists otherwise, or not at all.
#[derive(Debug)]
pub struct GoneGlance {
    /// What lies in those folders.
    names: HashMap<PathBuf, HashSet<OsString>>,
}

impl GoneGlance {
    /// Reads the folders in which many of `paths` lie.
    #[must_use]
    pub fn at<'p>(paths: impl Iterator<Item = &'p Path>) -> Self {
        let mut counts: HashMap<&Path, usize> = HashMap::new();
        for parent in paths.filter_map(Path::parent) {
            *counts.entry(parent).or_default() += 1;
        }
        let many = counts.into_iter().filter(|(_, count)| *count >= MANY);
        let read =
            many.filter_map(|(folder, count)| Some((folder.to_path_buf(), names_in(folder, 4 * count)?)));
        Self { names: read.collect() }
    }

    /// Answers whether `path` seems to be gone.
    #[must_use]
    pub fn seems_gone(&self, path: &Path) -> bool {
        let names = path.parent().and_then(|parent| self.names.get(parent));
        match (names, path.file_name()) {
            (Some(names), Some(name)) => !names.contains(name),
            _ => is_gone_quickly(path),
        }
    }
}

/// Returns the names in `folder`, none where it is gone; `None` where they cannot be told, or are more than `most`.
fn names_in(folder: &Path, most: usize) -> Option<HashSet<OsString>> {
    match folder.read_dir() {
        Ok(entries) => {
            let mut names = HashSet::new();
            for entry in entries {
                names.insert(entry.ok()?.file_name());
                if names.len() > most {
                    return None;
                }
            }
            Some(names)
        }
        Err(_) => is_gone(folder).then(HashSet::new),
    }
}

/// Answers whether the nearest folder above `path` that exists is empty and not its parent, as a mount point is from
/// which the file system was taken.
#[must_use]
pub fn lies_beyond_empty_folder(path: &Path) -> bool {
    let nearest = path.ancestors().skip(1).find(|ancestor| ancestor.symlink_metadata().is_ok());
    nearest.is_some_and(|folder| {
        Some(folder) != path.parent() && folder.read_dir().is_ok_and(|mut entries| entries.next().is_none())
    })
}

/// Answers whether the nearest folder above `path` that exists is empty and on another device than `device`, the low 32
/// bits of one: as where the file system that held `path` is not mounted.
#[must_use]
pub fn lies_off_device(path: &Path, device: u32) -> bool {
    use std::os::unix::fs::MetadataExt;

    let nearest = path.ancestors().skip(1).find(|ancestor| ancestor.symlink_metadata().is_ok());
    nearest.is_some_and(|folder| {
        let is_empty = folder.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        is_empty
            && folder.metadata().is_ok_and(|found| found.dev() & u64::from(u32::MAX) != u64::from(device))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glance_says_of_many_paths_what_a_look_at_each_would() {
        let root = tempfile::tempdir().unwrap();
        let (full, gone) = (root.path().join("full"), root.path().join("gone"));
        std::fs::create_dir(&full).unwrap();
        std::fs::create_dir(full.join("name 1")).unwrap();
        std::os::unix::fs::symlink("nowhere", full.join("name 2")).unwrap();
        for count in [2, MANY, 3 * MANY] {
            let name = |number| format!("name {number}");
            let mut paths: Vec<PathBuf> =
                (0..=count).flat_map(|number| [full.join(name(number)), gone.join(name(number))]).collect();
            paths.extend([full.join(".."), root.path().to_path_buf(), full.join("name 1/x")]);
            let glance = GoneGlance::at(paths.iter().map(PathBuf::as_path));
            assert_eq!(glance.names.len(), if count < MANY { 0 } else { 2 });
            for path in &paths {
                assert_eq!(glance.seems_gone(path), is_gone(path), "{count}: {}", path.display());
            }
        }
    }

    #[test]
    fn a_folder_lies_on_the_innermost_mount() {
        let here = HostSurroundings {
            mounts: ["/", "/mnt", "/mnt/usb"].map(PathBuf::from).to_vec(),
            boot: String::new(),
            network: String::new(),
        };
        assert_eq!(here.place_of(Path::new("/mnt/usb/shop.worktrees/a")).mount, Some("/mnt/usb".into()));
        assert_eq!(here.place_of(Path::new("/mnt/usb2/a")).mount, Some("/mnt".into()));
    }
}
