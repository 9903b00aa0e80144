//! One service that wants a port, and where it may come from.

use crate::model::config::settings::Config;
use crate::model::port::{Port, PortRanges};
use crate::model::purpose::Purpose;
use crate::model::registry::former::Former;
use crate::model::service::ServiceName;

/// One service that wants a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceWish {
    pub service: ServiceName,
    /// Tried in order, each from the bottom up.
    pub ranges: PortRanges,
    /// Whether `ranges` are the service's own rather than its purpose's.
    pub own_range: bool,
    /// The port it had before, given back when it is free and still allowed.
    pub former: Option<Port>,
    /// A definite port, inside the ranges or not: that one or none.
    pub pinned: Option<Port>,
}

impl ServiceWish {
    /// A wish for a port of these ranges.
    #[must_use]
    pub fn new(service: ServiceName, ranges: PortRanges, own_range: bool) -> Self {
        Self { service, ranges, own_range, former: None, pinned: None }
    }

    /// The wish of a service in a worktree of that purpose: for a port of its own ranges, else of the purpose's. The ranges
    /// are empty where it has neither.
    #[must_use]
    pub fn of(config: &Config, purpose: Option<&Purpose>, service: &ServiceName) -> Self {
        let own = config.services.get(service).and_then(|settings| settings.ports.clone());
        let own_range = own.is_some();
        let of_purpose = || purpose.map(|purpose| config.ranges_for(purpose, service));
        Self::new(service.clone(), own.or_else(of_purpose).unwrap_or_default(), own_range)
    }

    /// The same wish, with the port that the service had in `former` tried first.
    #[must_use]
    pub fn recalling(self, former: Option<&Former>) -> Self {
        let former = former.and_then(|former| former.find_port(&self.service));
        Self { former, ..self }
    }
}
