//! What stands in a folder that git was filling when it died: which of it git provably put there.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::repository::Repository;
use crate::error::{Code, Failure, Result};

/// One file of a commit: its mode as git writes it, and its blob.
struct Tracked {
    mode: Vec<u8>,
    object: String,
}

impl Repository {
    /// Returns the paths in `folder` that a checkout of `commit` by git did not provably put there. Contents are compared
    /// through git's own clean filters, so that converted files are recognised; the paths in `allowed` are passed over.
    pub fn foreign_paths_by_git(
        &self,
        folder: &Path,
        commit: &str,
        allowed: &[&str],
    ) -> Result<Vec<PathBuf>> {
        let tracked = self.tracked_files(commit)?;
        let mut foreign = Vec::new();
        let mut files = Vec::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(relative) = folders.pop() {
            let here = folder.join(&relative);
            for entry in fs::read_dir(&here).map_err(|error| unreadable(&here, error))? {
                let entry = entry.map_err(|error| unreadable(&here, error))?;
                let path = relative.join(entry.file_name());
                if allowed.iter().any(|allowed| path.as_os_str() == *allowed) {
                    continue;
                }
                let kind = entry.file_type().map_err(|error| unreadable(&here, error))?;
                match tracked.get(path.as_os_str().as_bytes()) {
                    _ if kind.is_dir() => folders.push(path),
                    Some(known) if kind.is_symlink() && known.mode == b"120000" => files.push((path, known)),
                    Some(known) if kind.is_file() && known.mode != b"120000" => files.push((path, known)),
                    _ => foreign.push(path),
                }
            }
        }
        foreign.extend(self.changed_files(folder, files)?);
        foreign.sort();
        Ok(foreign)
    }

    fn tracked_files(&self, commit: &str) -> Result<HashMap<Vec<u8>, Tracked>> {
        let listed = self.git().args(["ls-tree", "-r", "-z", "--full-tree", commit]).run()?;
        if !listed.is_success() {
            // What git cannot read it did not lay out: nothing that stands there came from it.
            return Ok(HashMap::new());
        }
        let rows = listed.stdout.split(|byte| *byte == 0).filter(|row| !row.is_empty());
        let parsed = rows.filter_map(|row| {
            let tab = row.iter().position(|byte| *byte == b'\t')?;
            let mut fields = row[..tab].split(|byte| *byte == b' ');
            let mode = fields.next()?.to_vec();
            let object = String::from_utf8(fields.nth(1)?.to_vec()).ok()?;
            Some((row[tab + 1..].to_vec(), Tracked { mode, object }))
        });
        Ok(parsed.collect())
    }

    /// Returns those of `files` whose content git would not store as the commit has it.
    fn changed_files(&self, folder: &Path, files: Vec<(PathBuf, &Tracked)>) -> Result<Vec<PathBuf>> {
        let mut changed = Vec::new();
        let mut asked = Vec::new();
        for (path, known) in files {
            let whole = folder.join(&path);
            if known.mode == b"120000" {
                let target = fs::read_link(&whole).map_err(|error| unreadable(&whole, error))?;
                let input = target.into_os_string().into_vec();
                let hashed = self.git().args(["hash-object", "--stdin"]).input(input).require()?;
                if hashed.text() != known.object {
                    changed.push(path);
                }
            } else if whole.metadata().is_ok_and(|found| found.len() == 0) {
                // Opened and not written yet when git was killed.
            } else if path.as_os_str().as_bytes().contains(&b'\n') {
                // git reads one name to a line, so it cannot be asked about this one.
                changed.push(path);
            } else {
                asked.push((path, known));
            }
        }
        let names: Vec<&[u8]> = asked.iter().map(|(path, _)| path.as_os_str().as_bytes()).collect();
        // In the folder itself, so that its attributes choose the filters.
        let output =
            self.git_in(folder).args(["hash-object", "--stdin-paths"]).input(names.join(&b'\n')).require()?;
        let answer = output.text();
        let mut objects = answer.lines();
        let differing = asked.into_iter().filter(|(_, known)| objects.next() != Some(known.object.as_str()));
        changed.extend(differing.map(|(path, _)| path));
        Ok(changed)
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::GitFailed, format!("{} cannot be read", path.display()))
}
