//! A repository: where it is, which of its worktrees we stand in, and libgit2's handle where libgit2 can open it.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::command::Git;
use super::known_descent::KnownDescent;
use super::known_places::KnownPlaces;
use super::read_settings::ReadSettings;
use crate::error::{Code, Failure, Result};
use crate::host::git::library_error::from_library;
use crate::host::git_files::objects::{Library, Unread};
use crate::host::git_files::packs::find_unsound;
use crate::host::interrupt::Interrupt;
use crate::model::links::Links;
use crate::model::registry::note::Gone;
use crate::model::registry::repository::RepositoryRecord;
use crate::model::repository_name;

/// The worktree that the start folder lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// The worktree's folder.
    pub path: PathBuf,
    /// git's name of the worktree; `None` for the main one.
    pub admin: Option<String>,
}

/// One repository on disk.
pub struct Repository {
    pub(super) common_dir: PathBuf,
    pub(super) root: PathBuf,
    pub(super) bare: bool,
    pub(super) is_bare_leaked: bool,
    pub(super) current: Option<Current>,
    pub(super) library: Option<Library>,
    /// Why libgit2 cannot open the repository, where it cannot.
    pub(super) refusal: Option<String>,
    /// What a look at the indexes of the packs found, once there was one.
    pub(super) unsound: OnceCell<Option<String>>,
    /// Whether worktrees and repository name each other by relative paths (`extensions.relativeWorktrees`).
    pub(super) relative_links: bool,
    /// How links are written, once that was asked.
    pub(super) links: OnceCell<Links>,
    /// Where the linked worktrees were when a plan looked first.
    pub(super) neighbours: OnceCell<BTreeSet<PathBuf>>,
    /// Where they were when the last of many was proven to be one that may be moved.
    pub(super) places: RefCell<Option<KnownPlaces>>,
    pub(super) read_settings: ReadSettings,
    pub(super) known_descent: KnownDescent,
    /// A signal ends the git that is asked about this repository.
    pub(super) interrupt: Interrupt,
}

impl Repository {
    /// Returns the folder that all worktrees share: `.git` of the main worktree, or the bare repository.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// Returns the main worktree's folder, or the bare repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Answers whether the repository has no main worktree.
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// Answers whether `core.bare` says that there is no main worktree, which there is: git refuses to work in it.
    pub fn is_bare_leaked(&self) -> bool {
        self.is_bare_leaked
    }

    /// Returns the worktree that the start folder lies in; `None` inside a git folder or a bare repository.
    pub fn current(&self) -> Option<&Current> {
        self.current.as_ref()
    }

    /// Returns libgit2's handle on the common dir; `None` where libgit2 cannot read the format
    /// (SHA-256, reftable, an unknown extension): then everything goes through the git child.
    pub fn library(&self) -> Option<&Library> {
        self.library.as_ref().filter(|_| self.unsound().is_none())
    }

    /// Returns the index of a pack that points beyond it, looked for once: libgit2 would follow it, and die.
    pub fn unsound(&self) -> Option<&str> {
        let find = || {
            let found = find_unsound(&self.common_dir.join("objects"))?;
            Some(format!("{} is damaged: it points beyond its pack", found.display()))
        };
        self.unsound.get_or_init(find).as_deref()
    }

    /// Returns why libgit2 cannot open the repository, where it cannot.
    pub fn library_refusal(&self) -> Option<&str> {
        self.refusal.as_deref().or_else(|| self.unsound())
    }

    /// Returns the repository's own name: `proj` for `/p/proj`, `/p/proj.git` and `/p/proj/.bare`.
    pub fn name(&self) -> String {
        repository_name::of(&self.root, self.bare)
    }

    /// Returns the folder above the repository: `/p` for `/p/proj`, `/p/proj.git` and `/p/proj/.bare`.
    pub fn parent(&self) -> &Path {
        let folder = self.outer_folder();
        folder.parent().unwrap_or(folder)
    }

    /// Returns what the registry remembers about the repository; makes its id on the first call.
    pub fn record(&self) -> Result<RepositoryRecord> {
        let folder = std::fs::metadata(&self.common_dir).map_err(|error| {
            Failure::from_io(error, Code::GitFailed, format!("cannot read {}", self.common_dir.display()))
        })?;
        let id = self.require_id()?;
        self.keep_main_worktree()?;
        Ok(RepositoryRecord {
            id,
            path: self.root.clone(),
            common_dir: self.common_dir.clone(),
            device: folder.dev(),
            inode: folder.ino(),
            hooks_wanted: false,
            gone: Gone::default(),
            extra: serde_json::Map::default(),
        })
    }

    /// The same, and from now on a signal ends every git child that is waited for.
    #[must_use]
    pub fn heeding(self, interrupt: &Interrupt) -> Self {
        Self { interrupt: interrupt.clone(), ..self }
    }

    /// A git child that works on this repository wherever we stand.
    pub fn git(&self) -> Git<'_> {
        self.git_in(&self.common_dir).args([git_dir_word(&self.common_dir)])
    }

    /// Refuses a repository in a folder whose path no record can name: JSON has no other way to say it.
    ///
    /// # Errors
    ///
    /// `name_invalid`.
    pub fn require_nameable(&self) -> Result<()> {
        if self.root.to_str().is_some() && self.common_dir.to_str().is_some() {
            return Ok(());
        }
        let message = format!(
            "the path of the repository, {}, is not valid UTF-8: nothing in it can be recorded",
            self.root.display()
        );
        Err(Failure::new(Code::NameInvalid, message)
            .hint("rename the folder, then run `git worktree repair` in it"))
    }

    /// A git child that runs in `folder`, a worktree or a git folder.
    pub(super) fn git_in<'a>(&self, folder: &Path) -> Git<'a> {
        Git::new(folder).heeding(&self.interrupt)
    }

    /// A bare repository kept in a hidden folder (`proj/.bare`) goes by the folder around it.
    fn outer_folder(&self) -> &Path {
        let is_hidden = self.root.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        match self.root.parent() {
            Some(parent) if self.bare && is_hidden => parent,
            _ => &self.root,
        }
    }
}

/// The word that names a git folder to git, byte for byte.
#[must_use]
pub fn git_dir_word(folder: &Path) -> OsString {
    let mut word = OsString::from("--git-dir=");
    word.push(folder);
    word
}

/// A failure to read the object that `what` names: "commit 1234".
pub(super) fn unread(error: Unread, what: &str) -> Failure {
    match error {
        Unread::Library(error) => from_library(error, &format!("read {what}")),
        Unread::Damaged(_) => {
            Failure::new(Code::GitFailed, format!("{what} cannot be read: {error}")).caused_by(error)
        }
    }
    .hint("`git fsck` says what is damaged")
}
