//! Where git's configuration comes from besides the repository: the files of the system and of the user, and variables
//! (git(1), git-config(1)).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use git2::Config;

use super::config_conditions::may_any_matter;

/// The files outside the repository, whether they are there or not.
pub(super) struct ConfigSources {
    pub(super) system: Option<PathBuf>,
    pub(super) user_xdg: Option<PathBuf>,
    pub(super) user: Option<PathBuf>,
}

impl ConfigSources {
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

/// Answers whether variables, or the system's file of a git that was built for another place, bring in what only git can
/// tell.
pub(super) fn asks_for_git() -> bool {
    let is_set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
    if ["GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"].iter().any(is_set) {
        return true;
    }
    let is_usual = is_true("GIT_CONFIG_NOSYSTEM") || variable("GIT_CONFIG_SYSTEM").is_some();
    !is_usual && may_any_matter(foreign_system_files("gitconfig"))
}

/// Returns the system's files of that name between which a git that was not built for `/usr` chooses: which of them counts
/// was decided when it was built.
pub(super) fn foreign_system_files(name: &str) -> Vec<PathBuf> {
    let Some(git) = find_git() else { return Vec::new() };
    let prefixes = [Some(git.clone()), std::fs::canonicalize(&git).ok()];
    let mut prefixes: Vec<&Path> =
        prefixes.iter().flatten().filter_map(|git| git.parent()?.parent()).collect();
    prefixes.retain(|prefix| *prefix != Path::new("/usr") && *prefix != Path::new("/"));
    if !prefixes.is_empty() {
        prefixes.push(Path::new("/"));
    }
    let files = prefixes.iter().map(|prefix| prefix.join("etc").join(name));
    files.filter(|file| file.metadata().is_ok_and(|file| file.len() > 0)).collect()
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
