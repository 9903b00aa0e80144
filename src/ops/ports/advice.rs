//! The next command about a port. Each is decided by the rule that the command itself obeys, so that none is advised which
//! would be refused.

use std::cell::OnceCell;

use super::holders::holders;
use super::kill;
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::services::record_file;
use crate::model::advised::{Advised, wt};
use crate::model::config::service::ServiceSettings;
use crate::model::config::settings::Strategy;
use crate::model::port::dispute::Dispute;
use crate::model::port::doubled;
use crate::model::port::exclusion;
use crate::model::port::remedy::{self, Remedy};
use crate::model::port::resolution::{DisputeAction, steps};
use crate::model::port::tenant::Tenant;
use crate::model::port::verdict::{PortVerdict, Ruling};
use crate::model::port::{Port, PortRange};
use crate::model::process::ProcessId;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::services::state::ServiceState;
use crate::ops::ports::settings;
use crate::ops::services::place;

/// Who is asked for the next command.
#[derive(Clone, Debug)]
pub struct Adviser<'a> {
    context: &'a Context,
    registry: &'a Registry,
    /// The repository we stand in.
    here: Option<RepositoryId>,
    /// The disputes of all repositories, once somebody asked.
    disputes: OnceCell<Vec<Dispute>>,
}

/// What settles a dispute, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    Command(String),
    /// A person runs one of these.
    Choice(Vec<String>),
}

impl Advice {
    /// Returns the command, or what a person is told.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Command(command) => command.clone(),
            Self::Choice(choices) => doubled::asked(choices),
        }
    }
}

impl<'a> Adviser<'a> {
    /// Advises by what `registry` says.
    #[must_use]
    pub fn new(context: &'a Context, registry: &'a Registry) -> Self {
        let here = context.repository.as_ref().and_then(Repository::find_id);
        Self { context, registry, here, disputes: OnceCell::new() }
    }

    fn is_here(&self, entry: &Entry) -> bool {
        self.here.as_ref() == Some(&entry.repository_id)
    }

    /// The disputes of all repositories, looked for once.
    fn disputes(&self) -> Result<&[Dispute]> {
        if self.disputes.get().is_none() {
            let found = super::disputes::all(self.context, self.registry)?;
            return Ok(self.disputes.get_or_init(|| found));
        }
        Ok(self.disputes.get().map(Vec::as_slice).unwrap_or_default())
    }

    /// Has the command run in the worktree, unless we stand in it.
    fn at_worktree(&self, entry: &Entry, command: Advised) -> String {
        let stands_there = self.is_here(entry) && self.context.folder.starts_with(&entry.path);
        let command = if stands_there { command } else { command.at(entry.path.display()) };
        command.to_string()
    }

    /// Has the command run in the worktree's repository, unless we stand in it.
    fn at_repository(&self, entry: &Entry, command: Advised) -> String {
        let command = if self.is_here(entry) { command } else { command.at(entry.repository.display()) };
        command.to_string()
    }

    fn entry_of(&self, tenant: &Tenant) -> Option<&'a Entry> {
        self.registry.entries().find(|entry| entry.sequence == tenant.sequence)
    }

    /// Returns the command that starts the service, where the configuration says how it is run.
    #[must_use]
    pub fn start(&self, entry: &Entry, service: &ServiceName) -> Option<String> {
        let settings = self.context.config.services.get(service);
        let is_runnable = self.is_here(entry) && settings.is_some_and(ServiceSettings::is_runnable);
        is_runnable.then(|| self.at_worktree(entry, wt("up {}", &[service])))
    }

    /// Returns the command that stops the service, where a supervisor of ours runs it on that port.
    #[must_use]
    pub fn stop(&self, entry: &Entry, service: &ServiceName, port: Port) -> Option<String> {
        let dirs = self.context.host.dirs().ok()?;
        let folder = place::folder(dirs.state(), entry);
        let record = record_file::find(&folder, entry.sequence)?;
        let kept = record.find(service).filter(|kept| kept.plan.port == Some(port))?;
        let is_alive = |id: &ProcessId| record_file::is_alive(&folder, id);
        // Of one that sleeps the supervisor has the port.
        let runs = kept.state == ServiceState::Asleep || kept.processes.iter().any(is_alive);
        let is_supervised = record.supervisor.as_ref().is_some_and(is_alive);
        (runs && is_supervised).then(|| self.at_worktree(entry, wt("down {}", &[service])))
    }

    /// Returns the command that ends who holds the port, where it would end them.
    #[must_use]
    pub fn end(&self, port: Port) -> Option<String> {
        let plan = kill::plan(self.context, port, false).ok()?;
        plan.goes_through().then(|| wt("ports kill {}", &[&port]).to_string())
    }

    /// Returns the same with `--force`, where that ends whom the plain command would leave alone.
    #[must_use]
    pub fn end_whoever(&self, port: Port) -> Option<String> {
        let plan = kill::plan(self.context, port, true).ok()?;
        plan.goes_through().then(|| wt("ports kill {} --force", &[&port]).to_string())
    }

    /// Returns what gets the services of the worktree with that sequence past whoever has `port`, in words; `up` where they
    /// are started by `wt up`.
    #[must_use]
    pub fn way_past(&self, sequence: u64, port: Port, up: bool) -> String {
        let owner = wt("ports owner {}", &[&port]).to_string();
        let tells = format!("`{owner}` says who has it");
        let disputes = self.disputes().unwrap_or_default();
        let concerns = |one: &&Dispute| one.tenants().iter().any(|tenant| tenant.sequence == sequence);
        let dispute = disputes.iter().filter(|one| one.port == port).find(concerns);
        if let Some(dispute) = dispute {
            return match self.settled_by_up(dispute).filter(|_| up) {
                Some(said) => format!("{said}; {tells}"),
                None => match self.remedy(dispute) {
                    Advice::Choice(choices) => doubled::asked(&choices),
                    Advice::Command(command) if command == owner => tells,
                    Advice::Command(command) => format!("`{command}` settles it; {tells}"),
                },
            };
        }
        match (self.end(port), super::holders::connection(port)) {
            (Some(kill), _) => format!("`{kill}` ends it; {tells}"),
            (None, Some(_)) if holders(port, self.registry).is_ok_and(|holders| holders.is_empty()) => {
                "try again once that connection is gone: the system keeps one that has ended for a minute"
                    .to_owned()
            }
            (None, _) => tells,
        }
    }

    /// Says what `wt up --resolve` does about the dispute, where it does something.
    fn settled_by_up(&self, dispute: &Dispute) -> Option<String> {
        let settings = settings::settings(self.context);
        let all = steps(std::slice::from_ref(dispute), Strategy::Intelligent, settings);
        // In the worktree that was named, if one was.
        let up = || self.context.advised(wt("up --resolve intelligent", &[]));
        let agreed = || self.context.advised(wt("up --resolve intelligent --yes", &[]));
        all.into_iter().find_map(|step| match step.action {
            DisputeAction::Move { .. } => Some(format!("`{}` moves away from it", up())),
            DisputeAction::Terminate { needs_agreement: false, .. } => Some(format!("`{}` ends it", up())),
            DisputeAction::Terminate { .. } => Some(format!("`{}` ends it", agreed())),
            DisputeAction::Restart { .. } | DisputeAction::Leave { .. } => None,
        })
    }

    /// Returns the command that gives the worktree's port up, where it would.
    #[must_use]
    pub fn give_up(&self, entry: &Entry, port: Port) -> Option<String> {
        let release = || wt("ports release {} --worktree {}", &[&port, &entry.name]);
        (entry.state == EntryState::Active).then(|| self.at_repository(entry, release()))
    }

    /// Returns the command that lets the port be allocated again, where a person's exclusion alone keeps it.
    #[must_use]
    pub fn include(&self, port: Port) -> Option<String> {
        let range = PortRange::new(port, port)?;
        let by_people = exclusion::touching(&self.registry.exclusions, range).next().is_some();
        let others = super::exclusions::others(self.context, range);
        (by_people && others.is_empty()).then(|| wt("ports include {}", &[&port]).to_string())
    }

    /// Returns what settles the dispute.
    #[must_use]
    pub fn remedy(&self, dispute: &Dispute) -> Advice {
        self.told(dispute, remedy::remedy(dispute, settings::settings(self.context)))
    }

    /// Returns what helps where `wt ports resolve` was run and the dispute is left all the same.
    #[must_use]
    pub fn settle_otherwise(&self, dispute: &Dispute) -> Advice {
        self.told(dispute, remedy::otherwise(dispute, settings::settings(self.context)))
    }

    fn told(&self, dispute: &Dispute, remedy: Remedy) -> Advice {
        let Some(command) = remedy.command(dispute.port) else {
            return Advice::Choice(self.choices(dispute.tenants()));
        };
        let entry = dispute.tenants().iter().filter_map(|tenant| self.entry_of(tenant));
        let entry = entry.clone().find(|entry| self.is_here(entry)).or(entry.clone().next());
        Advice::Command(match entry.filter(|_| matches!(remedy, Remedy::Resolve(_))) {
            Some(entry) => self.at_repository(entry, command),
            None => command.to_string(),
        })
    }

    fn choices(&self, tenants: &[Tenant]) -> Vec<String> {
        doubled::choices(tenants, |tenant| {
            let entry = self.entry_of(tenant).filter(|entry| !self.is_here(entry))?;
            Some(entry.repository.to_string_lossy().into_owned())
        })
    }
}

/// Returns what to do next about a port with that verdict, in words.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn next_step(context: &Context, ruling: &Ruling) -> Result<Option<String>> {
    Adviser::new(context, &*context.store()?.read()?).next_step(ruling)
}

impl Adviser<'_> {
    /// As the free [`next_step`], for whoever asks about many ports: what they share is looked for once.
    ///
    /// # Errors
    ///
    /// Fails when the machine cannot be asked.
    pub fn next_step(&self, ruling: &Ruling) -> Result<Option<String>> {
        let (adviser, context, registry) = (self, self.context, self.registry);
        let port = ruling.port;
        if ruling.verdict.is_free() {
            return Ok(None);
        }
        let owner = wt("ports owner {}", &[&port]).to_string();
        if let Some(dispute) = adviser.disputes()?.iter().find(|one| one.port == port) {
            return Ok(Some(match adviser.remedy(dispute) {
                Advice::Choice(choices) => doubled::asked(&choices),
                Advice::Command(command) if command == owner => format!("`{owner}` tells more"),
                Advice::Command(command) => format!("`{command}` settles it; `{owner}` tells more"),
            }));
        }
        let entry = registry.find_owner(port);
        let service = entry.and_then(|entry| {
            let known = entry.allocations.iter().find(|known| known.find_port() == Some(port))?;
            Some((entry, known.service.clone()))
        });
        let ended = || match adviser.end(port) {
            Some(kill) => format!("`{owner}` tells more, `{kill}` ends it"),
            None => format!("`{owner}` tells more; `wt ports next` names another port"),
        };
        let is_stray = ruling.is_stray() && super::strays::is_in_our_ranges(context, port);
        Ok(match ruling.verdict {
            PortVerdict::Free | PortVerdict::TimeWait => None,
            PortVerdict::Allocated => service.and_then(|(entry, service)| {
                let start =
                    adviser.start(entry, &service).map(|start| format!("`{start}` starts its server"));
                start.or_else(|| {
                    adviser.give_up(entry, port).map(|release| format!("`{release}` gives it up"))
                })
            }),
            PortVerdict::OwnListener => {
                let stop = service.and_then(|(entry, service)| adviser.stop(entry, &service, port));
                stop.or_else(|| adviser.end(port)).map(|command| format!("`{command}` ends its server"))
            }
            // A worktree's healthy server is not ended for standing on another port than its own.
            PortVerdict::Sibling => Some(format!("`{owner}` tells more; `wt ports next` names another port")),
            PortVerdict::Stranger if is_stray => Some(format!("`{}` ends it", wt("ports cleanup", &[]))),
            PortVerdict::Stranger | PortVerdict::OtherUser | PortVerdict::Bound | PortVerdict::Outgoing => {
                Some(ended())
            }
            PortVerdict::Container => Some("`docker ps` shows the container; stop it there".to_owned()),
            PortVerdict::Excluded => Some(match adviser.include(port) {
                Some(include) => format!("`{include}` takes that back"),
                None => "`wt ports next` names another port".to_owned(),
            }),
            PortVerdict::Claimed => {
                Some("`wt ports next` names another port; `wt team` shows who has which".to_owned())
            }
            PortVerdict::Privileged => Some("choose a port above 1023: `wt ports next` names one".to_owned()),
        })
    }
}
