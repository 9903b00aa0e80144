//! `wt down`: everything of the worktree is stopped, in reverse order, and it is looked whether anything is left.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::contact::{self, WishAnswer, WishListener};
use super::place::ServicesPlace;
use super::remains::unseen;
use super::report::{self, ServiceView, Usages};
use super::{elsewhere, naming, supervision};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::process::identity;
use crate::host::services::kin::{self, KinSight};
use crate::host::services::record_file;
use crate::model::advised::wt;
use crate::model::process::ProcessId;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::protocol::Request as Ask;
use crate::model::services::record::KeptService;
use crate::model::view::as_text;
use crate::ops::env;
use crate::ops::health::record;
use crate::ops::services::remains::end_remains;

/// What was stopped.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    pub worktree: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    pub services: Vec<ServiceView>,
    /// Those that ran before.
    pub stopped: Vec<ServiceName>,
    /// Processes that no supervisor knew, and that were ended too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remains: Vec<u32>,
    /// Processes that may be of a service and cannot be proven to be: they were left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<u32>,
}

impl Report {
    /// Nothing of a worktree was stopped.
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            worktree: entry.name.clone(),
            path: entry.path.clone(),
            services: Vec::new(),
            stopped: Vec::new(),
            remains: Vec::new(),
            left: Vec::new(),
        }
    }
}

/// What is to be stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Everything where none is named.
    pub services: Vec<ServiceName>,
    /// To forget what is on record about them too.
    pub reset: bool,
}

/// Stops services of the worktree we stand in.
///
/// # Errors
///
/// `not_found` for a service that is not there; `service_failed` when something cannot be ended; `interrupted`.
pub fn down(context: &Context, request: &Request, listener: &mut dyn WishListener) -> Result<Report> {
    let entry = env::require_entry(context, None)?;
    let place = ServicesPlace::of(context, &entry)?;
    let record = record_file::find(&place.wish.folder, place.wish.sequence).unwrap_or_default();
    let runs = || record.services.iter().filter(|kept| !kept.state.is_resting()).map(|kept| &kept.plan.name);
    for name in &request.services {
        if !naming::is_configured(context, name) && runs().all(|known| known != name) {
            return Err(naming::unknown(context, name, runs()));
        }
    }
    let services = context.config.with_instances(&request.services);
    let report = stop_some(context, &entry, &place, &services, listener)?;
    if request.reset {
        forget(context, &entry, &place)?;
    }
    Ok(report)
}

/// Stops all services of a worktree.
///
/// # Errors
///
/// As [`down`].
pub fn stop(context: &Context, entry: &Entry, listener: &mut dyn WishListener) -> Result<Report> {
    stop_some(context, entry, &ServicesPlace::of(context, entry)?, &[], listener)
}

fn stop_some(
    context: &Context,
    entry: &Entry,
    place: &ServicesPlace,
    services: &[ServiceName],
    listener: &mut dyn WishListener,
) -> Result<Report> {
    let record = record_file::find(&place.wish.folder, place.wish.sequence).unwrap_or_default();
    let is_meant = |name: &ServiceName| services.is_empty() || services.contains(name);
    let mut report = Report::of(entry);
    report.stopped = record
        .services
        .iter()
        .filter(|kept| !kept.state.is_resting() && is_meant(&kept.plan.name))
        .map(|kept| kept.plan.name.clone())
        .collect();
    let is_supervised = contact::find(place)?.is_some();
    let mut facts = if is_supervised || contact::is_abandoned(place, &record) {
        match contact::ask(context, place, &Ask::Stop { services: services.to_vec() }, listener)? {
            WishAnswer::Done(facts) => facts,
            WishAnswer::Failed(failed) => return Err(super::failures::of_restart(context, place, failed)),
        }
    } else {
        record.services.iter().map(|kept| kept.facts(|_| false, false)).collect()
    };
    if services.is_empty() {
        let recorded: Vec<ProcessId> = record.processes().cloned().collect();
        report.remains = end_unsupervised(context, place, &recorded)?;
        report.left = KinSight::take().map_err(unseen())?.in_doubt(&place.wish.marker, &recorded, None);
    }
    let resting = facts.iter().filter(|facts| facts.state.is_resting() && is_meant(&facts.service));
    let mut resting: Vec<ServiceName> = resting.map(|facts| facts.service.clone()).collect();
    naming::leave_out_dropped(context, &mut facts);
    report.services = Usages::default().views(&facts, context.now(), &place.wish.marker, None);
    let elsewhere = elsewhere::find(context, entry, place, services);
    resting.retain(|service| elsewhere.iter().all(|known| known.service != *service));
    let registry = context.store()?.read()?;
    if let Some(entry) = registry.entries().find(|known| known.sequence == entry.sequence) {
        // Not to be had now is no harm: the next look at their health says it.
        let _ = record::stopped(context, entry, &resting);
    }
    for known in &elsewhere {
        listener.note(&elsewhere::is_left(context, known));
    }
    report::add_elsewhere(&mut report.services, &elsewhere);
    Ok(report)
}

/// Returns the services of a worktree that run, by name.
///
/// # Errors
///
/// Fails when the state folder cannot be found.
pub fn running(context: &Context, entry: &Entry) -> Result<Vec<String>> {
    let place = ServicesPlace::of(context, entry)?;
    let record = record_file::find(&place.wish.folder, place.wish.sequence).unwrap_or_default();
    let is_alive = |id: &ProcessId| record_file::is_alive(&place.wish.folder, id);
    let is_running = |kept: &&KeptService| !kept.state.is_resting() && kept.processes.iter().any(is_alive);
    Ok(record.services.iter().filter(is_running).map(|kept| kept.plan.name.to_string()).collect())
}

/// Returns the services of a worktree that run, and those that sleep until a request starts them, by name.
///
/// # Errors
///
/// As [`running`].
pub fn up(context: &Context, entry: &Entry) -> Result<Vec<String>> {
    let mut up = running(context, entry)?;
    let asleep = supervision::asleep(context, entry).into_iter().map(|name| name.to_string());
    up.extend(asleep);
    Ok(up)
}

/// The services of a worktree that run.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Runs {
    pub worktree: String,
    pub services: Vec<String>,
}

impl Runs {
    /// Says that they run on although nothing may start them any more.
    #[must_use]
    pub fn run_on(&self) -> String {
        let down = wt("down", &[]).of_worktree(&self.worktree);
        let services = self.services.join(", ");
        format!(
            "`{}` has services that run on and are not started again: {services}; `{down}` ends them",
            self.worktree
        )
    }
}

/// Returns what runs in the worktrees of the repository we stand in.
///
/// # Errors
///
/// Fails when the registry or the state folder cannot be read.
pub fn running_in_repository(context: &Context) -> Result<Vec<Runs>> {
    let Some(id) = context.require_repository()?.find_id() else { return Ok(Vec::new()) };
    let registry = context.store()?.read()?;
    let entries = registry.entries().filter(|entry| entry.repository_id == id && entry.is_living());
    let runs =
        entries.map(|entry| Ok(Runs { worktree: entry.name.clone(), services: running(context, entry)? }));
    Ok(runs.collect::<Result<Vec<_>>>()?.into_iter().filter(|runs| !runs.services.is_empty()).collect())
}

/// Returns the pids of all living processes of a worktree's services.
///
/// # Errors
///
/// As [`running`].
pub fn processes(context: &Context, entry: &Entry) -> Result<Vec<u32>> {
    let place = ServicesPlace::of(context, entry)?;
    let record = record_file::find(&place.wish.folder, place.wish.sequence).unwrap_or_default();
    let recorded: Vec<ProcessId> = record.processes().cloned().collect();
    // A number of another container means another process here.
    let is_here = |id: &ProcessId| identity::is_from_here(id) && identity::is_alive(id);
    let supervisor = record.supervisor.filter(is_here).map(|supervisor| supervisor.pid);
    let found = kin::of_worktree(&place.wish.marker, &recorded, supervisor).map_err(unseen())?;
    Ok(found.iter().map(|kin| kin.id.pid).collect())
}

/// Ends what is left where nobody supervises. Somebody may have started services again meanwhile: what runs is theirs then.
fn end_unsupervised(context: &Context, place: &ServicesPlace, recorded: &[ProcessId]) -> Result<Vec<u32>> {
    if kin::of_worktree(&place.wish.marker, recorded, None).map_err(unseen())?.is_empty() {
        return Ok(Vec::new());
    }
    let folder = &place.wish.folder;
    // As long as we have the seat nobody starts anything; without the folder there is none to take.
    let seat = super::seat::seat(context, folder, super::seat::LEAVING)?;
    if seat.is_none() && folder.exists() {
        return Ok(Vec::new());
    }
    end_remains(context, place, recorded)
}

fn forget(context: &Context, entry: &Entry, place: &ServicesPlace) -> Result<()> {
    context.store()?.update(|registry| {
        if let Some(known) = registry.find_by_sequence(entry.sequence) {
            known.notes.processes.clear();
        }
        Ok(())
    })?;
    let folder = &place.wish.folder;
    if !folder.exists() {
        return Ok(());
    }
    let Some(_seat) = super::seat::seat(context, folder, super::seat::LEAVING)? else {
        return Err(Failure::new(
            Code::ServiceFailed,
            "the services were stopped, and somebody uses them again",
        )
        .hint("`wt status` shows how they stand; nothing of their record was forgotten"));
    };
    let failed = super::internal::internal("the record of the services cannot be removed");
    record_file::forget(folder).map_err(failed)
}
