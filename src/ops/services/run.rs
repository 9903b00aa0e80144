//! Runs one command with the variables of the worktree's env block, while the port it will listen on is kept for it.

use std::ffi::OsString;

use serde::Serialize;

use super::leftovers::{self, Left};
use super::{naming, occupied};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::listeners::listeners;
use crate::host::net::owner::attribute;
use crate::host::process::spawn::{self, Wish};
use crate::host::services::hold::PortHold;
use crate::host::services::reaper;
use crate::model::advised::wt;
use crate::model::attribution::{Claim, WT_MARKER};
use crate::model::event::Event;
use crate::model::health::occupancy::{Occupancy, occupancy};
use crate::model::listener::WorktreeKey;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::suggestion::nearest;
use crate::ops::create::WayOut;
use crate::ops::env;
use crate::ops::ports::advice::Adviser;
use crate::ops::ports::{allocate, former};
use crate::ops::run::{Ending, ending};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose port it is for; without one that which `PORT` names.
    pub service: Option<ServiceName>,
    pub words: Vec<OsString>,
    /// Whether what the command writes to stdout goes to stderr.
    pub stdout_to_stderr: bool,
}

/// What was run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub worktree: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// Whether the port was free, and kept for the command.
    pub held: bool,
    /// The command's exit status; 128 + n for a death by signal n.
    pub status: u8,
    /// What it had started and was ended with it, for a signal to us ended it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<u32>,
    /// What it left behind on ports of the worktree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
}

/// After how many glances, of which there are twenty a second, what has ended of it is reaped.
const REAPING: u32 = 20;

/// A command that is about to be run, its port held.
#[derive(Debug)]
pub struct Ready<'a> {
    context: &'a Context,
    request: &'a Request,
    entry: Entry,
    target: Option<(ServiceName, Port)>,
    hold: Option<PortHold>,
    variables: Vec<(String, String)>,
    /// Why no port is held, where somebody might wonder.
    pub note: Option<String>,
}

/// Who is on the port, as far as it matters here.
enum Occupied {
    Held(PortHold),
    ByOurselves,
    ByOthers(String),
}

/// Chooses the port and takes it.
///
/// # Errors
///
/// `not_found` for a worktree that is not recorded or a service without a port, `port_conflict` when somebody else is on
/// the port of the service that was named, `config_invalid`.
pub fn prepare<'a>(context: &'a Context, request: &'a Request) -> Result<Ready<'a>> {
    let repository = context.require_repository()?;
    let mut entry = env::require_entry(context, None)?;
    let returned = give_back(context, &mut entry, request)?;
    let mut variables = env::variables_of(context, repository, &entry)?;
    variables.push((WT_MARKER.to_owned(), Claim::of(&entry).marker()));
    let ports = env::facts_of(repository, &entry).ports;
    let target = match &request.service {
        None => ports.first().cloned(),
        Some(service) => {
            let found = ports.into_iter().find(|(known, _)| known == service);
            let (service, port) = found.ok_or_else(|| portless(context, service, &entry))?;
            // Whatever service comes first in the block: this command is for that one.
            variables.push(("PORT".to_owned(), port.to_string()));
            Some((service, port))
        }
    };
    let (mut hold, mut note) = (None, returned);
    if let Some((service, port)) = &target {
        match occupy(context, &entry, service, *port)? {
            Occupied::Held(taken) => hold = Some(taken),
            Occupied::ByOurselves => {}
            Occupied::ByOthers(holder) if request.service.is_some() => {
                return Err(conflict(context, &entry, service, *port, &holder)?);
            }
            Occupied::ByOthers(holder) => {
                note = Some(format!(
                    "port {port} of `{service}` is not free: {holder}; the command runs without it being held \
                     (`--service {service}` refuses then, `{owner}` says more)",
                    owner = wt("ports owner {}", &[&port])
                ));
            }
        }
    }
    Ok(Ready { context, request, entry, target, hold, variables, note })
}

impl Ready<'_> {
    /// Runs the command in the folder we stand in and waits for its end. The port is let go of once somebody listens there.
    ///
    /// # Errors
    ///
    /// `usage` without a word; `internal` when the system cannot start any process.
    pub fn run(self) -> Result<(Report, Option<Failure>)> {
        let Some((program, arguments)) = self.request.words.split_first() else {
            return Err(Failure::new(Code::Usage, "no command to run was given"));
        };
        let interrupt = &self.context.host.interrupt;
        let _ours_to_pass_on = interrupt.hold();
        // What outlives its parent becomes our child: so we know what descends from the command. Elsewhere we do not.
        let _ = reaper::adopt_orphans();
        let held = self.hold.is_some();
        let mut kept = self.hold;
        let mut glances = 0_u32;
        let glance = move |child: u32| {
            if kept.as_ref().is_some_and(|hold| is_listened_on(hold.port())) {
                kept = None;
            }
            glances = glances.wrapping_add(1);
            if glances.is_multiple_of(REAPING) && reaper::children().len() > 1 {
                // What cannot be reaped now is reaped by whoever outlives us.
                let _ = reaper::reap_orphans(&[child], false);
            }
        };
        let wish = Wish {
            program,
            arguments,
            folder: &self.context.folder,
            variables: &self.variables,
            stdout_to_stderr: self.request.stdout_to_stderr,
        };
        let ran = spawn::run_while(&wish, glance);
        let is_told = ran.as_ref().is_ok_and(|ran| ran.is_told);
        let hint = "the words after `--` are one command and its arguments, without a shell";
        let (status, failure) = match ending(program, ran.map(|ran| ran.code), hint)? {
            Ending::Ran(status) => (status, None),
            Ending::NotStarted(status, failure) => (status, Some(failure)),
        };
        let ports: Vec<Port> = self.entry.ports().collect();
        let (mut ended, mut left) = (Vec::new(), Vec::new());
        if is_told {
            // From now on a signal means not to wait for what is left.
            let _ = interrupt.take();
            ended = leftovers::end(&ports, interrupt)?;
        } else {
            left = leftovers::listening(&ports)?;
        }
        let (service, port) = self.target.unzip();
        Ok((Report { worktree: self.entry.name, service, port, held, status, ended, left }, failure))
    }
}

fn is_listened_on(port: Port) -> bool {
    listeners().is_ok_and(|all| all.iter().any(|socket| socket.listening && socket.port == port))
}

/// Gives the worktree the ports back that were released while nothing ran, and says so: those of the service that is named,
/// else all where it has none.
fn give_back(context: &Context, entry: &mut Entry, request: &Request) -> Result<Option<String>> {
    let mut services = former::services(&*context.store()?.read()?, entry);
    match &request.service {
        Some(named) => services.retain(|service| service == named),
        None if entry.ports().next().is_some() => return Ok(None),
        None => {}
    }
    if services.is_empty() {
        return Ok(None);
    }
    let worktree = Some(entry.name.clone());
    let wish =
        allocate::Request { worktree, services, port: None, gives_way: false, way_out: WayOut::OnConflict };
    let report = match allocate::allocate(context, &wish) {
        Ok(report) => report,
        // Nobody asked for a port.
        Err(failure) if request.service.is_none() => return Ok(Some(failure.to_string())),
        Err(failure) => return Err(failure),
    };
    let path = std::mem::take(&mut entry.path);
    *entry = env::require_entry(context, Some(&entry.name))?;
    entry.path = path;
    let given = report.ports.iter().filter(|given| given.new);
    let given: Vec<String> =
        given.map(|given| format!("`{}` has port {}", given.service, given.port)).collect();
    Ok(Some(format!("{} again, which was released while nothing listened there", given.join(", "))))
}

/// Takes the port under the registry's lock: nobody else is given it between the look and the hold.
fn occupy(context: &Context, entry: &Entry, service: &ServiceName, port: Port) -> Result<Occupied> {
    let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
    context.store()?.update(|registry| {
        let is_ours = |known: &Entry| {
            known.sequence == entry.sequence
                && known.is_living()
                && known.allocations.iter().any(|allocation| allocation.find_port() == Some(port))
        };
        if !registry.entries().any(is_ours) {
            return Ok(Occupied::ByOthers("it was taken from this worktree just now".to_owned()));
        }
        let [busy] = &attribute(&[port], registry)?[..] else {
            return Err(Failure::new(Code::Internal, "one port got no answer"));
        };
        match occupancy(&busy.listeners, &key) {
            Occupancy::Nobody => {}
            Occupancy::Ours { .. } | Occupancy::Reserved { .. } => return Ok(Occupied::ByOurselves),
            Occupancy::Theirs(holder) => {
                let event = Event::new("port_conflict").of(&entry.repository, &entry.name);
                let event = event.with("kind", "system").with("service", service.as_str());
                let reason = format!("port {port} of a run is held by {}", holder.words());
                registry
                    .record_event(context.now(), event.with("port", port.number()).with("reason", reason));
                return Ok(Occupied::ByOthers(holder.words()));
            }
        }
        match PortHold::take(port) {
            Ok(hold) => Ok(Occupied::Held(hold)),
            // No server could start there either.
            Err(error) => Ok(Occupied::ByOthers(occupied::why(port, &error, registry))),
        }
    })
}

fn portless(context: &Context, service: &ServiceName, entry: &Entry) -> Failure {
    let known = || entry.allocations.iter().map(|allocation| &allocation.service);
    let names = context.config.services.keys().chain(known()).map(ServiceName::as_str);
    if !context.config.services.contains_key(service) && nearest(service.as_str(), names).is_some() {
        return naming::unknown(context, service, known());
    }
    Failure::new(Code::NotFound, format!("worktree `{}` has no port for `{service}`", entry.name))
        .hint(format!("`{allocate}` takes one", allocate = wt("ports allocate --service {}", &[&service])))
}

fn conflict(
    context: &Context,
    entry: &Entry,
    service: &ServiceName,
    port: Port,
    holder: &str,
) -> Result<Failure> {
    let registry = context.store()?.read()?;
    let hint = Adviser::new(context, &registry).way_past(entry.sequence, port, false);
    Ok(Failure::new(Code::PortConflict, format!("port {port} of `{service}` is not free: {holder}"))
        .hint(hint)
        .detail("port", port.number())
        .detail("service", service.as_str()))
}
