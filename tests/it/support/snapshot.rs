//! Everything a refused command must leave as it was, as text that shows the difference when it did not.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Run, Sandbox};

/// What git or `wt` may touch without anybody noticing: objects nobody names, our own bookkeeping, stat caches.
const SILENT: [&str; 5] = ["objects", "wt", "index", "gc.pid", "FETCH_HEAD"];

impl Sandbox {
    /// Every file of the state folder with its bytes, but for locks.
    pub fn state_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.state()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let is_lock = path.extension().is_some_and(|ending| ending == "lock");
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() && !is_lock {
                    let bytes = std::fs::read(&path).unwrap();
                    found.insert(path, bytes);
                }
            }
        }
        found
    }

    /// Every file and folder of the sandbox: its time, and what it holds.
    pub fn everything(&self) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let mut waiting = vec![self.path("")];
        while let Some(folder) = waiting.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let (path, facts) = (entry.path(), entry.metadata().unwrap());
                let holds = if facts.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
                if facts.is_dir() {
                    waiting.push(path.clone());
                }
                found.insert(path, (facts.modified().unwrap(), holds));
            }
        }
        found
    }

    /// Asserts that nothing was written since `before`: not even the time of a file is another.
    #[track_caller]
    pub fn assert_nothing_written(&self, before: &BTreeMap<PathBuf, (SystemTime, Vec<u8>)>, run: &Run) {
        let after = self.everything();
        let paths = before.keys().chain(after.keys());
        let changed: Vec<&PathBuf> = paths.filter(|path| before.get(*path) != after.get(*path)).collect();
        assert!(changed.is_empty(), "{changed:#?}\n{}", run.shown());
    }

    /// Every file and folder of the sandbox with its content, git's refs and admin folders, the registry's entries.
    pub fn snapshot(&self) -> String {
        let mut text = String::new();
        let root = self.path("");
        for name in sorted(&root) {
            if name != "state" {
                describe(&root, Path::new(&name), &mut text);
            }
        }
        let registry = self.registry();
        for key in ["worktrees", "exclusions"] {
            let value = &registry[key];
            let is_empty = value.as_array().is_none_or(Vec::is_empty);
            if !is_empty {
                writeln!(text, "registry {key}: {value}").unwrap();
            }
        }
        text
    }

    /// Asserts that everything is as in `before`.
    #[track_caller]
    pub fn assert_unchanged(&self, before: &str, run: &Run) {
        let after = self.snapshot();
        if before != after {
            let lost: Vec<&str> =
                before.lines().filter(|line| !after.lines().any(|new| new == *line)).collect();
            let new: Vec<&str> =
                after.lines().filter(|line| !before.lines().any(|old| old == *line)).collect();
            panic!("something changed\nlost: {lost:#?}\nnew: {new:#?}\n{}", run.shown());
        }
    }
}

fn sorted(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn describe(root: &Path, relative: &Path, text: &mut String) {
    let path = root.join(relative);
    let Ok(metadata) = path.symlink_metadata() else { return };
    let shown = relative.display();
    let is_in_git = path.ancestors().any(is_git_folder);
    if metadata.is_symlink() {
        writeln!(text, "{shown} -> {}", fs::read_link(&path).unwrap().display()).unwrap();
    } else if metadata.is_dir() {
        let is_git_folder = is_git_folder(&path);
        // git itself leaves empty folders such as `refs/heads/feature` behind.
        if !is_in_git {
            writeln!(text, "{shown}/").unwrap();
        }
        for name in sorted(&path) {
            if !(is_git_folder && SILENT.contains(&name.as_str())) {
                describe(root, &relative.join(name), text);
            }
        }
    } else if metadata.is_file() {
        let mode = metadata.permissions().mode() & 0o777;
        let content = fs::read(&path).unwrap_or_default();
        writeln!(text, "{shown} {mode:o} {:?}", String::from_utf8_lossy(&content)).unwrap();
    } else {
        writeln!(text, "{shown} special").unwrap();
    }
}

fn is_git_folder(path: &Path) -> bool {
    path.join("objects").is_dir() && path.join("HEAD").exists()
}
