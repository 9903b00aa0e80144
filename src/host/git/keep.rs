//! One ref that keeps from gc what a removed worktree alone referred to: a commit whose tree is the index's content
//! and whose parents are HEAD, the pseudo refs and the commits of the worktree's own logs.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{Index, IndexEntry, Oid};

use super::branch_edit::patiently;
use super::repository::{Repository, git_dir_word};
use super::tips::read_text;
use crate::error::Result;
use crate::host::git_files::index::find_cached_tree;
use crate::host::git_files::objects::{Library, Unread};
use crate::model::branch::{Head, is_object_id};

/// The bits of an index entry's flags that hold its stage (gitformat-index(5)).
const STAGE_BITS: u16 = 0x3000;
/// The bit of the extended flags that says "to be added": the entry has no content yet.
const INTENT_TO_ADD: u16 = 0x2000;

impl Repository {
    /// Makes `refs/wt/trash/<token>` and returns its name; `None` when there is nothing to keep.
    /// `admin_dir` is the worktree's git folder, still in its place.
    pub fn keep(&self, token: &str, admin_dir: &Path) -> Result<Option<String>> {
        let admin =
            admin_dir.file_name().and_then(|name| name.to_str()).filter(|_| admin_dir != self.common_dir);
        let mut commits = BTreeSet::new();
        match self.read_head(admin)? {
            Head::Branch(name) => commits.extend(self.find_branch(&name)?),
            Head::Detached(commit) => drop(commits.insert(commit)),
            Head::Unborn(_) | Head::Unreadable(_) => {}
        }
        collect_commits(admin_dir, &mut commits);
        let name = format!("refs/wt/trash/{token}");
        let kept = match self.library() {
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

    /// Drops the ref; one that is gone already is fine.
    pub fn drop_keep(&self, name: &str) -> Result<()> {
        if !name.starts_with("refs/wt/") {
            return Ok(());
        }
        self.delete_reference(name, None).map(drop)
    }

    fn keep_with_git(&self, admin_dir: &Path, commits: &BTreeSet<String>, name: &str) -> Result<bool> {
        let git = || self.git_in(admin_dir).args([git_dir_word(admin_dir)]);
        let listed = git().args(["ls-files", "--stage", "-z"]).require()?.stdout;
        let mut entries = Vec::new();
        for record in listed.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
            let Some(tab) = record.iter().position(|byte| *byte == b'\t') else { continue };
            let (facts, path) = (String::from_utf8_lossy(&record[..tab]), &record[tab + 1..]);
            let Some((facts, stage)) = facts.rsplit_once(' ') else { continue };
            entries.extend_from_slice(facts.as_bytes());
            entries.extend_from_slice(b" 0\t");
            entries.extend_from_slice(&placed(path, stage.parse().unwrap_or(0)));
            entries.push(0);
        }
        let mut parents = Vec::new();
        for commit in commits {
            if git().args(["cat-file", "-e", &format!("{commit}^{{commit}}")]).run()?.is_success() {
                parents.extend(["-p".to_owned(), commit.clone()]);
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
    let cached = find_cached_tree(&file)
        .and_then(|tree| Oid::from_bytes(&tree).ok())
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
    for entry in index.iter().filter(|entry| entry.flags_extended & INTENT_TO_ADD == 0) {
        let stage = (entry.flags & STAGE_BITS) >> 12;
        let path = placed(&entry.path, stage);
        copy.add(&IndexEntry { flags: entry.flags & !STAGE_BITS, path, ..entry })?;
    }
    Ok(copy)
}

fn placed(path: &[u8], stage: u16) -> Vec<u8> {
    let folder = if stage == 0 { String::new() } else { format!("wt-conflict-stage-{stage}/") };
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
    for file in
        ["rebase-merge/orig-head", "rebase-merge/onto", "rebase-merge/stopped-sha", "rebase-merge/autostash"]
    {
        collect_words(&admin_dir.join(file), commits);
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
