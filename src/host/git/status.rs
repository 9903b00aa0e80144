//! What changed in a worktree: through libgit2, or the git child where libgit2 cannot tell.

use std::path::Path;

use git2::{Status, StatusOptions};

use super::command::Git;
use super::repository::{Repository, from_library};
use super::support::Way;
use crate::error::{Code, Failure, Result};

/// The changed paths of a worktree, relative to it, folders ending in `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Differ between HEAD and the index.
    pub staged: Vec<String>,
    /// Differ between the index and the files, deleted ones included.
    pub modified: Vec<String>,
    /// Neither tracked nor ignored.
    pub untracked: Vec<String>,
    /// Ignored; a folder that is ignored whole is one path.
    pub ignored: Vec<String>,
    /// In conflict.
    pub conflicted: Vec<String>,
    /// Submodules with another commit checked out, or changes within.
    pub submodules: Vec<String>,
}

impl Changes {
    /// Answers whether nothing but ignored files is there.
    pub fn is_clean(&self) -> bool {
        self.count() == 0
    }

    /// Counts the changed paths, ignored ones aside; one staged and changed again counts twice.
    pub fn count(&self) -> usize {
        let changed = [&self.staged, &self.modified, &self.untracked, &self.conflicted, &self.submodules];
        changed.iter().map(|paths| paths.len()).sum()
    }
}

impl Repository {
    /// Returns what changed in the worktree at `path`; `ignored` says whether ignored files are looked for too.
    pub fn changes(&self, path: &Path, ignored: bool) -> Result<Changes> {
        match self.status_way(path)? {
            Way::Engine => changes_by_library(path, ignored)
                .map_err(|error| from_library(error, &format!("tell what changed in {}", path.display()))),
            Way::Git(_) => changes_by_git(path, ignored),
        }
    }
}

fn changes_by_library(path: &Path, ignored: bool) -> Result<Changes, git2::Error> {
    let library = git2::Repository::open(path)?;
    let mut options = StatusOptions::new();
    options.include_untracked(true).include_ignored(ignored).renames_head_to_index(false);
    let mut changes = Changes::default();
    for entry in library.statuses(Some(&mut options))?.iter() {
        let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
        let status = entry.status();
        let is_submodule = entry.index_to_workdir().is_some_and(|delta| {
            [delta.old_file().mode(), delta.new_file().mode()].contains(&git2::FileMode::Commit)
        });
        if status.contains(Status::CONFLICTED) {
            changes.conflicted.push(path);
            continue;
        }
        let staged = Status::INDEX_NEW
            | Status::INDEX_MODIFIED
            | Status::INDEX_DELETED
            | Status::INDEX_RENAMED
            | Status::INDEX_TYPECHANGE;
        if status.intersects(staged) {
            changes.staged.push(path.clone());
        }
        let modified = Status::WT_MODIFIED | Status::WT_DELETED | Status::WT_TYPECHANGE | Status::WT_RENAMED;
        if status.intersects(modified | Status::WT_UNREADABLE) {
            if is_submodule { changes.submodules.push(path) } else { changes.modified.push(path) }
        } else if status.contains(Status::WT_NEW) {
            changes.untracked.push(path);
        } else if status.contains(Status::IGNORED) {
            changes.ignored.push(path);
        }
    }
    Ok(changes)
}

fn changes_by_git(path: &Path, ignored: bool) -> Result<Changes> {
    let ignored = if ignored { "--ignored=traditional" } else { "--ignored=no" };
    let args = ["status", "--porcelain=v2", "-z", "--untracked-files=normal", "--no-renames", ignored];
    let output = Git::new(path).args(args).run()?;
    if !output.is_success() {
        let message = format!("git cannot tell what changed in {}: {}", path.display(), output.complaint());
        return Err(Failure::new(Code::GitFailed, message)
            .hint(format!("see what git says: git -C {} status", path.display())));
    }
    Ok(parse_porcelain(&output.stdout))
}

/// Reads `git status --porcelain=v2 -z --no-renames` (git-status(1)).
fn parse_porcelain(bytes: &[u8]) -> Changes {
    let mut changes = Changes::default();
    for record in bytes.split(|byte| *byte == 0) {
        let record = String::from_utf8_lossy(record);
        match record.split_once(' ') {
            Some(("?", path)) => changes.untracked.push(path.to_owned()),
            Some(("!", path)) => changes.ignored.push(path.to_owned()),
            Some(("u", rest)) => changes.conflicted.extend(rest.splitn(10, ' ').nth(9).map(str::to_owned)),
            Some(("1", rest)) => {
                let mut fields = rest.splitn(8, ' ');
                let (Some(codes), Some(submodule), Some(path)) =
                    (fields.next(), fields.next(), fields.nth(5))
                else {
                    continue;
                };
                if !codes.starts_with('.') {
                    changes.staged.push(path.to_owned());
                }
                if !codes.ends_with('.') {
                    let kind = if submodule.starts_with('S') {
                        &mut changes.submodules
                    } else {
                        &mut changes.modified
                    };
                    kind.push(path.to_owned());
                }
            }
            _ => {}
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_porcelain_line_is_read() {
        let zeros = "0".repeat(40);
        let text = format!(
            "1 M. N... 100644 100644 100644 {zeros} {zeros} a b\x001 .M N... 100644 100644 100644 {zeros} {zeros} c\0\
             1 .M SC.. 160000 160000 160000 {zeros} {zeros} sub\0\
             u UU N... 100644 100644 100644 100644 {zeros} {zeros} {zeros} d e\0? new/\0! target/\0"
        );
        let changes = parse_porcelain(text.as_bytes());
        assert_eq!(changes.staged, ["a b"]);
        assert_eq!(changes.modified, ["c"]);
        assert_eq!(changes.submodules, ["sub"]);
        assert_eq!(changes.conflicted, ["d e"]);
        assert_eq!(changes.untracked, ["new/"]);
        assert_eq!(changes.ignored, ["target/"]);
    }
}
