//! Ends: seen where they happen, and brought about where they are asked for. Only what was proven to be the service's is
//! signalled, each process by its own identity.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use super::running::{RunEnding, ServiceRun};
use super::supervisor::Supervisor;
use super::terminal::read_terminal;
use crate::host::process::identity;
use crate::host::process::stop::Running;
use crate::host::services::kin::{self, Kin, KinSight};
use crate::host::services::launch::Launched;
use crate::host::services::{log_file, log_reader, reaper, record_file};
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::model::services::machine::MachineEvent;
use crate::model::services::protocol::Cause;
use crate::model::services::service::Phase;
use crate::model::services::state::{LookResult, ServiceExit};
use crate::model::signal::EndSignal;

/// How long what was killed may take to vanish: it may hang in the kernel.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// When it is tried again to find and ask what could not be, for too many files were open.
const AGAIN: Duration = Duration::from_millis(100);

/// How often a daemon is looked for once more: while the processes are listed, one may be born and its parent end, so that
/// neither is seen.
const FORKS: u32 = 2;

impl Supervisor<'_> {
    /// Looks which processes have ended, and goes on with those that are being ended. All ends are seen before it is looked
    /// who is left of any service, so that one look at the processes serves all services.
    pub fn see_ends(&mut self) {
        self.remember_sessions();
        let mut gone: Vec<ServiceName> = Vec::new();
        let mut ending: Vec<ServiceName> = Vec::new();
        for (name, run) in &mut self.runs {
            see_ends_of(run);
            if run.ending.is_some() {
                ending.push(name.clone());
            } else if run.child.is_none() && run.others.is_empty() {
                gone.push(name.clone());
            }
        }
        self.sight = None;
        for name in gone {
            self.see_gone(&name);
        }
        for name in ending {
            self.go_on_ending(&name);
        }
        self.sight = None;
    }

    /// Before a first process, which leads its session, is waited for: what it leaves in there is told by it alone where it
    /// wiped its environment.
    fn remember_sessions(&mut self) {
        self.sight = None;
        let has_ended = |run: &ServiceRun| run.child.as_ref().is_some_and(Launched::has_ended);
        let ended = self.runs.iter().filter(|(_, run)| has_ended(run));
        let names: Vec<ServiceName> = ended.map(|(name, _)| name.clone()).collect();
        for name in names {
            // Without room for another open file nothing is remembered, and what cannot be proven is left alone.
            let kin = self.kin_of(&name).unwrap_or_default();
            if let Some(run) = self.runs.get_mut(&name) {
                run.remember(kin.into_iter().map(|kin| kin.id));
                run.is_remembered = true;
            }
        }
    }

    /// Its first process has ended: did it leave a daemon, or something to clear away?
    fn see_gone(&mut self, name: &ServiceName) {
        let Some(run) = self.runs.get(name) else { return };
        let exit = run.exit.unwrap_or(ServiceExit::Unknown);
        let may_be_daemon =
            !run.is_setup && (exit.is_success() || (run.is_daemon && exit == ServiceExit::Unknown));
        // Without room for another open file nobody can tell: the next look may.
        let Ok(mut kin) = self.kin_of(name) else { return };
        for _ in 0..if may_be_daemon { FORKS } else { 0 } {
            if kin.is_empty() {
                self.sight = None;
                let Ok(found) = self.kin_of(name) else { return };
                kin = found;
            }
        }
        let Some(run) = self.runs.get_mut(name) else { return };
        let is_daemon = may_be_daemon && kin.iter().any(|kin| !kin.is_of_check());
        if kin.is_empty() {
            self.end(name, exit);
        } else if is_daemon {
            let Ok(others) = kin::held(&kin) else { return };
            // It went into the background: what it left is the service now, and only its own end says how that ended.
            run.is_daemon = true;
            run.exit = Some(ServiceExit::Unknown);
            run.others = others;
            run.known = kin.into_iter().map(|kin| kin.id).collect();
        } else {
            self.begin_end(name);
        }
    }

    /// Asks everything of a service to end.
    pub fn begin_end(&mut self, name: &ServiceName) {
        let Some(stop) = self.fleet.services().get(name).map(|service| service.plan.stop) else { return };
        let Some(run) = self.runs.get_mut(name) else {
            self.events.push_back(MachineEvent::Ended { service: name.clone(), exit: ServiceExit::Unknown });
            return;
        };
        if run.ending.is_some() {
            return;
        }
        run.look.give_up.raise();
        let deadline = self.host.clock.instant() + stop.timeout;
        run.ending = Some(RunEnding { targets: Vec::new(), deadline, is_killing: false, is_asked: false });
        self.go_on_ending(name);
    }

    fn go_on_ending(&mut self, name: &ServiceName) {
        let now = self.host.clock.instant();
        let Some(stop) = self.fleet.services().get(name).map(|service| service.plan.stop) else { return };
        let Some(run) = self.runs.get_mut(name) else { return };
        let Some(ending) = &mut run.ending else { return };
        let was_asked = ending.is_asked;
        let is_late = was_asked && ending.deadline <= now;
        if was_asked && !is_late && (!ending.targets.is_empty() || run.child.is_some()) {
            return;
        }
        let (is_killing, was_killing) = (ending.is_killing || is_late, ending.is_killing);
        // Those who were asked have gone, or do not go: who is left?
        let found = self.kin_of(name).and_then(|kin| Ok((kin::held(&kin)?, kin)));
        let Some(run) = self.runs.get_mut(name) else { return };
        let Ok((targets, kin)) = found else {
            // Without room for another open file nobody can be found or asked: later, when others have ended.
            if let Some(ending) = run.ending.as_mut().filter(|_| is_late || !was_asked) {
                ending.deadline = now + AGAIN;
            }
            return;
        };
        if kin.is_empty() && run.child.is_none() {
            let exit = run.exit.unwrap_or(ServiceExit::Unknown);
            return self.end(name, exit);
        }
        if was_killing && is_late {
            let pids: Vec<String> = kin.iter().map(|kin| kin.id.pid.to_string()).collect();
            let exit = run.exit.unwrap_or(ServiceExit::Unknown);
            self.note(format!("`{name}` does not end, not even killed: pid {}", pids.join(", ")));
            return self.end(name, exit);
        }
        ask(&targets, if is_killing { EndSignal::Kill } else { stop.signal });
        let deadline = match (is_killing && !was_killing, &run.ending) {
            (false, Some(ending)) if was_asked => ending.deadline,
            (false, _) => now + stop.timeout,
            (true, _) => now + LAST_PATIENCE,
        };
        run.ending = Some(RunEnding { targets, deadline, is_killing, is_asked: true });
    }

    /// Nothing of it runs any more. Its last words may still be in its terminal.
    fn end(&mut self, name: &ServiceName, exit: ServiceExit) {
        let mut run = self.runs.remove(name);
        if let Some(run) = &mut run {
            read_terminal(run);
            run.look.give_up.raise();
        }
        if run.as_ref().is_some_and(|run| run.ending.is_none()) {
            // It fails for its end, not for what it had not done yet.
            self.forget_extra_port(name);
        }
        if run.is_some_and(|run| !run.is_setup && run.ending.is_none()) && self.is_cut_off(name, exit) {
            return;
        }
        self.events.push_back(MachineEvent::Ended { service: name.clone(), exit });
    }

    /// A start that failed: over its port? Answers whether it was started once more, for our own hold was in its way.
    fn is_cut_off(&mut self, name: &ServiceName, exit: ServiceExit) -> bool {
        let Some(service) = self.fleet.services().get(name) else { return false };
        let is_starting = matches!(service.phase, Phase::Starting { .. }) && service.leaving.is_none();
        if !is_starting || exit.is_success() {
            return false;
        }
        let ports: Vec<Port> = service.plan.ports().collect();
        if let Some((port, holder)) = ports.iter().find_map(|port| Some((*port, self.holder(*port)?))) {
            self.chronicle_conflict(Some(name), None, port, &holder);
            self.causes.insert(name.clone(), Cause::PortConflict(port));
            self.events
                .push_back(MachineEvent::Seen { service: name.clone(), sight: LookResult::Unwell(holder) });
            return false;
        }
        let log = log_file::path(&record_file::logs(&self.wish.folder), name.as_str());
        let said = log_reader::last_lines(&log, 20).unwrap_or_default().join("\n").to_lowercase();
        let is_over_port =
            ["already in use", "eaddrinuse", "errno 98"].iter().any(|text| said.contains(text));
        let was_held = ports.iter().any(|port| self.ports.is_held(*port));
        if !is_over_port || !was_held || !self.ports.unshare(name) {
            return false;
        }
        self.note(format!("`{name}` shares its port with nobody: started again without the port being held"));
        self.launch(name, false);
        true
    }

    /// Takes note of the orphans that we have adopted: whoever takes over from us finds them by nothing else.
    pub fn note_adopted(&mut self) {
        let own: Vec<u32> = self.runs.values().filter_map(|run| Some(run.child.as_ref()?.id.pid)).collect();
        let children = reaper::children();
        self.adopted.retain(|id| !own.contains(&id.pid) && identity::is_alive(id));
        for pid in children.into_iter().filter(|pid| !own.contains(pid)) {
            if self.adopted.iter().all(|known| known.pid != pid) {
                self.adopted.extend(reaper::adopted(pid));
            }
        }
    }

    /// Returns the living processes of a service, by marker, session, group, ancestry and record, as the last look shows them. An
    /// orphan that wiped its environment belongs to no service that one could tell: it goes with the last one that runs.
    ///
    /// # Errors
    ///
    /// As [`kin::of_worktree`].
    pub fn kin_of(&mut self, name: &ServiceName) -> io::Result<Vec<Kin>> {
        let mut recorded = self.runs.get(name).map(|run| run.known.clone()).unwrap_or_default();
        let is_last = self.runs.len() <= usize::from(self.runs.contains_key(name));
        if is_last {
            recorded.extend(self.adopted.iter().cloned());
        }
        let sight = match self.sight.take() {
            Some(sight) => sight,
            None => KinSight::take()?,
        };
        let sight = self.sight.insert(sight);
        let service = (!is_last).then_some(name.as_str());
        sight.kin(&self.wish.marker, service, &recorded, Some(self.ourselves.pid))
    }
}

/// Takes note of those of its processes that have ended. A first process is waited for once its session is remembered.
fn see_ends_of(run: &mut ServiceRun) {
    if let Some(child) = run.child.as_mut().filter(|_| run.is_remembered) {
        match child.find_end() {
            Ok(None) => {}
            Ok(Some(status)) => {
                run.exit = Some(exit(status));
                run.child = None;
            }
            Err(_) => {
                run.exit = Some(ServiceExit::Unknown);
                run.child = None;
            }
        }
    }
    let ended: Vec<Running> = run.others.extract_if(.., |process| process.is_ended()).collect();
    for exit in ended.iter().filter_map(reaper::find_end) {
        run.note_end(exit);
    }
    if !ended.is_empty() {
        run.known.retain(identity::is_alive);
    }
    if let Some(ending) = &mut run.ending {
        ending.targets.retain(|process| !process.is_ended());
    }
}

fn ask(targets: &[Running], signal: EndSignal) {
    for process in targets {
        // Who may not be signalled, or has gone, is found again by the next look.
        let _ = process.send(signal);
    }
}

fn exit(status: ExitStatus) -> ServiceExit {
    match (status.code(), status.signal()) {
        (Some(code), _) => ServiceExit::Status(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => ServiceExit::Signal(u8::try_from(signal).unwrap_or(u8::MAX)),
        (None, None) => ServiceExit::Unknown,
    }
}
