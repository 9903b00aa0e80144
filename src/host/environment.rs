//! The environment variables as they were when we started: read once, here, and nowhere else.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A snapshot of the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Reads the process's environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn read() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// Returns a variable's value; an empty one counts as unset, as the XDG specification has it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns a variable that names a folder, when it is absolute: relative ones are to be ignored (XDG).
    #[must_use]
    pub fn find_folder(&self, name: &str) -> Option<PathBuf> {
        self.find(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// Returns the first program called `name` on PATH that may be executed; relative folders on PATH count for nothing.
    #[must_use]
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        self.find_program_where(name, |_| true)
    }

    /// As [`Environment::find_program`], in the folders that `counts` lets count.
    #[must_use]
    pub fn find_program_where(&self, name: &str, counts: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let runs = |path: &PathBuf| is_program(path);
        let folders = std::env::split_paths(self.find("PATH")?);
        folders
            .filter(|folder| folder.is_absolute() && counts(folder))
            .map(|folder| folder.join(name))
            .find(runs)
    }

    /// Answers whether every folder on PATH is absolute: a relative one is another for every folder a program is started in.
    #[must_use]
    pub fn is_path_absolute(&self) -> bool {
        self.find("PATH").is_some_and(|path| std::env::split_paths(path).all(|folder| folder.is_absolute()))
    }

    /// Returns the variables whose names begin with `WT_`, where both name and value are text.
    pub fn ours(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        pairs.filter(|(name, _)| name.starts_with("WT_"))
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}
/// Answers whether a file is there that may be executed.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
