//! Starting: the ports are held before anything runs, the folder is looked at once more, and the words are executed.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::refusal::cause;
use super::running::{NextLook, ServiceRun};
use super::supervisor::Supervisor;
use super::terminal;
use crate::host::git::Repository;
use crate::host::net::listeners::listeners;
use crate::host::services::launch::{Launch, launch};
use crate::host::services::log_file::LogFile;
use crate::host::services::record_file;
use crate::host::services::terminal::Terminal;
use crate::host::store::Store;
use crate::host::trust_file;
use crate::model::port::Port;
use crate::model::process::attribution::{WT_MARKER, WT_SERVICE};
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::services::machine::MachineEvent;
use crate::model::services::plan::ServicePlan;
use crate::model::services::protocol::Cause;
use crate::model::services::service::Phase;
use crate::ops::foreign;
use crate::ops::services::occupied;
use crate::ops::services::supervise::refusal::{PortsRefusal, cause_of_port};

impl Supervisor<'_> {
    pub fn store(&self) -> crate::error::Result<Store<Registry>> {
        Ok(Store::open(self.host.dirs()?, super::registrar::LOCK_TIMEOUT, self.host.interrupt.clone()))
    }

    /// Starts a service, or its setup.
    pub fn launch(&mut self, name: &ServiceName, is_setup: bool) {
        let Some(plan) = self.fleet.services().get(name).map(|service| service.plan.clone()) else { return };
        self.causes.remove(name);
        self.refused_ports.remove(name);
        self.lost_ports.remove(name);
        self.sight = None;
        if let Err(refusal) = self.try_launch(&plan, is_setup) {
            self.chronicle_refusal(Some(name), None, &refusal);
            let PortsRefusal { reason, cause } = refusal;
            self.causes.insert(name.clone(), cause);
            if matches!(cause, Cause::PortConflict(_)) {
                self.refused_ports.insert(name.clone());
            }
            // A command that is not there, or may not be run, is not there the next time either.
            let is_final = matches!(cause, Cause::NotFound | Cause::Permission | Cause::Untrusted);
            self.events.push_back(MachineEvent::LaunchFailed { service: name.clone(), reason, is_final });
        }
    }

    fn try_launch(&mut self, plan: &ServicePlan, is_setup: bool) -> Result<(), PortsRefusal> {
        self.require_trust(plan)?;
        self.require_shared(plan)?;
        let folder = self.folder_of(plan);
        self.require_inside(&folder)?;
        if self.ports.is_unshared(&plan.name) {
            self.release_ports(&plan.name, false);
        } else {
            self.require_ports(plan)?;
        }
        self.require_socket(plan)?;
        let log = self.begin_log(&plan.name)?;
        let words = if is_setup { plan.setup.as_deref().unwrap_or_default() } else { &plan.words };
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let variables = self.marked(plan.variables.clone(), plan.name.as_str());
        self.announce(&plan.name);
        let socket =
            plan.port.filter(|_| plan.activated && !is_setup).and_then(|port| self.ports.socket(port));
        let terminal = if plan.terminal { terminal::open(self.size) } else { None };
        let launched = launch(&Launch {
            words: &words,
            folder: &folder,
            variables: &variables,
            log: log.as_fd(),
            socket: socket.map(AsFd::as_fd),
            terminal: terminal.as_ref().map(Terminal::inner),
            open_files: Some(self.open_files),
        });
        let child = launched.map_err(|error| cannot_run(is_setup, plan, &error))?;
        self.last_run += 1;
        let run = ServiceRun {
            number: self.last_run,
            is_setup,
            known: vec![child.id.clone()],
            child: Some(child),
            others: Vec::new(),
            since: self.host.clock.now(),
            log: Some(log),
            terminal: terminal.map(Terminal::into_outer),
            look: NextLook::new(self.host.clock.instant()),
            ending: None,
            exit: None,
            is_remembered: false,
            is_daemon: false,
        };
        self.runs.insert(plan.name.clone(), run);
        Ok(())
    }

    /// Begins the log of a run. What ran before and ended by itself is started again although nothing can be written.
    fn begin_log(&mut self, name: &ServiceName) -> Result<LogFile, PortsRefusal> {
        let logs = record_file::logs(&self.wish.folder);
        let unwritten = |error| refusal(&error, &format!("its log in {} cannot be written", logs.display()));
        if self.fleet.services().get(name).is_some_and(|service| service.restarts > 0) {
            let (log, is_lost) = LogFile::start_at_any_rate(&logs, name.as_str()).map_err(unwritten)?;
            if is_lost {
                self.log(&format!("{name} starts although its log in {} cannot be written", logs.display()));
            }
            return Ok(log);
        }
        let log = LogFile::start(&logs, name.as_str()).map_err(unwritten)?;
        if matches!(log.has_room(), Ok(false)) {
            let reason = format!("the disk of its log is full ({})", logs.display());
            return Err(PortsRefusal { reason, cause: Cause::DiskFull });
        }
        Ok(log)
    }

    /// Asks once more, whoever starts it: what was approved when somebody asked for it may have been taken back since.
    fn require_trust(&self, plan: &ServicePlan) -> Result<(), PortsRefusal> {
        match self.find_untrusted(plan) {
            None => Ok(()),
            Some(reason) => Err(PortsRefusal { reason, cause: Cause::Untrusted }),
        }
    }

    /// Answers whether the code there is a stranger's by now: another commit may have been checked out since.
    fn is_foreign(&self) -> bool {
        let Ok(registry) = self.store().and_then(|store| store.read()) else { return false };
        let known = registry.entries().find(|known| known.sequence == self.wish.sequence);
        let Some(entry) = known else { return false };
        match Repository::discover(&self.ground.root()) {
            Ok(repository) => foreign::is_foreign(&repository.heeding(&self.host.interrupt), entry),
            Err(_) => !entry.notes.foreign.is_absent(),
        }
    }

    /// Returns why nothing of a service may be run.
    pub fn find_untrusted(&self, plan: &ServicePlan) -> Option<String> {
        if self.is_foreign() {
            return Some("the code is a stranger's: `wt trust --here` allows it".to_owned());
        }
        if plan.agreement.commands.is_empty() {
            return None;
        }
        let approvals = self.host.dirs().and_then(|dirs| trust_file::read(&dirs));
        match approvals {
            Ok(approvals) => approvals
                .find_revoked(&plan.agreement)
                .map(|key| format!("`{key}` is not trusted any more: `wt trust` allows it")),
            Err(failure) => Some(format!("nothing can be trusted: {failure}")),
        }
    }

    /// Adds what its processes are found by.
    pub fn marked(&self, mut variables: Vec<(String, String)>, service: &str) -> Vec<(String, String)> {
        variables.push((WT_MARKER.to_owned(), self.wish.marker.clone()));
        variables.push((WT_SERVICE.to_owned(), service.to_owned()));
        variables
    }

    /// Returns the folder of a service, which moves with the worktree.
    pub fn folder_of(&self, plan: &ServicePlan) -> PathBuf {
        self.ground.place_of(&plan.folder)
    }

    /// What was inside when it was planned may be a link by now.
    fn require_inside(&self, folder: &Path) -> Result<(), PortsRefusal> {
        let real = |path: &Path| {
            path.canonicalize().map_err(|error| refusal(&error, &format!("its folder {}", path.display())))
        };
        if real(folder)?.starts_with(real(&self.ground.root())?) {
            return Ok(());
        }
        let reason = format!("its folder {} is not inside the worktree", folder.display());
        Err(PortsRefusal { reason, cause: Cause::Permission })
    }

    /// Holds the ports again where they were let go.
    fn require_ports(&mut self, plan: &ServicePlan) -> Result<(), PortsRefusal> {
        if plan.contained {
            return Ok(());
        }
        for port in plan.ports() {
            let mut held = self.ports.hold(port);
            // A stranger may listen beside a hold; one that a request starts finds that out before it runs. Where we listen
            // for it ourselves, which the kernel shows too, nobody else can.
            if held.is_ok() && plan.on_demand && self.ports.socket(port).is_none() && is_listened_on(port) {
                held = Err(ErrorKind::AddrInUse.into());
            }
            if let Err(error) = held {
                let registry = self.store().and_then(|store| store.read()).unwrap_or_default();
                let reason = format!(
                    "port {port} is {}",
                    occupied::why(&self.host.name(), (self.wish.sequence, port), &error, &registry)
                );
                return Err(PortsRefusal { reason, cause: cause_of_port(port, &error) });
            }
        }
        Ok(())
    }

    /// Makes the socket that is to be handed over.
    pub fn require_socket(&mut self, plan: &ServicePlan) -> Result<(), PortsRefusal> {
        let Some(port) = plan.port.filter(|_| plan.activated && !plan.contained) else { return Ok(()) };
        self.ports.listen(port).map_err(|error| PortsRefusal {
            reason: format!("port {port} cannot be listened on: {error}"),
            cause: cause_of_port(port, &error),
        })
    }

    /// Holds the ports of what is started again after a pause or by a request, so that no stranger has them by then.
    pub fn hold_in_pauses(&mut self) {
        let pausing = self.fleet.services().values().filter(|service| match service.phase {
            Phase::Backoff { .. } => !service.plan.contained && !self.ports.is_unshared(&service.plan.name),
            Phase::Asleep => true,
            _ => false,
        });
        let ports: Vec<Port> = pausing.flat_map(|service| service.plan.ports()).collect();
        for port in ports {
            // One that somebody has already is refused with his name when its service starts.
            let _ = self.ports.hold(port);
        }
    }

    /// Lets go of the ports of a service: it listens itself by now, or does not run any more.
    pub fn release_ports(&mut self, name: &ServiceName, with_socket: bool) {
        let Some(service) = self.fleet.services().get(name) else { return };
        for port in service.plan.ports() {
            self.ports.release(port, with_socket);
        }
    }
}

/// Answers whether anybody listens on the port, as far as that can be seen.
pub(super) fn is_listened_on(port: Port) -> bool {
    listeners().is_ok_and(|all| all.iter().any(|socket| socket.port == port && socket.listening))
}

fn cannot_run(is_setup: bool, plan: &ServicePlan, error: &std::io::Error) -> PortsRefusal {
    let words = if is_setup { plan.setup.as_deref().unwrap_or_default() } else { &plan.words };
    let program = words.first().map(String::as_str).unwrap_or_default();
    let what = if is_setup { "its setup " } else { "" };
    match error.kind() {
        ErrorKind::NotFound => PortsRefusal {
            reason: format!("{what}`{program}` cannot be run: there is no such command"),
            cause: Cause::NotFound,
        },
        _ => refusal(error, &format!("{what}`{program}` cannot be run")),
    }
}

fn refusal(error: &std::io::Error, what: &str) -> PortsRefusal {
    PortsRefusal { reason: format!("{what}: {error}"), cause: cause(error) }
}
