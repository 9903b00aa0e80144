//! `wt status`: how the services of a worktree stand, from their supervisor, else from what is on record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::contact::{self, Deaf, WishAnswer, WishListener};
use super::place::ServicesPlace;
use super::report::{self, ServiceView, Usages};
use super::{elsewhere, naming, standing, supervision};
use crate::context::Context;
use crate::error::Result;
use crate::host::process::identity;
use crate::host::services::{log_file, record_file};
use crate::model::advised::wt;
use crate::model::port::Port;
use crate::model::process::ProcessId;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::protocol::{Request as Ask, ServiceFacts};
use crate::model::services::state::ServiceState;
use crate::model::view::as_text;
use crate::ops::env;
use crate::ops::sharing::Sharing;

/// How the services stand.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    pub worktree: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// The supervisor's pid; `None` where nothing is supervised.
    pub supervisor: Option<u32>,
    pub services: Vec<ServiceView>,
}

impl Report {
    /// Answers whether all services are ready, or done with what they had to do. One that sleeps is not: nothing of it runs.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let is_there =
            |view: &ServiceView| matches!(view.state, ServiceState::Ready | ServiceState::Completed);
        self.services.iter().all(is_there)
    }
}

/// Returns why services of a worktree failed, by name: nobody starts them again by itself. One that a server started
/// elsewhere stands in for has not.
#[must_use]
pub fn failed(context: &Context, entry: &Entry) -> BTreeMap<ServiceName, String> {
    let recorded = supervision::recorded(context, entry).into_iter();
    let mut failed: BTreeMap<ServiceName, String> = recorded
        .filter(|facts| facts.state == ServiceState::Failed)
        .map(|facts| (facts.service, facts.reason.unwrap_or_default()))
        .collect();
    if failed.is_empty() {
        return failed;
    }
    let Ok(place) = ServicesPlace::of(context, entry) else { return failed };
    let ports = entry.allocations.iter().filter(|known| failed.contains_key(&known.service));
    let ports: Vec<(ServiceName, Port)> =
        ports.filter_map(|known| Some((known.service.clone(), known.find_port()?))).collect();
    for known in elsewhere::find_on(context, entry, &place, &ports) {
        failed.remove(&known.service);
    }
    failed
}

/// Returns what looks at these services, which serve all worktrees, in the main one, and how one stands there; `None` where that is
/// no member.
///
/// # Errors
///
/// As [`Looker::new`].
pub(super) fn of_shared(
    context: &Context,
    entry: &Entry,
    services: &[ServiceName],
) -> Result<Option<(Looker, Context)>> {
    let Some((_, there)) = standing::of_shared(context, entry, services) else { return Ok(None) };
    Ok(Some((Looker::new(&there, None, services.to_vec())?, there)))
}

/// Says of those that serve all worktrees how many use them.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub(super) fn mark(context: &Context, entry: &Entry, views: &mut [ServiceView]) -> Result<()> {
    let sharing = Sharing::of(context, entry);
    for view in views.iter_mut().filter(|view| context.config.is_shared(&view.service)) {
        view.shared_by = Some(sharing.users(&view.service)?.len());
    }
    Ok(())
}

/// Looks once or again and again.
#[derive(Debug)]
pub struct Looker {
    entry: Entry,
    place: ServicesPlace,
    /// All where none is named.
    services: Vec<ServiceName>,
    usages: Usages,
    /// Whether nothing is taken over.
    only_looks: bool,
    /// Since when samples are shown.
    since: Option<Timestamp>,
}

impl Looker {
    /// Looks at `services`, all where none is named, of the worktree called `worktree`, or of the one we stand in.
    ///
    /// # Errors
    ///
    /// `not_found` for a worktree that is not recorded.
    pub fn new(context: &Context, worktree: Option<&str>, services: Vec<ServiceName>) -> Result<Self> {
        let entry = env::require_entry(context, worktree)?;
        let place = ServicesPlace::of(context, &entry)?;
        Ok(Self { entry, place, services, usages: Usages::default(), only_looks: false, since: None })
    }

    /// Looks alone: services that a killed supervisor left stay as they are.
    #[must_use]
    pub fn only_looking(self) -> Self {
        Self { only_looks: true, ..self }
    }

    /// Shows what the supervisor saw since then, too.
    #[must_use]
    pub fn since(self, since: Option<Timestamp>) -> Self {
        Self { since, ..self }
    }

    /// Looks. Services that a killed supervisor left are taken over first.
    ///
    /// # Errors
    ///
    /// `not_found` for a service that is not there; fails when the supervisor does not answer.
    pub fn ask(&mut self, context: &Context, listener: &mut dyn WishListener) -> Result<Report> {
        let place = &self.place;
        let read = || record_file::find(&place.wish.folder, place.wish.sequence).unwrap_or_default();
        let asked = self.since.map_or(Ask::Status, |since| Ask::Samples { since });
        let answer = match contact::ask_if_there(context, place, &asked, listener)? {
            None if !self.only_looks
                && !context.config.policy.is_read_only()
                && contact::is_abandoned(place, &read()) =>
            {
                Some(contact::ask(context, place, &asked, listener)?)
            }
            answer => answer,
        };
        let mut facts = match answer {
            Some(WishAnswer::Done(facts)) => facts,
            Some(WishAnswer::Failed(failed)) => {
                return Err(super::failures::of_restart(context, place, failed));
            }
            None => supervision::recorded(context, &self.entry),
        };
        self.say_own_ports(&mut facts);
        self.add_others(context, &mut facts);
        if let Some(unknown) =
            self.services.iter().find(|name| facts.iter().all(|facts| facts.service != **name))
        {
            return Err(naming::unknown(context, unknown, facts.iter().map(|facts| &facts.service)));
        }
        facts.retain(|facts| self.services.is_empty() || self.services.contains(&facts.service));
        let shared = self.look_at_shared(context, &facts)?;
        // Where the main worktree is no member it stays as it is: stopped.
        facts.retain(|facts| shared.iter().all(|view| view.service != facts.service));
        self.say_where_output_is_lost(&mut facts);
        let supervisor =
            record_file::find(&place.wish.folder, place.wish.sequence).and_then(|record| record.supervisor);
        // One that was killed had nothing left to supervise; its number may be anybody's by now.
        let is_here = |id: &ProcessId| identity::is_from_here(id) && identity::is_alive(id);
        let supervisor = supervisor.filter(is_here).map(|supervisor| supervisor.pid);
        let mut services = self.usages.views(&facts, context.now(), &place.wish.marker, supervisor);
        if self.since.is_some() {
            for (view, facts) in services.iter_mut().zip(&facts) {
                view.samples = Some(facts.samples.clone());
            }
        }
        let elsewhere = elsewhere::find(context, &self.entry, place, &self.services);
        report::add_elsewhere(&mut services, &elsewhere);
        report::name_urls(context, &self.entry, &mut services);
        if self.entry.is_main() {
            mark(context, &self.entry, &mut services)?;
        }
        services.extend(shared);
        services.sort_by(|one, other| one.service.cmp(&other.service));
        Ok(Report { worktree: self.entry.name.clone(), path: self.entry.path.clone(), supervisor, services })
    }

    /// Those that serve all worktrees, as the main one has them; none in that one itself.
    fn look_at_shared(&self, context: &Context, facts: &[ServiceFacts]) -> Result<Vec<ServiceView>> {
        let names: Vec<ServiceName> = facts.iter().map(|facts| facts.service.clone()).collect();
        let (of_all, _) = Sharing::of(context, &self.entry).part(&names);
        let Some((looker, there)) = of_shared(context, &self.entry, &of_all)? else { return Ok(Vec::new()) };
        let mut looker = Self { only_looks: self.only_looks, since: self.since, ..looker };
        let mut views = looker.ask(&there, &mut Deaf)?.services;
        for view in &mut views {
            let own = facts.iter().find(|facts| facts.service == view.service);
            if own.is_some_and(|own| !own.state.is_resting()) {
                let down = wt("down {}", &[&view.service]).of_worktree(&self.entry.name);
                let left = format!("its process of before it was shared runs on here: `{down}` ends it");
                view.reason = Some(match view.reason.take() {
                    Some(reason) => format!("{reason}; {left}"),
                    None => left,
                });
            }
        }
        Ok(views)
    }

    /// Those that could be run and never were; what is no service any more and does not run is left out.
    fn add_others(&self, context: &Context, facts: &mut Vec<ServiceFacts>) {
        naming::leave_out_dropped(context, facts);
        for name in context.config.services.keys().filter(|name| naming::is_configured(context, name)) {
            if facts.iter().all(|facts| facts.service != *name) {
                facts.push(ServiceFacts::stopped(name.clone(), self.port(name)));
            }
        }
        facts.sort_by(|one, other| one.service.cmp(&other.service));
    }

    /// A service that does not run has the port that it will start on; what is kept of its last run may say another one.
    fn say_own_ports(&self, facts: &mut [ServiceFacts]) {
        for facts in facts.iter_mut().filter(|facts| facts.state.is_resting() && facts.port.is_some()) {
            facts.port = self.port(&facts.service).or(facts.port);
        }
    }

    /// A service that writes into a full disk goes on, and nobody else would say why its log does not.
    fn say_where_output_is_lost(&self, facts: &mut [ServiceFacts]) {
        let logs = record_file::logs(&self.place.wish.folder);
        let is_full = log_file::is_disk_full(&logs);
        for facts in facts.iter_mut().filter(|facts| is_full && facts.pid.is_some()) {
            let full = || format!("the disk of its log is full: what it writes is lost ({})", logs.display());
            facts.reason.get_or_insert_with(full);
        }
    }

    fn port(&self, service: &ServiceName) -> Option<Port> {
        self.entry.allocations.iter().find(|known| known.service == *service)?.find_port()
    }
}
