//! What a commit comes from: the refs that keep strangers' commits and our own, and the walk that tells the two apart. Nothing
//! is walked where no stranger's commit is kept.

use super::library_error::from_library;
use super::repository::Repository;
use crate::error::Result;
use crate::host::files;
use crate::model::foreign::Followed;

/// Where the heads of pull requests are kept.
const KEPT: &str = "refs/wt/pull/";

impl Repository {
    /// Returns the refs that keep pull requests, with their commits; the refs are not listed where a look at git's files tells
    /// that there are none.
    ///
    /// # Errors
    ///
    /// Fails when the refs cannot be read.
    pub fn kept_pulls(&self) -> Result<Vec<(String, String)>> {
        let has_loose = || self.common_dir.join(KEPT).is_dir();
        let has_packed = || {
            files::read_plain(&self.common_dir.join("packed-refs"))
                .is_ok_and(|packed| memchr::memmem::find(&packed, format!(" {KEPT}").as_bytes()).is_some())
        };
        // Without the library the refs may lie in no such files.
        if self.library().is_some() && !has_loose() && !has_packed() {
            return Ok(Vec::new());
        }
        self.references(KEPT)
    }

    /// Returns what was fetched from remotes, with the commits.
    ///
    /// # Errors
    ///
    /// Fails when the refs cannot be read.
    pub fn fetched_refs(&self) -> Result<Vec<(String, String)>> {
        self.references("refs/remotes/")
    }

    /// Returns the branches of which git's configuration says that they follow something, with that.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration cannot be read.
    pub fn followed_branches(&self) -> Result<Vec<(String, Followed)>> {
        let failed = |error| from_library(error, "read which branches follow others");
        let settings = self.settings(None)?;
        let mut names = Vec::new();
        let entries = settings.entries(Some(r"^branch\..*\.merge$")).map_err(failed)?;
        entries
            .for_each(|entry| {
                if let Ok(key) = entry.name()
                    && let Some(name) = key.strip_prefix("branch.").and_then(|key| key.strip_suffix(".merge"))
                {
                    names.push(name.to_owned());
                }
            })
            .map_err(failed)?;
        names.sort();
        names.dedup();
        let with_what = |name: String| {
            let followed = self.followed(&name);
            (name, followed)
        };
        Ok(names.into_iter().map(with_what).collect())
    }

    /// Answers whether the line of first parents that ends at `commit` begins, where it leaves `own`, with a commit that
    /// `theirs` have: it is theirs, or was built on theirs. Work of one's own into which theirs was merged is not.
    ///
    /// # Errors
    ///
    /// Fails when git cannot read the history.
    pub fn is_built_on(&self, commit: &str, own: &[String], theirs: &[String]) -> Result<bool> {
        let without = |commits: &[String]| {
            commits.iter().fold(String::new(), |lines, commit| lines + "^" + commit + "\n")
        };
        let listed = |options: &[&str], asked: String| {
            let git = self.git().args(["rev-list", "--ignore-missing"]).args(options).args(["--stdin"]);
            git.input(asked).require().map(|output| output.text())
        };
        let line = listed(&["--first-parent"], format!("{commit}\n{}", without(own)))?;
        let Some(first) = line.lines().last().filter(|first| !first.is_empty()) else { return Ok(false) };
        // What their history has is all that it can begin with: they have every commit before one of theirs.
        let beyond = listed(&["--max-count=1"], format!("{first}\n{}", without(theirs)))?;
        Ok(beyond.is_empty())
    }
}
