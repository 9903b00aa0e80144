//! What is said of the services of many worktrees, without anybody being waited for long: by their supervisors, else by
//! what is on record.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;

use super::place;
use crate::context::Context;
use crate::host::services::endpoint::Endpoint;
use crate::host::services::record_file;
use crate::host::services::roll_call::{self, RollCallAnswer};
use crate::model::process::ProcessId;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::live::StateSource;
use crate::model::services::protocol::{Request, ServiceFacts};
use crate::model::services::record::{KeptService, ServicesRecord};
use crate::model::services::state::ServiceState;

/// What is said of the services of one worktree.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Supervision {
    services: Vec<ServiceFacts>,
    /// Whether the supervisor itself said so.
    is_told: bool,
    written_at: Option<Timestamp>,
}

impl Supervision {
    /// Returns all that is said.
    pub fn services(&self) -> &[ServiceFacts] {
        &self.services
    }

    /// Returns what is said of a service.
    pub fn said(&self, service: &ServiceName) -> StateSource {
        match self.services.iter().find(|facts| facts.service == *service) {
            Some(facts) if self.is_told => StateSource::Now(facts.state),
            Some(facts) => StateSource::Then(facts.state, self.written_at),
            None => StateSource::Nothing,
        }
    }
}

/// Asks all supervisors of `entries` at once, and returns what is said of each, in the same order; what was seen of the services
/// `since` then with it, where a time is given.
pub(super) fn of_all(
    context: &Context,
    entries: &[&Entry],
    since: Option<Timestamp>,
    until: Instant,
) -> Vec<Supervision> {
    let Ok(dirs) = context.host.dirs() else { return vec![Supervision::default(); entries.len()] };
    let find = |entry: &&Entry| {
        Endpoint::find_if_there(dirs.state(), &place::folder(dirs.state(), entry).to_string_lossy())
    };
    let endpoints: Vec<Option<Endpoint>> = entries.iter().map(find).collect();
    let question = since.map_or(Request::Status, |since| Request::Samples { since });
    let answers = roll_call::ask_all(&endpoints, &question, until);
    let said = entries.iter().zip(answers).map(|(entry, answer)| match answer {
        RollCallAnswer::Services(services) => Supervision { services, is_told: true, written_at: None },
        RollCallAnswer::Silent | RollCallAnswer::Nobody => {
            let folder = place::folder(dirs.state(), entry);
            let written_at = record_file::written_at(&folder);
            Supervision { services: recorded(context, entry), is_told: false, written_at }
        }
    });
    said.collect()
}

/// Returns how the services of each of `entries` stand, in the same order: all supervisors are asked at once.
#[must_use]
pub fn facts_of(context: &Context, entries: &[&Entry], until: Instant) -> Vec<Vec<ServiceFacts>> {
    of_all(context, entries, None, until).into_iter().map(|said| said.services).collect()
}

/// Returns the services of a worktree that start on demand and are supervised: whoever looks does not ask them, for a look
/// is no request.
#[must_use]
pub fn on_demand(context: &Context, entry: &Entry) -> BTreeMap<ServiceName, KeptService> {
    let Ok(dirs) = context.host.dirs() else { return BTreeMap::new() };
    on_demand_in(dirs.state(), entry)
}

/// As [`on_demand`], by the state folder.
pub(crate) fn on_demand_in(state: &Path, entry: &Entry) -> BTreeMap<ServiceName, KeptService> {
    let folder = place::folder(state, entry);
    let record = record_file::find(&folder, entry.sequence).unwrap_or_default();
    let kept = record.services.iter().filter(|kept| kept.plan.on_demand);
    let kept: BTreeMap<_, _> = kept.map(|kept| (kept.plan.name.clone(), kept.clone())).collect();
    // Without any nobody has to be looked for.
    if kept.is_empty() || !is_supervised(&folder, &record) { BTreeMap::new() } else { kept }
}

/// Returns the services of a worktree that sleep: their supervisor holds their ports, and the first request starts them.
#[must_use]
pub fn asleep(context: &Context, entry: &Entry) -> BTreeSet<ServiceName> {
    let asleep = on_demand(context, entry).into_iter();
    asleep.filter(|(_, kept)| kept.state == ServiceState::Asleep).map(|(name, _)| name).collect()
}

/// As [`asleep`], also where the supervisor is gone: the next command for them starts another one.
#[must_use]
pub fn asleep_on_record(context: &Context, entry: &Entry) -> bool {
    let Ok(dirs) = context.host.dirs() else { return false };
    let folder = place::folder(dirs.state(), entry);
    let record = record_file::find(&folder, entry.sequence).unwrap_or_default();
    record.services.iter().any(|kept| kept.plan.on_demand && kept.state == ServiceState::Asleep)
}

fn is_supervised(folder: &Path, record: &ServicesRecord) -> bool {
    record.supervisor.as_ref().is_some_and(|id| record_file::is_alive(folder, id))
}

/// Returns how the services of a worktree stand by what is on record.
pub(super) fn recorded(context: &Context, entry: &Entry) -> Vec<ServiceFacts> {
    let Ok(dirs) = context.host.dirs() else { return Vec::new() };
    let folder = place::folder(dirs.state(), entry);
    let record = record_file::find(&folder, entry.sequence).unwrap_or_default();
    let is_alive = |id: &ProcessId| record_file::is_alive(&folder, id);
    let is_supervised = is_supervised(&folder, &record);
    record.services.iter().map(|kept| kept.facts(is_alive, is_supervised)).collect()
}
