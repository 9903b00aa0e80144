//! After a checkout: what is unfinished is healed, what vanished is released, a new worktree is adopted, and a switch of
//! branch is followed by the record and the env block.

use std::path::Path;

use super::passing::{self, Calls};
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::host::git::{Current, Repository, Whereabouts};
use crate::host::place;
use crate::model::adoption::AdoptionGround;
use crate::model::branch::Head;
use crate::model::event::Event;
use crate::model::hook_event::{Checkout, Want, wants};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::glimpse::RowGlimpse;
use crate::ops::adopt::unasked;
use crate::ops::arrival::{Arrival, arrive};
use crate::ops::{env_files, rows};

/// Does what a checkout calls for, and returns what there is to say about it.
#[must_use]
pub fn post_checkout(context: &Context, checkout: &Checkout, calls: Calls) -> Vec<String> {
    let occasion = Arrival::Checkout { heals: calls.heal, releases: calls.release };
    let mut said = arrive(context, occasion).said;
    if calls.worktree != Want::Nothing {
        match tend(context, checkout) {
            Ok(words) => said.extend(words),
            Err(failure) => said.push(with_next_step(&failure)),
        }
    }
    said
}

/// Looks at the worktree again, now with everything at hand, and does what it wants.
fn tend(context: &Context, checkout: &Checkout) -> Result<Option<String>> {
    let repository = context.require_repository()?;
    let Some(Current { path, admin }) = repository.current() else { return Ok(None) };
    let admin = admin.as_deref();
    let registry = context.store()?.read()?;
    let own = rows::find_current(repository, &registry);
    let Some(mut standing) = Whereabouts::find(path).map(|place| passing::standing(&place, checkout)) else {
        return Ok(None);
    };
    if matches!(standing.head, Head::Unreadable(_)) {
        standing.head = repository.read_head(admin)?;
    }
    match (wants(checkout, &standing, own.map(RowGlimpse::from).as_ref()), own) {
        (Want::Adopt, _) if context.config.adopt.auto => {
            Ok(unasked::record(context, path, AdoptionGround::of(&standing.head, None), false)?
                .map(|found| found.in_words()))
        }
        (Want::Follow, Some(entry)) if entry.is_main() => {
            env_files::follow(context, repository, entry).map(|_| None)
        }
        (Want::Follow, Some(entry)) => follow(context, repository, entry, path, standing.head.branch()),
        _ => Ok(None),
    }
}

/// Lets the record and the env block say the branch that is checked out, in the folder that the worktree is in.
fn follow(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    path: &Path,
    branch: Option<&str>,
) -> Result<Option<String>> {
    repository.require_own(path)?;
    let now = context.now();
    let here = place::HostSurroundings::read().place_of(path);
    let followed = context.store()?.update(|registry| {
        let Some(known) = registry.find_by_sequence(entry.sequence) else { return Ok(None) };
        // Another command came first: it is being removed.
        if known.state != EntryState::Active {
            return Ok(None);
        }
        if known.path != path {
            path.clone_into(&mut known.path);
            known.place = Some(here.clone());
        }
        // Another checkout may have come first, and its hook before us.
        let head = repository.head_in_file(&known.admin);
        let branch = head.as_ref().map_or(branch, Head::branch);
        let before = std::mem::replace(&mut known.branch, branch.map(ToOwned::to_owned));
        let known = known.clone();
        if before != known.branch {
            let event = Event::new("branch_changed").of(&known.repository, &known.name);
            registry.record_event(now, event.with("from", before).with("to", known.branch.clone()));
        }
        Ok(Some(known))
    })?;
    let Some(entry) = followed.filter(|entry| entry.env) else { return Ok(None) };
    env_files::follow(context, repository, &entry).map(|_| None).map_err(|failure| {
        Failure::new(
            failure.code(),
            format!("the env block of `{}` still names its former branch: {}", entry.name, failure.message()),
        )
        .hint("`wt env` when that is settled")
    })
}

fn with_next_step(failure: &Failure) -> String {
    match failure.next_step() {
        Some(hint) => format!("{} ({hint})", failure.message()),
        None => failure.message().to_owned(),
    }
}
