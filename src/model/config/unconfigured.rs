//! Names of services that nothing configures: allowed, since a port may be for anything, and most often a slip of the finger.

use std::collections::BTreeSet;

use super::settings::Config;
use crate::model::service::ServiceName;
use crate::model::suggestion;

impl Config {
    /// Returns a sentence about each of `names` that is no service of the configuration, with the near one. Where no service is
    /// configured any name is as good as another.
    #[must_use]
    pub fn unconfigured(&self, names: &[ServiceName]) -> Vec<String> {
        if self.services.is_empty() {
            return Vec::new();
        }
        let extra = self.services.values().flat_map(|settings| &settings.extra_ports);
        let known: BTreeSet<&ServiceName> = self.services.keys().chain(extra).collect();
        let of_purposes: Vec<&ServiceName> =
            self.purposes.iter().flat_map(|(_, settings)| &settings.services).collect();
        let is_known = |name: &&ServiceName| known.contains(name) || of_purposes.contains(name);
        let known_words: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
        let sentence =
            |name: &ServiceName| match suggestion::nearest(name.as_str(), known_words.iter().copied()) {
                Some(near) => format!("no service `{name}` is configured; did you mean `{near}`?"),
                None => format!("no service `{name}` is configured; there are: {}", known_words.join(", ")),
            };
        names.iter().filter(|name| !is_known(name)).map(sentence).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge_leniently;

    #[test]
    fn a_name_that_nothing_configures_is_doubted_only_where_services_are_configured() {
        let told = |text: &str, names: &[&str]| {
            let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
            let (config, problems) = merge_leniently(&[layer], &[]);
            assert!(problems.is_empty(), "{problems:?}");
            let names: Vec<ServiceName> = names.iter().map(|name| name.parse().unwrap()).collect();
            config.unconfigured(&names)
        };
        let text = "[service.web]\nextra_ports = [\"admin\"]\ninstances = 1\n[service.api]\nlistens = false\n[purpose.docs]\nports = \"5700-5709\"\nservices = [\"site\"]\n";
        assert_eq!(told(text, &["web", "admin", "api", "site"]), Vec::<String>::new());
        assert_eq!(
            told(text, &["wbe", "mailer"]),
            [
                "no service `wbe` is configured; did you mean `web`?",
                "no service `mailer` is configured; there are: admin, api, web"
            ]
        );
        assert_eq!(told("", &["wbe"]), Vec::<String>::new());
    }
}
