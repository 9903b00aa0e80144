//! What an earlier supervisor left that was killed: each process is identified anew before it counts as ours.

use std::io;

use super::running::{NextLook, ServiceRun};
use super::supervisor::Supervisor;
use crate::host::process::identity;
use crate::host::services::kin::{self, KinSight};
use crate::host::services::log_file::{self, LogFile};
use crate::host::services::record_file;
use crate::model::advised::wt;
use crate::model::process::ProcessId;
use crate::model::process::kinship;
use crate::model::service::ServiceName;
use crate::model::services::machine::MachineEvent;
use crate::model::services::plan::RestartPolicy;
use crate::model::services::record::KeptService;
use crate::model::services::service::{NextPhase, Phase, SupervisedService};
use crate::model::services::state::{ServiceExit, ServiceState};

impl Supervisor<'_> {
    /// Takes over what runs, and takes note of what does not.
    ///
    /// # Errors
    ///
    /// Where there is no room for another open file: whose processes run cannot be seen.
    pub fn take_over(&mut self) -> io::Result<()> {
        let (kept, adopted) = self.journal.take_over();
        self.adopted = adopted;
        self.adopted.retain(|id| identity::is_from_here(id) && identity::is_alive(id));
        let mut taken: Vec<String> = Vec::new();
        let mut lost: Vec<String> = Vec::new();
        let mut ending: Vec<ServiceName> = Vec::new();
        let recorded: Vec<ProcessId> = kept.iter().flat_map(|kept| kept.processes.iter().cloned()).collect();
        let sight = KinSight::take()?;
        let doubtful = sight.in_doubt(&self.wish.marker, &recorded, Some(self.ourselves.pid));
        let is_same_boot = self.journal.former().is_some_and(identity::is_from_here);
        for kept in kept {
            let name = kept.plan.name.clone();
            let marker = &self.wish.marker;
            let kin = sight.kin(marker, Some(name.as_str()), &kept.processes, Some(self.ourselves.pid))?;
            let was_running = !kept.state.is_resting() && kept.state != ServiceState::Stopping;
            let mut service = resting(&kept);
            if !kin.is_empty() {
                // Looked at like one that has just started: what it is will show at once.
                service.phase = Phase::Starting { since: self.now() };
                let pid = kept.processes.first().filter(|first| kin.iter().any(|kin| kin.id == **first));
                taken.push(format!("{name} (pid {})", pid.unwrap_or(&kin[0].id).pid));
                if self.find_untrusted(&kept.plan).is_some() {
                    self.news.push(format!(
                        "`{name}` runs on, though its commands are not trusted any more: `{down}` ends it",
                        down = wt("down {}", &[&name])
                    ));
                }
                self.last_run += 1;
                let mut run = ServiceRun {
                    number: self.last_run,
                    is_setup: false,
                    child: None,
                    others: kin::held(&kin)?,
                    known: pid.cloned().into_iter().collect(),
                    since: kept.since.unwrap_or_else(|| self.host.clock.now()),
                    log: self.find_log(&name),
                    terminal: None,
                    look: NextLook::new(self.host.clock.instant()),
                    ending: None,
                    exit: None,
                    is_remembered: false,
                    is_daemon: false,
                };
                run.remember(kin.into_iter().map(|kin| kin.id));
                self.runs.insert(name.clone(), run);
            } else if kept.state == ServiceState::Asleep && is_same_boot {
                service.phase = Phase::Asleep;
            } else if was_running && !is_same_boot {
                // It ended with the machine: a look at how things stand starts nothing.
                service.reason = Some("it ended while nobody watched".to_owned());
                lost.push(name.to_string());
            } else if was_running && (kept.state != ServiceState::Starting || !kept.processes.is_empty()) {
                // One that only waited has nothing that could have ended.
                service.phase = Phase::Ready { since: self.now() };
                lost.push(name.to_string());
                self.events
                    .push_back(MachineEvent::Ended { service: name.clone(), exit: ServiceExit::Unknown });
            }
            // A setup that was cut off is no service: it is ended, and run again when that is asked for.
            let is_half_set_up = service.plan.setup.is_some() && !service.is_set_up;
            // What rested was just being stopped, or has left something behind that must not come back as the service.
            let was_ending = !was_running;
            if (is_half_set_up || was_ending) && self.runs.contains_key(&name) {
                // What was stopped because it was not well has a reason.
                let has_failed =
                    kept.reason.is_some() && service.plan.restart.policy == RestartPolicy::No && was_ending;
                let then = if has_failed { NextPhase::Judged } else { NextPhase::Stopped };
                service.phase = Phase::Stopping { then };
                service.reason = kept.reason.filter(|_| has_failed);
                ending.push(name);
            }
            self.fleet.insert(service);
        }
        // Only now: as long as not all runs are known, processes of the others would be taken for its own.
        for name in ending {
            self.begin_end(&name);
        }
        if !taken.is_empty() {
            self.news.push(format!("the supervisor had ended; another one took over {}", taken.join(", ")));
        }
        self.news.extend(kinship::said_of_doubtful(&doubtful));
        if !lost.is_empty() {
            self.news.push(format!("ended while nobody watched: {}", lost.join(", ")));
        }
        Ok(())
    }

    /// Returns the log that a service goes on writing. What stands in its place by now is left alone.
    fn find_log(&mut self, name: &ServiceName) -> Option<LogFile> {
        let logs = record_file::logs(&self.wish.folder);
        LogFile::find(&logs, name.as_str()).unwrap_or_else(|error| {
            let path = log_file::path(&logs, name.as_str());
            self.news.push(format!(
                "{} is not used as the log of {name}: {error}; `{restart}` begins a new one",
                path.display(),
                restart = wt("restart {}", &[&name])
            ));
            None
        })
    }
}

fn resting(kept: &KeptService) -> SupervisedService {
    let mut service = SupervisedService::new(kept.plan.clone(), kept.is_set_up);
    service.phase = match kept.state {
        ServiceState::Failed => Phase::Failed,
        ServiceState::Completed => Phase::Completed,
        _ => Phase::Stopped,
    };
    service.restarts = kept.restarts;
    service.reason = kept.reason.clone().filter(|_| kept.state == ServiceState::Failed);
    service
}
