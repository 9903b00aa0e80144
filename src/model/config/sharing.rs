//! `shared`: one process of a service for all worktrees of the repository. It runs in the main worktree, which has its port.

use std::collections::BTreeMap;

use super::problem::ValueFault;
use super::service::ServiceSettings;
use super::settings::Config;
use crate::model::service::ServiceName;

type Services = BTreeMap<ServiceName, ServiceSettings>;

impl Config {
    /// Answers whether one process of it serves all worktrees, or the port is a further one of such a service.
    #[must_use]
    pub fn is_shared(&self, service: &ServiceName) -> bool {
        is_shared(&self.services, service)
    }

    /// In a bare repository nothing is shared: there is no main worktree in which it could run.
    #[must_use]
    pub fn shared_where(mut self, has_main: bool) -> Self {
        self.services.values_mut().for_each(|settings| settings.shared &= has_main);
        self
    }

    /// Returns the services of which one process serves all worktrees.
    #[must_use]
    pub fn shared_services(&self) -> Vec<ServiceName> {
        let shared = self.services.iter().filter(|(_, settings)| settings.shared);
        shared.map(|(name, _)| name.clone()).collect()
    }

    /// Returns the shared services that have a port, with their further ports.
    #[must_use]
    pub fn shared_ports(&self) -> Vec<ServiceName> {
        let shared = self.services.iter().filter(|(_, settings)| settings.shared && settings.listens);
        let names = shared.flat_map(|(name, settings)| [name].into_iter().chain(&settings.extra_ports));
        names.cloned().collect()
    }
}

fn is_shared(services: &Services, service: &ServiceName) -> bool {
    services.iter().any(|(name, settings)| {
        settings.shared && (name == service || settings.extra_ports.contains(service))
    })
}

/// What is wrong with a service that is shared: the key behind its name, and why.
pub(super) fn faults(services: &Services, settings: &ServiceSettings) -> Vec<(&'static str, ValueFault)> {
    if !settings.shared {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut add = |last, text: String, hint: &str| found.push((last, ValueFault::new(text).hint(hint)));
    if settings.instances > 1 {
        let text = "a shared service is one process, and has no `instances`".to_owned();
        add("instances", text, "keep one of the two");
    }
    if settings.on_demand {
        let text = "a shared service is started by the first `wt up`, and not on demand".to_owned();
        add("start", text, "keep one of the two");
    }
    if settings.env_file.is_some() {
        let text = "a shared service runs in the main worktree, and has no env file in the others".to_owned();
        add("env_file", text, "leave it out");
    }
    for need in settings.depends_on.keys().filter(|need| !is_shared(services, need)) {
        let text = format!("it is shared, and needs `{need}`, which every worktree has of its own");
        add("depends_on", text, "share that too");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Config;
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge_leniently;

    fn problems(text: &str) -> Vec<String> {
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        merge_leniently(&[layer], &[]).1.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn a_further_port_of_a_shared_service_is_shared_like_the_service() {
        let text = "[service.db]\nrun = \"x\"\nshared = true\nextra_ports = [\"admin\"]\n[service.web]\nrun = \"y\"\n";
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        let (config, problems) = merge_leniently(&[layer], &[]);
        assert!(problems.is_empty(), "{problems:?}");
        let shared =
            |config: &Config| ["db", "admin", "web"].map(|name| config.is_shared(&name.parse().unwrap()));
        assert_eq!(shared(&config), [true, true, false]);
        assert_eq!(shared(&config.shared_where(false)), [false; 3], "a bare repository has no main worktree");
    }

    #[test]
    fn a_shared_service_is_one_process_that_needs_nothing_of_a_single_worktree() {
        let db = "[service.db]\nrun = \"x\"\nshared = true\n";
        assert!(problems(db).is_empty());
        for more in ["instances = 2", "start = \"on-demand\"", "env_file = \"server/.env\""] {
            assert_eq!(problems(&format!("{db}{more}\n")).len(), 1, "{more}");
        }
        let needs = format!("{db}depends_on = [\"seed\"]\n[service.seed]\nrun = \"y\"\nlistens = false\n");
        assert_eq!(
            problems(&needs),
            ["`service.db.depends_on`: it is shared, and needs `seed`, which every worktree has of its own"]
        );
        assert!(problems(&format!("{needs}shared = true\n")).is_empty());
    }

    #[test]
    fn services_and_ports_that_are_shared_are_told_apart() {
        let text = "[service.db]\nrun = \"x\"\nshared = true\nextra_ports = [\"admin\"]\n[service.web]\nrun = \"y\"\n\
                    [service.jobs]\nrun = \"z\"\nshared = true\nlistens = false\n";
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        let config = merge_leniently(&[layer], &[]).0;
        let words = |names: Vec<crate::model::service::ServiceName>| {
            names.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(words(config.shared_services()), ["db", "jobs"]);
        assert_eq!(words(config.shared_ports()), ["db", "admin"], "what does not listen has no port");
        assert!(config.shared_where(false).shared_services().is_empty());
    }
}
