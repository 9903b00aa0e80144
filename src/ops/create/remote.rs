//! `--branch REMOTE/NAME`: the remote's branch, followed under its short name. No local branch is made that bears a remote's
//! name, for git would call such a name ambiguous from then on.

use super::planned::{BranchPlan, Planned};
use super::request::{HeadWish, Request};
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::branch::RemoteBranch;

/// What remotes are usually called: a branch of such a name is hardly meant to be one of this repository.
const USUAL_REMOTES: [&str; 2] = ["origin", "upstream"];

/// What `--branch` names.
pub(super) struct NamedBranch {
    /// The request, its branch short.
    pub request: Request,
    /// The remote's branch, where one was named.
    pub tracked: Option<RemoteBranch>,
}

/// Reads the branch of the request.
///
/// # Errors
///
/// `name_invalid` for a full ref name and for a new branch of a remote's name, `branch_not_found` when the remote had no such
/// branch when it was last fetched.
pub(super) fn read(repository: &Repository, request: &Request) -> Result<NamedBranch> {
    let plain = || NamedBranch { request: request.clone(), tracked: None };
    let Some(named) = &request.branch else { return Ok(plain()) };
    let short = named.strip_prefix("refs/").unwrap_or(named).strip_prefix("remotes/").unwrap_or(named);
    let Some((remote, name)) = repository.split_remote(short)? else {
        if let Some(rest) = named.strip_prefix("refs/") {
            let short = rest.split_once('/').map_or(rest, |(_, short)| short);
            return Err(Failure::new(
                Code::NameInvalid,
                format!("`{}` is the full name of a ref, and no branch", named.escape_debug()),
            )
            .hint(format!("the short name of a branch will do: `--branch {}`", short.escape_debug())));
        }
        return Ok(plain());
    };
    let found = repository.find_tracking(short)?.filter(|found| found.name != "HEAD");
    let Some(found) = found else {
        if short == named && request.head == HeadWish::Branch && repository.find_branch(named)?.is_some() {
            // Made by hand: it can still be checked out.
            return Ok(plain());
        }
        if request.head == HeadWish::NewBranch {
            return Err(bears_a_remotes_name(named, &remote, &name));
        }
        return Err(Failure::new(
            Code::BranchNotFound,
            format!("the remote `{remote}` had no branch `{}` when it was last fetched", name.escape_debug()),
        )
        .hint(format!(
            "`git fetch {remote}`, then try again; a new branch is made by `--branch {}`",
            name.escape_debug()
        ))
        .detail("remote", remote));
    };
    if request.head == HeadWish::NewBranch {
        return Err(bears_a_remotes_name(named, &remote, &name));
    }
    let request = Request { branch: Some(found.name.clone()), ..request.clone() };
    Ok(NamedBranch { request, tracked: Some(found) })
}

fn bears_a_remotes_name(named: &str, remote: &str, name: &str) -> Failure {
    let (named, name) = (named.escape_debug(), name.escape_debug());
    Failure::new(
        Code::NameInvalid,
        format!("no new branch can be called `{named}`: it would bear the name of the remote `{remote}`"),
    )
    .hint(format!(
        "`--branch {name} --new-branch` makes a new one; `--branch {named}` alone follows the remote's"
    ))
}

/// Decides about a branch here that has the short name already.
///
/// # Errors
///
/// `branch_exists` when it follows something else than the remote's branch that was asked for.
pub(super) fn require_follows(repository: &Repository, name: &str, tracked: &RemoteBranch) -> Result<()> {
    let merge = format!("refs/heads/{}", tracked.name);
    let upstream = repository.upstream(name)?;
    if upstream.as_ref().is_some_and(|upstream| upstream.remote == tracked.remote && upstream.merge == merge)
    {
        return Ok(());
    }
    let (remote, short) = (&tracked.remote, &tracked.name);
    let follows = match upstream {
        Some(upstream) => {
            let other = upstream.merge.strip_prefix("refs/heads/").unwrap_or(&upstream.merge);
            if upstream.remote == "." {
                format!("follows `{other}`")
            } else {
                format!("follows `{}/{other}`", upstream.remote)
            }
        }
        None => "follows nothing".to_owned(),
    };
    Err(Failure::new(Code::BranchExists, format!("branch `{name}` exists already and {follows}"))
        .hint(format!(
            "let it follow: git branch --set-upstream-to={remote}/{short} {name}; or check it out as it is with `--branch {name}`"
        ))
        .detail("branch", name))
}

/// The plan for a remote's branch that was named and is not here yet.
pub(super) fn followed(name: String, tracked: &RemoteBranch, request: &Request) -> Planned {
    let (remote, commit) = (tracked.remote.clone(), tracked.commit.clone());
    let ignored = request
        .base
        .as_ref()
        .map(|base| format!("branch `{name}` is that of `{remote}`: `--base {base}` has no effect"));
    (
        BranchPlan::Track { name, remote, tracked: Box::new(tracked.clone()) },
        commit,
        ignored.into_iter().collect(),
    )
}

/// What is to be said about a new branch that was named like one of a remote, or whose template's name begins with a
/// remote's.
///
/// # Errors
///
/// Fails when git's configuration cannot be read.
pub(super) fn warning(
    repository: &Repository,
    request: &Request,
    branch: &BranchPlan,
) -> Result<Option<String>> {
    let (true, Some(branch)) = (branch.is_new(), branch.name()) else { return Ok(None) };
    if request.branch.is_some() {
        return Ok(usual_remote(repository, branch)?.map(|remote| {
            format!("there is no remote `{remote}`: `{branch}` is a new branch of this repository alone")
        }));
    }
    let remote = repository.split_remote(branch)?.map(|(remote, _)| remote);
    Ok(remote.map(|remote| {
        format!("branch `{branch}` begins with the name of the remote `{remote}`: git may call it ambiguous")
    }))
}

/// Returns the name that remotes usually bear, where the branch begins with it and no remote bears it here.
fn usual_remote(repository: &Repository, branch: &str) -> Result<Option<&'static str>> {
    let first = branch.split_once('/').map(|(first, _)| first);
    let Some(usual) = USUAL_REMOTES.into_iter().find(|usual| first == Some(usual)) else { return Ok(None) };
    Ok(repository.split_remote(branch)?.is_none().then_some(usual))
}
