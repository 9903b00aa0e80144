//! Which remote branch a branch follows, by the configuration: read once, asked for many branches.

use std::rc::Rc;

use git2::Config;

use super::library_error::from_library;
use super::repository::Repository;
use crate::error::Result;
use crate::model::branch::{AutoSetupMerge, RemoteBranch, Upstream};
use crate::model::refspec;

/// The upstreams as the configuration had them when it was read.
pub struct Upstreams {
    settings: Rc<Config>,
    /// Each remote's name with each of its fetch refspecs.
    specs: Vec<(String, String)>,
}

impl Upstreams {
    /// Returns the full name of the ref that `branch` follows; `None` where it follows nothing that is fetched.
    pub fn tracking(&self, branch: &str) -> Option<String> {
        self.find(branch)?.tracking
    }

    /// Returns the remote that `branch` follows; `None` for a local branch, or none.
    pub(super) fn remote_of(&self, branch: &str) -> Option<String> {
        self.find(branch).map(|upstream| upstream.remote).filter(|remote| remote != ".")
    }

    /// Answers whether the configuration has a remote of that name.
    pub(super) fn is_remote(&self, name: &str) -> bool {
        self.specs.iter().any(|(remote, _)| remote == name)
            || self.settings.get_entry(&format!("remote.{name}.url")).is_ok()
    }

    /// Returns the remotes that are fetched from, in the order of the configuration.
    pub(super) fn remotes(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (remote, _) in &self.specs {
            if !names.contains(remote) {
                names.push(remote.clone());
            }
        }
        names
    }

    /// Returns the fetch refspecs of a remote.
    pub(super) fn specs_of(&self, remote: &str) -> Vec<String> {
        let own = self.specs.iter().filter(|(name, _)| name == remote);
        own.map(|(_, spec)| spec.clone()).collect()
    }

    /// Returns each remote's name with each of its fetch refspecs.
    #[must_use]
    pub fn all_specs(self) -> Vec<(String, String)> {
        self.specs
    }

    fn find(&self, branch: &str) -> Option<Upstream> {
        let remote = self.settings.get_string(&format!("branch.{branch}.remote")).ok()?;
        let merge = self.settings.get_string(&format!("branch.{branch}.merge")).ok()?;
        let tracking = if remote == "." {
            Some(merge.clone())
        } else {
            let all = self.tracking_refs(&merge);
            all.into_iter().find(|(owner, _)| *owner == remote).map(|(_, tracking)| tracking)
        };
        Some(Upstream { remote, merge, tracking, commit: None })
    }

    /// Returns each remote with the tracking ref its fetch refspecs give the remote's ref `source`.
    pub(super) fn tracking_refs(&self, source: &str) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        for (remote, spec) in &self.specs {
            if let Some(tracking) = refspec::target_of(spec, source)
                && !found.iter().any(|(known, _)| known == remote)
            {
                found.push((remote.clone(), tracking));
            }
        }
        found
    }
}

impl Repository {
    /// Reads the configuration of all branches and remotes.
    pub fn upstreams(&self) -> Result<Upstreams> {
        let failed = |error| from_library(error, "read the remotes");
        let settings = self.settings(None)?;
        let mut specs = Vec::new();
        let entries = settings.entries(Some(r"^remote\..*\.fetch$")).map_err(failed)?;
        entries
            .for_each(|entry| {
                if let (Ok(key), true) = (entry.name(), entry.has_value())
                    && let Ok(value) = entry.value()
                    && let Some(remote) =
                        key.strip_prefix("remote.").and_then(|key| key.strip_suffix(".fetch"))
                {
                    specs.push((remote.to_owned(), value.to_owned()));
                }
            })
            .map_err(failed)?;
        Ok(Upstreams { settings, specs })
    }

    /// Returns what a new branch is to follow: git's `branch.autoSetupMerge`.
    #[must_use]
    pub fn auto_setup_merge(&self) -> AutoSetupMerge {
        let set = self.settings(None).ok().and_then(|all| all.get_string("branch.autosetupmerge").ok());
        AutoSetupMerge::parse(set.as_deref())
    }

    /// Returns the remote branch that the local branch `name` follows.
    pub fn find_upstream_branch(&self, name: &str) -> Result<Option<RemoteBranch>> {
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        let Some(upstream) = self.upstream(name)?.filter(|upstream| upstream.remote != ".") else {
            return Ok(None);
        };
        let (Some(tracking), Some(commit)) = (upstream.tracking, upstream.commit) else { return Ok(None) };
        let name = upstream.merge.strip_prefix("refs/heads/").unwrap_or(&upstream.merge).to_owned();
        Ok(Some(RemoteBranch { remote: upstream.remote, name, tracking, commit }))
    }

    /// Returns the branch's upstream as its configuration says.
    pub fn upstream(&self, name: &str) -> Result<Option<Upstream>> {
        let Some(upstream) = self.upstreams()?.find(name) else { return Ok(None) };
        let commit = match &upstream.tracking {
            Some(tracking) => self.find_reference(tracking)?,
            None => None,
        };
        Ok(Some(Upstream { commit, ..upstream }))
    }
}
