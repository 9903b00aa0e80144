//! Finding the repository above a folder: by reading `.git` files and folders, never by asking the environment.

use std::cell::{OnceCell, RefCell};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::known_descent::KnownDescent;
use super::paths::{canonical, read_link_file};
use super::read_settings::ReadSettings;
use super::repository::{Current, Repository};
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::git_files::objects::Library;
use crate::host::interrupt::Interrupt;

/// A git folder that was found, and the folder whose `.git` led there.
pub(super) struct FoundRepository {
    pub(super) git_dir: PathBuf,
    pub(super) worktree: Option<PathBuf>,
}

impl Repository {
    /// Finds the repository that `start` lies in, as git does but deaf to `GIT_DIR` and its like.
    /// Fails with `not_a_repository`, or `permission` when it belongs to somebody else.
    pub fn discover(start: &Path) -> Result<Self> {
        discover(start)
    }
}

fn discover(start: &Path) -> Result<Repository> {
    let start = std::fs::canonicalize(start).map_err(|error| {
        Failure::from_io(error, Code::NotARepository, format!("cannot enter {}", start.display()))
    })?;
    let found = find(&start)?.ok_or_else(|| {
        Failure::new(Code::NotARepository, format!("{} is not in a git repository", start.display()))
            .hint("go into a repository first, or make one here: git init")
    })?;
    let git_dir = canonical(&found.git_dir);
    let common_dir = common_dir_of(&git_dir);
    let (mut library, mut refusal) = open(&common_dir, &found)?;
    let settings = super::config_conditions::file(&common_dir.join("config"));
    if library.is_some() && has_replaced_objects(&common_dir, settings.as_ref()) {
        library = None;
        refusal = Some("objects are replaced (git-replace(1)), which it does not know".to_owned());
    }
    let core_worktree = settings.as_ref().and_then(|config| config.get_path("core.worktree").ok());
    let relative_links = settings
        .as_ref()
        .is_some_and(|config| config.get_bool("extensions.relativeworktrees").unwrap_or(false));
    let is_linked = git_dir != common_dir;
    let is_called_bare = is_bare(settings.as_ref(), &common_dir, core_worktree.is_some());
    // A bare repository has no index: this one has a main worktree, and a setting that another program left.
    let is_bare_leaked = is_called_bare
        && common_dir.file_name().is_some_and(|name| name == ".git")
        && common_dir.join("index").is_file();
    let bare = is_called_bare && !is_bare_leaked;
    let root = if bare {
        common_dir.clone()
    } else if let Some(path) = core_worktree {
        canonical(&common_dir.join(path))
    } else if let (false, Some(folder)) = (is_linked, &found.worktree) {
        folder.clone()
    } else if let Some(main) = super::main_worktree::find(&common_dir) {
        main
    } else if common_dir.file_name().is_some_and(|name| name == ".git") {
        common_dir.parent().unwrap_or(&common_dir).to_owned()
    } else {
        common_dir.clone()
    };
    let current = if is_linked {
        let admin = git_dir.file_name().map(|name| name.to_string_lossy().into_owned());
        found.worktree.map(|path| Current { path, admin })
    } else if bare {
        None
    } else {
        found.worktree.map(|_| Current { path: root.clone(), admin: None })
    };
    Ok(Repository {
        common_dir,
        root,
        bare,
        is_bare_leaked,
        current,
        library,
        refusal,
        unsound: OnceCell::new(),
        relative_links,
        links: OnceCell::new(),
        neighbours: OnceCell::new(),
        places: RefCell::default(),
        read_settings: ReadSettings::default(),
        known_descent: KnownDescent::default(),
        interrupt: Interrupt::default(),
    })
}

/// Walks up from `start`, as far as its file system reaches.
pub(super) fn find(start: &Path) -> Result<Option<FoundRepository>> {
    let device = std::fs::metadata(start).map(|folder| folder.dev()).ok();
    for folder in start.ancestors() {
        if std::fs::metadata(folder).map(|metadata| metadata.dev()).ok() != device {
            return Ok(None);
        }
        let dot_git = folder.join(".git");
        if is_git_dir(&dot_git) {
            return Ok(Some(FoundRepository { git_dir: dot_git, worktree: Some(folder.to_owned()) }));
        }
        if dot_git.is_file() {
            let git_dir = read_link_file(&dot_git).filter(|target| is_git_dir(target)).ok_or_else(|| {
                Failure::new(Code::NotARepository, format!("{} names no git repository", dot_git.display()))
                    .hint("if the main repository was moved, run `git worktree repair` in it")
            })?;
            return Ok(Some(FoundRepository { git_dir, worktree: Some(folder.to_owned()) }));
        }
        if is_git_dir(folder) {
            return Ok(Some(FoundRepository { git_dir: folder.to_owned(), worktree: None }));
        }
    }
    Ok(None)
}

/// Answers whether `folder` has what gitrepository-layout(5) asks of a git folder, linked ones included.
fn is_git_dir(folder: &Path) -> bool {
    // HEAD may be a dangling symlink; a linked worktree's folder has the rest in its common dir.
    folder.join("HEAD").symlink_metadata().is_ok()
        && (folder.join("commondir").is_file()
            || (folder.join("objects").is_dir() && folder.join("refs").exists()))
}

/// Returns the folder shared by all worktrees, which `commondir` names; a half-made worktree has it empty.
pub(super) fn common_dir_of(git_dir: &Path) -> PathBuf {
    let Ok(text) = files::read_plain_text(&git_dir.join("commondir")) else {
        return git_dir.to_owned();
    };
    let target = match text.trim() {
        "" => "../..",
        target => target,
    };
    canonical(&git_dir.join(target))
}

/// Opens the common dir with libgit2. Not being able to is no failure; somebody else's repository is.
fn open(common_dir: &Path, found: &FoundRepository) -> Result<(Option<Library>, Option<String>)> {
    let flags = git2::RepositoryOpenFlags::NO_SEARCH | git2::RepositoryOpenFlags::NO_DOTGIT;
    match git2::Repository::open_ext(common_dir, flags, &[] as &[&Path]) {
        Ok(repository) => Ok((Some(repository.into()), None)),
        Err(error) if error.code() == git2::ErrorCode::Owner => {
            let folder = found.worktree.as_deref().unwrap_or(common_dir).display().to_string();
            Err(Failure::new(Code::Permission, format!("the repository at {folder} belongs to another user"))
                .hint(format!("if you trust it: git config --global --add safe.directory {folder}"))
                .caused_by(error))
        }
        Err(error) => Ok((None, Some(error.message().to_owned()))),
    }
}

/// Answers whether git reads other objects in place of some, whose names are below `refs/replace`.
fn has_replaced_objects(common_dir: &Path, settings: Option<&git2::Config>) -> bool {
    if settings.is_some_and(|config| config.get_bool("core.usereplacerefs").is_ok_and(|uses| !uses)) {
        return false;
    }
    let loose = common_dir.join("refs/replace");
    let has_loose = loose.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    has_loose
        || std::fs::read(common_dir.join("packed-refs"))
            .is_ok_and(|packed| memchr::memmem::find(&packed, b" refs/replace/").is_some())
}

/// Decides bareness as git does: by `core.bare`, else by the folder's name.
fn is_bare(settings: Option<&git2::Config>, common_dir: &Path, has_worktree: bool) -> bool {
    if has_worktree {
        return false;
    }
    settings
        .and_then(|config| config.get_bool("core.bare").ok())
        .unwrap_or_else(|| common_dir.file_name().is_none_or(|name| name != ".git"))
}
