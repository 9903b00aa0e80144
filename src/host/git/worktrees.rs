//! The worktrees of a repository, read from their own files in `.git/worktrees`: a half-made or damaged one
//! is reported as such and hides no other (one empty `commondir` makes every `git worktree list` fatal).

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::admin_folders::AdminFolders;
use super::branch_use::find_return;
use super::paths::canonical;
use super::repository::Repository;
use super::tips::{canonical_with, has_head, read_head_text, read_small};
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::git::tips::read_text;
use crate::host::resolved::ResolvedFolders;
use crate::model::branch::{Head, Returning};

/// One worktree as its files say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitWorktree {
    /// git's name of it; `None` for the main one.
    pub admin: Option<String>,
    /// The folder; empty when the files do not say.
    pub path: PathBuf,
    pub head: Head,
    /// The branch that a rebase or bisection will come back to, while HEAD is detached for it.
    pub returning: Option<Returning>,
    /// The commit HEAD stands at, in hexadecimal; `None` where unborn or unreadable.
    pub commit: Option<String>,
    /// The reason it is locked for, possibly empty.
    pub lock: Option<String>,
    /// Whether git is (or was, when killed) still making it.
    pub initializing: bool,
    /// Whether its folder is not there.
    pub missing: bool,
    /// What is wrong with its files.
    pub broken: Option<String>,
}

impl Repository {
    /// Returns every worktree, the main one first (a bare repository has none), then by git's names;
    /// damaged ones are included.
    pub fn worktrees(&self) -> Result<Vec<GitWorktree>> {
        let mut found = Vec::new();
        if !self.bare {
            found.push(self.read_main()?);
        }
        let mut resolved = ResolvedFolders::default();
        for admin in self.admin_names()? {
            found.extend(self.read_worktree(admin, &mut resolved)?);
        }
        Ok(found)
    }

    /// Returns the main worktree; `None` for a bare repository, which has none.
    pub fn find_main_worktree(&self) -> Result<Option<GitWorktree>> {
        if self.bare { Ok(None) } else { self.read_main().map(Some) }
    }

    /// Returns the worktrees one after the other, the main one first, each read when it is asked for; what cannot be read
    /// is left out.
    pub fn each_worktree(&self) -> impl Iterator<Item = GitWorktree> {
        let main = (!self.bare).then(|| self.read_main().ok()).flatten();
        let names = || self.admin_names().unwrap_or_default();
        let linked = std::iter::once_with(names).flatten();
        let mut resolved = ResolvedFolders::default();
        let read = move |admin| self.read_worktree(admin, &mut resolved).ok().flatten();
        main.into_iter().chain(linked.filter_map(read))
    }

    /// Returns git's names of the linked worktrees, each with the branch that its HEAD names: at a fifth of what reading
    /// them whole costs, for whoever waits for names alone.
    pub fn names_with_branches(&self) -> Vec<(String, Option<String>)> {
        let Ok(folders) = self.admin_folders() else { return Vec::new() };
        let branch = |admin: &str| match Head::parse(&folders.read_head_text(admin)?) {
            Head::Branch(name) | Head::Unborn(name) => Some(name),
            Head::Detached(_) | Head::Unreadable(_) => None,
        };
        folders.names.iter().map(|admin| (admin.clone(), branch(admin))).collect()
    }

    /// Returns the worktree whose folder is `path`, whether the folder is there or not; the others are not read.
    pub fn find_worktree(&self, path: &Path) -> Result<Option<GitWorktree>> {
        let wanted = canonical(path);
        let is_it = |folder: &Path| folder == wanted || folder == path;
        if !self.bare && is_it(&self.root) {
            return self.read_main().map(Some);
        }
        let mut resolved = ResolvedFolders::default();
        if let Some(admin) = self.find_admin_mentioned_in(path)
            && read_gitdir_with(&self.admin_dir(&admin), &mut resolved)
                .as_deref()
                .map(folder_of)
                .is_some_and(is_it)
            && let Some(found) = self.read_worktree(admin, &mut resolved)?
        {
            return Ok(Some(found));
        }
        // Where nothing is, a worktree of another name cannot be: a link that leads there would lead to something.
        let is_nothing = path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
        let names = [wanted.file_name(), path.file_name()];
        let folders = self.admin_folders()?;
        for admin in &folders.names {
            let Some(link) = self.link_in(&folders, admin) else { continue };
            let is_other = folder_of(&link)
                .file_name()
                .is_some_and(|name| names.iter().all(|known| *known != Some(name)));
            if is_nothing && is_other {
                continue;
            }
            if resolve_link(&link, &mut resolved).as_deref().map(folder_of).is_some_and(is_it)
                && let Some(found) = self.read_worktree(admin.clone(), &mut resolved)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Returns the worktree that git calls `admin`; the others are not read.
    ///
    /// # Errors
    ///
    /// Fails when its HEAD cannot be read.
    pub fn find_worktree_called(&self, admin: &str) -> Result<Option<GitWorktree>> {
        if admin.is_empty() || !self.admin_dir(admin).is_dir() {
            return Ok(None);
        }
        self.read_worktree(admin.to_owned(), &mut ResolvedFolders::default())
    }

    /// Returns the name that the folder's own `.git` file spells out: a hint which admin folder to look at first, so that
    /// finding one worktree does not cost a look at all of them.
    fn find_admin_mentioned_in(&self, folder: &Path) -> Option<String> {
        let bytes = read_small(&folder.join(".git"))?;
        let target = Path::new(OsStr::from_bytes(bytes.trim_ascii_end().strip_prefix(b"gitdir: ")?));
        let is_ours = target.parent()? == self.common_dir.join("worktrees");
        is_ours.then(|| target.file_name()?.to_str().map(ToOwned::to_owned))?
    }

    /// Returns the folder git keeps for the worktree `admin`.
    pub fn admin_dir(&self, admin: &str) -> PathBuf {
        self.common_dir.join("worktrees").join(admin)
    }

    /// Answers whether git has a worktree of that name, by its HEAD alone.
    #[must_use]
    pub fn has_worktree(&self, admin: &str) -> bool {
        has_head(&self.admin_dir(admin))
    }

    /// Refuses where the file in which git keeps the place of the worktree `admin` is there and cannot be read: nobody knows
    /// then where the worktree is.
    pub fn require_readable_link(&self, admin: &str) -> Result<()> {
        let link = self.admin_dir(admin).join("gitdir");
        match files::open_plain(&link) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::from_io(error, Code::GitFailed, format!("cannot read {}", link.display())))
            }
            _ => Ok(()),
        }
    }

    /// Returns the folders of the linked worktrees as far as git's records tell, with links resolved: at a fifth of what reading
    /// the worktrees whole costs.
    pub(super) fn linked_folders(&self) -> Result<BTreeSet<PathBuf>> {
        let mut resolved = ResolvedFolders::default();
        let folders = self.admin_folders()?;
        let links = folders.names.iter().filter_map(|admin| self.link_in(&folders, admin));
        let links = links.filter_map(|link| resolve_link(&link, &mut resolved));
        Ok(links.map(|link| folder_of(&link).to_owned()).collect())
    }

    /// Returns where one of the admin folders says its worktree's `.git` file is, as it is spelled there.
    fn link_in(&self, folders: &AdminFolders, admin: &str) -> Option<PathBuf> {
        spelled_link(&self.admin_dir(admin), &folders.read(admin, "gitdir")?)
    }

    /// Returns git's names of the linked worktrees, in order.
    pub(super) fn admin_names(&self) -> Result<Vec<String>> {
        Ok(self.all_admin_names()?.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    /// Returns the folder of the worktree that git keeps `folder` for; that itself where nobody can tell.
    pub(super) fn place_of_admin_dir(folder: &Path) -> PathBuf {
        read_gitdir(folder).map_or_else(|| folder.to_path_buf(), |link| folder_of(&link).to_path_buf())
    }

    /// Returns git's names of the linked worktrees; one that is no text among them is never handled by it.
    pub(super) fn all_admin_names(&self) -> Result<Vec<OsString>> {
        let folder = self.common_dir.join("worktrees");
        let failed =
            |error| Failure::from_io(error, Code::GitFailed, format!("cannot read {}", folder.display()));
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                names.push(entry.file_name());
            }
        }
        names.sort();
        Ok(names)
    }

    pub(super) fn read_main(&self) -> Result<GitWorktree> {
        let (head, commit) = self.read_head_and_commit(None)?;
        Ok(GitWorktree {
            admin: None,
            path: self.root.clone(),
            returning: find_return_of(&head, &self.common_dir),
            commit,
            head,
            lock: None,
            initializing: false,
            missing: false,
            broken: None,
        })
    }

    /// Reads one linked worktree; `None` when it went away meanwhile.
    pub(super) fn read_worktree(
        &self,
        admin: String,
        resolved: &mut ResolvedFolders,
    ) -> Result<Option<GitWorktree>> {
        let folder = self.admin_dir(&admin);
        let (head, commit) = self.read_head_and_commit(Some(&admin))?;
        let lock = read_text(&folder.join("locked"));
        let gitdir = read_gitdir_with(&folder, resolved);
        let path = gitdir.as_deref().map(folder_of).map(Path::to_owned).unwrap_or_default();
        let missing = path.as_os_str().is_empty() || !path.join(".git").exists();
        let mut broken = Vec::new();
        if gitdir.is_none() {
            broken.push("its `gitdir` file is missing or empty");
        }
        match read_text(&folder.join("commondir")) {
            None => broken.push("its `commondir` file is missing"),
            Some(text) if text.is_empty() => broken.push("its `commondir` file is empty"),
            Some(_) => {}
        }
        if let Head::Unreadable(_) = head {
            broken.push("its HEAD cannot be read");
        }
        if !broken.is_empty() && !folder.exists() {
            return Ok(None);
        }
        Ok(Some(GitWorktree {
            path,
            commit,
            returning: find_return_of(&head, &folder),
            head,
            // git writes this reason while it makes a worktree, and removes it at the end.
            initializing: lock.as_deref() == Some("initializing"),
            lock,
            missing,
            broken: (!broken.is_empty()).then(|| broken.join(", ")),
            admin: Some(admin),
        }))
    }

    /// Returns what the HEAD of a linked worktree says in its file, without a child: it may be asked under a lock. `None` where
    /// the file does not tell (a reftable), or is not there.
    #[must_use]
    pub fn head_in_file(&self, admin: &str) -> Option<Head> {
        match Head::parse(&read_head_text(&self.admin_dir(admin))?) {
            Head::Unreadable(_) => None,
            head => Some(head),
        }
    }

    /// Returns what a worktree's HEAD points at; the main one's (or the bare repository's) without a name.
    pub fn read_head(&self, admin: Option<&str>) -> Result<Head> {
        Ok(self.read_head_and_commit(admin)?.0)
    }

    /// Returns what a worktree's HEAD points at and the commit there, in hexadecimal; `None` where unborn or unreadable.
    pub(super) fn read_head_and_commit(&self, admin: Option<&str>) -> Result<(Head, Option<String>)> {
        Ok(match self.read_head_alone(admin)? {
            Head::Branch(name) => match self.find_tip(&name)? {
                Some(commit) => (Head::Branch(name), Some(commit)),
                None => (Head::Unborn(name), None),
            },
            Head::Detached(commit) => (Head::Detached(commit.clone()), Some(commit)),
            head => (head, None),
        })
    }

    /// As [`read_head`](Self::read_head), and nobody looks whether the branch has a commit: one without counts as a branch too.
    pub fn read_head_alone(&self, admin: Option<&str>) -> Result<Head> {
        let folder = admin.map_or_else(|| self.common_dir.clone(), |admin| self.admin_dir(admin));
        let text = read_head_text(&folder).unwrap_or_default();
        match Head::parse(&text) {
            Head::Unreadable(_) if text.ends_with(".invalid") => self.ask_head(admin),
            head => Ok(head),
        }
    }

    /// Asks git for a HEAD that is kept in a reftable.
    fn ask_head(&self, admin: Option<&str>) -> Result<Head> {
        let output = self.git_of(admin).args(["symbolic-ref", "--quiet", "HEAD"]).run()?;
        let head = match output.status {
            0 => Head::parse(&format!("ref: {}", output.text())),
            1 => Head::parse(&self.git_of(admin).args(["rev-parse", "--verify", "HEAD"]).require()?.text()),
            _ => return Err(self.git_refused(&output.complaint())),
        };
        Ok(head)
    }
}

fn find_return_of(head: &Head, git_dir: &Path) -> Option<Returning> {
    matches!(head, Head::Detached(_)).then(|| find_return(git_dir))?
}

/// Reads where an admin folder says its worktree's `.git` file is; a relative path counts from the admin folder.
/// The worktree's parents are resolved as far as they exist.
pub(super) fn read_gitdir(folder: &Path) -> Option<PathBuf> {
    read_gitdir_with(folder, &mut ResolvedFolders::default())
}

/// Returns the worktree's folder that a record's link is about: the one that the `.git` file lies in. A link that names no
/// `.git` file is taken for the folder itself, as by git: its parent may be anything, and another worktree too.
pub(super) fn folder_of(link: &Path) -> &Path {
    match link.parent() {
        Some(folder) if link.file_name().is_some_and(|name| name == ".git") => folder,
        _ => link,
    }
}

/// Answers whether an admin folder names that very `.git` file, letter by letter.
pub(super) fn is_gitdir_spelled(folder: &Path, link: &Path) -> bool {
    read_small(&folder.join("gitdir")).is_some_and(|bytes| {
        folder.join(OsStr::from_bytes(bytes.trim_ascii_end())).as_os_str() == link.as_os_str()
    })
}

fn read_gitdir_with(folder: &Path, resolved: &mut ResolvedFolders) -> Option<PathBuf> {
    resolve_link(&spelled_link(folder, &read_small(&folder.join("gitdir"))?)?, resolved)
}

/// Returns what the `gitdir` file of an admin folder spells out; `None` where it is empty.
fn spelled_link(folder: &Path, bytes: &[u8]) -> Option<PathBuf> {
    let text = bytes.trim_ascii_end();
    (!text.is_empty()).then(|| folder.join(OsStr::from_bytes(text)))
}

fn resolve_link(link: &Path, resolved: &mut ResolvedFolders) -> Option<PathBuf> {
    Some(canonical_with(link.parent()?, resolved).join(link.file_name()?))
}
