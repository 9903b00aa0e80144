//! `wt up --take-over`: ends what serves a service's ports and no `wt up` started, so that the service can be started there.
//! Only processes proven to be the worktree's own, and none that `wt ports kill` would leave alone.

use super::place::ServicesPlace;
use super::{elsewhere, plans, standing};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::environment::is_program;
use crate::model::advised::wt;
use crate::model::port::Port;
use crate::model::port::listener::WorktreeKey;
use crate::model::port::words::Words;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::elsewhere::Elsewhere;
use crate::model::words;
use crate::ops::ports::advice::Adviser;
use crate::ops::ports::holders::Profile;
use crate::ops::ports::kill::{self, Deed, KillWay};
use crate::ops::sharing::Sharing;
use crate::ops::{env, service_folder};

/// Who ends on which port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    ports: Vec<(ServiceName, kill::Plan)>,
}

impl Plan {
    /// Answers whether nothing has to end.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }

    /// Returns who would end, in words: `python3 (pid 4242, worktree feature-1) on port 5000`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let on = |port: Port, holder: &Profile| format!("{} on port {port}", holder.words().sentence());
        self.ports
            .iter()
            .flat_map(|(_, plan)| plan.targets.iter().map(|holder| on(plan.port, holder)))
            .collect()
    }
}

/// Looks what would have to end for `services`.
///
/// # Errors
///
/// `not_found` for a service or a program that is not there, `untrusted`: nobody is ended for what may not, or cannot, be
/// started; `port_conflict` where one of them may not be ended.
pub fn plan(context: &Context, services: &[ServiceName]) -> Result<Plan> {
    let entry = env::require_entry(context, None)?;
    let (of_all, own) = Sharing::of(context, &entry).part(services);
    // Those that serve all worktrees have the main one's ports, and are started there.
    let Some((main, there)) = standing::of_shared(context, &entry, &of_all) else {
        return plan_in(context, &entry, services);
    };
    let mut plan = plan_in(&there, &main, &of_all)?;
    if !own.is_empty() {
        plan.ports.extend(plan_in(context, &entry, &own)?.ports);
    }
    Ok(plan)
}

/// The same for services that run in this worktree.
fn plan_in(context: &Context, entry: &Entry, services: &[ServiceName]) -> Result<Plan> {
    plans::require_trusted(context, entry, services)?;
    services.iter().try_for_each(|service| require_program(context, entry, service))?;
    let place = ServicesPlace::of(context, entry)?;
    let port_of = |service: &ServiceName| {
        entry.allocations.iter().find(|known| known.service == *service).and_then(Allocation::find_port)
    };
    let ports = services.iter().flat_map(|service| {
        let settings = context.config.services.get(service);
        let extra = settings.into_iter().flat_map(|settings| &settings.extra_ports);
        let own = settings.filter(|settings| settings.listens && settings.compose.is_none()).map(|_| service);
        own.into_iter().chain(extra).filter_map(|name| Some((service.clone(), port_of(name)?)))
    });
    let ports: Vec<(ServiceName, Port)> = ports.collect();
    let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
    let mut planned: Vec<(ServiceName, kill::Plan)> = Vec::new();
    for known in elsewhere::find_on(context, entry, &place, &ports) {
        if planned.iter().any(|(_, plan)| plan.port == known.port) {
            continue;
        }
        let plan = kill::plan(context, known.port, false)?;
        let why = plan
            .refused
            .first()
            .map(|refused| {
                let pid = refused.pid;
                let words = Words { command: refused.command.as_deref(), pid, ..Words::default() };
                format!("{} is left alone: {}", words.sentence(), refused.reason)
            })
            .or_else(|| {
                let other = plan.targets.iter().find(|target| target.belongs_to.as_ref() != Some(&key))?;
                Some(format!(
                    "{} holds port {} too, and is not of this worktree",
                    other.words().sentence(),
                    known.port
                ))
            });
        if let Some(why) = why {
            return Err(refusal(context, &known.service, known.port, &why));
        }
        planned.push((known.service, plan));
    }
    planned.retain(|(_, plan)| !plan.targets.is_empty());
    Ok(Plan { ports: planned })
}

/// What is ended is to be started again: its program has to be there.
fn require_program(context: &Context, entry: &Entry, service: &ServiceName) -> Result<()> {
    let Some(run) = context.config.services.get(service).and_then(|settings| settings.run.as_deref()) else {
        return Ok(());
    };
    let Some(program) = words::split(run).unwrap_or_default().into_iter().next() else { return Ok(()) };
    if program.contains("{{") {
        return Ok(());
    }
    let is_there = if program.contains('/') {
        is_program(&service_folder::require(&context.config, &entry.path, service)?.join(&program))
    } else {
        context.host.environment.find_program(&program).is_some()
    };
    if is_there {
        return Ok(());
    }
    let message = format!("`{service}` is not taken over: `{program}`, which starts it, is not there");
    Err(Failure::new(Code::NotFound, message)
        .hint(format!("install it, or correct `run` under [service.{service}] in .wt.toml"))
        .detail("service", service.as_str()))
}

fn refusal(context: &Context, service: &ServiceName, port: Port, why: &str) -> Failure {
    let registry = context.store().and_then(|store| store.read()).unwrap_or_default();
    let hint = match Adviser::new(context, &registry).end_whoever(port) {
        Some(command) => format!("`{command}` ends it all the same"),
        None => format!("`{}` tells more", wt("ports owner {}", &[&port])),
    };
    Failure::new(Code::PortConflict, format!("`{service}` is not taken over: {why}"))
        .hint(hint)
        .detail("port", port.number())
        .detail("service", service.as_str())
}

/// Returns what takes it over where that goes through, else what tells more.
pub(super) fn hint(context: &Context, known: &Elsewhere) -> String {
    match plan(context, std::slice::from_ref(&known.service)) {
        Ok(_) => {
            let take_over = wt("up --take-over {}", &[&known.service]);
            format!("`{take_over}` ends it and starts `{}`", known.service)
        }
        Err(_) => format!("`{}` tells more", wt("ports owner {}", &[&known.port])),
    }
}

/// Ends them, gently first, and returns what was done in words.
///
/// # Errors
///
/// `port_conflict` where somebody does not end or another one has the port by now; `interrupted`.
pub fn apply(context: &Context, plan: &Plan, deed: Deed) -> Result<Vec<String>> {
    let mut said = Vec::new();
    for (service, plan) in &plan.ports {
        let report = kill::apply_for(context, plan, KillWay::default(), Some(deed))?;
        for killed in &report.killed {
            said.push(format!("ended {} (pid {}), which served `{service}`", killed.command, killed.pid));
        }
        if report.free {
            continue;
        }
        let refused = report.refused.iter().map(|refused| (refused.pid, refused.command.as_deref()));
        let survived = report.survivors.iter().map(|one| (Some(one.pid), Some(one.command.as_str())));
        let taken = report.taken_by.iter().map(|one| (one.pid, one.command.as_deref()));
        let left = refused.chain(survived).chain(taken).next();
        let why = match left {
            Some((pid, command)) => {
                format!(
                    "{} still has port {}",
                    Words { command, pid, ..Words::default() }.sentence(),
                    plan.port
                )
            }
            None => format!("port {} is not free yet", plan.port),
        };
        return Err(refusal(context, service, plan.port, &why));
    }
    Ok(said)
}
