//! Who needs whom: what must start before a service, what stops with it, and the tangles in which no order exists.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::config::settings::ServiceSettings;
use crate::model::service::ServiceName;

type Services = BTreeMap<ServiceName, ServiceSettings>;

/// A need that cannot be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tangle {
    /// There is no service of that name.
    Unknown { service: ServiceName, needs: ServiceName },
    /// It is there, and nothing says how it is started.
    NotRunnable { service: ServiceName, needs: ServiceName },
    /// Each waits for the next one, the last one is the first one again.
    Cycle { path: Vec<ServiceName> },
}

impl Tangle {
    /// Returns the service whose `depends_on` it is about.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        match self {
            Self::Unknown { service, .. } | Self::NotRunnable { service, .. } => service,
            Self::Cycle { path } => &path[0],
        }
    }
}

/// Returns the needs that cannot be met, and each cycle once, beginning at its first name.
#[must_use]
pub fn check(services: &Services) -> Vec<Tangle> {
    let mut found = Vec::new();
    for (service, settings) in services {
        for needs in settings.depends_on.keys() {
            match services.get(needs) {
                None => found.push(Tangle::Unknown { service: service.clone(), needs: needs.clone() }),
                Some(other) if !other.is_runnable() => {
                    found.push(Tangle::NotRunnable { service: service.clone(), needs: needs.clone() });
                }
                Some(_) => {}
            }
        }
    }
    let mut told = BTreeSet::new();
    for service in in_knots(services) {
        if told.len() >= MOST_TOLD {
            break;
        }
        if told.contains(service) {
            continue;
        }
        if let Some(path) = way_back(services, service) {
            told.extend(path.iter().cloned());
            found.push(Tangle::Cycle { path });
        }
    }
    found
}

/// Services whose cycles are told: a configuration can have thousands.
const MOST_TOLD: usize = 50;

/// Returns the services that are left once all that wait for nothing, and all that nothing waits for, are taken out, again
/// and again: only among them are cycles.
fn in_knots(services: &Services) -> BTreeSet<&ServiceName> {
    let mut knots: BTreeSet<&ServiceName> = services.keys().collect();
    let waiting = waiting(services);
    let none: Vec<&ServiceName> = Vec::new();
    for is_forward in [true, false] {
        let after = |name: &ServiceName| -> Vec<&ServiceName> {
            if is_forward { waiting.get(name).unwrap_or(&none).clone() } else { needs_known(services, name) }
        };
        let before = |name: &ServiceName| -> usize {
            let before = if is_forward {
                needs_known(services, name)
            } else {
                waiting.get(name).unwrap_or(&none).clone()
            };
            before.into_iter().filter(|other| knots.contains(other)).count()
        };
        let mut open: BTreeMap<&ServiceName, usize> =
            knots.iter().map(|name| (*name, before(name))).collect();
        let mut free: Vec<&ServiceName> =
            open.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
        while let Some(name) = free.pop() {
            knots.remove(name);
            for next in after(name) {
                if let Some(count) = open.get_mut(next).filter(|count| **count > 0) {
                    *count -= 1;
                    if *count == 0 {
                        free.push(next);
                    }
                }
            }
        }
    }
    knots
}

fn needs_known<'a>(services: &'a Services, name: &ServiceName) -> Vec<&'a ServiceName> {
    needs(services, name).filter(|needs| services.contains_key(*needs)).collect()
}

/// Returns the shortest way from `service` through what it needs back to itself.
fn way_back(services: &Services, service: &ServiceName) -> Option<Vec<ServiceName>> {
    let mut before: BTreeMap<&ServiceName, &ServiceName> = BTreeMap::new();
    let mut here = vec![service];
    while !here.is_empty() {
        let mut next = Vec::new();
        for name in here {
            for needs in needs(services, name) {
                if needs == service {
                    let mut path = vec![service.clone(), name.clone()];
                    while let Some(earlier) = path.last().filter(|last| *last != service) {
                        path.push(before.get(earlier).copied().unwrap_or(service).clone());
                    }
                    path.reverse();
                    return Some(path);
                }
                if !before.contains_key(needs) {
                    before.insert(needs, name);
                    next.push(needs);
                }
            }
        }
        here = next;
    }
    None
}

fn needs<'a>(services: &'a Services, name: &ServiceName) -> impl Iterator<Item = &'a ServiceName> + use<'a> {
    services.get(name).into_iter().flat_map(|settings| settings.depends_on.keys())
}

/// Returns `wanted` and all that they need, directly and indirectly, each after what it needs; where needs leave a choice,
/// in the order of `wanted` and then of the names. Services of a cycle come in some order, each once.
#[must_use]
pub fn closure(services: &Services, wanted: &[ServiceName]) -> Vec<ServiceName> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for name in wanted {
        // No recursion: how long a chain of needs is says a file.
        let mut path = Vec::new();
        if seen.insert(name) {
            path.push((name, needs(services, name)));
        }
        while let Some((name, rest)) = path.last_mut() {
            if let Some(next) = rest.next() {
                if seen.insert(next) {
                    path.push((next, needs(services, next)));
                }
            } else {
                order.push((*name).clone());
                path.pop();
            }
        }
    }
    order
}

/// Returns for each service those that need it.
fn waiting(services: &Services) -> BTreeMap<&ServiceName, Vec<&ServiceName>> {
    let mut waiting: BTreeMap<&ServiceName, Vec<&ServiceName>> = BTreeMap::new();
    for (service, settings) in services {
        for needs in settings.depends_on.keys() {
            waiting.entry(needs).or_default().push(service);
        }
    }
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::services::plan::Condition;

    fn name(text: &str) -> ServiceName {
        text.parse().unwrap()
    }

    /// `"web: api db, api: db, db"`.
    fn services(text: &str) -> Services {
        let one = |part: &str| {
            let (service, needs) = part.split_once(':').unwrap_or((part, ""));
            let needs = needs.split_whitespace().map(|needs| (name(needs), Condition::Healthy));
            let run = Some("true".to_owned());
            (name(service.trim()), ServiceSettings { run, depends_on: needs.collect(), ..Default::default() })
        };
        text.split(',').map(one).collect()
    }

    fn words(names: &[ServiceName]) -> String {
        names.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_a_service_needs_comes_before_it_and_nothing_else_comes() {
        let all = services("web: api db, api: db, db, mail");
        assert_eq!(words(&closure(&all, &[name("web")])), "db api web");
        assert_eq!(words(&closure(&all, &[name("api"), name("mail")])), "db api mail");
        assert_eq!(words(&closure(&all, &[])), "");
    }

    #[test]
    fn thousands_of_services_are_put_in_order_in_time_that_grows_as_they_do() {
        const MANY: usize = 20_000;
        let number = |at: usize| format!("s{at:05}");
        // Each needs the next one, so that what a look finds is one service at a time, and the last one is needed by all.
        let chain: Vec<String> = (0..MANY).map(|at| format!("{}: {}", number(at), number(at + 1))).collect();
        let all = services(&format!("{}, {}", chain.join(","), number(MANY)));
        assert_eq!(closure(&all, &[name(&number(0))]).len(), MANY + 1);
        assert_eq!(check(&all), []);
        let star: Vec<String> = (0..MANY).map(|at| format!("{}: {}", number(at), number(MANY))).collect();
        let all = services(&format!("{}, {}", star.join(","), number(MANY)));
        assert_eq!(check(&all), []);
    }

    #[test]
    fn a_cycle_is_told_once_with_its_whole_path() {
        let path = |text: &str| match &check(&services(text))[..] {
            [Tangle::Cycle { path }] => words(path),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(path("a: b, b: c, c: a"), "a b c a");
        assert_eq!(path("a: a"), "a a");
        assert_eq!(path("x: a, a: b, b: a"), "a b a");
        assert_eq!(check(&services("a: b, b: a, c: d, d: c")).len(), 2);
    }

    #[test]
    fn order_is_found_even_where_there_is_none() {
        assert_eq!(closure(&services("a: b, b: a"), &[name("a")]).len(), 2);
    }

    #[test]
    fn a_need_that_is_not_there_or_cannot_be_started_is_told() {
        let mut all = services("web: db");
        let (service, needs) = (name("web"), name("db"));
        let unknown = Tangle::Unknown { service: service.clone(), needs: needs.clone() };
        assert_eq!(check(&all), [unknown]);
        all.insert(needs.clone(), ServiceSettings::default());
        assert_eq!(check(&all), [Tangle::NotRunnable { service, needs }]);
    }

    #[test]
    fn only_what_lies_between_cycles_is_left_of_the_knots() {
        let knots = |text: &str| {
            let all = services(text);
            in_knots(&all).into_iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(knots("a: b c, b: d, c: d, d"), "", "each of several ways is walked");
        assert_eq!(knots("a: b, b: a c, c: d, d"), "a b");
        assert_eq!(knots("x: a, a: b, b: a"), "a b");
        assert_eq!(knots("a: b, b: a c, c: d e, d: c, e"), "a b c d");
        assert_eq!(knots("x: a b, y: a, a: b, b: a"), "a b");
        assert_eq!(knots("a: a x, x: y z, y: z, z"), "a");
        assert_eq!(knots("a: gone"), "");
    }

    #[test]
    fn a_tangle_is_about_the_service_that_needs() {
        for tangle in check(&services("a: gone, b: b")) {
            let expected = if matches!(tangle, Tangle::Cycle { .. }) { "b" } else { "a" };
            assert_eq!(tangle.service().as_str(), expected, "{tangle:?}");
        }
    }

    #[test]
    fn the_shortest_of_several_cycles_is_told_and_fifty_services_at_most() {
        let path = |text: &str| way_back(&services(text), &name("a")).map(|path| words(&path));
        assert_eq!(path("a: b c, b: d, c: a, d: a").as_deref(), Some("a c a"));
        assert_eq!(path("a: b, b: c, c: d, d: a").as_deref(), Some("a b c d a"));
        assert_eq!(path("a: b, b: c, c: b"), None);
        let many: Vec<String> = (10..99).map(|at| format!("s{at}: s{at}")).collect();
        assert_eq!(check(&services(&many.join(","))).len(), 50);
    }
}
