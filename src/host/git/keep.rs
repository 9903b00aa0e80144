//! One ref that keeps from gc what a removed worktree alone referred to: a commit whose tree is the index's content
//! and whose parents are HEAD, the pseudo refs and the commits of the worktree's own logs.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use git2::{Index, IndexEntry, Oid};

use super::branch_edit::patiently;
use super::repository::{Repository, git_dir_word};
use super::tips::read_text;
use crate::error::Result;
use crate::host::git_files::index::find_index_words;
use crate::host::git_files::objects::{Library, Unread};
use crate::model::branch::{Head, is_object_id};

/// How the folders begin in which the tree has the sides of conflicts, and those of conflicts that were settled.
const CONFLICT: &str = "wt-conflict-stage-";
const SETTLED: &str = "wt-settled-stage-";

/// The bits of an index entry's flags that hold its stage (gitformat-index(5)).
const STAGE_BITS: u16 = 0x3000;
/// The bit of the extended flags that says "to be added": the entry has no content yet.
const INTENT_TO_ADD: u16 = 0x2000;

/// Which index lies in a worktree's git folder: each write replaces the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexStamp(Option<(u64, u64, i64, i64)>);

impl IndexStamp {
    /// Looks at the index in `admin_dir`.
    #[must_use]
    pub fn of(admin_dir: &Path) -> Self {
        let found = admin_dir.join("index").symlink_metadata().ok();
        Self(found.map(|found| (found.ino(), found.size(), found.mtime(), found.mtime_nsec())))
    }
}

impl Repository {
    /// Makes `refs/wt/trash/<token>` and returns its name; `None` when there is nothing to keep.
    /// `admin_dir` is the worktree's git folder, still in its place.
    pub fn keep(&self, token: &str, admin_dir: &Path) -> Result<Option<String>> {
        let commits = self.commits_of(admin_dir)?;
        let name = keep_name(token);
        // libgit2 does not tell what was settled.
        let has_settled = find_index_words(&admin_dir.join("index")).is_some_and(|words| words.has_settled);
        let kept = match self.library().filter(|_| !has_settled) {
            Some(library) => match keep_in_library(library, admin_dir, &commits, &name) {
                Ok(kept) => kept,
                // A split index, most likely.
                Err(_) => self.keep_with_git(admin_dir, &commits, &name)?,
            },
            None => self.keep_with_git(admin_dir, &commits, &name)?,
        };
        self.remove_spent_ref_lock(&name);
        Ok(kept.then_some(name))
    }

    /// As [`keep`](Self::keep), without what is staged: for an index that git cannot read either.
    pub fn keep_commits(&self, token: &str, admin_dir: &Path) -> Result<Option<String>> {
        let name = keep_name(token);
        let kept =
            self.keep_listed(admin_dir, &self.commits_of(admin_dir)?, &name, [Vec::new(), Vec::new()])?;
        Ok(kept.then_some(name))
    }

    /// Answers whether git reads the index there.
    #[must_use]
    pub fn has_readable_index(&self, admin_dir: &Path) -> bool {
        let listed =
            self.git_in(admin_dir).args([git_dir_word(admin_dir)]).args(["ls-files", "--stage"]).run();
        listed.is_ok_and(|listed| listed.is_success())
    }

    /// Every commit that the worktree's HEAD, own refs and logs name.
    fn commits_of(&self, admin_dir: &Path) -> Result<BTreeSet<String>> {
        let admin =
            admin_dir.file_name().and_then(|name| name.to_str()).filter(|_| admin_dir != self.common_dir);
        let mut commits = BTreeSet::new();
        match self.read_head(admin)? {
            Head::Branch(name) => commits.extend(self.find_branch(&name)?),
            Head::Detached(commit) => drop(commits.insert(commit)),
            Head::Unborn(_) | Head::Unreadable(_) => {}
        }
        collect_commits(admin_dir, &mut commits);
        Ok(commits)
    }

    /// Keeps what was staged between [`keep`](Self::keep) and the move of git's folder, which is `admin_dir` now, where nobody
    /// writes into it any more; `before` is the index as it was kept. Answers whether all is kept.
    #[must_use]
    pub fn keep_what_came_since(&self, token: &str, admin_dir: &Path, before: IndexStamp) -> bool {
        if IndexStamp::of(admin_dir) == before {
            return true;
        }
        let has_settled = find_index_words(&admin_dir.join("index")).is_none_or(|words| words.has_settled);
        let Some(library) = self.library().filter(|_| !has_settled) else { return false };
        let name = keep_name(token);
        let mut commits = BTreeSet::new();
        let kept = library.find_reference(&name).ok().and_then(|kept| kept.peel_to_commit().ok());
        commits.extend(kept.iter().flat_map(git2::Commit::parent_ids).map(|id| id.to_string()));
        collect_commits(admin_dir, &mut commits);
        let is_kept = keep_in_library(library, admin_dir, &commits, &name).is_ok();
        self.remove_spent_ref_lock(&name);
        is_kept
    }

    /// Drops the ref; one that is gone already is fine.
    pub fn drop_keep(&self, name: &str) -> Result<()> {
        if !name.starts_with("refs/wt/") {
            return Ok(());
        }
        self.delete_reference(name, None).map(drop)
    }

    fn keep_with_git(&self, admin_dir: &Path, commits: &BTreeSet<String>, name: &str) -> Result<bool> {
        let git = || self.git_in(admin_dir).args([git_dir_word(admin_dir)]);
        let staged = listed(&git().args(["ls-files", "--stage", "-z"]).require()?.stdout);
        let settled = listed(&git().args(["ls-files", "--resolve-undo", "-z"]).require()?.stdout);
        self.keep_listed(admin_dir, commits, name, [staged, settled])
    }

    fn keep_listed(
        &self,
        admin_dir: &Path,
        commits: &BTreeSet<String>,
        name: &str,
        [staged, settled]: [Vec<ListedEntry>; 2],
    ) -> Result<bool> {
        let git = || self.git_in(admin_dir).args([git_dir_word(admin_dir)]);
        let paths = staged.iter().map(|entry| entry.path.as_slice());
        let [conflicts, others] = [CONFLICT, SETTLED].map(|prefix| free_prefix(prefix, &paths));
        let mut entries = Vec::new();
        for (prefix, entry) in
            staged.iter().map(|entry| (&conflicts, entry)).chain(settled.iter().map(|entry| (&others, entry)))
        {
            entries.extend_from_slice(entry.facts.as_bytes());
            entries.extend_from_slice(b" 0\t");
            entries.extend_from_slice(&placed(&entry.path, entry.stage, prefix));
            entries.push(0);
        }
        // With reftables only git reads the worktree's own refs and logs.
        let logged = git().args(["log", "--walk-reflogs", "--format=%H", "HEAD"]).run()?;
        let own = ["refs/bisect", "refs/worktree", "refs/rewritten"];
        let own = git().args(["for-each-ref", "--format=%(objectname)"]).args(own).run()?;
        let seen = [logged.text(), own.text()].join("\n");
        let seen = seen.lines().filter(|line| is_object_id(line)).map(str::to_owned);
        let all: BTreeSet<String> = commits.iter().cloned().chain(seen).collect();
        let asked = all.iter().fold(String::new(), |asked, commit| asked + commit + "^{commit}\n");
        let found = git().args(["cat-file", "--batch-check"]).input(asked.into_bytes()).require()?.text();
        let mut parents = Vec::new();
        for line in found.lines() {
            if let [commit, "commit", _] = line.split(' ').collect::<Vec<_>>()[..] {
                parents.extend(["-p".to_owned(), commit.to_owned()]);
            }
        }
        if entries.is_empty() && parents.is_empty() {
            return Ok(false);
        }
        let index =
            self.require_wt_dir()?.join(format!("index-{}", name.rsplit('/').next().unwrap_or_default()));
        let tree = git()
            .index_file(&index)
            .args(["update-index", "-z", "--add", "--index-info"])
            .input(entries)
            .require()
            .and_then(|_| git().index_file(&index).args(["write-tree", "--missing-ok"]).require());
        let _ = std::fs::remove_file(&index);
        let who = ["-c", "user.name=wt", "-c", "user.email=wt@localhost"];
        let made = git().args(who).args(["commit-tree", "-m", "Kept by wt", &tree?.text()]).args(parents);
        let commit = made.require()?.text();
        git().args(["update-ref", name, &commit]).require().map(|_| true)
    }
}

fn keep_name(token: &str) -> String {
    format!("refs/wt/trash/{token}")
}

fn keep_in_library(
    library: &Library,
    admin_dir: &Path,
    commits: &BTreeSet<String>,
    name: &str,
) -> Result<bool, Unread> {
    let parents: Vec<_> =
        commits.iter().filter_map(|commit| library.find_commit(Oid::from_str(commit).ok()?).ok()).collect();
    let file = admin_dir.join("index");
    // Mostly git has left word of the tree in the index, and it was written with a commit.
    let cached = find_index_words(&file)
        .and_then(|words| Oid::from_bytes(&words.tree?).ok())
        .filter(|tree| library.find_tree(*tree).is_ok());
    let tree = match cached {
        Some(tree) => Some(tree),
        None => index_tree(library, &file, parents.is_empty())?,
    };
    let Some(tree) = tree else { return Ok(false) };
    let tree = library.find_tree(tree)?;
    let who = git2::Signature::now("wt", "wt@localhost")?;
    let commit =
        library.commit(None, &who, &who, "Kept by wt", &tree, &parents.iter().collect::<Vec<_>>())?;
    patiently(|| library.reference(name, commit, true, "wt: keep a removed worktree").map(drop))?;
    Ok(true)
}

/// Writes the tree of the index; `None` where it is empty and that is nothing to keep.
fn index_tree(library: &git2::Repository, file: &Path, is_alone: bool) -> Result<Option<Oid>, git2::Error> {
    let index = if file.exists() { Index::open(file)? } else { Index::new()? };
    if index.is_empty() && is_alone {
        return Ok(None);
    }
    if index.has_conflicts() { unconflicted(&index)? } else { index }.write_tree_to(library).map(Some)
}

/// Copies an index so that a tree can hold it: the sides of a conflict get paths of their own.
fn unconflicted(index: &Index) -> Result<Index, git2::Error> {
    let mut copy = Index::new()?;
    let paths: Vec<Vec<u8>> = index.iter().map(|entry| entry.path).collect();
    let prefix = free_prefix(CONFLICT, &paths.iter().map(Vec::as_slice));
    for entry in index.iter().filter(|entry| entry.flags_extended & INTENT_TO_ADD == 0) {
        let stage = (entry.flags & STAGE_BITS) >> 12;
        let path = placed(&entry.path, stage, &prefix);
        copy.add(&IndexEntry { flags: entry.flags & !STAGE_BITS, path, ..entry })?;
    }
    Ok(copy)
}

/// One line of `git ls-files --stage`: mode and object, side of a conflict, path.
struct ListedEntry {
    facts: String,
    stage: u16,
    path: Vec<u8>,
}

fn listed(output: &[u8]) -> Vec<ListedEntry> {
    let records = output.split(|byte| *byte == 0).filter(|record| !record.is_empty());
    let entry = |record: &[u8]| {
        let tab = record.iter().position(|byte| *byte == b'\t')?;
        let facts = String::from_utf8_lossy(&record[..tab]);
        let (facts, stage) = facts.rsplit_once(' ')?;
        let (facts, stage) = (facts.to_owned(), stage.parse().unwrap_or(0));
        Some(ListedEntry { facts, stage, path: record[tab + 1..].to_vec() })
    };
    records.filter_map(entry).collect()
}

/// Returns the beginning of a name that no path has.
fn free_prefix<'a>(wanted: &str, paths: &(impl Iterator<Item = &'a [u8]> + Clone)) -> String {
    let mut prefix = wanted.to_owned();
    while paths.clone().any(|path| path.starts_with(prefix.as_bytes())) {
        prefix.insert(0, '_');
    }
    prefix
}

fn placed(path: &[u8], stage: u16, prefix: &str) -> Vec<u8> {
    let folder = if stage == 0 { String::new() } else { format!("{prefix}{stage}/") };
    [folder.as_bytes(), path].concat()
}

/// Collects every object id that the worktree's own refs and logs name.
fn collect_commits(admin_dir: &Path, commits: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(admin_dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        // ORIG_HEAD, MERGE_HEAD, CHERRY_PICK_HEAD and the like are files in capitals.
        if name.as_encoded_bytes().iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_') {
            collect_words(&entry.path(), commits);
        }
    }
    collect_folder(&admin_dir.join("refs"), commits);
    collect_folder(&admin_dir.join("logs"), commits);
    for folder in ["rebase-merge", "rebase-apply"] {
        for file in ["orig-head", "onto", "stopped-sha", "autostash", "original-commit", "abort-safety"] {
            collect_words(&admin_dir.join(folder).join(file), commits);
        }
    }
}

fn collect_folder(folder: &Path, commits: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect_folder(&entry.path(), commits),
            Ok(kind) if kind.is_file() => collect_words(&entry.path(), commits),
            _ => {}
        }
    }
}

/// A log's line begins with the old and the new commit; the other files are lists of commits.
fn collect_words(file: &Path, commits: &mut BTreeSet<String>) {
    for line in read_text(file).unwrap_or_default().lines() {
        let words = line.split_ascii_whitespace().take(2).filter(|word| is_object_id(word));
        commits.extend(words.filter(|word| word.bytes().any(|byte| byte != b'0')).map(str::to_owned));
    }
}
