//! What the remotes had when last fetched: their branches, upstreams, and the commits nobody else has.

use git2::Oid;

use super::library_error::from_library;
use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::model::branch::{Distance, RemoteBranch};

impl Repository {
    /// Returns the branch `name` of every remote that has it, by the remotes' fetch refspecs.
    pub fn find_remote_branches(&self, name: &str) -> Result<Vec<RemoteBranch>> {
        let mut found = Vec::new();
        for (remote, tracking) in self.upstreams()?.tracking_refs(&format!("refs/heads/{name}")) {
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

    /// Splits `spec` into the name of a remote and the rest, where it begins with a remote's name and a slash.
    pub fn split_remote(&self, spec: &str) -> Result<Option<(String, String)>> {
        if !spec.contains('/') {
            return Ok(None);
        }
        let remotes = self.upstreams()?;
        let parts = spec.match_indices('/').map(|(at, _)| (&spec[..at], &spec[at + 1..]));
        let mut known = parts.filter(|(remote, rest)| !rest.is_empty() && remotes.is_remote(remote));
        Ok(known.next().map(|(remote, rest)| (remote.to_owned(), rest.to_owned())))
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

    /// Returns when a commit was committed, in seconds since 1970; `None` where git does not say.
    pub fn commit_time(&self, commit: &str) -> Result<Option<i64>> {
        let commit_read = self.library().and_then(|library| library.find_commit(oid(commit).ok()?).ok());
        if let Some(read) = commit_read {
            return Ok(Some(read.time().seconds()));
        }
        Ok(self.git().args(["show", "-s", "--format=%ct", commit]).require()?.text().parse().ok())
    }

    /// Counts the commits that only `ours` and only `theirs` have; both are full hashes.
    pub fn ahead_behind(&self, ours: &str, theirs: &str) -> Result<Distance> {
        // As of every new branch: no history is walked, and no loose object looked at for that.
        if ours == theirs {
            return Ok(Distance { ahead: 0, behind: 0 });
        }
        let failed = |error| from_library(error, "compare commits");
        // git stops at a commit that is damaged, where libgit2 would go round for ever.
        if let Some(library) = self.library().filter(|library| library.is_history_whole()) {
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
    /// or tag has them, nor a pull request as it was fetched last. `except_branch` is the branch about to go.
    pub fn unshared_commits(&self, commit: &str, except_branch: Option<&str>) -> Result<usize> {
        let except = except_branch.map(|name| format!("refs/heads/{name}"));
        let mut others = self.references("refs/heads/")?;
        others.extend(self.references("refs/remotes/")?);
        others.extend(self.references("refs/tags/")?);
        // Written by nothing but a fetch.
        others.extend(self.references("refs/wt/pull/")?);
        others.retain(|(name, _)| Some(name) != except.as_ref());
        if others.iter().any(|(_, other)| other == commit) {
            return Ok(0);
        }
        let Some(library) = self.library().filter(|library| library.is_history_whole()) else {
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
}

pub(super) fn oid(text: &str) -> Result<Oid> {
    Oid::from_str(text).map_err(|error| from_library(error, &format!("read `{text}` as a commit")))
}
