//! What changed in worktrees: told by our own scan, or by the git child where that leaves a doubt.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use git2::Oid;

use super::changes::ChangedPaths;
use super::command::Git;
use super::paths::{canonical, read_link_file};
use super::repository::Repository;
use super::scan::{self, Rules, ScanDoubt, ScannedWorktree, Trees};
use crate::error::{Code, Failure, Result};
use crate::host::processors::part_threads;
use crate::model::advised::git;
use crate::model::branch::Head;

impl Repository {
    /// Returns what changed in the worktree at `path`; `ignored` says whether ignored files are looked for too.
    pub fn changes(&self, path: &Path, ignored: bool) -> Result<ChangedPaths> {
        self.changes_unless(path, ignored, &self.interrupt.from_now())
    }

    /// The same; git is ended once `interrupted` answers true.
    pub fn changes_unless(
        &self,
        path: &Path,
        ignored: bool,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<ChangedPaths> {
        let scanned = Rules::read(self, None).and_then(|rules| {
            let subject = self.subject(path, &mut HashMap::new())?;
            scan::scan(&subject, &rules, &Trees::new(self.common_dir()), ignored, processors())
        });
        scanned.or_else(|_doubt| changes_by_git(path, ignored, interrupted))
    }

    /// As [`changes`](Self::changes), of several worktrees at once and without ignored files; `None` for those that were
    /// not looked at because `interrupted` answered true.
    pub fn changes_of_all(
        &self,
        paths: &[&Path],
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Option<Result<ChangedPaths>>> {
        if let [path] = paths {
            return vec![Some(self.changes_unless(path, false, interrupted))];
        }
        let rules = Rules::read(self, None);
        let mut trees = HashMap::new();
        let subjects: Vec<Result<ScannedWorktree, ScanDoubt>> =
            paths.iter().map(|path| self.subject(path, &mut trees)).collect();
        let common_dir = self.common_dir();
        let next = AtomicUsize::new(0);
        let work = || {
            let trees = Trees::new(common_dir);
            let mut done = Vec::new();
            while !interrupted() {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(path), Some(subject)) = (paths.get(at), subjects.get(at)) else { break };
                let scanned = match (&rules, subject) {
                    (Ok(rules), Ok(subject)) => scan::scan(subject, rules, &trees, false, 1),
                    (Err(doubt), _) | (_, Err(doubt)) => Err(*doubt),
                };
                done.push((at, scanned.or_else(|_doubt| changes_by_git(path, false, interrupted))));
            }
            done
        };
        let mut all: Vec<Option<Result<ChangedPaths>>> = paths.iter().map(|_| None).collect();
        std::thread::scope(|scope| {
            let others = processors().min(paths.len()).max(1);
            // Where the system gives no more threads, those that there are do the work.
            let start = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
            let threads: Vec<_> = (1..others).map_while(start).collect();
            part_threads();
            let mut done = work();
            done.extend(threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()));
            for (at, changes) in done {
                all[at] = Some(changes);
            }
        });
        all
    }

    /// Finds the worktree's own files and the tree of its HEAD; `trees` remembers those of commits.
    pub(super) fn subject(
        &self,
        path: &Path,
        trees: &mut HashMap<String, Oid>,
    ) -> Result<ScannedWorktree, ScanDoubt> {
        let library = self.library().ok_or(ScanDoubt("libgit2 cannot open the repository"))?;
        let admins = self.common_dir().join("worktrees");
        let git_dir = if path == self.root() && !self.is_bare() {
            self.common_dir().to_owned()
        } else {
            let named = read_link_file(&path.join(".git")).map(|named| canonical(&named));
            named.filter(|named| named.parent() == Some(&admins)).ok_or(ScanDoubt("it is not linked"))?
        };
        let admin =
            git_dir.file_name().and_then(|name| name.to_str()).filter(|_| git_dir != self.common_dir());
        if git_dir.join("config.worktree").symlink_metadata().is_ok() {
            return Err(ScanDoubt("the worktree has its own configuration"));
        }
        let unreadable = ScanDoubt("HEAD cannot be read");
        let (head, commit) = self.read_head_and_commit(admin).map_err(|_| unreadable)?;
        if matches!(head, Head::Unborn(_)) {
            return Ok(ScannedWorktree { folder: path.to_owned(), git_dir, tree: None });
        }
        let commit = commit.ok_or(unreadable)?;
        let tree = if let Some(tree) = trees.get(&commit) {
            *tree
        } else {
            let found = Oid::from_str(&commit).ok().and_then(|id| library.find_commit(id).ok());
            found.ok_or(ScanDoubt("the commit cannot be read"))?.tree_id()
        };
        trees.insert(commit, tree);
        Ok(ScannedWorktree { folder: path.to_owned(), git_dir, tree: Some(tree) })
    }
}

/// How many threads look at once.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

pub(super) fn changes_by_git(
    path: &Path,
    ignored: bool,
    interrupted: &dyn Fn() -> bool,
) -> Result<ChangedPaths> {
    let ignored = if ignored { "--ignored=traditional" } else { "--ignored=no" };
    // The untracked cache remembers folders, and does not say which of them it could not open.
    let settings = ["-c", "core.untrackedCache=false"];
    let args = ["status", "--porcelain=v2", "-z", "--untracked-files=normal", "--no-renames", ignored];
    let output = Git::new(path).args(settings).args(args).interrupted_by(interrupted).run()?;
    if !output.is_success() {
        let message = format!("git cannot tell what changed in {}: {}", path.display(), output.complaint());
        return Err(Failure::new(Code::GitFailed, message)
            .hint(format!("see what git says: `{}`", git("status", &[]).at(path.display()))));
    }
    Ok(ChangedPaths { unreadable: unreadable(&output.complaint()), ..parse_porcelain(&output.stdout) })
}

/// Returns the folders that git could not open: it warns, and calls the rest clean.
fn unreadable(complaint: &str) -> Vec<String> {
    let named = complaint.lines().filter_map(|line| {
        let (_, rest) = line.split_once("could not open directory '")?;
        Some(rest.rsplit_once("': ")?.0.to_owned())
    });
    let mut folders: Vec<String> = named.collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

/// Reads `git status --porcelain=v2 -z --no-renames` (git-status(1)).
fn parse_porcelain(bytes: &[u8]) -> ChangedPaths {
    let mut changes = ChangedPaths::default();
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
