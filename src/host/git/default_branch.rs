//! What the repository and its remotes say about the default branch, gathered for the rule in the model.

use super::branches::is_valid_branch_name;
use super::repository::Repository;
use super::tips::linked_reference;
use crate::error::Result;
use crate::model::default_branch::{Clues, RemoteClue};

/// The names that stand for a default branch where nothing says more.
const USUAL: [&str; 2] = ["main", "master"];

impl Repository {
    /// Gathers what tells the default branch; `configured` is what our own configuration names.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration or the refs cannot be read.
    pub fn default_branch_clues(&self, configured: Option<&str>) -> Result<Clues> {
        let upstreams = self.upstreams()?;
        let head = self.read_head(None)?;
        let followed = head.branch().and_then(|branch| upstreams.remote_of(branch));
        let mut remotes = Vec::new();
        for name in upstreams.remotes() {
            let prefix = format!("refs/remotes/{name}/");
            let target = self.symbolic_target(&format!("{prefix}HEAD"))?;
            let head = target.and_then(|target| Some(target.strip_prefix(&prefix)?.to_owned()));
            let mut usual = Vec::new();
            for branch in USUAL {
                if self.find_remote_branches(branch)?.iter().any(|found| found.remote == name) {
                    usual.push(branch.to_owned());
                }
            }
            if head.is_some() || !usual.is_empty() || !self.references(&prefix)?.is_empty() {
                remotes.push(RemoteClue { name, head, usual });
            }
        }
        let mut local = Vec::new();
        if remotes.is_empty() {
            let initial = self.settings(None)?.get_string("init.defaultBranch").ok();
            for name in initial.into_iter().chain(USUAL.map(str::to_owned)) {
                if is_valid_branch_name(&name) && !local.contains(&name) && self.find_branch(&name)?.is_some()
                {
                    local.push(name);
                }
            }
        }
        Ok(Clues { configured: configured.map(str::to_owned), followed, remotes, local })
    }

    /// Returns the full name of the ref that a symbolic ref leads to.
    pub(super) fn symbolic_target(&self, name: &str) -> Result<Option<String>> {
        let Some(library) = self.library() else {
            let output = self.git().args(["symbolic-ref", "--quiet", name]).run()?;
            return Ok(output.is_success().then(|| output.text()));
        };
        if let Some(target) = linked_reference(&self.common_dir.join(name)) {
            return Ok(Some(target));
        }
        let found = library.find_reference(name).ok();
        Ok(found.and_then(|reference| reference.symbolic_target().ok().flatten().map(str::to_owned)))
    }
}
