//! The programs `wt-NAME` that belong to the machine and its user: those of a repository are its authors'.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::host::git::Repository;
use crate::host::machine::Host;
use crate::host::process::spawn::{self, SpawnWish};
use crate::model::word::is_command_name;

/// The variable that tells such a program where we are.
const OURS: &str = "WT_BIN";

/// Finds the program for `name` in the absolute folders of PATH that lie in no worktree of `repository`: direnv and npm put
/// folders of the repository there.
#[must_use]
pub fn find(host: &Host, repository: Option<&Repository>, name: &str) -> Option<PathBuf> {
    if !is_command_name(name) {
        return None;
    }
    find_outside(host, repository, &format!("wt-{name}"))
}

/// Finds a program in the absolute folders of PATH that lie in no worktree of `repository`.
#[must_use]
pub fn find_outside(host: &Host, repository: Option<&Repository>, program: &str) -> Option<PathBuf> {
    // Most words are mistyped: nobody lists worktrees for those.
    host.environment.find_program(program)?;
    let worktrees = repository.map(Repository::worktrees).transpose().ok()?.unwrap_or_default();
    let current = repository.and_then(Repository::current).map(|current| current.path.clone());
    let inside: Vec<PathBuf> = worktrees
        .into_iter()
        .map(|worktree| worktree.path)
        .chain(current)
        .chain(repository.and_then(superproject))
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    let is_outside = |path: &Path| {
        path.canonicalize().is_ok_and(|path| !inside.iter().any(|worktree| path.starts_with(worktree)))
    };
    // A link on PATH may lead to a file of the repository.
    host.environment.find_program_where(program, |folder| {
        let file = folder.join(program);
        is_outside(folder) && (!file.is_file() || is_outside(&file))
    })
}

/// Returns the worktree of the repository that `repository` is a submodule of: its git folder lies in that one's.
fn superproject(repository: &Repository) -> Option<PathBuf> {
    let mut above = repository.common_dir().ancestors().skip(1);
    above
        .find(|folder| folder.file_name().is_some_and(|name| name == ".git"))?
        .parent()
        .map(Path::to_path_buf)
}

/// Becomes the program, git's variables that bind to one repository taken away. Returns only where it cannot be started.
#[must_use]
pub fn run(host: &Host, program: &Path, arguments: &[OsString]) -> io::Error {
    let own = host.program().ok();
    let variables: Vec<(String, String)> =
        own.into_iter().map(|own| (OURS.to_owned(), own.to_string_lossy().into_owned())).collect();
    match host.current_folder() {
        Ok(folder) => spawn::become_program(&SpawnWish {
            program: program.as_os_str(),
            arguments,
            folder: &folder,
            variables: &variables,
            stdout_to_stderr: false,
        }),
        Err(_) => io::Error::from(io::ErrorKind::NotFound),
    }
}
