//! The uncommitted changes of one worktree, laid out in another: staged, unstaged, and untracked files that are not ignored. They
//! travel as commits that no ref names; the worktree that they come from, its index too, stays as it is.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::command::Git;
use super::repository::Repository;
use crate::error::{Code, Failure, Result};

/// Who makes the commits.
const WHO: [&str; 4] = ["-c", "user.name=wt", "-c", "user.email=wt@localhost"];

/// What was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedChanges {
    /// The commit whose tree is the files; its second parent's tree is what is staged of them.
    pub commit: String,
    pub index_tree: String,
    /// How many files differ from the commit that is checked out.
    pub files: usize,
    /// Where the files are from, and which differ: git keeps no mode but whether a file is executable.
    source: PathBuf,
    names: Vec<PathBuf>,
}

impl Repository {
    /// Returns what is unfinished in a worktree, the main one where `admin` is `None`, in git's word for it.
    #[must_use]
    pub fn find_operation_of(&self, admin: Option<&str>) -> Option<&'static str> {
        admin.map_or_else(|| super::operation::find(self.common_dir()), |admin| self.find_operation(admin))
    }

    /// Takes the changes of the worktree in `folder`, whose git name is `admin`, as they are on top of `target`; `None` where
    /// there are none.
    ///
    /// # Errors
    ///
    /// `dirty` for files in conflict, and for changes that do not apply to `target`; `git_failed`.
    pub fn take_changes(
        &self,
        folder: &Path,
        admin: Option<&str>,
        target: &str,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<CarriedChanges>> {
        let source = admin.map_or_else(|| self.common_dir().to_path_buf(), |admin| self.admin_dir(admin));
        let failed = |error| {
            Failure::from_io(error, Code::GitFailed, format!("cannot copy the index of {}", folder.display()))
        };
        let scratch = tempfile::tempdir().map_err(failed)?;
        let copy = scratch.path().join("index");
        if source.join("index").exists() {
            copy_index(&source.join("index"), &copy).map_err(failed)?;
        }
        let git = || self.git_in(folder).index_file(&copy).interrupted_by(interrupted);
        let head = git().args(["rev-parse", "--verify", "HEAD^{commit}"]).require()?.text();
        if !git().args(["ls-files", "--unmerged", "-z"]).require()?.stdout.is_empty() {
            let message = format!("{} has files in conflict: they cannot be taken along", folder.display());
            return Err(Failure::new(Code::Dirty, message).hint("settle them first, then try again"));
        }
        let staged = git().args(["write-tree"]).require()?.text();
        git()
            .args(["-c", "advice.addEmbeddedRepo=false", "-c", "core.safecrlf=false", "add", "--all"])
            .require()?;
        leave_out_repositories(&git, &staged)?;
        let files = git().args(["write-tree"]).require()?.text();
        let differing = git().args(["diff-tree", "-r", "--name-only", "-z", &head, &files]).require()?;
        let head_tree = git().args(["rev-parse", &format!("{head}^{{tree}}")]).require()?.text();
        if files == head_tree && staged == head_tree {
            return Ok(None);
        }
        let names = differing.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let names: Vec<PathBuf> = names.map(|name| OsStr::from_bytes(name).into()).collect();
        let on_target = |tree: String| {
            if head == target { Ok(tree) } else { merged(&git, &head, target, &tree) }
        };
        let (index_tree, tree) = (on_target(staged)?, on_target(files)?);
        let index_commit = commit(&git, &index_tree, &[target])?;
        let commit = commit(&git, &tree, &[target, &index_commit])?;
        Ok(Some(CarriedChanges {
            commit,
            index_tree,
            files: names.len(),
            source: folder.to_path_buf(),
            names,
        }))
    }

    /// Lays the changes out in the new worktree in `folder`, where `target` is checked out and nothing else is.
    ///
    /// # Errors
    ///
    /// `git_failed`, `interrupted`; what was laid out until then stays.
    pub fn lay_out_changes(
        &self,
        folder: &Path,
        target: &str,
        changes: &CarriedChanges,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<()> {
        let git = |words: &[&str]| self.git_in(folder).interrupted_by(interrupted).args(words);
        git(&["read-tree", "-m", "-u", target, &changes.commit]).require()?;
        // The index is what was staged; what was not, and untracked files, differ from it as they did.
        git(&["read-tree", "-m", &changes.index_tree]).require()?;
        // Its status only says that something differs.
        git(&["update-index", "-q", "--refresh"]).run()?;
        for name in &changes.names {
            keep_private(&changes.source, folder, name);
        }
        Ok(())
    }
}

/// Takes from the copy, and from the folders above it, what nobody else may do with the file that it is of. Never gives.
fn keep_private(source: &Path, target: &Path, name: &Path) {
    for path in name.ancestors().filter(|path| !path.as_os_str().is_empty()) {
        let (Ok(own), Ok(copy)) =
            (source.join(path).symlink_metadata(), target.join(path).symlink_metadata())
        else {
            continue;
        };
        let is_alike = (own.is_file() && copy.is_file()) || (own.is_dir() && copy.is_dir());
        let (allowed, given) = (own.permissions().mode() & 0o777, copy.permissions().mode() & 0o777);
        if is_alike && given & !allowed != 0 {
            // A file that cannot be kept private is as private as git makes it.
            let _ = std::fs::set_permissions(target.join(path), Permissions::from_mode(given & allowed));
        }
    }
}

/// Copies an index with its time: git looks into a file again only where its entry is not older than the index
/// (Documentation/technical/racy-git.txt), and a younger copy would hide what was changed in that second.
fn copy_index(from: &Path, to: &Path) -> std::io::Result<()> {
    let written = std::fs::metadata(from)?.modified()?;
    std::fs::copy(from, to)?;
    std::fs::File::options().write(true).open(to)?.set_modified(written)
}

/// A repository that lies in the worktree, another worktree perhaps, is no file of it.
fn leave_out_repositories<'a>(git: &dyn Fn() -> Git<'a>, staged: &str) -> Result<()> {
    let added = git().args(["diff-index", "--cached", "--diff-filter=A", "-z", staged]).require()?.stdout;
    let mut names = Vec::new();
    let mut records = added.split(|byte| *byte == 0);
    while let (Some(facts), Some(name)) = (records.next(), records.next()) {
        // `:000000 160000 …`: a commit of another repository.
        if facts.get(8..14) == Some(b"160000") {
            names.extend_from_slice(name);
            names.push(0);
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    git().args(["update-index", "--force-remove", "-z", "--stdin"]).input(names).require().map(drop)
}

/// Returns the tree of `tree`'s changes since `base`, made to `target`.
fn merged<'a>(git: &dyn Fn() -> Git<'a>, base: &str, target: &str, tree: &str) -> Result<String> {
    let changed = commit(git, tree, &[base])?;
    let based = format!("--merge-base={base}");
    let words =
        ["merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", &based, target, &changed];
    let output = git().args(words).run()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut parts = text.split('\0').filter(|part| !part.is_empty());
    let tree = parts.next().unwrap_or_default().trim().to_owned();
    match output.status {
        0 if !tree.is_empty() => Ok(tree),
        1 => {
            let mut names: Vec<&str> = parts.collect();
            names.dedup();
            let message =
                format!("the changes do not apply to where the branch begins: {}", names.join(", "));
            Err(Failure::new(Code::Dirty, message)
                .hint("begin at HEAD, without `--base`, or commit them first")
                .detail("conflicts", names))
        }
        _ => Err(Failure::new(Code::GitFailed, format!("git merge-tree failed: {}", output.complaint()))
            .hint("begin at HEAD, without `--base`: nothing has to be merged then")),
    }
}

fn commit<'a>(git: &dyn Fn() -> Git<'a>, tree: &str, parents: &[&str]) -> Result<String> {
    let parents = parents.iter().flat_map(|parent| ["-p", parent]);
    let made = git().args(WHO).args(["commit-tree", "-m", "Changes taken along by wt", tree]).args(parents);
    Ok(made.require()?.text())
}
