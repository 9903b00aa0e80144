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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::{entry, port};
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge;
    use crate::model::registry::table::Registry;

    #[test]
    fn a_port_comes_from_the_services_own_range_else_from_its_purposes() {
        let text = "[service.db]\nports = \"7000-7009\"\n[service.web]\n".to_owned();
        let layer = Layer { path: "x".to_owned(), text, source: Source::User };
        let config = merge(&[layer], &[]).unwrap();
        let feature: Purpose = "feature".parse().unwrap();
        let [db, web] = ["db", "web"].map(|name| name.parse::<ServiceName>().unwrap());
        let own = PortRanges(vec!["7000-7009".parse().unwrap()]);
        for (purpose, service, ranges, own_range) in [
            (Some(&feature), &db, own.clone(), true),
            (None, &db, own, true),
            (Some(&feature), &web, config.ranges_for(&feature, &web), false),
            (None, &web, PortRanges::default(), false),
        ] {
            let wish = ServiceWish::of(&config, purpose, service);
            assert_eq!(wish, ServiceWish::new(service.clone(), ranges, own_range), "{service}");
        }
        assert_ne!(config.ranges_for(&feature, &web), PortRanges::default());
    }

    #[test]
    fn the_port_that_the_service_had_is_tried_first() {
        let mut registry = Registry::default();
        let gone = entry("a", 1, &[5000, 5001]);
        registry.remember_ports(&gone);
        let former = registry.find_former_of(&gone);
        for (service, expected) in [("web", Some(port(5000))), ("port-2", Some(port(5001))), ("db", None)] {
            let wish = ServiceWish::new(service.parse().unwrap(), PortRanges::default(), false);
            assert_eq!(wish.clone().recalling(former).former, expected, "{service}");
            assert_eq!(wish.clone().recalling(None), wish);
        }
    }
}
