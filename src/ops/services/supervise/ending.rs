//! Ends: seen where they happen, and brought about where they are asked for. Only what was proven to be the service's is
//! signalled, each process by its own identity.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use super::running::RunEnding;
use super::supervisor::Supervisor;
use crate::host::process::identity;
use crate::host::process::stop::Running;
use crate::host::services::kin::{self, Kin};
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
    /// Looks which processes have ended, and goes on with those that are being ended.
    pub fn see_ends(&mut self) {
        let names: Vec<ServiceName> = self.runs.keys().cloned().collect();
        for name in names {
            self.remember_session(&name);
            let Some(run) = self.runs.get_mut(&name) else { continue };
            if let Some(child) = &mut run.child {
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
            let is_gone = run.child.is_none() && run.others.is_empty();
            if run.ending.is_some() {
                self.go_on_ending(&name);
            } else if is_gone {
                self.see_gone(&name);
            }
        }
    }

    /// Before its first process, which leads its session, is waited for: what it leaves in there is told by it alone where it
    /// wiped its environment.
    fn remember_session(&mut self, name: &ServiceName) {
        let child = self.runs.get(name).and_then(|run| run.child.as_ref());
        if !child.is_some_and(Launched::has_ended) {
            return;
        }
        // Without room for another open file nothing is remembered, and what cannot be proven is left alone.
        let kin = self.kin_of(name).unwrap_or_default();
        if let Some(run) = self.runs.get_mut(name) {
            run.remember(kin.into_iter().map(|kin| kin.id));
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
        ending.targets.retain(|process| !process.is_ended());
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
        self.read_terminals();
        let run = self.runs.remove(name);
        if let Some(run) = &run {
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
            self.chronicle_conflict(Some(name), port, &holder);
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

    /// Returns the living processes of a service, by marker, session, group, ancestry and record. An orphan that wiped its
    /// environment belongs to no service that one could tell: it goes with the last one that runs.
    ///
    /// # Errors
    ///
    /// As [`kin::of_worktree`].
    pub fn kin_of(&self, name: &ServiceName) -> io::Result<Vec<Kin>> {
        let mut recorded = self.runs.get(name).map(|run| run.known.clone()).unwrap_or_default();
        let (marker, adopter) = (&self.wish.marker, Some(self.ourselves.pid));
        if self.runs.keys().all(|other| other == name) {
            recorded.extend(self.adopted.iter().cloned());
            return kin::of_worktree(marker, &recorded, adopter);
        }
        kin::of_service(marker, name.as_str(), &recorded, adopter)
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
