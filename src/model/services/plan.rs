//! Everything that is needed to run one service, settled before anything is started: the supervisor reads no configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits::Limits;
use crate::model::agreement::Agreement;
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::model::signal::EndSignal;

/// How far a dependency must have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    #[default]
    Healthy,
    Started,
    Completed,
}

/// When a service that ended is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    #[default]
    No,
    OnFailure,
    Always,
}

/// When and how often a service that ended is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restarting {
    pub policy: RestartPolicy,
    /// How many restarts in a row are tried.
    pub max: u32,
    /// The pause before the first of them; each further one is twice as long.
    pub backoff: Duration,
}

/// How patiently a service is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// How long a start may take.
    pub start: Duration,
    /// How long one check may take.
    pub check: Duration,
    /// How often a ready service is checked.
    pub interval: Duration,
    /// How many failures in a row make a ready service unhealthy.
    pub failures: u32,
    /// How many successes in a row make an unhealthy service ready.
    pub successes: u32,
}

/// How a service is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopping {
    pub signal: EndSignal,
    /// How long it may take before it is killed.
    pub timeout: Duration,
}

/// A further port of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraPort {
    pub name: ServiceName,
    pub port: Port,
    /// The variable that it finds it in.
    pub variable: Option<String>,
    /// Whether the service is not ready before it listens there too.
    pub is_awaited: bool,
}

/// One service, ready to be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServicePlan {
    pub name: ServiceName,
    /// The command, split and filled.
    pub words: Vec<String>,
    /// The command that is run once per worktree, before the first start.
    pub setup: Option<Vec<String>>,
    /// Where both run, absolute.
    pub folder: PathBuf,
    /// Added to the environment.
    pub variables: Vec<(String, String)>,
    /// The allocated port; `None` for a service that listens on none.
    pub port: Option<Port>,
    /// Further allocated ports that it listens on.
    pub extra_ports: Vec<ExtraPort>,
    /// Whether a listening socket is handed over (`sd_listen_fds(3)`).
    pub activated: bool,
    /// Whether the sockets are a container's, so that none of our processes is expected to hold them.
    pub contained: bool,
    /// The health check as written; `None` for the usual one.
    pub health: Option<Value>,
    /// The words of a check that is a command, filled.
    pub check_words: Option<Vec<String>>,
    pub patience: Patience,
    pub needs: BTreeMap<ServiceName, Condition>,
    /// What it needs of those that serve all worktrees: another supervisor runs them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared_needs: BTreeMap<ServiceName, Condition>,
    pub restart: Restarting,
    pub stop: Stopping,
    /// Whether the others cannot do without it.
    pub critical: bool,
    /// Whether it gets a pseudo-terminal.
    pub terminal: bool,
    /// What it may take before somebody is told.
    #[serde(default)]
    pub limits: Limits,
    /// Whether it sleeps until somebody asks for it.
    #[serde(default)]
    pub on_demand: bool,
    /// How long nobody is connected before it sleeps again.
    #[serde(default)]
    pub idle_stop: Option<Duration>,
    /// Which of its commands were approved, so that this can be asked again.
    #[serde(default)]
    pub agreement: Agreement,
}

impl ServicePlan {
    /// Returns the ports that it listens on, its own first.
    pub fn ports(&self) -> impl Iterator<Item = Port> {
        self.port.into_iter().chain(self.extra_ports.iter().map(|extra| extra.port))
    }

    /// Answers whether it is run as the other one is; patience and needs do not matter to what runs.
    #[must_use]
    pub fn is_run_like(&self, other: &Self) -> bool {
        let how = |plan: &Self| (plan.words.clone(), plan.folder.clone(), plan.variables.clone(), plan.port);
        how(self) == how(other) && self.activated == other.activated
    }

    /// Returns how long to wait before restart number `attempt` (from 1): twice as long each time, a minute at most.
    #[must_use]
    pub fn wait_before(&self, attempt: u32) -> Duration {
        let longest = Duration::from_mins(1).max(self.restart.backoff);
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        self.restart.backoff.saturating_mul(factor).min(longest)
    }
}

/// Returns which of `plans` run at once: those that were asked for by name, those that do not sleep, and what they need.
#[must_use]
pub fn awake(plans: &[ServicePlan], named: &[ServiceName]) -> BTreeSet<ServiceName> {
    let mut found = BTreeSet::new();
    let runs = |plan: &&ServicePlan| !plan.on_demand || named.contains(&plan.name);
    let mut next: Vec<&ServiceName> = plans.iter().filter(runs).map(|plan| &plan.name).collect();
    while let Some(name) = next.pop() {
        if found.insert(name.clone()) {
            let plan = plans.iter().find(|plan| plan.name == *name);
            next.extend(plan.into_iter().flat_map(|plan| plan.needs.keys()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::services::sample::plan;

    #[test]
    fn what_is_named_what_does_not_sleep_and_what_they_need_runs_at_once() {
        let sleeper = |name: &str, needs: &[&str]| ServicePlan { on_demand: true, ..plan(name, needs) };
        let plans =
            [sleeper("web", &["api"]), sleeper("api", &["db"]), sleeper("db", &[]), plan("mail", &["queue"])];
        for (named, expected) in [
            (&[][..], &["mail", "queue"][..]),
            (&["api"], &["api", "db", "mail", "queue"]),
            (&["web"], &["api", "db", "mail", "queue", "web"]),
            (&["gone"], &["mail", "queue"]),
        ] {
            let named: Vec<ServiceName> = named.iter().map(|name| name.parse().unwrap()).collect();
            let found = awake(&plans, &named);
            let found: Vec<&str> = found.iter().map(ServiceName::as_str).collect();
            assert_eq!(found, expected, "{named:?}");
        }
    }

    #[test]
    fn a_plan_is_run_like_another_where_its_command_and_its_port_are_the_same() {
        let one = plan("web", &[]);
        for (other, expected) in [
            (plan("web", &["db"]), true),
            (ServicePlan { critical: false, ..one.clone() }, true),
            (ServicePlan { words: vec!["x".to_owned()], ..one.clone() }, false),
            (ServicePlan { folder: "/x".into(), ..one.clone() }, false),
            (ServicePlan { variables: vec![("A".to_owned(), "1".to_owned())], ..one.clone() }, false),
            (ServicePlan { port: None, ..one.clone() }, false),
            (ServicePlan { activated: true, ..one.clone() }, false),
        ] {
            assert_eq!(one.is_run_like(&other), expected, "{other:?}");
        }
    }

    #[test]
    fn each_pause_is_twice_as_long_up_to_a_minute_or_the_first_one() {
        let with = |backoff| {
            let usual = plan("web", &[]);
            ServicePlan { restart: Restarting { backoff, ..usual.restart }, ..usual }
        };
        let second = Duration::from_secs(1);
        for (backoff, attempt, expected) in
            [(1, 0, 1), (1, 1, 1), (1, 2, 2), (1, 6, 32), (1, 7, 60), (1, 99, 60), (90, 1, 90), (90, 5, 90)]
        {
            assert_eq!(with(second * backoff).wait_before(attempt), second * expected, "{backoff} {attempt}");
        }
    }
}
