//! The proof, before anything is renamed or deleted, that a folder is a linked worktree of this repository:
//! a planted `gitdir` that names another repository must never lead us there.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::known_places::KnownPlaces;
use super::paths::{canonical, read_link_file};
use super::repository::Repository;
use super::tips::read_text;
use super::worktrees::{is_gitdir_spelled, read_gitdir};
use crate::error::{Code, Failure, Result};
use crate::host::place::is_gone;
use crate::model::advised::{Advised, git, wt};

/// A worktree that may be moved or deleted: `path/.git` and the admin folder name each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    path: PathBuf,
    admin: String,
    admin_dir: PathBuf,
}

impl Linked {
    /// Returns the worktree's folder, links above it resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns git's name of the worktree.
    pub fn admin(&self) -> &str {
        &self.admin
    }

    /// Returns git's folder for it.
    pub fn admin_dir(&self) -> &Path {
        &self.admin_dir
    }
}

impl Repository {
    /// Proves that `path` is the linked worktree `admin` of this repository and holds nothing else: not the main
    /// worktree, a git folder, `home` (the user's home folder), `/`, or another worktree. Fails with `not_found`
    /// when the folder is not there, with `git_failed` when the proof fails.
    pub fn require_linked(&self, path: &Path, admin: &str, home: Option<&Path>) -> Result<Linked> {
        let linked = self.require_names_of(path, admin, home)?;
        let mut within = self.find_within_known(&linked.path)?;
        if within.is_some() {
            // Whoever seems to be within may have moved away since.
            self.places.take();
            within = self.find_within_known(&linked.path)?;
        }
        match within {
            Some(other) => {
                let first = wt("remove {}", &[&other.display()]);
                let why = format!("it contains another worktree, {}", other.display());
                Err(self.left_alone(path, &why).hint(format!("`{first}` removes that one first")))
            }
            None => Ok(linked),
        }
    }

    /// As [`require_linked`](Self::require_linked), for a plan of many: where the other worktrees are is read once. Nothing may
    /// be moved on this word alone.
    pub fn require_seemingly_linked(&self, path: &Path, admin: &str, home: Option<&Path>) -> Result<Linked> {
        let linked = self.require_names_of(path, admin, home)?;
        let seen = match self.neighbours.get() {
            Some(seen) => seen,
            None => self.neighbours.get_or_init(|| self.linked_folders().unwrap_or_default()),
        };
        // Whoever seems to be within may have moved away since.
        if find_within(seen, &linked.path).is_some() {
            return self.require_linked(path, admin, home);
        }
        Ok(linked)
    }

    /// Returns a worktree that stands below `folder`, by a reading that is new, or as new as that and with all that there are where
    /// they were.
    fn find_within_known(&self, folder: &Path) -> Result<Option<PathBuf>> {
        let names = self.admin_names()?;
        let admins = self.common_dir.join("worktrees");
        let places = match self.places.take().filter(|known| known.are_as_new(&admins, &names)) {
            Some(known) => known,
            None => KnownPlaces::read(&admins, names, || self.linked_folders())?,
        };
        let within = find_within(places.folders(), folder).cloned();
        self.places.replace(Some(places));
        Ok(within)
    }

    fn left_alone(&self, path: &Path, why: &str) -> Failure {
        Failure::new(Code::GitFailed, format!("{} is left alone: {why}", path.display()))
            .hint(format!(
                "see what git has registered: `{}`",
                git("worktree list", &[]).at(self.root.display())
            ))
            .detail("path", path.display().to_string())
    }

    /// The same, but for the other worktrees.
    fn require_names_of(&self, path: &Path, admin: &str, home: Option<&Path>) -> Result<Linked> {
        let refused = |why: String| self.left_alone(path, &why);
        match path.symlink_metadata() {
            Ok(folder) if folder.is_dir() => {}
            Ok(folder) if folder.is_symlink() => return Err(refused("it is a symbolic link".into())),
            Ok(_) => return Err(refused("it is not a folder".into())),
            Err(error) => {
                return Err(Failure::from_io(
                    error,
                    Code::NotFound,
                    format!("cannot read {}", path.display()),
                ));
            }
        }
        let folder = std::fs::canonicalize(path).map_err(|error| {
            Failure::from_io(error, Code::NotFound, format!("cannot read {}", path.display()))
        })?;
        let home = home.map(canonical);
        for (treasure, what) in [
            (Some(&self.root), "the main worktree"),
            (Some(&self.common_dir), "the repository itself"),
            (home.as_ref(), "the home folder"),
        ] {
            if treasure.is_some_and(|treasure| treasure.starts_with(&folder)) {
                return Err(refused(format!("it is or contains {what}")));
            }
        }
        if folder.parent().is_none() || folder.starts_with(&self.common_dir) {
            return Err(refused("no worktree lives there".into()));
        }
        if admin.is_empty() || admin.starts_with('.') || admin.contains('/') {
            return Err(refused(format!("`{admin}` is no name of a worktree")));
        }
        let admin_dir = self.admin_dir(admin);
        if !admin_dir.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
            return Err(refused(format!("git has no worktree `{admin}`")));
        }
        let commondir = read_text(&admin_dir.join("commondir")).unwrap_or_default();
        if commondir.is_empty() || canonical(&admin_dir.join(commondir)) != self.common_dir {
            return Err(refused(format!(
                "git's worktree `{admin}` does not belong to {}",
                self.common_dir.display()
            )));
        }
        if !folder.join(".git").symlink_metadata().is_ok_and(|kind| kind.is_file()) {
            return Err(refused("its `.git` is not the file that a linked worktree has".into()));
        }
        if !names(&folder, &admin_dir) {
            return Err(refused(format!("its `.git` file does not name git's worktree `{admin}`")));
        }
        if read_gitdir(&admin_dir).is_none_or(|link| link != folder.join(".git")) {
            return Err(refused(format!("git's worktree `{admin}` lives somewhere else")));
        }
        Ok(Linked { path: folder, admin: admin.to_owned(), admin_dir })
    }
}

impl Repository {
    /// As [`require_own`](Self::require_own), of a worktree that is recorded as the main one, or as none: a record that lies
    /// leads neither into the main worktree nor out of it.
    pub fn require_recorded(&self, path: &Path, is_main: bool) -> Result<()> {
        if self.is_main_worktree(path) == is_main {
            return if is_main { Ok(()) } else { self.require_names(path) };
        }
        let what = if is_main { "is not" } else { "is" };
        let message = format!("{} {what} the main worktree, against its record", path.display());
        Err(Failure::new(Code::GitFailed, message).hint("`wt validate` tells what is wrong with it"))
    }

    /// Proves that `path` and an admin folder of this repository name each other, or that it is the main worktree, whose
    /// `.git` leads to the repository, before anything is written there; fails with `git_failed`.
    pub fn require_own(&self, path: &Path) -> Result<()> {
        if self.is_main_worktree(path) { Ok(()) } else { self.require_names(path) }
    }

    /// Proves that `path` and an admin folder of this repository name each other.
    fn require_names(&self, path: &Path) -> Result<()> {
        let admins = self.common_dir.join("worktrees");
        let link = path.join(".git");
        let is_file = link.symlink_metadata().is_ok_and(|kind| kind.is_file());
        let named = is_file.then(|| read_link_file(&link)).flatten();
        let named =
            named.map(|target| if is_plainly_in(&admins, &target) { target } else { canonical(&target) });
        if named.is_some_and(|admin| admin.parent() == Some(&*admins) && is_named_by(path, &admin)) {
            return Ok(());
        }
        Err(Failure::new(
            Code::GitFailed,
            format!("{} is left alone: it and git's record of it do not name each other", path.display()),
        )
        .hint(format!("if it or its repository was moved: `{}`", self.repair_of(path)))
        .detail("path", path.display().to_string()))
    }

    /// Returns git's command that has the worktree at `path` and its record name each other again.
    #[must_use]
    pub fn repair_of(&self, path: &Path) -> Advised {
        git("worktree repair {}", &[&path.display()]).at(self.root.display())
    }
}

impl Repository {
    /// Has git repair the links between the worktree at `path` and this repository (`git worktree repair`).
    pub fn repair_worktree(&self, path: &Path) -> Result<()> {
        self.git().args(["worktree", "repair"]).args([path]).require().map(drop)
    }
}

/// Answers whether the worktree at `path` was moved, or its record pruned, without git having been told: its repository is
/// where `path/.git` says, and has no record that names the folder, nor one whose own folder is there. Not so where the
/// repository itself is out of reach: it may have been moved along.
#[must_use]
pub fn is_moved_untold(path: &Path) -> bool {
    let Some(admin) = read_link_file(&path.join(".git")) else { return false };
    let is_linked = admin.parent().and_then(Path::file_name).is_some_and(|name| name == "worktrees");
    if !is_linked || !admin.ancestors().nth(2).is_some_and(Path::is_dir) {
        return false;
    }
    match read_gitdir(&admin) {
        Some(link) => link != canonical(path).join(".git") && is_gone(&link),
        None => is_gone(&admin),
    }
}

/// Returns a worktree that stands below `folder`, of those whose folders these are.
fn find_within<'a>(others: &'a BTreeSet<PathBuf>, folder: &Path) -> Option<&'a PathBuf> {
    // In order, what is below a folder follows it at once.
    let below = others.range::<Path, _>((Bound::Excluded(folder), Bound::Unbounded));
    below.take_while(|other| other.starts_with(folder)).find(|other| other.join(".git").exists())
}

/// Answers whether the worktree's `.git` file and the admin folder name each other.
pub(super) fn names_back(path: &Path, admin_dir: &Path) -> bool {
    names(path, admin_dir) && is_named_by(path, admin_dir)
}

/// Answers whether the admin folder names the worktree's `.git` file.
fn is_named_by(path: &Path, admin_dir: &Path) -> bool {
    // What is spelled alike needs no look at the links above it.
    is_gitdir_spelled(admin_dir, &path.join(".git"))
        || read_gitdir(admin_dir).is_some_and(|link| link == canonical(path).join(".git"))
}

/// Answers whether `target` is spelled as a folder of `admins`, and neither is a link: it is its own canonical path then, where
/// the repository's is.
fn is_plainly_in(admins: &Path, target: &Path) -> bool {
    let is_folder = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_dir());
    target.parent() == Some(admins) && target.file_name().is_some() && is_folder(admins) && is_folder(target)
}

fn names(path: &Path, admin_dir: &Path) -> bool {
    let link = path.join(".git");
    link.symlink_metadata().is_ok_and(|kind| kind.is_file())
        && read_link_file(&link)
            .is_some_and(|target| target == admin_dir || canonical(&target) == canonical(admin_dir))
}
