//! Frees a port by ending the processes that hold it: all of them, or none where one of them is to be left alone. Who
//! holds it is looked at again right before each signal; nothing but a holder is ever signalled.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::holders::{Profile, holders, holders_of};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::{holding, probe};
use crate::host::process::stop::{Running, wait_for_end};
use crate::host::process::{table, users};
use crate::host::services::launch::is_own_command;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::policy::{self, Leave};
use crate::model::port::Port;
use crate::model::port::listener::Probe;
use crate::model::process::killing::{self, KillRefusal, Ourselves};
use crate::model::registry::table::Registry;
use crate::model::services::protocol::SUPERVISE;
use crate::model::signal::EndSignal;

/// How long the end of a process that was killed is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a port is watched for a supervisor that starts the server again at once.
const WATCH: Duration = Duration::from_millis(300);

/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// Who would be ended, and who would not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub port: Port,
    pub targets: Vec<Profile>,
    /// Any of these keeps all others alive too.
    pub refused: Vec<RefusedHolder>,
    force: bool,
}

impl Plan {
    /// Answers whether somebody would be ended: nobody who holds the port is left alone.
    #[must_use]
    pub fn goes_through(&self) -> bool {
        self.refused.is_empty() && !self.targets.is_empty()
    }

    /// Answers whether every target belongs to a worktree of ours.
    #[must_use]
    pub fn is_all_ours(&self) -> bool {
        self.targets.iter().all(|target| target.belongs_to.is_some())
    }
}

/// A holder that is left alone.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RefusedHolder {
    pub pid: Option<u32>,
    pub command: Option<String>,
    pub reason: String,
    /// Whether no `--force` changes it.
    #[serde(skip)]
    pub is_final: bool,
}

/// A process that was ended.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Killed {
    pub pid: u32,
    pub command: String,
    /// The last signal it was sent; `None` when it ended with another one, before its turn came.
    #[schemars(with = "Option<String>")]
    pub signal: Option<EndSignal>,
}

/// A process that still runs.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Survivor {
    pub pid: u32,
    pub command: String,
    /// Whether it still holds the port.
    pub holds: bool,
}

/// What became of the port.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub port: Port,
    pub killed: Vec<Killed>,
    pub survivors: Vec<Survivor>,
    pub refused: Vec<RefusedHolder>,
    /// Who took the port while its holders ended: a supervisor's new server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken_by: Vec<TakenBy>,
    pub free: bool,
}

/// A process that holds the port now and did not before.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct TakenBy {
    pub pid: Option<u32>,
    pub command: Option<String>,
}

/// What an end is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A service is started in the place of a server that was started elsewhere.
    TakeOver,
    /// The same as the settlement of a conflict, which is told of by itself.
    Restart,
}

/// How processes are asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillWay {
    pub signal: EndSignal,
    /// How long they may take before they are killed.
    pub timeout: Duration,
}

impl Default for KillWay {
    fn default() -> Self {
        Self { signal: EndSignal::Term, timeout: Duration::from_secs(5) }
    }
}

/// Looks who holds `port`. With `force` databases, other users' processes and the like are targets too.
///
/// # Errors
///
/// Fails when the registry or the kernel's sockets cannot be read.
pub fn plan(context: &Context, port: Port, force: bool) -> Result<Plan> {
    let registry = context.store()?.read()?;
    Ok(planned(port, holders(port, &registry)?, &ourselves(), force))
}

fn planned(port: Port, holders: Vec<Profile>, ourselves: &Ourselves, force: bool) -> Plan {
    let mut plan = Plan { port, targets: Vec::new(), refused: Vec::new(), force };
    for holder in holders {
        match refusal(&holder, ourselves, force) {
            Some(refusal) => plan.refused.push(refused(&holder, refusal)),
            None => plan.targets.push(holder),
        }
    }
    plan
}

/// Ends the targets of `plan`, gently first, and looks whether the port is free.
///
/// # Errors
///
/// `port_conflict` when somebody else holds the port by now, `interrupted`.
pub fn apply(context: &Context, plan: &Plan, way: KillWay) -> Result<Report> {
    apply_for(context, plan, way, None)
}

/// As [`apply`], for what is told of as another deed than an end.
///
/// # Errors
///
/// As [`apply`].
pub fn apply_for(context: &Context, plan: &Plan, way: KillWay, deed: Option<Deed>) -> Result<Report> {
    let now = self::plan(context, plan.port, plan.force)?;
    if let Some(newcomer) = now.targets.iter().find(|now| !plan.targets.iter().any(|then| then.is(now))) {
        let pid = newcomer.pid.unwrap_or_default();
        return Err(Failure::new(
            Code::PortConflict,
            format!("port {} changed hands meanwhile: pid {pid} holds it; nobody was ended", plan.port),
        )
        .hint(format!("`{kill}` looks again", kill = wt("ports kill {}", &[&plan.port]))));
    }
    if !now.refused.is_empty() {
        return Ok(Report { refused: now.refused, ..untouched(plan.port)? });
    }
    let report = end(context, plan.port, &now.targets, way)?;
    record(context, &report, deed);
    Ok(report)
}

/// Ends exactly `targets`, of which nobody else's word is asked any more: what they are was decided by the caller.
///
/// # Errors
///
/// `interrupted`; fails when the machine cannot be asked.
pub(super) fn end(context: &Context, port: Port, targets: &[Profile], way: KillWay) -> Result<Report> {
    if context.config.policy.kill == Some(Leave::Never) {
        return Err(policy::never("policy.kill"));
    }
    let others = holders(port, &*context.store()?.read()?)?;
    let mut ending = Ending::begin(port, targets)?;
    ending.send(way.signal)?;
    ending.wait(context, way.timeout)?;
    ending.send_again()?;
    ending.wait(context, PATIENCE)?;
    ending.report(context, &others)
}

/// Returns the report of a port that nothing was done about.
///
/// # Errors
///
/// Fails when the machine cannot be asked about the port.
pub fn untouched(port: Port) -> Result<Report> {
    Ok(Report {
        port,
        killed: Vec::new(),
        survivors: Vec::new(),
        refused: Vec::new(),
        taken_by: Vec::new(),
        free: is_free(port)?,
    })
}

/// Returns those of `ports` whose holders would all be ended; as [`Plan::goes_through`] says of one.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn endable(registry: &Registry, ports: &[Port]) -> Result<Vec<Port>> {
    let ourselves = ourselves();
    let all = holders_of(ports, registry)?.into_iter();
    let goes_through = |(port, holders): (Port, Vec<Profile>)| {
        planned(port, holders, &ourselves, false).goes_through().then_some(port)
    };
    Ok(all.filter_map(goes_through).collect())
}

/// Returns who we are, so that we end neither ourselves nor what we run in.
#[must_use]
pub fn ourselves() -> Ourselves {
    let pid = std::process::id();
    Ourselves { pid, ancestors: table::ancestors(pid), user: users::ourselves() }
}

/// Returns why a holder is left alone; `None` when it may be ended.
#[must_use]
pub fn refusal(holder: &Profile, ourselves: &Ourselves, force: bool) -> Option<KillRefusal> {
    let Some(pid) = holder.pid else { return Some(KillRefusal::Unseen) };
    // A stray's worktree is gone, and nobody else stops it.
    if holder.belongs_to.is_some() && !force && is_own_command(pid, SUPERVISE) {
        return Some(KillRefusal::Supervisor);
    }
    let program = holder.program.as_ref().map(|program| program.to_string_lossy().into_owned());
    let names =
        [holder.command.as_deref(), program.as_deref(), holder.command_line.first().map(String::as_str)];
    let names = names.into_iter().flatten().collect();
    killing::refusal(&killing::KillTarget { pid, names, user: holder.user_id }, ourselves, force)
}

pub(super) fn refused(holder: &Profile, refusal: KillRefusal) -> RefusedHolder {
    RefusedHolder {
        pid: holder.pid,
        command: holder.command.clone(),
        reason: refusal.reason().to_owned(),
        is_final: refusal.is_final(),
    }
}

pub(super) fn is_free(port: Port) -> Result<bool> {
    Ok(probe::prober()(port)? != Probe::Busy)
}

/// Processes on their way out.
struct Ending {
    port: Port,
    all: Vec<One>,
    refused: Vec<RefusedHolder>,
}

struct One {
    running: Running,
    command: String,
    signal: Option<EndSignal>,
}

impl Ending {
    fn begin(port: Port, targets: &[Profile]) -> Result<Self> {
        let mut ending = Self { port, all: Vec::new(), refused: Vec::new() };
        for target in targets {
            let Some(pid) = target.pid else { continue };
            let running = Running::find(pid, target.started).map_err(|error| {
                Failure::from_io(error, Code::Internal, format!("pid {pid} cannot be held on to"))
            })?;
            let command = target.command.clone().unwrap_or_default();
            ending.all.extend(running.map(|running| One { running, command, signal: None }));
        }
        Ok(ending)
    }

    fn send(&mut self, signal: EndSignal) -> Result<()> {
        for one in &mut self.all {
            // It may have let go of the port since it was found: then it is nobody's business what it does.
            let pid = one.running.pid();
            if one.running.is_ended() || !holding::is_held_by(self.port, pid)? {
                continue;
            }
            match one.running.send(signal) {
                Ok(true) => one.signal = Some(signal),
                Ok(false) => {}
                Err(error) => self.refused.push(RefusedHolder {
                    pid: Some(pid),
                    command: Some(one.command.clone()),
                    reason: format!("the system does not let us signal it: {error}"),
                    is_final: true,
                }),
            }
        }
        Ok(())
    }

    fn send_again(&mut self) -> Result<()> {
        if self.refused.is_empty() { self.send(EndSignal::Kill) } else { Ok(()) }
    }

    fn wait(&self, context: &Context, time: Duration) -> Result<()> {
        let signalled = self.all.iter().filter(|one| one.signal.is_some());
        let running: Vec<&Running> = signalled.map(|one| &one.running).collect();
        wait_for_end(&running, time, &context.host.interrupt)
    }

    fn report(self, context: &Context, before: &[Profile]) -> Result<Report> {
        let mut report = Report { refused: self.refused, ..untouched(self.port)? };
        for one in self.all {
            let pid = one.running.pid();
            if one.running.is_ended() {
                report.killed.push(Killed { pid, command: one.command, signal: one.signal });
            } else {
                let holds = holding::is_held_by(self.port, pid)?;
                report.survivors.push(Survivor { pid, command: one.command, holds });
            }
        }
        let still_held = report.survivors.iter().any(|survivor| survivor.holds);
        if !still_held {
            report.taken_by = watch(context, self.port, before)?;
        }
        report.free = !still_held && report.taken_by.is_empty() && is_free(self.port)?;
        Ok(report)
    }
}

/// Watches the port for a while: a supervisor starts its server again as soon as it sees its end.
fn watch(context: &Context, port: Port, before: &[Profile]) -> Result<Vec<TakenBy>> {
    let registry = context.store()?.read()?;
    let mut left = WATCH;
    loop {
        let mut now = holders(port, &registry)?;
        now.retain(|now| !before.iter().any(|then| then.is(now)));
        if !now.is_empty() || left.is_zero() {
            let taken = now.into_iter().map(|now| TakenBy { pid: now.pid, command: now.command });
            return Ok(taken.collect());
        }
        context.host.clock.wait(LOOK, &context.host.interrupt)?;
        left = left.saturating_sub(LOOK);
    }
}

/// What was done is done: a log that cannot be written must not make it look otherwise.
pub(super) fn record(context: &Context, report: &Report, deed: Option<Deed>) {
    if report.killed.is_empty() {
        return;
    }
    let now = context.now();
    let written = context.store().and_then(|store| {
        store.update(|registry| {
            let owner = registry.find_owner(report.port);
            let owner = owner.map(|entry| (entry.repository.clone(), entry.name.clone()));
            for (number, killed) in report.killed.iter().enumerate() {
                let mut event = Event::new("holder_terminated")
                    .with("port", report.port.number())
                    .with("pid", killed.pid)
                    .with("command", killed.command.clone())
                    .with("signal", json!(killed.signal))
                    .with("free", report.free);
                if let Some((repository, name)) = &owner {
                    event = event.of(repository, name);
                }
                // However many processes it had, one server was taken over.
                event = match deed {
                    Some(Deed::TakeOver) if number == 0 => event.with("action", "take_over"),
                    Some(Deed::TakeOver | Deed::Restart) => event.with("action", "restart"),
                    None => event,
                };
                registry.record_event(now, event);
            }
            Ok(())
        })
    });
    drop(written);
}
