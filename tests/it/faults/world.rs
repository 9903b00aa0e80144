//! A sandbox that begins every run from the same bytes: whatever a run changed is put back.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::processes::processes;
use crate::support::{Sandbox, wait};

/// What stands at a path.
#[derive(Clone, PartialEq, Eq)]
enum Thing {
    Folder(u32),
    File(Vec<u8>, u32, SystemTime),
    Link(PathBuf),
}

/// A sandbox, and everything as it was at first.
pub struct World {
    pub sandbox: Sandbox,
    first: BTreeMap<PathBuf, Thing>,
    /// What git called changed in each worktree.
    statuses: BTreeMap<PathBuf, String>,
}

impl World {
    pub fn new(sandbox: Sandbox) -> Self {
        wait::until("what goes on behind the commands to end", || processes(&sandbox).is_empty());
        let folders = ["feature-bystander", "feature-login"].map(|name| sandbox.worktree(name));
        let there = folders.into_iter().filter(|folder| folder.join(".git").exists());
        let statuses =
            there.chain([sandbox.repo()]).map(|folder| (folder.clone(), sandbox.status(&folder))).collect();
        let first = things(&sandbox.path(""));
        Self { sandbox, first, statuses }
    }

    /// What git called changed at first in the worktree in `folder`.
    pub fn status(&self, folder: &Path) -> Option<&String> {
        self.statuses.get(folder)
    }

    /// Where the files of `feature-login` were at first: in its folder, or put away.
    pub fn login(&self) -> Option<PathBuf> {
        let (folder, trash) = (self.sandbox.worktree("feature-login"), self.sandbox.worktree(".wt-trash"));
        let is_of_it = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            **path == folder || path.parent() == Some(&trash) && name.starts_with("feature-login-")
        };
        self.first.keys().find(is_of_it).cloned()
    }

    /// Puts everything back.
    pub fn reset(&self) {
        let now = things(&self.sandbox.path(""));
        for path in now.keys().rev().filter(|path| self.first.get(*path) != now.get(*path)) {
            match (now.get(path), self.first.get(path)) {
                (Some(Thing::Folder(_)), Some(Thing::Folder(mode))) => {
                    fs::set_permissions(path, PermissionsExt::from_mode(*mode)).unwrap();
                }
                (Some(Thing::Folder(_)), _) => fs::remove_dir_all(path).unwrap(),
                _ => fs::remove_file(path).unwrap(),
            }
        }
        for (path, thing) in self.first.iter().filter(|(path, thing)| now.get(*path) != Some(thing)) {
            match thing {
                Thing::Folder(mode) => {
                    let _ = fs::create_dir(path);
                    fs::set_permissions(path, PermissionsExt::from_mode(*mode)).unwrap();
                }
                Thing::File(bytes, mode, modified) => {
                    fs::write(path, bytes).unwrap();
                    File::open(path).unwrap().set_modified(*modified).unwrap();
                    fs::set_permissions(path, PermissionsExt::from_mode(*mode)).unwrap();
                }
                Thing::Link(target) => symlink(target, path).unwrap(),
            }
        }
    }

    /// The user's files as they were at first: everything outside of git's folder and ours, by its path below `folder`.
    pub fn users_files(&self, folder: &Path) -> impl Iterator<Item = (&Path, &[u8])> {
        self.first.iter().filter_map(move |(path, thing)| {
            let inside = path.strip_prefix(folder).ok()?;
            let is_gits = inside.components().any(|part| part.as_os_str() == ".git");
            // Of an env file some lines are ours.
            let is_ours = inside.file_name().is_some_and(|name| name == ".env");
            // A cache is nobody's work, and a carried file follows its source.
            let is_remade = inside.starts_with("node_modules") || inside.starts_with(".secret");
            match thing {
                Thing::File(bytes, ..) if !is_gits && !is_ours && !is_remade => {
                    Some((inside, bytes.as_slice()))
                }
                _ => None,
            }
        })
    }

    /// Answers whether this env file had a line of the user's at first.
    pub fn had_own_line(&self, path: &Path) -> bool {
        matches!(self.first.get(path), Some(Thing::File(bytes, ..)) if bytes.starts_with(b"MINE=1\n"))
    }

    /// Answers whether something stood there at first.
    pub fn was_there(&self, path: &Path) -> bool {
        self.first.contains_key(path)
    }
}

fn things(root: &Path) -> BTreeMap<PathBuf, Thing> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let (path, facts) = (entry.path(), entry.metadata().unwrap());
            let mode = facts.permissions().mode() & 0o7777;
            let thing = if facts.is_dir() {
                waiting.push(path.clone());
                Thing::Folder(mode)
            } else if facts.is_file() {
                Thing::File(fs::read(&path).unwrap(), mode, facts.modified().unwrap())
            } else if facts.is_symlink() {
                Thing::Link(fs::read_link(&path).unwrap())
            } else {
                // A socket: nobody's work.
                Thing::File(Vec::new(), mode, facts.modified().unwrap())
            };
            found.insert(path, thing);
        }
    }
    found
}
