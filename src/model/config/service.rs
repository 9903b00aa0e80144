//! What the configuration says about one service: where its ports come from, how it runs, and how it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::model::port::PortRanges;
use crate::model::service::ServiceName;
use crate::model::services::limits::Limits;
use crate::model::services::plan::{Condition, RestartPolicy, Restarting, Stopping};
use crate::model::signal::EndSignal;

/// What is known about a service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceSettings {
    /// Its own ranges, where it does not draw from the purpose's.
    pub ports: Option<PortRanges>,
    /// Further allocations that it listens on as well.
    pub extra_ports: Vec<ServiceName>,
    /// How many processes of it there are.
    pub instances: u32,
    /// Whether one process of it serves all worktrees of the repository.
    pub shared: bool,
    /// The service that it is a further instance of.
    pub instance_of: Option<ServiceName>,
    /// Whether it listens on a port at all; what does not needs no allocation and no check of its port.
    pub listens: bool,
    /// The variables that carry its port; empty means `<SERVICE>_PORT`.
    pub env: Vec<String>,
    /// Template of its URL; `None` means `http://localhost:{{ port }}`, or the scheme that its health check speaks.
    pub url: Option<String>,
    /// The command that runs it, as written.
    pub run: Option<String>,
    /// The command that runs once per worktree, before the first start, as written.
    pub setup: Option<String>,
    /// The service of the worktree's compose file that is started in place of `run`.
    pub compose: Option<String>,
    /// Where its commands run, relative to the worktree and inside of it by its letters; links are still to be looked at.
    pub folder: Option<String>,
    /// Its own env file, relative to the worktree, as written.
    pub env_file: Option<String>,
    /// Variables of its processes with their values.
    pub environment: Vec<(String, String)>,
    /// The services that it needs, and how far they must be.
    pub depends_on: BTreeMap<ServiceName, Condition>,
    /// The health check, as written.
    pub health: Option<Value>,
    /// The path under which it shows metrics.
    pub metrics: Option<String>,
    /// What it may take before somebody is told.
    pub limits: Limits,
    pub stop: Stopping,
    pub restart: Restarting,
    pub socket: Option<SocketUse>,
    /// Whether the first request starts it, and not `wt up`.
    pub on_demand: bool,
    /// How long nobody is connected before it is stopped again.
    pub idle_stop: Option<Duration>,
    /// Whether the others are stopped when it fails to start.
    pub critical: bool,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            ports: None,
            extra_ports: Vec::new(),
            instances: 1,
            shared: false,
            instance_of: None,
            listens: true,
            env: Vec::new(),
            url: None,
            run: None,
            setup: None,
            compose: None,
            folder: None,
            env_file: None,
            environment: Vec::new(),
            depends_on: BTreeMap::new(),
            health: None,
            metrics: None,
            limits: Limits::default(),
            stop: Stopping::default(),
            restart: Restarting::default(),
            socket: None,
            on_demand: false,
            idle_stop: None,
            critical: true,
        }
    }
}

impl ServiceSettings {
    /// Returns the name under which its keys stand in the configuration; `own` is its own.
    #[must_use]
    pub fn configured_as<'a>(&'a self, own: &'a ServiceName) -> &'a ServiceName {
        self.instance_of.as_ref().unwrap_or(own)
    }

    /// Answers whether it can be started.
    #[must_use]
    pub fn is_runnable(&self) -> bool {
        self.run.is_some() || self.compose.is_some()
    }
}

impl Default for Stopping {
    fn default() -> Self {
        Self { signal: EndSignal::Term, timeout: Duration::from_secs(10) }
    }
}

impl Default for Restarting {
    fn default() -> Self {
        Self { policy: RestartPolicy::No, max: 3, backoff: Duration::from_millis(500) }
    }
}

/// How the listening socket reaches the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketUse {
    /// It is made before the service starts and handed over as file descriptor 3 (`LISTEN_FDS`, `sd_listen_fds(3)`).
    Activate,
}
