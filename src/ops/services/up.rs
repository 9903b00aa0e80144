//! `wt up`: everything is settled before anything is started, and the supervisor does the rest.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::contact::{self, WishAnswer, WishListener};
use super::place::ServicesPlace;
use super::plans::{self, MissingPorts};
use super::report::{self, ServiceView, Usages};
use super::{considered, elsewhere, failures, naming, setting_up, settling};
use crate::context::Context;
use crate::error::Result;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::elsewhere::Elsewhere;
use crate::model::services::protocol::Request as Ask;
use crate::model::services::state::ServiceState;
use crate::model::view::as_text;
use crate::ops::env;
use crate::ops::ports::allocate::GivenPort;
use crate::ops::ports::settings::require_allowed;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// All that can be run where none is named.
    pub services: Vec<ServiceName>,
    /// To wait until everything has stayed well for a while.
    pub wait: bool,
    /// A definite port for the one service.
    pub port: Option<Port>,
    /// How conflicts over ports are settled first.
    pub resolve: Option<settling::SettlingWish>,
}

impl Request {
    pub(super) fn ports(&self) -> MissingPorts {
        MissingPorts { port: self.port, gives_way: self.resolve.is_some() }
    }
}

/// What runs now.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    pub worktree: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    pub services: Vec<ServiceView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allocated: Vec<GivenPort>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Starts services and waits until they are ready.
///
/// # Errors
///
/// What stops the plans; `service_failed`, `port_conflict`, `not_found`, `permission` and `disk_full` for a service that
/// does not start: what was started for it was stopped again then.
pub fn up(context: &Context, request: &Request, listener: &mut dyn WishListener) -> Result<Report> {
    let request = &Request { services: context.config.with_instances(&request.services), ..request.clone() };
    let mut entry = env::require_entry(context, None)?;
    entry = setting_up::await_setup(context, &entry, listener)?;
    settled(context, &mut entry, request, listener)?;
    let mut chosen = plans::choose(context, &mut entry, &request.services, request.ports())?;
    chosen.said.iter().for_each(|said| listener.say(said));
    let place = ServicesPlace::of(context, &entry)?;
    let elsewhere = elsewhere::part(context, &entry, &place, &mut chosen.plans);
    for known in &elsewhere {
        listener.say(&told(known));
    }
    considered::tell(&place, &chosen.plans, listener);
    let moved = match request.resolve {
        Some(_) => settling::moved(context, &place, &chosen.plans)?,
        None => Vec::new(),
    };
    let named = request.services.clone();
    let ask = if moved.is_empty() {
        Ask::Start { plans: chosen.plans, wait: request.wait, foreground: false, spared: Vec::new(), named }
    } else {
        Ask::Restart { plans: chosen.plans, anew: moved, named }
    };
    let mut facts = match contact::ask_where_any(context, &place, &ask, listener)? {
        WishAnswer::Done(facts) => facts,
        WishAnswer::Failed(failed) => return Err(failures::of_start(context, &place, failed)),
    };
    naming::leave_out_dropped(context, &mut facts);
    let mut services = Usages::default().views(&facts, context.now(), &place.wish.marker, None);
    report::add_elsewhere(&mut services, &elsewhere);
    report::name_urls(context, &entry, &mut services);
    Ok(Report {
        worktree: entry.name,
        path: entry.path,
        services,
        allocated: chosen.allocated,
        warnings: chosen.warnings,
    })
}

/// As a change of one is told: `web on 5000 ready (started elsewhere, pid 4242)`.
pub(super) fn told(known: &Elsewhere) -> String {
    format!("{} on {} {} ({})", known.service, known.port, ServiceState::Ready, known.words())
}

/// Settles conflicts over the worktree's ports where that is asked for, and only for what may be run at all.
pub(super) fn settled(
    context: &Context,
    entry: &mut Entry,
    request: &Request,
    listener: &mut dyn WishListener,
) -> Result<()> {
    let Some(wish) = request.resolve else { return Ok(()) };
    require_allowed(context, Some(wish.strategy))?;
    plans::require_trusted(context, entry, &request.services)?;
    let ports: Vec<Port> = entry.ports().collect();
    for said in settling::resolve_first(context, &ports, wish)? {
        listener.note(&said);
    }
    let path = std::mem::take(&mut entry.path);
    *entry = env::require_entry(context, Some(&entry.name))?;
    entry.path = path;
    Ok(())
}
