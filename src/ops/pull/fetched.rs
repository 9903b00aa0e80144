//! A pull request on its way to a worktree: where it is served, its head as git has it, and all that is decided from that.

use super::forge::{self, ForgeAnswer};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{FetchedPull, MadeRemote, PullSettings, Repository, is_valid_branch_name};
use crate::model::branch::fits_files;
use crate::model::foreign::{ForeignMark, Pull};
use crate::model::pull::{self, BranchNames, Remote, WantedPull};
use crate::ops::branches;

/// A pull request that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub wanted: WantedPull,
    pub pull: Pull,
    /// Whether it is not proven to come from the repository itself.
    pub is_foreign: bool,
    /// The ref that keeps its head.
    pub kept: String,
    /// Whether that was there before.
    pub was_kept: bool,
    /// What the local branch's name may clash with.
    names: BranchNames,
    /// The remote's URL as written.
    url: String,
    fork: Option<(String, String)>,
}

/// Returns the remote that serves what is wanted.
///
/// # Errors
///
/// `not_found` where none does: nothing is fetched then.
pub(super) fn require_remote(
    context: &Context,
    repository: &Repository,
    wanted: &WantedPull,
) -> Result<Remote> {
    let remotes = repository.remotes_with_urls()?;
    if let Some(found) = pull::choose(wanted, &remotes, context.config.forge.remote.as_deref()) {
        return Ok(found.clone());
    }
    let names: Vec<&str> = remotes.iter().map(|remote| remote.name.as_str()).collect();
    Err(match &wanted.page {
        Some((_, place)) => {
            let message = format!("no remote of this repository is {}/{}", place.host, place.path);
            Failure::new(Code::NotFound, message).hint("`git remote -v` lists the remotes; `git remote add NAME URL` adds that one")
        }
        None => Failure::new(Code::NotFound, format!("no remote is known to serve `{}`", wanted.label()))
            .hint("give the page's address, or name the remote in your configuration: `[forge] remote = \"NAME\"`"),
    }
    .detail("remotes", names))
}

/// Fetches what is wanted: one fetch, and the forge's own program beside it where that is there.
///
/// # Errors
///
/// As [`require_remote`] and [`Repository::fetch_pull`].
pub(super) fn fetch(
    context: &Context,
    repository: &Repository,
    wanted: &WantedPull,
    warnings: &mut Vec<String>,
) -> Result<Fetched> {
    let remote = require_remote(context, repository, wanted)?;
    let forge = remote.forge(&context.config.forge.hosts);
    let reference = wanted.reference(&forge);
    let kept = format!("refs/wt/pull/{}/{}", remote.name, wanted.label());
    let was_kept = repository.find_reference(&kept)?.is_some();
    let interrupt = &context.host.interrupt;
    let git = repository.fetch_pull(&remote.name, &reference, &kept, &|| interrupt.is_raised())?;
    let ask =
        |warnings: &mut Vec<String>| forge::ask_forge(context, repository, wanted, &remote, &forge, warnings);
    let is_same = |told: &ForgeAnswer| told.head.as_ref() == Some(&git.head);
    let mut told = ask(warnings);
    if told.as_ref().is_some_and(|told| !is_same(told)) {
        // It moved between the two questions.
        told = ask(warnings);
    }
    let told = told.unwrap_or_default();
    // Of another head it says nothing that counts.
    let counts = is_same(&told);
    let names = repository.taken_names(branches::configured(context, repository))?;
    let proven = proven(&names, &git, &told, counts);
    let is_foreign = proven.is_none();
    let head_branch = proven.or_else(|| told.branch.clone().filter(|_| counts));
    let head_branch = head_branch.filter(|name| is_valid_branch_name(name) && fits_files(name));
    Ok(Fetched {
        wanted: wanted.clone(),
        pull: Pull {
            number: wanted.number,
            url: wanted.page.as_ref().map(|(page, _)| page.clone()).or(told.url),
            remote: remote.name.clone(),
            reference,
            head: git.head,
            head_branch,
            title: told.title,
            author: told.author,
        },
        is_foreign,
        kept,
        was_kept,
        names,
        url: remote.urls.into_iter().next().unwrap_or_default(),
        fork: told.fork.filter(|_| counts && told.is_fork == Some(true)),
    })
}

/// Returns the repository's own branch that it comes from: the forge says so, or it is the only one that stood there when it was
/// fetched. A default branch proves nothing: every fork begins with it.
fn proven(names: &BranchNames, git: &FetchedPull, told: &ForgeAnswer, counts: bool) -> Option<String> {
    if counts && let Some(is_fork) = told.is_fork {
        return told.branch.clone().filter(|_| !is_fork);
    }
    let mut own = git.branches.iter().filter(|name| !names.defaults.contains(name));
    own.next().filter(|_| own.next().is_none()).cloned()
}

impl Fetched {
    /// Returns what is written down about the worktree.
    #[must_use]
    pub fn mark(&self) -> ForeignMark {
        ForeignMark {
            foreign: self.is_foreign,
            allowed: None,
            pull: Some(self.pull.clone()),
            made_remote: None,
            kept_ref: Some(self.kept.clone()),
        }
    }

    /// Chooses the local branch: the name of the one that it comes from where that is free, else its own.
    ///
    /// # Errors
    ///
    /// `branch_exists` where something else has that one too.
    pub fn local_branch(&self, repository: &Repository) -> Result<Local> {
        let names = &self.names;
        let own = self.wanted.own_branch();
        for name in self.pull.head_branch.iter().chain([&own]) {
            if names.local.contains(name) && self.is_its(repository, name)? {
                return Ok(Local::There(name.clone()));
            }
        }
        if let Some(name) = &self.pull.head_branch
            && pull::may_bear(name, names, self.is_foreign)
        {
            return Ok(Local::New(name.clone()));
        }
        if !names.local.contains(&own) && repository.branch_obstacle(&own)?.is_none() {
            return Ok(Local::New(own));
        }
        Err(Failure::new(
            Code::BranchExists,
            format!("branch `{own}` exists already, and is not this pull request's"),
        )
        .hint("name another one with `--branch NAME`")
        .detail("branch", own))
    }

    /// Answers whether the local branch `name` follows the pull request, or the repository's own branch that it comes from,
    /// from an earlier time; that one may be somebody's, so only where no worktree holds it.
    fn is_its(&self, repository: &Repository, name: &str) -> Result<bool> {
        let followed = repository.followed(name);
        let is_served = |remote: &String| *remote == self.pull.remote || self.is_made(remote);
        if !followed.remote.as_ref().is_some_and(is_served) {
            return Ok(false);
        }
        if followed.merge.as_ref() == Some(&self.pull.reference) {
            return Ok(true);
        }
        let head = self.pull.head_branch.as_ref().filter(|_| !self.is_foreign);
        let is_head = head.is_some_and(|head| followed.merge == Some(format!("refs/heads/{head}")));
        Ok(is_head && repository.branch_in_use(name)?.is_none())
    }

    /// Returns the remote that an earlier create made for the local branch `name`.
    #[must_use]
    pub fn made_remote(&self, repository: &Repository, name: &str) -> Option<String> {
        repository.followed(name).remote.filter(|remote| self.is_made(remote))
    }

    fn is_made(&self, remote: &str) -> bool {
        let made = format!("wt-{}", self.wanted.label());
        remote.strip_prefix(&made).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Returns what the new branch `local` follows, and where a plain push of it goes.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration cannot be read.
    pub fn settings(&self, repository: &Repository, local: &str) -> Result<PullSettings> {
        let Pull { remote, reference, head_branch, .. } = &self.pull;
        let unknown =
            PullSettings { remote: remote.clone(), merge: reference.clone(), ..PullSettings::default() };
        let Some(branch) = head_branch else { return Ok(unknown) };
        let name = || repository.choose_remote_name(&format!("wt-{}", self.wanted.label()));
        let made = |merge: String, push_url: String| -> Result<PullSettings> {
            let name = name()?;
            Ok(PullSettings {
                remote: name.clone(),
                push_remote: Some(name.clone()),
                made: Some(MadeRemote {
                    name,
                    url: self.url.clone(),
                    push_url,
                    fetch: format!("+{merge}:{}", self.kept),
                    push: format!("refs/heads/{local}:refs/heads/{branch}"),
                }),
                merge,
            })
        };
        let merge = format!("refs/heads/{branch}");
        match &self.fork {
            _ if !self.is_foreign && local == branch => {
                let elsewhere = repository.push_default().is_some_and(|other| other != *remote);
                let push_remote = elsewhere.then(|| remote.clone());
                Ok(PullSettings { remote: remote.clone(), merge, push_remote, made: None })
            }
            _ if !self.is_foreign => made(merge, self.url.clone()),
            Some((owner, name)) => match pull::fork_url(&self.url, owner, name) {
                Some(fork) => made(reference.clone(), fork),
                None => Ok(unknown),
            },
            None => Ok(unknown),
        }
    }
}

/// The local branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local {
    /// It is to be made.
    New(String),
    /// It is there from an earlier time, and follows the pull request.
    There(String),
}
