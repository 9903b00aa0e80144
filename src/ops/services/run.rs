//! Runs one command with the variables of the worktree's env block, while the port it will listen on is kept for it.

use std::collections::BTreeSet;
use std::ffi::OsString;

use schemars::JsonSchema;
use serde::Serialize;

use super::leftovers::{self, Leftover};
use super::naming;
use super::vacancy::{self, Occupied, TakenPort};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::listeners::listeners;
use crate::host::process::spawn::{self, SpawnWish};
use crate::host::services::hold::PortHold;
use crate::host::services::reaper;
use crate::model::advised::wt;
use crate::model::port::Port;
use crate::model::process::attribution::{ProcessClaim, WT_MARKER};
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::suggestion::nearest;
use crate::model::variables;
use crate::ops::create::WayOut;
use crate::ops::env;
use crate::ops::ports::advice::Adviser;
use crate::ops::ports::{allocate, former};
use crate::ops::run::{CommandEnding, ending};
use crate::ops::sharing::Sharing;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose port it is for; without one that which `PORT` names.
    pub service: Option<ServiceName>,
    pub words: Vec<OsString>,
    /// Whether what the command writes to stdout goes to stderr.
    pub stdout_to_stderr: bool,
    /// Whether it runs although somebody else has a port of the worktree.
    pub unchecked: bool,
}

/// What was run.
#[derive(Clone, Debug, JsonSchema, Serialize)]
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
    pub left: Vec<Leftover>,
}

/// After how many glances, of which there are twenty a second, what has ended of it is reaped.
const REAPING: u32 = 20;

/// A command that is about to be run, its port held.
#[derive(Debug)]
pub struct ReadyCommand<'a> {
    context: &'a Context,
    request: &'a Request,
    entry: Entry,
    target: Option<(ServiceName, Port)>,
    hold: Option<PortHold>,
    variables: Vec<(String, String)>,
    /// Why no port is held, where somebody might wonder.
    pub note: Option<String>,
}

/// Chooses the port and takes it.
///
/// # Errors
///
/// `not_found` for a worktree that is not recorded or a service without a port; `port_conflict` when somebody else is on a
/// port of the service that was named, of any service where none was; `config_invalid`.
pub fn prepare<'a>(context: &'a Context, request: &'a Request) -> Result<ReadyCommand<'a>> {
    let repository = context.require_repository()?;
    let mut entry = env::require_entry(context, None)?;
    let shared = request.service.as_ref().filter(|name| Sharing::of(context, &entry).is_elsewhere(name));
    if let Some(service) = shared.filter(|_| !request.unchecked) {
        let message = format!("`{service}` serves all worktrees: it runs in the main worktree");
        let up = wt("up {}", &[service]);
        return Err(Failure::new(Code::PortConflict, message)
            .hint(format!("`{up}` starts it there"))
            .detail("service", service.as_str()));
    }
    let returned = give_back(context, &mut entry, request)?;
    let mut variables = env::variables_of(context, repository, &entry)?;
    variables.push((WT_MARKER.to_owned(), ProcessClaim::of(&entry).marker()));
    let facts = env::facts_of(context, repository, &entry);
    let target = match &request.service {
        None => variables::bearer(&context.config, &facts).cloned(),
        Some(service) => {
            let found = facts.ports.into_iter().find(|(known, _)| known == service);
            let (service, port) = found.ok_or_else(|| portless(context, service, &entry))?;
            // Whatever service comes first in the block: this command is for that one.
            variables.push(("PORT".to_owned(), port.to_string()));
            Some((service, port))
        }
    };
    let meant = meant(context, &entry, request.service.as_ref());
    // A server of the main worktree has that port, and the command may ask it.
    let wanted = target.as_ref().filter(|_| shared.is_none());
    let (hold, note) = match vacancy::occupy(context, &entry, wanted, &meant)? {
        Occupied::Free(hold) => (hold, returned),
        Occupied::ByOthers(taken) if request.unchecked => {
            (None, Some(format!("{}; the command runs all the same", vacancy::told(&taken))))
        }
        // Nothing could start there, but nobody would answer in its place either.
        Occupied::Unusable(taken) if request.service.is_none() || request.unchecked => {
            (None, Some(format!("{}; the command runs without it being held", vacancy::told(&[taken]))))
        }
        Occupied::ByOthers(taken) => return Err(conflict(context, &entry, &taken)?),
        Occupied::Unusable(taken) => return Err(conflict(context, &entry, &[taken])?),
    };
    Ok(ReadyCommand { context, request, entry, target, hold, variables, note })
}

impl ReadyCommand<'_> {
    /// Runs the command in the folder we stand in, in the worktree's own where `-w` named it, and waits for its end. The port
    /// is let go of once somebody listens there.
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
        let wish = SpawnWish {
            program,
            arguments,
            folder: if self.context.worktree.is_some() { &self.entry.path } else { &self.context.folder },
            variables: &self.variables,
            stdout_to_stderr: self.request.stdout_to_stderr,
        };
        let ran = spawn::run_while(&wish, glance);
        let is_told = ran.as_ref().is_ok_and(|ran| ran.is_told);
        let hint = "the words after `--` are one command and its arguments, without a shell";
        let (status, failure) = match ending(program, ran.map(|ran| ran.code), hint)? {
            CommandEnding::Ran(status) => (status, None),
            CommandEnding::NotStarted(status, failure) => (status, Some(failure)),
        };
        let ports: Vec<Port> = self.entry.ports().collect();
        let (mut ended, mut left) = (Vec::new(), Vec::new());
        if is_told {
            // From now on a signal means not to wait for what is left.
            let _ = interrupt.take();
            ended = leftovers::end(&ports, &BTreeSet::new(), interrupt)?;
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
    let was = if given.len() == 1 { "its port was" } else { "their ports were" };
    Ok(Some(format!("{} again: {was} released while nothing listened there", given.join(" and "))))
}

/// The ports that a command for `service` may reach, for any of them without one.
fn meant(context: &Context, entry: &Entry, service: Option<&ServiceName>) -> Vec<(ServiceName, Port)> {
    let all = entry.services();
    let Some(service) = service else { return all };
    let settings = context.config.services.get(service);
    let extra = settings.map(|settings| settings.extra_ports.clone()).unwrap_or_default();
    all.into_iter().filter(|(known, _)| known == service || extra.contains(known)).collect()
}

/// The refusal of a service that has no port.
pub(crate) fn portless(context: &Context, service: &ServiceName, entry: &Entry) -> Failure {
    let known = || entry.allocations.iter().map(|allocation| &allocation.service);
    let names = context.config.services.keys().chain(known()).map(ServiceName::as_str);
    if !context.config.services.contains_key(service) && nearest(service.as_str(), names).is_some() {
        return naming::unknown(context, service, known());
    }
    let all: Vec<String> = known().map(|known| format!("`{known}`")).collect();
    let has = if all.is_empty() { String::new() } else { format!("it has {}; ", all.join(", ")) };
    let allocate = context.advised(wt("ports allocate --service {}", &[&service]));
    Failure::new(Code::NotFound, format!("worktree `{}` has no port for `{service}`", entry.name))
        .hint(format!("{has}`{allocate}` takes one for `{service}`"))
}

fn conflict(context: &Context, entry: &Entry, taken: &[TakenPort]) -> Result<Failure> {
    let failure = Failure::new(Code::PortConflict, vacancy::told(taken));
    let Some(first) = taken.first() else { return Ok(failure) };
    let registry = context.store()?.read()?;
    let past = Adviser::new(context, &registry).way_past(entry.sequence, first.port, false);
    Ok(failure
        .hint(format!("{past}; `--no-check` runs the command all the same"))
        .detail("port", first.port.number())
        .detail("service", first.service.as_str())
        .detail("ports", taken.iter().map(|taken| taken.port.number()).collect::<Vec<_>>()))
}
