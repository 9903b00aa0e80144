//! `instances`: several processes of one service. Each has a name (`web`, `web-2`, `web-3`), a port and a log of its own; the
//! command, and the trust in it, are the first one's.

use std::collections::{BTreeMap, BTreeSet};

use super::key::MOST_INSTANCES;
use super::service::ServiceSettings;
use super::settings::Config;
use crate::model::service::ServiceName;
use crate::model::services::plan::Condition;

type Services = BTreeMap<ServiceName, ServiceSettings>;

/// Returns the names of the second and the further ones; one that is too long is left out.
pub fn names(service: &ServiceName, instances: u32) -> impl Iterator<Item = ServiceName> {
    (2..=instances.min(MOST_INSTANCES)).filter_map(move |number| format!("{service}-{number}").parse().ok())
}

/// Adds every further instance. What stands there already stays; `fleet` says so.
pub fn add(services: &mut Services) {
    let several: Vec<(ServiceName, ServiceSettings)> = services
        .iter()
        .filter(|(_, settings)| settings.instances > 1)
        .map(|(name, settings)| (name.clone(), settings.clone()))
        .collect();
    for (first, settings) in &several {
        for name in names(first, settings.instances) {
            let mut one = ServiceSettings {
                instances: 1,
                instance_of: Some(first.clone()),
                // The first one's variables, its setup and its env file are there once.
                env: Vec::new(),
                setup: None,
                env_file: None,
                extra_ports: Vec::new(),
                ..settings.clone()
            };
            if settings.setup.is_some() {
                one.depends_on.insert(first.clone(), Condition::Started);
            }
            services.entry(name).or_insert(one);
        }
    }
    // Who needs a service needs all of it.
    for settings in services.values_mut() {
        for (first, of_first) in &several {
            if settings.instance_of.as_ref() == Some(first) {
                continue;
            }
            let Some(condition) = settings.depends_on.get(first).copied() else { continue };
            for name in names(first, of_first.instances) {
                settings.depends_on.entry(name).or_insert(condition);
            }
        }
    }
}

impl Config {
    /// Returns `names` with the further instances of each behind it.
    #[must_use]
    pub fn with_instances(&self, names: &[ServiceName]) -> Vec<ServiceName> {
        with_instances(&self.services, names)
    }
}

/// Returns `names` with the further instances of each behind it, each once.
#[must_use]
pub fn with_instances(services: &Services, names: &[ServiceName]) -> Vec<ServiceName> {
    let mut seen: BTreeSet<ServiceName> = BTreeSet::new();
    let mut all: Vec<ServiceName> = Vec::new();
    for name in names {
        let instances = services.get(name).map_or(1, |settings| settings.instances);
        for one in std::iter::once(name.clone()).chain(self::names(name, instances)) {
            if seen.insert(one.clone()) {
                all.push(one);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge_leniently;

    use super::*;

    fn config(text: &str) -> (Config, Vec<String>) {
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        let (config, problems) = merge_leniently(&[layer], &[]);
        (config, problems.into_iter().map(|problem| problem.message).collect())
    }

    fn name(text: &str) -> ServiceName {
        text.parse().unwrap()
    }

    #[test]
    fn each_instance_has_a_name_a_port_and_the_command_of_the_first_and_is_waited_for() {
        let (config, problems) = config(
            "[service.web]\nrun = \"serve\"\ninstances = 3\nsetup = \"build\"\nenv = [\"PORT\"]\n\
             [service.api]\nrun = \"api\"\ndepends_on = [\"web\"]\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let names: Vec<&str> = config.services.keys().map(ServiceName::as_str).collect();
        assert_eq!(names, ["api", "web", "web-2", "web-3"]);
        let second = &config.services[&name("web-2")];
        assert_eq!((second.run.as_deref(), &second.setup), (Some("serve"), &None));
        assert_eq!(second.instance_of, Some(name("web")));
        assert!(second.env.is_empty(), "only the first one is PORT");
        assert_eq!(second.depends_on.get(&name("web")), Some(&Condition::Started), "its setup comes first");
        let needs: Vec<&str> =
            config.services[&name("api")].depends_on.keys().map(ServiceName::as_str).collect();
        assert_eq!(needs, ["web", "web-2", "web-3"]);
        let given: Vec<String> =
            config.services_of(Some(&"feature".parse().unwrap())).iter().map(ToString::to_string).collect();
        assert_eq!(given, ["web", "web-2", "web-3", "api"]);
        let asked = with_instances(&config.services, &[name("web-2"), name("web")]);
        assert_eq!(asked, [name("web-2"), name("web"), name("web-3")]);
    }

    #[test]
    fn a_name_that_is_taken_and_what_only_one_process_can_have_is_refused() {
        for (text, said) in [
            ("[service.web]\ninstances = 2\n[service.web-2]\nrun = \"x\"\n", "a service of its own"),
            (
                "[service.web]\ninstances = 2\n[service.api]\nextra_ports = [\"web-2\"]\n",
                "a further port of a service",
            ),
            ("[service.port]\ninstances = 2\n", "--ports=2"),
            ("[service.web]\ninstances = 2\ncompose = \"web\"\n", "container"),
            ("[service.web]\ninstances = 2\nextra_ports = [\"admin\"]\n", "one process alone"),
            ("[service.a234567890123456789012345678901]\ninstances = 2\n", "no name of a service"),
            ("[service.web]\ninstances = 17\n", "outside 1 to 16"),
        ] {
            let (_, problems) = config(text);
            assert!(problems.iter().any(|problem| problem.contains(said)), "{text}: {problems:?}");
        }
    }

    #[test]
    fn what_the_first_one_has_alone_no_further_one_has() {
        let first = ServiceSettings {
            instances: 2,
            env: vec!["A".to_owned()],
            env_file: Some("web/.env".to_owned()),
            extra_ports: vec![name("admin")],
            run: Some("x".to_owned()),
            ..ServiceSettings::default()
        };
        let mut services = BTreeMap::from([(name("web"), first.clone())]);
        add(&mut services);
        let second = ServiceSettings {
            instance_of: Some(name("web")),
            run: Some("x".to_owned()),
            ..ServiceSettings::default()
        };
        assert_eq!(services, BTreeMap::from([(name("web"), first), (name("web-2"), second)]));
    }

    #[test]
    fn what_stands_there_already_stays_and_no_instance_waits_for_itself() {
        let of = |run: &str| ServiceSettings { run: Some(run.to_owned()), ..ServiceSettings::default() };
        let several = ServiceSettings { instances: 3, setup: Some("s".to_owned()), ..of("x") };
        let mut services = BTreeMap::from([(name("web"), several), (name("web-2"), of("own"))]);
        add(&mut services);
        assert_eq!(services[&name("web-2")], of("own"));
        let needs = services[&name("web-3")].depends_on.keys().cloned().collect::<Vec<_>>();
        assert_eq!(needs, [name("web")], "its setup comes first, and no other instance");
        let all = names(&name("web"), 99).collect::<Vec<_>>();
        assert_eq!((all.len(), all[0].as_str(), all[14].as_str()), (15, "web-2", "web-16"));
    }
}
