//! The first transaction of a create: choose the ports, probe each, and record the entry as *creating*, all under one
//! lock, so that no two creates ever get the same port or name.

use jiff::{SignedDuration, Timestamp};

use super::plan::plan_names;
use super::planned::{BranchPlan, Plan};
use super::refusal;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::folder::missing_above;
use crate::host::git::Repository;
use crate::host::place::HostSurroundings;
use crate::host::process::identity;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::forgetting::SHORTEST;
use crate::model::registry::journal::{Journal, PullMade};
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::ops::choose::Passing;
use crate::ops::host_ports;
use crate::ops::ports::ledger::{self, Asking, RefusedPorts};
use crate::ops::vanished::room;

/// A create that has its name and its ports, and nothing on disk yet.
#[derive(Debug)]
pub struct Claimed {
    pub plan: Plan,
    pub entry: Entry,
    pub journal: Journal,
    /// Busy ports passed over on the way.
    pub passed_over: Vec<Port>,
    /// How far ahead the clock seems to be, where something was kept for that.
    pub ahead: Option<SignedDuration>,
    /// Before when the history is to be forgotten.
    history_ends: Option<Timestamp>,
}

/// Claims name and ports; busy ports are passed over where the policy says so.
///
/// # Errors
///
/// `port_conflict`, `range_exhausted`, `port_denied`, or `worktree_exists` when somebody was faster.
pub fn claim(context: &Context, plan: &Plan, token: &str) -> Result<Claimed> {
    let passing = refusal::passing(&refusal::policy(context, plan));
    let attempt = || attempt(context, plan, token, passing);
    let is_wanting = |outcome: &Attempt| outcome.as_ref().is_err_and(|(_, refused)| refused.is_wanting());
    match ledger::with_room(context, attempt, is_wanting)? {
        Ok(claimed) => {
            if let Some(before) = claimed.history_ends {
                // A history that cannot be shortened now is shortened by a later create.
                let _ = context.store()?.forget_events(before);
            }
            Ok(*claimed)
        }
        Err((plan, refused)) => Err(refusal::refused_create(context, &plan, &refused)?),
    }
}

type Attempt = Result<Box<Claimed>, (Box<Plan>, RefusedPorts)>;

fn attempt(context: &Context, plan: &Plan, token: &str, passing: Passing) -> Result<Attempt> {
    let repository = context.require_repository()?;
    let id = repository.require_id()?;
    let record = repository.record()?;
    let witnesses = context.witnesses()?;
    let now = witnesses.now;
    let keep = context.config.registry.forget;
    let kept_events = context.config.events.keep;
    let before = now.checked_sub(kept_events.max(SHORTEST)).ok();
    let before = before.filter(|before| context.store().is_ok_and(|store| store.has_events_before(*before)));
    let seen = context.store()?.read()?;
    let gone = room::gone_in_any_state(context, &seen)?;
    let gone = gone.into_iter().map(|entry| entry.sequence).collect();
    host_ports::update(context, |registry| {
        let mut plan = plan.clone();
        let named = registry.find_living(&id, &plan.name).is_some();
        if named || registry.find_at(&plan.path).is_some() {
            // Somebody was faster: a numbered name moves on, a chosen one is refused.
            let (changes, carry) = (plan.changes.take(), plan.carry.take());
            plan = Plan { changes, ..plan_names(context, &plan.request, registry)?.carrying(carry) };
        }
        require_free_branch(context, registry, repository, &id, &plan)?;
        let purpose = Some(&plan.purpose);
        let asking = Some(Asking { repository: repository.root(), name: &plan.name, purpose });
        let drawn = ledger::draw(context, registry, asking, &plan.wishes, passing, now)?;
        let (choices, passed_over) = match drawn {
            Ok(drawn) => drawn,
            Err(refused) => return Ok(Err((Box::new(plan), refused))),
        };
        // Here, since every create adds to what there is to remember.
        let forgotten = registry.forget(&witnesses, keep, &gone, room::is_repository_gone);
        for entry in forgotten.entries {
            registry.record_event(now, Event::new("forgotten").of(&entry.repository, &entry.name));
        }
        let may_forget = registry.may_forget_history(&witnesses, kept_events, before.is_some());
        let history_ends = before.filter(|_| may_forget);
        let ahead = forgotten.ahead.max(registry.note_removed(&witnesses));
        registry.remember_repository(record.clone());
        plan.ports = choices;
        let journal = journal(&plan, token);
        let (name, path) = (plan.name.clone(), plan.path.clone());
        let mut entry = Entry {
            branch: plan.branch.name().map(ToOwned::to_owned),
            purpose: Some(plan.purpose.clone()),
            identifier: plan.identifier.to_string(),
            state: EntryState::Creating { process: identity::current()?, journal: journal.clone() },
            host: context.host.name(),
            place: Some(HostSurroundings::read().place_of(&plan.path)),
            env: plan.env,
            ..Entry::new(repository.root(), id.clone(), name, path, "wt", now)
        };
        if let Some(base) = plan.start.base(&plan.commit) {
            entry.notes.base.write(&base);
        }
        plan.mark.iter().for_each(|mark| entry.notes.foreign.write(mark));
        entry.name_block_files(&plan.env_files);
        let entry = ledger::enter(context, registry, entry, &plan.ports, now)?;
        let ports: Vec<u16> = plan.ports.iter().map(|choice| choice.port.number()).collect();
        registry.record_event(
            now,
            Event::new("create_started")
                .of(repository.root(), &plan.name)
                .with("ports", ports)
                .with("token", token),
        );
        Ok(Ok(Box::new(Claimed { plan, entry, journal, passed_over, ahead, history_ends })))
    })
}

/// Two creates may have planned to check out one branch: under the lock only the first one may.
fn require_free_branch(
    context: &Context,
    registry: &Registry,
    repository: &Repository,
    id: &RepositoryId,
    plan: &Plan,
) -> Result<()> {
    let Some(branch) = plan.branch.name() else { return Ok(()) };
    let is_rival = |entry: &&Entry| {
        matches!(entry.state, EntryState::Creating { .. }) && entry.branch.as_deref() == Some(branch)
    };
    if let Some(rival) = registry.living(id).find(is_rival) {
        return Err(Failure::new(
            Code::BranchCheckedOut,
            format!("branch `{branch}` is being checked out by `{}` at this moment", rival.name),
        )
        .hint(format!(
            "to start a new branch from it: `{}`",
            refusal::from_branch(context, branch, &plan.purpose, &plan.request)
        )));
    }
    // A new one is nobody's until it is made, and it can be made only once.
    if plan.branch.is_new() {
        return Ok(());
    }
    match repository.branch_in_use(branch)? {
        Some(used) => Err(refusal::branch_in_use(context, branch, &used, &plan.purpose, &plan.request)),
        None => Ok(()),
    }
}

/// What will be made, written down before any of it is.
fn journal(plan: &Plan, token: &str) -> Journal {
    let new_branch = match &plan.branch {
        BranchPlan::New { name } | BranchPlan::Track { name, .. } => Some(name.clone()),
        BranchPlan::Existing { .. } | BranchPlan::Detached => None,
    };
    Journal {
        token: token.to_owned(),
        commit: plan.commit.clone(),
        new_branch,
        admin: None,
        folder_existed: plan.folder_existed,
        new_parents: missing_above(&plan.path),
        env: plan.env,
        changes: plan.changes.as_ref().map(|changes| changes.commit.clone()),
        lock: plan.lock.clone().map(Option::unwrap_or_default),
        pull: plan.request.pull.as_ref().map(|pull| PullMade {
            kept: pull.kept.clone(),
            was_kept: pull.was_kept,
            // One that an earlier create made stays with its branch.
            remote: pull.settings.as_ref().and_then(|settings| Some(settings.made.as_ref()?.name.clone())),
        }),
        extra: serde_json::Map::new(),
    }
}

/// The failure of a create whose entry somebody took away meanwhile.
pub fn vanished(name: &str) -> Failure {
    Failure::new(Code::NotFound, format!("the record of `{name}` was taken away while it was being created"))
        .hint("run the command again")
}
