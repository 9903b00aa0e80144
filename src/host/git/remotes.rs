//! What the remotes had when last fetched: their branches, upstreams, and the commits nobody else has.

use git2::Oid;

use super::repository::{Repository, from_library};
use crate::error::{Code, Failure, Result};
use crate::model::branch::{Distance, RemoteBranch, Upstream};

impl Repository {
    /// Returns the branch `name` of every remote that has it, by the remotes' fetch refspecs.
    pub fn find_remote_branches(&self, name: &str) -> Result<Vec<RemoteBranch>> {
        let mut found = Vec::new();
        for (remote, tracking) in self.tracking_refs(&format!("refs/heads/{name}"))? {
            if let Some(commit) = self.find_reference(&tracking)? {
                found.push(RemoteBranch { remote, name: name.to_owned(), tracking, commit });
            }
        }
        Ok(found)
    }

    /// Chooses the remote branch that a new local branch `name` is to follow, as `git switch NAME` does.
    /// Fails with `ambiguous` when several remotes have it and `checkout.defaultRemote` names none of them.
    pub fn find_remote_branch(&self, name: &str) -> Result<Option<RemoteBranch>> {
        let mut found = self.find_remote_branches(name)?;
        if found.len() < 2 {
            return Ok(found.pop());
        }
        if let Ok(preferred) = self.settings(None)?.get_string("checkout.defaultRemote")
            && let Some(at) = found.iter().position(|branch| branch.remote == preferred)
        {
            return Ok(Some(found.swap_remove(at)));
        }
        let remotes: Vec<_> = found.iter().map(|branch| branch.remote.clone()).collect();
        let first = &remotes[0];
        Err(Failure::new(Code::Ambiguous, format!("several remotes have `{name}`: {}", remotes.join(", ")))
            .hint(format!("choose one: git config checkout.defaultRemote {first}"))
            .detail("remotes", remotes.clone()))
    }

    /// Returns the remote branch that `spec` spells as one (`origin/main`).
    pub fn find_tracking(&self, spec: &str) -> Result<Option<RemoteBranch>> {
        for (at, _) in spec.match_indices('/') {
            let (remote, name) = (&spec[..at], &spec[at + 1..]);
            if let Some(found) =
                self.find_remote_branches(name)?.into_iter().find(|branch| branch.remote == remote)
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Returns the branch's upstream as its configuration says.
    pub fn upstream(&self, name: &str) -> Result<Option<Upstream>> {
        let settings = self.settings(None)?;
        let (Ok(remote), Ok(merge)) = (
            settings.get_string(&format!("branch.{name}.remote")),
            settings.get_string(&format!("branch.{name}.merge")),
        ) else {
            return Ok(None);
        };
        let tracking = if remote == "." {
            Some(merge.clone())
        } else {
            let all = self.tracking_refs(&merge)?;
            all.into_iter().find(|(owner, _)| *owner == remote).map(|(_, tracking)| tracking)
        };
        let commit = match &tracking {
            Some(tracking) => self.find_reference(tracking)?,
            None => None,
        };
        Ok(Some(Upstream { remote, merge, tracking, commit }))
    }

    /// Counts the commits that only `ours` and only `theirs` have; both are full hashes.
    pub fn ahead_behind(&self, ours: &str, theirs: &str) -> Result<Distance> {
        let failed = |error| from_library(error, "compare commits");
        if let Some(library) = self.library() {
            let (ours, theirs) = (oid(ours)?, oid(theirs)?);
            let (ahead, behind) = library.graph_ahead_behind(ours, theirs).map_err(failed)?;
            return Ok(Distance { ahead, behind });
        }
        let range = format!("{ours}...{theirs}");
        let text = self.git().args(["rev-list", "--left-right", "--count", &range]).require()?.text();
        let mut counts = text.split_whitespace().filter_map(|word| word.parse().ok());
        Ok(Distance { ahead: counts.next().unwrap_or(0), behind: counts.next().unwrap_or(0) })
    }

    /// Counts the commits that would be reachable from nothing but `commit` itself: no other branch, remote branch
    /// or tag has them. `except_branch` is the branch about to go.
    pub fn unshared_commits(&self, commit: &str, except_branch: Option<&str>) -> Result<usize> {
        let except = except_branch.map(|name| format!("refs/heads/{name}"));
        let mut others = self.references("refs/heads/")?;
        others.extend(self.references("refs/remotes/")?);
        others.extend(self.references("refs/tags/")?);
        others.retain(|(name, _)| Some(name) != except.as_ref());
        if others.iter().any(|(_, other)| other == commit) {
            return Ok(0);
        }
        let Some(library) = self.library() else {
            let mut input = format!("{commit}\n");
            for (_, other) in &others {
                input.push('^');
                input.push_str(other);
                input.push('\n');
            }
            let text = self.git().args(["rev-list", "--count", "--stdin"]).input(input).require()?.text();
            return Ok(text.parse().unwrap_or(0));
        };
        let failed = |error| from_library(error, "walk the commits");
        let mut walk = library.revwalk().map_err(failed)?;
        walk.push(oid(commit)?).map_err(failed)?;
        for (_, other) in &others {
            walk.hide(oid(other)?).map_err(failed)?;
        }
        let mut count = 0;
        for step in walk {
            step.map_err(failed)?;
            count += 1;
        }
        Ok(count)
    }

    /// Answers whether another branch, remote branch or tag contains `commit`.
    pub fn is_merged_or_pushed(&self, commit: &str, except_branch: Option<&str>) -> Result<bool> {
        Ok(self.unshared_commits(commit, except_branch)? == 0)
    }

    /// Returns each remote with the tracking ref its fetch refspecs give the remote's ref `source`.
    fn tracking_refs(&self, source: &str) -> Result<Vec<(String, String)>> {
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
        let mut found: Vec<(String, String)> = Vec::new();
        for (remote, spec) in specs {
            if let Some(tracking) = mapped(&spec, source)
                && !found.iter().any(|(known, _)| *known == remote)
            {
                found.push((remote, tracking));
            }
        }
        Ok(found)
    }
}

/// Maps `source` through one fetch refspec (gitglossary(7)); negative ones map nothing.
fn mapped(spec: &str, source: &str) -> Option<String> {
    let (from, to) = spec.trim_start_matches('+').split_once(':')?;
    let Some((before, after)) = from.split_once('*') else {
        return (from == source && !to.is_empty()).then(|| to.to_owned());
    };
    let middle = source.strip_prefix(before)?.strip_suffix(after)?;
    Some(to.replacen('*', middle, 1))
}

pub(super) fn oid(text: &str) -> Result<Oid> {
    Oid::from_str(text).map_err(|error| from_library(error, &format!("read `{text}` as a commit")))
}

#[cfg(test)]
mod tests {
    use super::mapped;

    #[test]
    fn a_refspec_maps_what_it_matches() {
        let usual = "+refs/heads/*:refs/remotes/origin/*";
        assert_eq!(mapped(usual, "refs/heads/a/b").as_deref(), Some("refs/remotes/origin/a/b"));
        assert_eq!(mapped(usual, "refs/tags/a"), None);
        assert_eq!(
            mapped("refs/heads/x:refs/remotes/o/x", "refs/heads/x").as_deref(),
            Some("refs/remotes/o/x")
        );
        assert_eq!(mapped("^refs/heads/x", "refs/heads/x"), None);
    }
}
