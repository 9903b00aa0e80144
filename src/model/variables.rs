//! The variables of an env block: the ports under their services' names, the URLs, and what the worktree is.

use serde::Serialize;

use super::config::settings::Config;
use super::service::ServiceName;
use super::template;
use crate::error::{Code, Failure, Result};
use crate::model::port::Port;

/// The variables that say what the worktree is.
const OWN: [&str; 4] = ["WT_NAME", "WT_PURPOSE", "WT_BRANCH", "COMPOSE_PROJECT_NAME"];

/// What the variables are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFacts {
    pub repo_name: String,
    pub name: String,
    pub purpose: String,
    pub identifier: String,
    pub branch: String,
    /// The name of the project that Docker Compose is to use.
    pub compose_project: String,
    /// In the order in which they were given; [`bears_port`] says whose is also `PORT`.
    pub ports: Vec<(ServiceName, Port)>,
}

#[derive(Serialize)]
struct UrlValues<'a> {
    port: u16,
    service: &'a str,
    purpose: &'a str,
    identifier: &'a str,
    name: &'a str,
    branch: &'a str,
    repo_name: &'a str,
}

/// Returns the variables in the order in which they are written.
///
/// # Errors
///
/// `config_invalid` when two services want the same variable, or a URL's template misses a value.
pub fn variables(config: &Config, facts: &EnvFacts) -> Result<Vec<(String, String)>> {
    let mut variables: Vec<(String, String)> = Vec::new();
    let services: Vec<&ServiceName> = facts.ports.iter().map(|(service, _)| service).collect();
    let bearer = bears_port(config, &facts.purpose, &services);
    for (service, port) in &facts.ports {
        let known = variables.len();
        for name in port_names(config, service, bearer == Some(service)) {
            add(&mut variables, name, port.to_string(), service)?;
        }
        if variables.len() == known {
            return Err(Failure::new(
                Code::ConfigInvalid,
                format!("no variable is left for the port of `{service}`"),
            )
            .hint(format!("give it one of its own in `service.{service}.env`")));
        }
        if let Some(url) = url(config, facts, service, *port)? {
            add(&mut variables, format!("{}_URL", service.variable()), url, service)?;
        }
    }
    let own =
        [facts.name.clone(), facts.purpose.clone(), facts.branch.clone(), facts.compose_project.clone()];
    for (name, value) in OWN.into_iter().zip(own) {
        variables.push((name.to_owned(), value));
    }
    Ok(variables)
}

/// Returns the URL of a service; `None` for one that says by its health check that it speaks something without a URL of
/// its own.
///
/// # Errors
///
/// `config_invalid` when its template misses a value.
pub fn url(config: &Config, facts: &EnvFacts, service: &ServiceName, port: Port) -> Result<Option<String>> {
    let settings = config.services.get(service);
    if let Some(template) = settings.and_then(|settings| settings.url.as_deref()) {
        let values = values(facts, service, port);
        return template::render(&format!("service.{service}.url"), template, &values).map(Some);
    }
    Ok(usual_url(config, service, port))
}

/// Returns whose port is `PORT` too, of the services that have one: the first one's. A service that says by its health check
/// that it is a database, or nothing that is spoken to over HTTP, is first only where it comes first in its purpose, and
/// not because the services before it have no port: whoever reads `PORT` would talk to the database then.
#[must_use]
pub fn bears_port<'a>(
    config: &Config,
    purpose: &str,
    services: &[&'a ServiceName],
) -> Option<&'a ServiceName> {
    let order = purpose.parse().map(|purpose| config.services_of(Some(&purpose))).unwrap_or_default();
    let stands_in = |service: &ServiceName| {
        let at = order.iter().position(|known| known == service).unwrap_or(order.len());
        order[..at].iter().any(|before| !services.contains(&before))
    };
    let is_web = |service: &ServiceName| {
        let settings = config.services.get(service);
        speaks_http(config, service)
            || settings.is_some_and(|settings| settings.env.iter().any(|name| name == "PORT"))
    };
    services.iter().copied().find(|service| is_web(service) || !stands_in(service))
}

/// Answers whether a service is one for a browser, as far as its health check tells.
#[must_use]
pub fn speaks_http(config: &Config, service: &ServiceName) -> bool {
    let settings = config.services.get(service);
    scheme(settings.and_then(|settings| settings.health.as_ref())) == Some("http")
}

/// What a health check tells about the way a service is spoken to. Where nothing is told it is the web's.
fn scheme(health: Option<&serde_json::Value>) -> Option<&'static str> {
    let speaks = |kind| health.is_some_and(|check| check.get(kind).is_some());
    match health {
        // <https://www.postgresql.org/docs/current/libpq-connect.html>, connection URIs.
        _ if speaks("postgres") => Some("postgres"),
        // <https://www.iana.org/assignments/uri-schemes/prov/redis>.
        _ if speaks("redis") => Some("redis"),
        _ if speaks("tcp") => None,
        _ => Some("http"),
    }
}

/// Returns the URL of a service whose configuration says nothing about it, if any.
#[must_use]
pub fn usual_url(config: &Config, service: &ServiceName, port: Port) -> Option<String> {
    let settings = config.services.get(service);
    let scheme = scheme(settings.and_then(|settings| settings.health.as_ref()));
    scheme.map(|scheme| format!("{scheme}://localhost:{port}"))
}

fn values<'a>(facts: &'a EnvFacts, service: &'a ServiceName, port: Port) -> UrlValues<'a> {
    UrlValues {
        port: port.number(),
        service: service.as_str(),
        purpose: &facts.purpose,
        identifier: &facts.identifier,
        name: &facts.name,
        branch: &facts.branch,
        repo_name: &facts.repo_name,
    }
}

/// The variables that carry a service's port. `port-2` is `PORT_2` rather than `PORT_2_PORT`.
fn port_names(config: &Config, service: &ServiceName, bears_port: bool) -> Vec<String> {
    let configured = config.services.get(service).map(|settings| settings.env.clone()).unwrap_or_default();
    let mut names = configured;
    if names.is_empty() {
        let word = service.variable();
        let numbered =
            word.strip_prefix("PORT_").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        names.push(if numbered { word } else { format!("{word}_PORT") });
    }
    if bears_port && !names.iter().any(|name| name == "PORT") {
        names.insert(0, "PORT".to_owned());
    }
    names
}

fn add(
    variables: &mut Vec<(String, String)>,
    name: String,
    value: String,
    service: &ServiceName,
) -> Result<()> {
    if OWN.contains(&name.as_str()) {
        return Err(Failure::new(
            Code::ConfigInvalid,
            format!("service `{service}` sets {name}, which is ours"),
        )
        .hint(format!("give it another name in `service.{service}.env`")));
    }
    if variables.iter().any(|(known, _)| *known == name) {
        // `PORT` goes to the first service: a later one that also lists it has its other names.
        if name == "PORT" {
            return Ok(());
        }
        return Err(Failure::new(
            Code::ConfigInvalid,
            format!("service `{service}` and another one both set {name}"),
        )
        .hint(format!("give one of them another name in `service.{service}.env`")));
    }
    variables.push((name, value));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(services: &[&str]) -> EnvFacts {
        let port = |index: usize| Port::new(5000 + u16::try_from(index).unwrap()).unwrap();
        let ports = services.iter().enumerate().map(|(index, name)| (name.parse().unwrap(), port(index)));
        EnvFacts {
            repo_name: "shop".to_owned(),
            name: "feature-login".to_owned(),
            purpose: "feature".to_owned(),
            identifier: "login".to_owned(),
            branch: "feature/login".to_owned(),
            compose_project: "shop-feature-login".to_owned(),
            ports: ports.collect(),
        }
    }

    fn with_env(service: &str, names: &[&str], config: &mut Config) {
        let settings = config.services.entry(service.parse().unwrap()).or_default();
        settings.env = names.iter().map(ToString::to_string).collect();
    }

    fn built_in() -> Config {
        crate::model::config::merge::merge(&[], &[], &[]).unwrap()
    }

    #[test]
    fn every_service_has_its_port_and_the_first_one_port_itself() {
        let variables = variables(&built_in(), &facts(&["web", "api", "port-3"])).unwrap();
        let names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names[..7],
            ["PORT", "WEB_PORT", "WEB_URL", "API_PORT", "API_URL", "PORT_3", "PORT_3_URL"]
        );
    }

    #[test]
    fn the_url_is_of_the_kind_that_the_service_speaks_or_there_is_none() {
        let mut config = built_in();
        let kinds = ["http", "postgres", "redis", "tcp", "command"];
        for kind in kinds {
            let settings = config.services.entry(kind.parse().unwrap()).or_default();
            settings.health = Some(serde_json::json!({ kind: {} }));
        }
        let variables = variables(&config, &facts(&kinds)).unwrap();
        let url = |kind: &str| {
            let name = format!("{}_URL", kind.to_uppercase());
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
        };
        assert_eq!(url("http"), Some("http://localhost:5000"));
        assert_eq!(url("postgres"), Some("postgres://localhost:5001"));
        assert_eq!(url("redis"), Some("redis://localhost:5002"));
        assert_eq!(url("tcp"), None);
        assert_eq!(url("command"), Some("http://localhost:5004"));
    }

    #[test]
    fn a_database_is_port_only_where_it_comes_first_in_its_purpose() {
        let toml = "[purpose.feature]\nports = \"5000-5099\"\nservices = [\"web\", \"db\", \"api\"]\n\
                    [service.web]\nhealth = { tcp = {} }\n[service.api]\nhealth = { http = \"/\" }\n";
        for kind in ["postgres", "redis", "tcp"] {
            let toml = format!("{toml}[service.db]\nhealth = {{ {kind} = {{}} }}\n");
            let layer = |text: &str| crate::model::config::layers::Layer {
                path: "f".to_owned(),
                text: text.to_owned(),
                source: crate::model::config::layers::Source::User,
            };
            let bearer = |toml: &str, services: &[&str]| {
                let config = crate::model::config::merge::merge(&[layer(toml)], &[], &[]).unwrap();
                let variables = variables(&config, &facts(services)).unwrap();
                let port = variables.iter().find(|(name, _)| name == "PORT").map(|(_, port)| port.clone());
                port.map(|port| services[port.parse::<usize>().unwrap() - 5000].to_owned())
            };
            assert_eq!(bearer(&toml, &["web", "db", "api"]).as_deref(), Some("web"), "{kind}");
            assert_eq!(bearer(&toml, &["db", "api"]).as_deref(), Some("api"), "{kind}");
            assert_eq!(bearer(&toml, &["db"]), None, "{kind}");
            let first = toml.replace("\"web\", \"db\"", "\"db\", \"web\"");
            assert_eq!(bearer(&first, &["db", "web"]).as_deref(), Some("db"), "{kind}");
            let named = toml.replace("[service.db]", "[service.db]\nenv = [\"PORT\", \"DB_PORT\"]");
            assert_eq!(bearer(&named, &["db"]).as_deref(), Some("db"), "{kind}");
        }
    }

    #[test]
    fn a_service_without_a_variable_of_its_own_is_refused() {
        let mut config = built_in();
        with_env("api", &["PORT"], &mut config);
        assert_eq!(variables(&config, &facts(&["web", "api"])).unwrap_err().code(), Code::ConfigInvalid);
        assert!(variables(&config, &facts(&["api", "web"])).is_ok());
    }

    #[test]
    fn our_own_variables_are_not_to_be_had() {
        let mut config = built_in();
        with_env("web", &["WT_NAME"], &mut config);
        assert_eq!(variables(&config, &facts(&["web"])).unwrap_err().code(), Code::ConfigInvalid);
    }
}
