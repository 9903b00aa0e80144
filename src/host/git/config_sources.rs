//! Where git's configuration comes from besides the repository: the files of the system and of the user, and variables
//! (git(1), git-config(1)).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use git2::Config;

/// The files outside the repository, whether they are there or not.
pub(super) struct Sources {
    pub(super) system: Option<PathBuf>,
    pub(super) user_xdg: Option<PathBuf>,
    pub(super) user: Option<PathBuf>,
}

impl Sources {
    /// Finds them as git does, variables included.
    pub(super) fn find() -> Self {
        let system = match variable("GIT_CONFIG_SYSTEM") {
            _ if is_true("GIT_CONFIG_NOSYSTEM") => None,
            Some(path) => Some(PathBuf::from(path)),
            None => Config::find_system().ok(),
        };
        match variable("GIT_CONFIG_GLOBAL") {
            Some(path) => Self { system, user_xdg: None, user: Some(PathBuf::from(path)) },
            None => Self { system, user_xdg: Config::find_xdg().ok(), user: Config::find_global().ok() },
        }
    }
}

/// Answers whether variables or a git of another place bring in what only git can tell.
pub(super) fn asks_for_git() -> bool {
    ["GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"]
        .iter()
        .any(|name| variable(name).is_some_and(|value| !value.is_empty()))
        || (!is_true("GIT_CONFIG_NOSYSTEM")
            && variable("GIT_CONFIG_SYSTEM").is_none()
            && has_foreign_system_file("gitconfig"))
}

/// Answers whether git was built for another place than `/usr`, and the system's file of that name is there or in
/// `/etc`: which of the two counts was decided when it was built.
pub(super) fn has_foreign_system_file(name: &str) -> bool {
    let Some(git) = find_git() else { return false };
    let prefixes = [Some(git.clone()), std::fs::canonicalize(&git).ok()];
    prefixes.iter().flatten().filter_map(|git| git.parent()?.parent()).any(|prefix| {
        let is_usual = prefix == Path::new("/usr") || prefix == Path::new("/");
        !is_usual && (prefix.join("etc").join(name).exists() || Path::new("/etc").join(name).exists())
    })
}

fn find_git() -> Option<PathBuf> {
    let folders = variable("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join("git")).find(|git| git.is_file())
}

/// Answers whether a variable is set to what git takes for true.
pub(super) fn is_true(name: &str) -> bool {
    let value = variable(name).map(|value| value.to_string_lossy().into_owned());
    value.is_some_and(|value| Config::parse_bool(value.as_str()).unwrap_or(false))
}

#[expect(clippy::disallowed_methods, reason = "git looks there, and libgit2 does not")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
