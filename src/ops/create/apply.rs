//! Carries a plan out: claim, make, finish. Any failure or Ctrl-C on the way undoes what was done, in reverse.

use std::cell::Cell;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::changes::{self, TakenChanges};
use super::claim::{Claimed, claim};
use super::planned::{BranchPlan, Plan};
use super::{finish, make, surroundings};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{GitSupport, Repository};
use crate::host::git_files::checkout;
use crate::host::lock::FileHold;
use crate::host::token;
use crate::model::advised::wt;
use crate::model::claim_ref;
use crate::model::passage;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::start::BranchStart;
use crate::model::variables::MissingVariable;
use crate::model::view::WorktreeView;
use crate::ops::carry::{self, Carried};
use crate::ops::claims;
use crate::ops::env_files::FileWritten;
use crate::ops::ports::passing;
use crate::ops::undo::{BranchMade, Undone, undo_create};
use crate::ops::{bases, foreign, main_worktree, view, watch::Watch};

/// How old a lock file must be to be taken for one that nobody will hold again.
const STALE_HOLD: Duration = Duration::from_hours(1);

/// How often ports are chosen again while others of the team are choosing too.
const PORT_TRIES: usize = 64;

/// What a create made.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    pub worktree: WorktreeView,
    /// That it was created and was not there before, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<bool>,
    /// How the files got there.
    pub way: GitSupport,
    /// What our own checkout wrote; absent where git did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout: Option<checkout::Report>,
    /// The uncommitted changes that were taken along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_changes: Option<TakenChanges>,
    pub branch: BranchPlan,
    /// Where the branch came from.
    pub start: BranchStart,
    /// What was carried into it; absent where nothing is named to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// The branch that is called as the identifier is, where the worktree's own is a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namesake: Option<String>,
    /// The variables of the env block, in order; also there with `--no-env`.
    #[serde(skip)]
    pub variables: Vec<(String, String)>,
    /// The files that have the env block.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_files: Vec<FileWritten>,
    /// Variables of `[env.set]` that name a service without a port here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_left_out: Vec<MissingVariable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Busy ports that were passed over (`--on-conflict retry`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<u16>,
    /// Who held these, in words.
    #[serde(skip)]
    pub said: Vec<String>,
}

/// Creates the worktree, or leaves everything as it was. A number that somebody else of the team has counts on.
///
/// # Errors
///
/// Whatever stopped it, after undoing; what could not be undone is named in the message.
pub fn apply(context: &Context, plan: Plan, watch: &dyn Watch) -> Result<Report> {
    let mut lost = claims::catch_up(context);
    if !context.config.shared_ports().is_empty() {
        // Their ports stand in its env block.
        lost.extend(main_worktree::follow(context));
    }
    let request = plan.request.clone();
    let mut plan = plan;
    let mut tries = 0;
    loop {
        let reference = plan.branch.name().map(claim_ref::reference);
        match apply_once(context, plan, watch) {
            Ok(mut report) => {
                report.warnings.append(&mut lost);
                return Ok(report);
            }
            Err(failure) if failure.code() == Code::Claimed && request.is_numbered() => {
                let (Some(reference), Ok(mut claimed)) = (reference, context.claimed.lock()) else {
                    return Err(failure);
                };
                if !claimed.insert(reference) {
                    return Err(failure);
                }
            }
            // Somebody was faster with a port: the next one is chosen.
            Err(failure)
                if failure.code() == Code::PortConflict && failure.details().contains_key("host") =>
            {
                tries += 1;
                if tries == PORT_TRIES {
                    return Err(failure);
                }
            }
            Err(failure) => return Err(failure),
        }
        plan = super::plan(context, &request)?;
    }
}

/// Creates that very worktree, or leaves everything as it was.
///
/// # Errors
///
/// Whatever stopped it, after undoing; what could not be undone is named in the message.
fn apply_once(context: &Context, mut plan: Plan, watch: &dyn Watch) -> Result<Report> {
    let _held = context.host.interrupt.hold();
    let repository = context.require_repository()?;
    changes::take(context, repository, &mut plan)?;
    let token = token::random()?;
    let holds = context.host.dirs()?.creating_folder()?;
    FileHold::sweep(&holds, STALE_HOLD);
    let hold = FileHold::take(&holds.join(&token))?;
    let Claimed { plan, entry, journal, passed_over, ahead, .. } = claim(context, &plan, &token)?;
    let chosen: Vec<Port> = plan.ports.iter().map(|choice| choice.port).collect();
    // Words alone: a failure here would leave what is on record by now.
    let said = passing::said(context, &passed_over, &chosen).unwrap_or_default();
    let branch_made = Cell::new(BranchMade::No);
    let made = claims::take_anyway(context, None, &entry, plan.request.take_over).and_then(|()| {
        let variables = crate::ops::env::variables_of(context, repository, &entry)?;
        carry::begin(context, plan.carry.as_ref(), &entry)?;
        let made = make::make(context, repository, &plan, &journal, &hold, &branch_made, watch)?;
        changes::lay_out(context, repository, &plan)?;
        let carried = carry::bring(context, repository, plan.carry.as_ref(), &entry, &made.admin, watch)?;
        let (entry, written) = finish::finish(context, repository, &entry, &made.admin)?;
        Ok((entry, written, variables, made, carried))
    });
    let (entry, written, variables, made, carried) = match made {
        Ok(finished) => finished,
        Err(failure) => return Err(undone(context, repository, &entry, branch_made.get(), failure)),
    };
    let (env_files, env_left_out, mut warnings) = written
        .map(|written| (written.env_files, written.env_left_out, written.warnings))
        .unwrap_or_default();
    repository.forget_made_branch(&token);
    hold.release();
    if claims::is_pending(context, &entry) {
        warnings.push(claims::NOT_YET.to_owned());
    }
    warnings.extend(carried.iter().flat_map(|carried| carried.warnings.clone()));
    warnings.splice(0..0, context.config.uncounted().chain(plan.warnings.iter().cloned()));
    warnings.extend(
        ahead.map(|ahead| passage::said(ahead, "nothing is forgotten that only the clock takes for old")),
    );
    warnings.extend(surroundings::attend(repository, &plan.path, &journal, &context.host.interrupt));
    if plan.request.hooks {
        warnings.extend(hook_warning(context, &plan, foreign::is_foreign(repository, &entry)));
    }
    warnings.extend(main_worktree::follow(context));
    if context.host.interrupt.is_raised() {
        return Err(Failure::new(
            Code::Interrupted,
            format!("interrupted after `{}` was created; it is at {}", entry.name, entry.path.display()),
        )
        .hint(format!("`{remove}` takes it back", remove = wt("remove {}", &[&entry.name]))));
    }
    let worktree = view::of_entry(context, repository, &entry)?;
    let base = bases::find(repository, &entry, worktree.head.as_deref());
    Ok(Report {
        worktree: WorktreeView { base: Some(base), ..worktree },
        created: plan.request.reuse.then_some(true),
        way: made.way,
        checkout: made.checkout,
        with_changes: plan.changes.as_ref().map(TakenChanges::from),
        branch: plan.branch,
        start: plan.start,
        carried,
        namesake: plan.namesake,
        variables,
        env_files,
        env_left_out,
        warnings,
        passed_over: passed_over.iter().map(|port| port.number()).collect(),
        said,
    })
}

/// Undoes the create and returns why it failed, with what could not be undone.
fn undone(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    branch_made: BranchMade,
    failure: Failure,
) -> Failure {
    match undo_create(context, repository, entry, branch_made) {
        Ok(Undone::Gone) => failure,
        Ok(Undone::Kept { foreign }) => {
            let named: Vec<String> = foreign.iter().take(5).map(|path| path.display().to_string()).collect();
            let message = format!(
                "{}\n{} was left: it holds what this create did not make: {}",
                failure.message(),
                entry.path.display(),
                named.join(", ")
            );
            Failure::new(failure.code(), message)
                .hint("move those files away, and the next `wt` command undoes the rest")
        }
        Err(second) => {
            let message = format!("{}\nundoing failed too: {}", failure.message(), second.message());
            Failure::new(failure.code(), message).hint("the next `wt` command tries to undo the rest again")
        }
    }
}

/// Runs git's `post-checkout` hooks as git would; a hook that fails spoils nothing.
fn hook_warning(context: &Context, plan: &Plan, is_foreign: bool) -> Option<String> {
    let repository = context.require_repository().ok()?;
    let outcome = repository
        .run_post_checkout(&plan.path, &plan.commit, is_foreign, &|| context.host.interrupt.is_raised());
    match outcome {
        Ok(None | Some(0)) => None,
        Ok(Some(status)) => Some(format!(
            "the post-checkout hook failed with status {status}; the worktree is there all the same"
        )),
        Err(failure) if failure.code() == Code::Interrupted => {
            Some("the post-checkout hook was interrupted; the worktree is there all the same".to_owned())
        }
        Err(failure) => Some(format!("the post-checkout hook could not be run: {failure}")),
    }
}
