//! What a create would do, from reading alone: which branch, which commit, which folder, which way. This is what
//! `--dry-run` shows and what `apply` consumes.

use std::collections::HashSet;
use std::path::PathBuf;

use super::draft::{NameDraft, draft, draft_name};
use super::place::require_free_path;
use super::request::WantedPorts;
use super::request::{HeadWish, Request};
use super::{changes, refusal, remote, start, wishes};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::branch::{Head, RemoteBranch};
use crate::model::claim_ref;
use crate::model::env_files;
use crate::model::foreign::ForeignMark;
use crate::model::identifier::Identifier;
use crate::model::purpose::Purpose;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::suggestion;
use crate::ops::carry;
use crate::ops::create::planned::Planned;
use crate::ops::create::{BranchPlan, Plan};
use crate::ops::env_files::require_untracked;
use crate::ops::{claims, foreign, unkept_claims};

/// How often a number is chosen again while others are choosing too.
const NUMBER_TRIES: usize = 64;

/// What becomes of a stranger's commit.
const STRANGERS: &str = "nothing that is configured runs there and nothing is carried into it";

/// Reads what is there and decides everything but the ports; changes nothing.
///
/// # Errors
///
/// Everything that would stop the create before anything is made, with the code that the contract gives it.
pub fn plan(context: &Context, request: &Request) -> Result<Plan> {
    let store = context.store()?;
    claims::see(context, request.is_numbered());
    let mut tries = 0;
    loop {
        let seen = store.read()?;
        let failure = match plan_names(context, request, &seen) {
            Ok(plan) => {
                return carrying(context, plan, request);
            }
            Err(failure) => failure,
        };
        // A number that was free when the registry was read may be another create's by now: then the next one is. And of
        // creates that are alike the one that comes later may see the other's branch or folder before its record: then
        // the record is what refuses it.
        let is_numbered = request.is_numbered();
        tries += 1;
        let may_change = is_numbered || seen != store.read()?;
        if !may_change || tries == NUMBER_TRIES || !is_taken(&failure) {
            return Err(failure);
        }
    }
}

/// What the user keeps in the main worktree is nothing for a stranger's code.
fn carrying(context: &Context, plan: Plan, request: &Request) -> Result<Plan> {
    let is_foreign = plan.mark.as_ref().is_some_and(|mark| mark.is_foreign_at(Some(&plan.commit)));
    let wish = if is_foreign { &carry::CarryWish::Nothing } else { &request.carry };
    let carry = carry::plan(context, context.require_repository()?, wish)?;
    let mut plan = plan.carrying(carry);
    if is_foreign && matches!(request.carry, carry::CarryWish::From(_)) {
        plan.warnings.push("nothing is carried: the code is a stranger's".to_owned());
    }
    Ok(plan)
}

/// Whose code the branch has.
fn mark_of(
    context: &Context,
    repository: &Repository,
    branch: &BranchPlan,
    commit: &str,
) -> Result<Option<ForeignMark>> {
    match branch {
        BranchPlan::Existing { name } => {
            foreign::of_adopted(context, repository, None, Some(name), Some(commit))
        }
        BranchPlan::Track { tracked, .. } => foreign::of_remote(context, repository, tracked),
        BranchPlan::New { .. } | BranchPlan::Detached => foreign::of_commit(context, repository, commit),
    }
}

/// Answers whether a name was refused because somebody has it.
pub(super) fn is_taken(failure: &Failure) -> bool {
    matches!(
        failure.code(),
        Code::WorktreeExists | Code::BranchExists | Code::BranchCheckedOut | Code::PathNotEmpty
    )
}

/// The purpose and the names of the one worktree that is asked for.
///
/// # Errors
///
/// `usage` where the request names none.
pub(super) fn named(context: &Context, request: &Request) -> Result<(Purpose, NameDraft)> {
    let repository = context.require_repository()?;
    let request = &remote::read(repository, request)?.request;
    let purpose = require_purpose(context, request.purpose.as_ref())?;
    let Some(identifier) = chosen_identifier(request, &purpose)? else {
        return Err(Failure::new(Code::Usage, "`--reuse` asks for a certain worktree, and none is named")
            .hint("name the work: `wt create ID --reuse`"));
    };
    let draft = drafted(context, repository, request, &purpose, identifier)?;
    Ok((purpose, draft))
}

/// Returns name and folder of the one worktree that is asked for.
///
/// # Errors
///
/// As [`plan`] says of names.
pub fn names(context: &Context, request: &Request) -> Result<(String, PathBuf)> {
    named(context, request).map(|(_, draft)| (draft.name, draft.path))
}

/// The plan without ports: names, branch, commit, folder.
pub(super) fn plan_names(context: &Context, request: &Request, registry: &Registry) -> Result<Plan> {
    let repository = context.require_repository()?;
    repository.require_nameable()?;
    let asked = request;
    let named = remote::read(repository, request)?;
    let (request, tracked) = (&named.request, named.tracked.as_ref());
    let purpose = require_purpose(context, request.purpose.as_ref())?;
    let mut wishes = wishes::wishes_of(context, &purpose, request.ports.as_ref())?;
    let id = repository.find_id();
    let draft = match chosen_identifier(request, &purpose)? {
        Some(identifier) => drafted(context, repository, request, &purpose, identifier)?,
        None => next_free(context, repository, request, &purpose, registry, id.as_ref())?,
    };
    // Of creates that are alike all but the first are refused alike: for the worktree, before its branch.
    if let Some(taken) = id.as_ref().and_then(|id| registry.find_living(id, &draft.name)) {
        let branch = match repository.read_head(Some(&taken.admin)) {
            Ok(Head::Branch(branch)) => branch,
            _ => taken.branch.clone().unwrap_or_else(|| draft.branch.clone()),
        };
        let again = refusal::beside(context, &branch, &purpose, request);
        return Err(refusal::name_taken(&taken.name, &taken.path)
        .hint(format!(
            "`{switch}` goes there, `{remove}` takes it back, `{reuse}` takes it as it is; to start a new branch from \
             it: `{again}`",
            reuse = refusal::typed(context, "create").with(&["--reuse"]),
            switch = wt("switch {}", &[&taken.name]),
            remove = wt("remove {}", &[&taken.name])
        )));
    }
    let (branch, commit, mut warnings) =
        branch_plan(context, repository, request, &purpose, &draft, tracked)?;
    warnings.extend(remote::warning(repository, request, &branch)?);
    warnings.extend(unkept_claims::warning_here(context));
    warnings.extend(twice_named(registry, id.as_ref(), &purpose, &draft));
    if let Some(WantedPorts::Services(named)) = &request.ports {
        warnings.extend(context.config.unconfigured(named));
    }
    let mark = match &request.pull {
        Some(pull) => Some(pull.mark.clone()),
        None => mark_of(context, repository, &branch, &commit)?,
    };
    let is_foreign = mark.as_ref().is_some_and(|mark| mark.is_foreign_at(Some(&commit)));
    if is_foreign && request.pull.is_none() {
        let trust = wt("trust --here", &[]).at(draft.path.display());
        warnings.push(format!("it has a stranger's commit: {STRANGERS}, until `{trust}` allows the commit"));
    }
    let start = start::start(context, repository, request, &branch, &commit, tracked);
    let namesake = start::find_namesake(repository, request, &draft, &branch)?;
    if request.with_changes {
        changes::require_source(context, repository)?;
    }
    let folder_existed = require_free_path(repository, registry, &draft.path)?;
    let env_files = if request.env {
        let targets = env_files::targets(&context.config, |path| repository.is_in_commit(&commit, path))?;
        require_untracked(context, &targets)?;
        targets.files.into_iter().map(|target| target.path).collect()
    } else {
        Vec::new()
    };
    let way = repository.way(&commit)?;
    if !request.env && !wishes.is_empty() {
        warnings.push("ports are allocated but no `.env` tells the servers (`--no-env`)".to_owned());
    }
    if let Some(id) = &id {
        let name = (branch.name().is_none()).then_some(draft.name.as_str());
        let former = registry.find_former(id, branch.name(), Some(&purpose), name);
        wishes = wishes.into_iter().map(|wish| wish.recalling(former)).collect();
    }
    Ok(Plan {
        name: draft.name,
        path: draft.path,
        branch,
        start,
        namesake,
        commit,
        purpose,
        identifier: draft.identifier,
        way,
        ports: Vec::new(),
        env: request.env,
        env_files,
        lock: request.lock.clone(),
        warnings,
        mark,
        changes: None,
        request: asked.clone(),
        carry: None,
        wishes,
        folder_existed,
    })
}

/// What is said where the identifier begins with the purpose and names a worktree: that one was hardly to be made again.
fn twice_named(
    registry: &Registry,
    id: Option<&RepositoryId>,
    purpose: &Purpose,
    draft: &NameDraft,
) -> Option<String> {
    let named = draft.identifier.as_str();
    named.strip_prefix(purpose.as_str()).filter(|rest| rest.starts_with('-'))?;
    let known = registry.find_living(id?, named)?;
    Some(format!(
        "there is a worktree `{named}` already, and this one is another: `{name}`; if that one was meant: `{switch}`",
        name = draft.name,
        switch = wt("switch {}", &[&known.name])
    ))
}

pub fn require_purpose(context: &Context, wanted: Option<&Purpose>) -> Result<Purpose> {
    let wanted = match wanted {
        Some(wanted) => wanted.clone(),
        None => "feature".parse().map_err(|message: String| Failure::new(Code::Internal, message))?,
    };
    if context.config.find_purpose(&wanted).is_some() {
        return Ok(wanted);
    }
    let known: Vec<&str> = context.config.purposes.iter().map(|(name, _)| name.as_str()).collect();
    let hint = match suggestion::nearest(wanted.as_str(), &known) {
        Some(near) => format!("did you mean `{near}`? The purposes are {}", known.join(", ")),
        None => format!("the purposes are {}", known.join(", ")),
    };
    Err(Failure::new(Code::Usage, format!("there is no purpose `{wanted}`")).hint(hint))
}

/// The identifier that was named, or that the named branch stands for.
fn chosen_identifier(request: &Request, purpose: &Purpose) -> Result<Option<Identifier>> {
    if let Some(identifier) = &request.identifier {
        return Ok(Some(identifier.clone()));
    }
    let Some(branch) = &request.branch else { return Ok(None) };
    let short =
        branch.strip_prefix(purpose.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(branch);
    match Identifier::from_text(short) {
        Some(identifier) => Ok(Some(identifier)),
        None => Err(Failure::new(
            Code::NameInvalid,
            format!("branch `{}` gives no identifier", branch.escape_debug()),
        )
        .hint("name one with `--identifier`")),
    }
}

fn drafted(
    context: &Context,
    repository: &Repository,
    request: &Request,
    purpose: &Purpose,
    identifier: Identifier,
) -> Result<NameDraft> {
    draft(context, repository, purpose, identifier, request.branch.as_deref(), request.path.as_deref())
}

/// The lowest number that no worktree, branch or folder uses yet. A remote's branch is somebody's too: taken over it would
/// be theirs that one works on.
fn next_free(
    context: &Context,
    repository: &Repository,
    request: &Request,
    purpose: &Purpose,
    registry: &Registry,
    id: Option<&RepositoryId>,
) -> Result<NameDraft> {
    let living = id.iter().flat_map(|id| registry.living(id));
    let known: HashSet<&str> = living.map(|entry| entry.name.as_str()).collect();
    for number in 1..=9999_u32 {
        let identifier =
            number.to_string().parse().map_err(|message: String| Failure::new(Code::Internal, message))?;
        // Of most numbers that are taken the record says so, and nothing else needs to be asked.
        if known.contains(draft_name(context, repository, purpose, &identifier)?.as_str()) {
            continue;
        }
        let draft = drafted(context, repository, request, purpose, identifier)?;
        let placed = request.path.is_none() && draft.path.symlink_metadata().is_ok();
        let branched = request.head != HeadWish::Detached
            && (repository.find_branch(&draft.branch)?.is_some()
                || !repository.find_remote_branches(&draft.branch)?.is_empty());
        let is_claimed = context
            .claimed
            .lock()
            .is_ok_and(|claimed| claimed.contains(&claim_ref::reference(&draft.branch)));
        let branched = branched || is_claimed;
        if !placed && !branched && registry.find_at(&draft.path).is_none() {
            return Ok(draft);
        }
        if request.path.is_some() && registry.find_at(&draft.path).is_some() {
            return Ok(draft);
        }
    }
    Err(Failure::new(Code::WorktreeExists, format!("{purpose}-1 to {purpose}-9999 are all taken"))
        .hint("name the work: `wt create ID`"))
}

fn branch_plan(
    context: &Context,
    repository: &Repository,
    request: &Request,
    purpose: &Purpose,
    draft: &NameDraft,
    tracked: Option<&RemoteBranch>,
) -> Result<Planned> {
    let name = draft.branch.clone();
    if request.head == HeadWish::Detached {
        return Ok((BranchPlan::Detached, base_commit(context, repository, request)?, Vec::new()));
    }
    if let Some(tip) = repository.find_branch(&name)? {
        if request.head == HeadWish::NewBranch {
            return Err(Failure::new(Code::BranchExists, format!("branch `{name}` exists already"))
                .hint("leave out `--new-branch` to check it out, or choose another name"));
        }
        if let Some(used) = repository.branch_in_use(&name)? {
            return Err(refusal::branch_in_use(context, &name, &used, purpose, request));
        }
        if let Some(tracked) = tracked {
            remote::require_follows(repository, &name, tracked)?;
        }
        let ignored = request
            .base
            .as_ref()
            .map(|base| format!("branch `{name}` exists: `--base {base}` has no effect"));
        return Ok((BranchPlan::Existing { name }, tip, ignored.into_iter().collect()));
    }
    if let Some(used) = repository.new_branch_in_use(&name)? {
        return Err(refusal::branch_in_use(context, &name, &used, purpose, request));
    }
    if let Some(obstacle) = repository.branch_obstacle(&name)? {
        return Err(Failure::new(
            Code::BranchExists,
            format!("branch `{name}` cannot be made while branch `{obstacle}` exists: one name would be a folder of the other"),
        )
        .hint("choose another identifier, or name the branch with `--branch`"));
    }
    if let Some(found) = tracked {
        return Ok(remote::followed(name, found, request));
    }
    if request.head == HeadWish::Branch && request.base.is_none() {
        let mut remotes = repository.find_remote_branches(&name)?;
        if let Some(chosen) = repository.find_remote_branch(&name)? {
            remotes = vec![chosen];
        }
        if remotes.len() > 1 {
            let named: Vec<String> = remotes.iter().map(|found| format!("{}/{name}", found.remote)).collect();
            return Err(Failure::new(
                Code::Ambiguous,
                format!("branch `{name}` exists on several remotes: {}", named.join(", ")),
            )
            .hint(format!("say which with `--base {}`, or set `checkout.defaultRemote`", named[0])));
        }
        if let Some(found) = remotes.pop() {
            let (remote, commit) = (found.remote.clone(), found.commit.clone());
            return Ok((BranchPlan::Track { name, remote, tracked: Box::new(found) }, commit, Vec::new()));
        }
    }
    Ok((BranchPlan::New { name }, base_commit(context, repository, request)?, Vec::new()))
}

fn base_commit(context: &Context, repository: &Repository, request: &Request) -> Result<String> {
    let configured = start::configured_base(context, repository)?;
    let spec = request.base.as_deref().or(configured.as_deref()).unwrap_or("HEAD");
    if let Some(commit) = repository.find_commit(spec)? {
        return Ok(commit);
    }
    if request.base.is_none() {
        return Err(Failure::new(Code::BranchNotFound, "HEAD points at a branch without a commit yet")
            .hint("commit something first, or name a commit with `--base`"));
    }
    Err(Failure::new(Code::BranchNotFound, format!("`{}` is not a commit here", spec.escape_debug()))
        .hint("`git branch --all` lists the branches; fetch first if it is on a remote"))
}
