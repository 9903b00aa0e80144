//! From the configuration to what is run: which services, trusted, with their ports allocated and their words filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::naming;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::services::launch;
use crate::model::advised::wt;
use crate::model::agreement::Agreement;
use crate::model::config::health;
use crate::model::config::settings::{ServiceSettings, SocketUse};
use crate::model::health::check::{CheckKind, HealthCheck};
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::command::{self, Values};
use crate::model::services::plan::{ExtraPort, Patience, ServicePlan};
use crate::model::services::{compose, order};
use crate::model::variables::{self, EnvFacts};
use crate::ops::create::WayOut;
use crate::ops::ports::allocate;
use crate::ops::sharing::Sharing;
use crate::ops::trust::{self, Trust};
use crate::ops::{env, foreign, service_folder};

/// How long a start may take that says no more.
const START: Duration = Duration::from_mins(1);

/// The shortest and the longest time that one check may take.
const CHECK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_mins(1));

/// What is to be run.
#[derive(Debug)]
pub struct ChosenPlans {
    /// Those that were asked for and all that they need, each after what it needs.
    pub plans: Vec<ServicePlan>,
    pub wanted: Vec<ServiceName>,
    /// Ports that were allocated for it.
    pub allocated: Vec<allocate::GivenPort>,
    pub warnings: Vec<String>,
    /// Who held the ports that were passed over, in words.
    pub said: Vec<String>,
}

/// How what has no port yet gets one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MissingPorts {
    /// A definite one for the one service.
    pub port: Option<Port>,
    /// To take the next free one instead of one that a stranger holds.
    pub gives_way: bool,
}

/// Chooses the services called `names`, all that can be run where none is named.
///
/// # Errors
///
/// `not_found` for a service that is not there or cannot be run, `untrusted`, `config_invalid`, and what stops an
/// allocation. Nothing runs yet.
pub fn choose(
    context: &Context,
    entry: &mut Entry,
    names: &[ServiceName],
    wish: MissingPorts,
) -> Result<ChosenPlans> {
    let repository = context.require_repository()?;
    let services = &context.config.services;
    let wanted = wanted(context, names)?;
    let order = order::closure(services, &wanted);
    let trust = require_trust(context, entry, &order)?;
    let settings: Vec<(&ServiceName, &ServiceSettings)> =
        order.iter().filter_map(|name| Some((name, services.get(name)?))).collect();
    // What serves all worktrees is run in the main one alone.
    let (elsewhere, _) = Sharing::of(context, entry).part(&order);
    for (name, _) in settings.iter().filter(|(name, _)| !elsewhere.contains(name)) {
        service_folder::require(&context.config, &entry.path, name)?;
    }
    let mut chosen = ChosenPlans {
        plans: Vec::new(),
        wanted,
        allocated: Vec::new(),
        warnings: Vec::new(),
        said: Vec::new(),
    };
    allocate_missing(context, entry, &settings, wish, &mut chosen)?;
    let facts = env::facts_of(context, repository, entry);
    let block = env::variables_of(context, repository, entry)?;
    let urls = variables::urls(&context.config, &facts)?;
    for (name, settings) in settings.into_iter().filter(|(name, _)| !elsewhere.contains(name)) {
        let agreement = trust.agreement(&entry.repository_id, &context.config, settings.configured_as(name));
        let (facts, block, urls) = (&facts, &block, &urls);
        let one = One { context, repository, entry, facts, block, urls, name, settings, agreement };
        let mut plan = one.plan()?;
        let (shared, own) = plan.needs.into_iter().partition(|(need, _)| elsewhere.contains(need));
        (plan.shared_needs, plan.needs) = (shared, own);
        chosen.plans.push(plan);
    }
    chosen.wanted.retain(|name| !elsewhere.contains(name));
    Ok(chosen)
}

/// Returns those services that serve all worktrees, among the ones called `names` and all that they need.
///
/// # Errors
///
/// As [`wanted`].
pub(super) fn shared(context: &Context, names: &[ServiceName]) -> Result<Vec<ServiceName>> {
    if context.config.services.values().all(|settings| !settings.shared) {
        return Ok(Vec::new());
    }
    let order = order::closure(&context.config.services, &wanted(context, names)?);
    Ok(order.into_iter().filter(|name| context.config.is_shared(name)).collect())
}

/// Returns the services that are meant by `names`, all that can be run where none is named.
///
/// # Errors
///
/// `not_found` for one that is not there or cannot be run.
pub(super) fn wanted(context: &Context, names: &[ServiceName]) -> Result<Vec<ServiceName>> {
    let services = &context.config.services;
    let runnable =
        || services.iter().filter(|(_, settings)| settings.is_runnable()).map(|(name, _)| name.clone());
    if names.is_empty() {
        let all: Vec<ServiceName> = runnable().collect();
        if all.is_empty() {
            return Err(Failure::new(Code::NotFound, "no service says how it is run")
                .hint("give one a `run` in .wt.toml, as in\n[service.web]\nrun = \"npm run dev -- --port {{ port }}\""));
        }
        return Ok(all);
    }
    for name in names {
        match services.get(name) {
            Some(settings) if settings.is_runnable() => {}
            Some(_) => {
                let message = format!("service `{name}` does not say how it is run");
                return Err(Failure::new(Code::NotFound, message)
                    .hint(format!("give it a `run` under [service.{name}] in .wt.toml")));
            }
            None => return Err(naming::unknown(context, name, std::iter::empty())),
        }
    }
    Ok(names.to_vec())
}

/// Returns the name under which the commands of a service stand in the configuration.
fn configured_as<'a>(context: &'a Context, name: &'a ServiceName) -> &'a ServiceName {
    context.config.services.get(name).map_or(name, |settings| settings.configured_as(name))
}

/// Requires that the commands of the services called `names` are trusted, and of all that they need.
///
/// # Errors
///
/// `untrusted`, and what [`choose`] says of services that are not there.
pub(super) fn require_trusted(context: &Context, entry: &Entry, names: &[ServiceName]) -> Result<()> {
    let order = order::closure(&context.config.services, &wanted(context, names)?);
    require_trust(context, entry, &order).map(drop)
}

fn require_trust(context: &Context, entry: &Entry, order: &[ServiceName]) -> Result<Trust> {
    foreign::require_own(context.require_repository()?, entry)?;
    let trust = Trust::read(context)?;
    let known = |key: &String| context.config.values.iter().any(|value| value.key == *key);
    let keys = order.iter().map(|name| configured_as(context, name)).flat_map(|name| {
        let plain = ["run", "setup", "compose", "environment"].map(|last| format!("service.{name}.{last}"));
        let check = context.config.services.get(name).and_then(|settings| settings.health.as_ref());
        let check = check.and_then(|check| check.get("command"));
        plain.into_iter().filter(known).chain(check.map(|_| format!("service.{name}.health.command")))
    });
    let refused: Vec<String> =
        keys.filter(|key| !trust.allows(&entry.repository_id, &context.config, key)).collect();
    if refused.is_empty() {
        return Ok(trust);
    }
    let mut report = trust::status(context)?;
    report.commands.retain(|view| refused.contains(&view.command.key));
    Err(trust::untrusted(&report, "these commands are not trusted: they come from the configuration"))
}

fn allocate_missing(
    context: &Context,
    entry: &mut Entry,
    settings: &[(&ServiceName, &ServiceSettings)],
    wish: MissingPorts,
    chosen: &mut ChosenPlans,
) -> Result<()> {
    let has = |entry: &Entry, name: &ServiceName| {
        entry.allocations.iter().any(|known| known.service == *name && known.find_port().is_some())
    };
    let listening = settings.iter().filter(|(_, settings)| settings.listens);
    let needed = listening.flat_map(|(name, settings)| settings.extra_ports.iter().chain([*name]));
    let mut missing: Vec<ServiceName> = needed.filter(|name| !has(entry, name)).cloned().collect();
    // As a create gives them: which port a service gets hangs on the configuration, not on who is started first.
    let order = context.config.services_of(context.config.drawing_purpose(entry));
    let rank = |service: &ServiceName| order.iter().position(|known| known == service).unwrap_or(order.len());
    missing.sort_by_key(rank);
    missing.dedup();
    let mut requests = Vec::new();
    if let Some(port) = wish.port {
        let [one] = &chosen.wanted[..] else {
            return Err(Failure::new(Code::Usage, "one port is for one service")
                .hint("name one service with `--port`"));
        };
        missing.retain(|name| name != one);
        requests.push((vec![one.clone()], Some(port)));
    }
    if !missing.is_empty() {
        requests.push((missing, None));
    }
    let up = context.advised(wt("up --resolve intelligent", &[]));
    for (services, port) in requests {
        let worktree = Some(entry.name.clone());
        let request = allocate::Request {
            worktree,
            services,
            port,
            gives_way: wish.gives_way,
            way_out: WayOut::Resolve(up.to_string()),
        };
        let report = allocate::allocate(context, &request)?;
        chosen.allocated.extend(report.ports.into_iter().filter(|given| given.new));
        chosen.warnings.extend(report.warnings);
        chosen.said.extend(report.said);
        let path = std::mem::take(&mut entry.path);
        *entry = env::require_entry(context, Some(&entry.name))?;
        entry.path = path;
    }
    Ok(())
}

/// The program that follows containers: this one.
fn follower() -> Result<PathBuf> {
    launch::own_program()
        .map_err(|error| Failure::from_io(error, Code::Internal, "our own program cannot be found"))
}

/// One service on its way to a plan.
struct One<'a> {
    context: &'a Context,
    repository: &'a Repository,
    entry: &'a Entry,
    facts: &'a EnvFacts,
    block: &'a [(String, String)],
    urls: &'a [(ServiceName, String)],
    name: &'a ServiceName,
    settings: &'a ServiceSettings,
    agreement: Agreement,
}

impl One<'_> {
    fn plan(&self) -> Result<ServicePlan> {
        let Self { name, settings, .. } = *self;
        let port = self.port(name).filter(|_| settings.listens);
        let check = self.check()?;
        let usual = self.context.config.health;
        let written = match &check.kind {
            CheckKind::Command(text) => Some(self.words("health.command", text, port)?),
            _ => None,
        };
        let words = match (&settings.run, &settings.compose) {
            (Some(run), _) => self.words("run", run, port)?,
            (None, Some(service)) => compose::run_words(&follower()?, service, &settings.stop),
            (None, None) => Vec::new(),
        };
        // The engine knows how its containers are: what is asked is the docker command.
        let contained = match &settings.compose {
            Some(service) => Some(compose::check_words(&follower()?, service)),
            None => None,
        };
        let setup = settings.setup.as_ref().map(|text| self.words("setup", text, port)).transpose()?;
        Ok(ServicePlan {
            name: name.clone(),
            words,
            setup,
            folder: service_folder::require(&self.context.config, &self.entry.path, name)?,
            variables: variables::over(
                &settings.environment,
                variables::of_service(self.block, &settings.env, port),
            ),
            port,
            extra_ports: settings.extra_ports.iter().filter_map(|other| self.extra_port(other)).collect(),
            activated: settings.socket == Some(SocketUse::Activate),
            contained: settings.compose.is_some(),
            health: contained
                .as_ref()
                .map(|words| json!({ "command": words[0] }))
                .or(settings.health.clone()),
            check_words: contained.or(written),
            patience: Patience {
                start: check.start_timeout.unwrap_or(START),
                check: check.timeout.unwrap_or(usual.timeout).clamp(CHECK.0, CHECK.1),
                interval: check.interval.unwrap_or(usual.interval).max(Duration::from_millis(100)),
                failures: check.failures.unwrap_or(usual.failures),
                successes: check.successes.unwrap_or(usual.successes),
            },
            needs: settings.depends_on.clone(),
            shared_needs: BTreeMap::new(),
            restart: settings.restart,
            stop: if settings.compose.is_some() { compose::stopping(&settings.stop) } else { settings.stop },
            critical: settings.critical,
            terminal: false,
            limits: settings.limits,
            on_demand: settings.on_demand && port.is_some(),
            idle_stop: settings.idle_stop.filter(|_| settings.on_demand),
            agreement: self.agreement.clone(),
        })
    }

    fn port(&self, service: &ServiceName) -> Option<Port> {
        self.facts.ports.iter().find(|(known, _)| known == service).map(|(_, port)| *port)
    }

    fn extra_port(&self, name: &ServiceName) -> Option<ExtraPort> {
        let is_awaited = self.context.config.services.get(name).is_none_or(|settings| settings.listens);
        let port = self.port(name)?;
        let number = port.to_string();
        let variable = self.block.iter().find(|(name, value)| *value == number && name != "PORT");
        let variable = variable.map(|(name, _)| name.clone());
        Some(ExtraPort { name: name.clone(), port, variable, is_awaited })
    }

    fn check(&self) -> Result<HealthCheck> {
        let Some(written) = &self.settings.health else { return Ok(HealthCheck::default()) };
        health::parse(written).map_err(|fault| {
            Failure::new(Code::ConfigInvalid, format!("`service.{}.health`: {}", self.name, fault.message))
        })
    }

    fn words(&self, key: &str, text: &str, port: Option<Port>) -> Result<Vec<String>> {
        let url = port
            .map(|port| variables::url(&self.context.config, self.facts, self.name, port))
            .transpose()?
            .flatten();
        let values = Values {
            facts: self.facts,
            service: Some(self.name),
            port,
            url: url.as_deref(),
            urls: self.urls,
            path: &self.entry.path.to_string_lossy(),
            repo_path: &self.repository.root().to_string_lossy(),
        };
        command::words(&format!("service.{}.{key}", self.name), text, &values)
    }
}
