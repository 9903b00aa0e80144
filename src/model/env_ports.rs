//! What an env block says about its worktree: enough to record it again when the registry was lost.

use super::config::settings::Config;
use super::purpose::Purpose;
use super::service::ServiceName;
use crate::model::port::Port;

/// What a block says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockSays {
    pub name: Option<String>,
    pub purpose: Option<Purpose>,
    pub ports: Vec<(ServiceName, Port)>,
}

/// Reads the variables of a block, in order: a variable that the configuration gives a service is that service's,
/// `<SERVICE>_PORT` is the service's of that name, and `PORT` alone the first service's of the purpose.
#[must_use]
pub fn told(variables: &[(String, String)], config: &Config) -> BlockSays {
    let value =
        |wanted: &str| variables.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let purpose: Option<Purpose> = value("WT_PURPOSE").and_then(|word| word.parse().ok());
    let mut ports: Vec<(ServiceName, Port)> = Vec::new();
    for (name, value) in variables {
        let Some(port) = value.parse().ok().and_then(Port::new) else { continue };
        let Some(service) = service_of(name, config) else { continue };
        if ports.iter().all(|(known, taken)| *known != service && *taken != port) {
            ports.push((service, port));
        }
    }
    let alone = value("PORT").and_then(|value| value.parse().ok()).and_then(Port::new);
    if let Some(port) = alone.filter(|port| ports.iter().all(|(_, taken)| taken != port)) {
        let first =
            purpose.as_ref().and_then(|purpose| config.find_purpose(purpose)?.services.first().cloned());
        let first = first.or_else(|| "web".parse().ok());
        ports.extend(
            first.filter(|first| ports.iter().all(|(known, _)| known != first)).map(|first| (first, port)),
        );
    }
    BlockSays { name: value("WT_NAME").filter(|name| !name.is_empty()).map(str::to_owned), purpose, ports }
}

fn service_of(variable: &str, config: &Config) -> Option<ServiceName> {
    if variable == "PORT" || config.env.set.iter().any(|(name, _)| name == variable) {
        return None;
    }
    let configured =
        config.services.iter().find(|(_, settings)| settings.env.iter().any(|name| name == variable));
    if let Some((service, _)) = configured {
        return Some(service.clone());
    }
    // `port-2` has `PORT_2` rather than `PORT_2_PORT`.
    if let Some(number) = variable.strip_prefix("PORT_").filter(|rest| rest.parse::<u16>().is_ok()) {
        return format!("port-{number}").parse().ok();
    }
    let word = variable.strip_suffix("_PORT")?.to_ascii_lowercase().replace('_', "-");
    let known = config.services.keys().find(|service| service.as_str() == word).cloned();
    known.or_else(|| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge;

    fn told_of(lines: &[(&str, &str)], toml: &str) -> BlockSays {
        let file = Layer { path: "f".to_owned(), text: toml.to_owned(), source: Source::User };
        let config = merge::merge(&[file], &[]).unwrap();
        let variables: Vec<_> = lines.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        told(&variables, &config)
    }

    fn ports(told: &BlockSays) -> Vec<String> {
        told.ports.iter().map(|(service, port)| format!("{service}:{port}")).collect()
    }

    #[test]
    fn services_are_told_by_their_own_variables() {
        let block = [
            ("PORT", "5001"),
            ("WEB_PORT", "5001"),
            ("PORT_2", "5003"),
            ("ADMIN_API_PORT", "5002"),
            ("WEB_URL", "http://x:5001"),
        ];
        assert_eq!(ports(&told_of(&block, "")), ["web:5001", "port-2:5003", "admin-api:5002"]);
    }

    #[test]
    fn a_variable_that_the_configuration_names_is_that_services() {
        let toml = "[service.db]\nenv = [\"PGPORT\"]\n";
        assert_eq!(ports(&told_of(&[("PGPORT", "5432")], toml)), ["db:5432"]);
    }

    #[test]
    fn port_alone_is_the_first_services_and_nonsense_is_passed_over() {
        let block =
            [("PORT", "5001"), ("API_PORT", "70000"), ("WT_PURPOSE", "feature"), ("WT_NAME", "feature-x")];
        let told = told_of(&block, "");
        assert_eq!(ports(&told), ["web:5001"]);
        assert_eq!((told.name.as_deref(), told.purpose.unwrap().as_str()), (Some("feature-x"), "feature"));
    }

    #[test]
    fn port_alone_is_passed_over_where_it_says_nothing_new() {
        for (block, found) in [
            (&[("API_PORT", "5001"), ("PORT", "5001")][..], &["api:5001"][..]),
            (&[("API_PORT", "5001"), ("PORT", "5002")], &["api:5001", "web:5002"]),
            (&[("WEB_PORT", "5001"), ("PORT", "5002")], &["web:5001"]),
            (&[("PORT", "0")], &[]),
            (&[("PORT", "http")], &[]),
        ] {
            assert_eq!(ports(&told_of(block, "")), found, "{block:?}");
        }
    }

    #[test]
    fn a_variable_with_a_value_of_its_own_is_no_services() {
        let block = [("DEBUG_PORT", "9229"), ("WEB_PORT", "5001")];
        assert_eq!(ports(&told_of(&block, "[env.set]\nDEBUG_PORT = \"9229\"\n")), ["web:5001"]);
        assert_eq!(ports(&told_of(&block, "")), ["debug:9229", "web:5001"]);
    }

    #[test]
    fn of_two_lines_for_one_service_or_one_port_the_first_counts() {
        let block = [("WEB_PORT", "5001"), ("API_PORT", "5001"), ("WEB_PORT", "5002"), ("DB_PORT", "5003")];
        assert_eq!(ports(&told_of(&block, "")), ["web:5001", "db:5003"]);
    }

    #[test]
    fn a_block_without_a_name_has_none() {
        let name = |lines: &[(&str, &str)]| told_of(lines, "").name;
        assert_eq!(
            (name(&[("WT_NAME", "")]), name(&[]), name(&[("WT_NAME", "x")])),
            (None, None, Some("x".to_owned()))
        );
    }
}
