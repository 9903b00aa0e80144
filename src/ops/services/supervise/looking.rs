//! Whether a service is ready, and stays so: a process of its own listens on its port, and its check passes.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use super::supervisor::{Asked, Supervisor};
use crate::host::net::check::ask::ServiceQuestion;
use crate::host::net::check::command::CommandToRun;
use crate::host::net::holding;
use crate::host::net::listeners::listeners;
use crate::host::process::identity::Here;
use crate::model::config::health;
use crate::model::health::check::{CheckKind, CheckOutcome, HealthCheck};
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::model::process::attribution::CHECK;
use crate::model::service::ServiceName;
use crate::model::services::machine::MachineEvent;
use crate::model::services::plan::ServicePlan;
use crate::model::services::protocol::Cause;
use crate::model::services::readiness::{self, PortStanding};
use crate::model::services::service::Phase;
use crate::model::services::state::LookResult;

/// How often all processes of a service that starts are searched for, to see where it listens instead.
const SEARCH: Duration = Duration::from_millis(250);

/// Looks that are seconds apart are put off to the same moment of a second: one question to the kernel serves them all,
/// and between them we sleep.
fn together(begun: Instant, now: Instant, interval: Duration) -> Instant {
    if interval < Duration::from_secs(1) {
        return now + interval;
    }
    let since = (now + interval).saturating_duration_since(begun);
    begun + Duration::from_secs(since.as_secs() + u64::from(since.subsec_nanos() > 0))
}

impl Supervisor<'_> {
    /// Looks at every service that is due.
    pub fn look_at_services(&mut self) {
        let now = self.host.clock.instant();
        let due: Vec<ServiceName> = self
            .runs
            .iter()
            .filter(|(_, run)| run.ending.is_none() && !run.is_setup && !run.look.is_asked)
            .filter(|(_, run)| run.look.due <= now)
            .map(|(name, _)| name.clone())
            .collect();
        if due.is_empty() {
            return;
        }
        let sockets = listeners();
        self.sight = None;
        let mut seen = Vec::new();
        for name in due {
            let sight = match &sockets {
                Ok(sockets) => self.look_at(&name, sockets),
                Err(failure) => Some(LookResult::Unwell(failure.to_string())),
            };
            seen.extend(sight.map(|sight| (name, sight)));
        }
        self.sight = None;
        self.saw(seen);
    }

    /// Takes in what services have answered meanwhile.
    pub fn hear_answers(&mut self) {
        let mut seen = Vec::new();
        for (asked, outcome) in self.asker.answers() {
            let Some(run) = self.runs.get_mut(&asked.service) else { continue };
            if run.number != asked.number {
                continue;
            }
            run.look.is_asked = false;
            if run.ending.is_some() {
                continue;
            }
            self.sampling.note_answer(&asked.service, &outcome);
            let sight = match outcome {
                CheckOutcome::Responds { .. } => LookResult::Well,
                CheckOutcome::NotAccepting => {
                    LookResult::Unwell("not accepting: connections pile up in its queue".to_owned())
                }
                CheckOutcome::Fails(reason) | CheckOutcome::NotAsked { reason, .. } => {
                    LookResult::Unwell(reason)
                }
            };
            seen.push((asked.service, sight));
        }
        self.saw(seen);
    }

    /// Tells the machine what was seen of services, each of another one.
    fn saw(&mut self, seen: Vec<(ServiceName, LookResult)>) {
        let names: Vec<ServiceName> = seen.iter().map(|(name, _)| name.clone()).collect();
        let well = seen.iter().filter(|(_, sight)| *sight == LookResult::Well);
        let well: Vec<ServiceName> = well.map(|(name, _)| name.clone()).collect();
        let events = seen.into_iter().map(|(service, sight)| MachineEvent::Seen { service, sight });
        self.events.extend(events);
        self.work();
        for name in &names {
            self.look_again(name);
        }
        if !well.is_empty() {
            self.note_adopted();
        }
        for name in well {
            if self.runs.contains_key(&name) {
                self.release_ports(&name, false);
            }
        }
    }

    /// Says when a service that was seen is looked at next.
    fn look_again(&mut self, name: &ServiceName) {
        let phase = self.fleet.services().get(name).map(|service| (service.phase, service.plan.patience));
        let now = self.host.clock.instant();
        let Some(run) = self.runs.get_mut(name) else { return };
        match phase {
            Some((Phase::Ready { .. } | Phase::Unhealthy { .. }, patience)) => {
                run.look.due = together(self.begun, now, patience.interval);
                self.sample(name);
            }
            _ => run.look.later(now),
        }
    }

    /// Returns what a service shows; `None` while it is asked.
    fn look_at(&mut self, name: &ServiceName, sockets: &[Listener]) -> Option<LookResult> {
        let plan = self.fleet.services().get(name)?.plan.clone();
        self.forget_extra_port(name);
        let check = match plan.health.as_ref().map(health::parse) {
            None => HealthCheck::default(),
            Some(Ok(check)) => check,
            Some(Err(fault)) => return Some(LookResult::Unwell(fault.message)),
        };
        let is_asked_by_command = matches!(check.kind, CheckKind::Command(_));
        if (plan.port.is_none() || plan.contained) && !is_asked_by_command {
            return Some(LookResult::Well);
        }
        if is_asked_by_command && self.find_untrusted(&plan).is_some() {
            // It runs on as it was seen last, and nothing is started to look at it.
            let run = self.runs.get_mut(name)?;
            run.look.due = self.host.clock.instant() + plan.patience.interval;
            return None;
        }
        let mut addresses = Vec::new();
        if !plan.contained {
            if let Some(port) = plan.port {
                match self.standing(&plan, port, sockets) {
                    PortStanding::Ours { reached_at } => addresses = reached_at,
                    PortStanding::Not(reason) => return Some(LookResult::Unwell(reason)),
                }
            }
            for extra in plan.extra_ports.iter().filter(|extra| extra.is_awaited) {
                if let PortStanding::Not(reason) = self.standing(&plan, extra.port, sockets) {
                    self.causes.insert(name.clone(), Cause::ExtraPort);
                    return Some(LookResult::Unwell(readiness::of_extra(extra, &reason)));
                }
            }
        }
        let command = plan.check_words.as_ref().filter(|_| is_asked_by_command).map(|words| CommandToRun {
            words: words.iter().map(Into::into).collect(),
            folder: self.folder_of(&plan),
            variables: self.marked(plan.variables.clone(), &format!("{name}{CHECK}")),
            open_files: Some(self.open_files),
        });
        let run = self.runs.get_mut(name)?;
        let tag = Asked { service: name.clone(), number: run.number };
        let port = plan.port.or_else(|| Port::new(1))?;
        let question = ServiceQuestion {
            addresses,
            port,
            check: check.kind,
            timeout: plan.patience.check,
            command,
            calls: run.look.calls.clone(),
        };
        match self.asker.ask(tag, question, run.look.give_up.clone()) {
            Ok(()) => {
                run.look.is_asked = true;
                run.look.commands += usize::from(is_asked_by_command);
                None
            }
            Err(error) => Some(LookResult::Unwell(format!("cannot be asked: {error}"))),
        }
    }

    /// Only what the last look showed is a cause.
    pub fn forget_extra_port(&mut self, name: &ServiceName) {
        if self.causes.get(name) == Some(&Cause::ExtraPort) {
            self.causes.remove(name);
        }
    }

    /// Whether a process of the service listens on the port; those that are known first, all only where it must be.
    fn standing(&mut self, plan: &ServicePlan, port: Port, sockets: &[Listener]) -> PortStanding {
        let seen = self.find_standing(plan, port, sockets);
        seen.unwrap_or_else(|error| PortStanding::Not(format!("its processes cannot be looked at: {error}")))
    }

    fn find_standing(
        &mut self,
        plan: &ServicePlan,
        port: Port,
        sockets: &[Listener],
    ) -> io::Result<PortStanding> {
        let (name, ports) = (&plan.name, plan.ports().collect::<Vec<_>>());
        let is_taken = sockets.iter().any(|socket| socket.port == port && socket.listening);
        let Some(run) = self.runs.get(name) else {
            return Ok(PortStanding::Not("it has ended".to_owned()));
        };
        let known: Vec<u32> = run.alive(&Here::read()).iter().map(|id| id.pid).collect();
        let mut own = holding::sockets_of(&known)?;
        let mut standing = readiness::standing(port, &ports, sockets, &own);
        let is_search_due =
            run.look.searched.is_none_or(|searched| self.host.clock.since(searched) >= SEARCH);
        if matches!(standing, PortStanding::Not(_)) && (is_taken || is_search_due) {
            own = self.search(name)?;
            standing = readiness::standing(port, &ports, sockets, &own);
        }
        if let (PortStanding::Ours { .. }, Some(run)) = (&standing, self.runs.get_mut(name)) {
            run.lead_by_listener(port, sockets);
        }
        Ok(match standing {
            PortStanding::Not(reason) if is_taken => PortStanding::Not(self.holder(port).unwrap_or(reason)),
            other => other,
        })
    }

    /// Searches all processes of a service, remembers them, and returns the sockets that they hold.
    fn search(&mut self, name: &ServiceName) -> io::Result<BTreeSet<u64>> {
        let kin = self.kin_of(name)?;
        let pids: Vec<u32> = kin.iter().map(|kin| kin.id.pid).collect();
        if let Some(run) = self.runs.get_mut(name) {
            run.look.searched = Some(self.host.clock.instant());
            run.remember(kin.into_iter().map(|kin| kin.id));
        }
        holding::sockets_of(&pids)
    }
}
