//! The variables of an env block: the ports under their services' names, the URLs, and what the worktree is.

use schemars::JsonSchema;
use serde::Serialize;

use super::config::health::KINDS;
use super::config::settings::Config;
use super::service::ServiceName;
use super::template;
use crate::error::{Code, Failure, Result};
use crate::model::port::Port;

/// The variables that say what the worktree is.
pub const OWN: [&str; 4] = ["WT_NAME", "WT_PURPOSE", "WT_BRANCH", "COMPOSE_PROJECT_NAME"];

/// The host for programs, and for everybody where no other one is configured.
pub const LOCAL: &str = "localhost";

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
    /// Whether the code there is a stranger's: `[env.set]` may hold secrets and is not for it.
    pub is_foreign: bool,
    /// In the order in which they were given; [`bears_port`] says whose is also `PORT`.
    pub ports: Vec<(ServiceName, Port)>,
}

#[derive(Serialize)]
struct UrlValues<'a> {
    port: u16,
    host: &'a str,
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
    block(config, facts).map(|block| block.variables())
}

/// The variables of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Ports, URLs, and what the worktree is.
    pub usual: Vec<(String, String)>,
    /// Those of `[env.set]`.
    pub set: Vec<(String, String)>,
    /// Those of `[env.set]` that name a service without a port here.
    pub left_out: Vec<MissingVariable>,
}

/// A variable of `[env.set]` that is not in the block.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct MissingVariable {
    pub variable: String,
    /// The service that has no port here.
    pub service: String,
}

impl Block {
    /// Returns all variables in the order in which they are written.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        self.usual.iter().chain(&self.set).cloned().collect()
    }
}

/// Returns the variables of the block, and those that are left out of it.
///
/// # Errors
///
/// As [`variables`].
pub fn block(config: &Config, facts: &EnvFacts) -> Result<Block> {
    let usual = usual(config, facts)?;
    let mut block = Block { usual, ..Block::default() };
    let values = BlockValues::of(config, facts)?;
    for (name, template) in config.env.set.iter().filter(|_| !facts.is_foreign) {
        if let Some(service) = portless(template, facts) {
            block.left_out.push(MissingVariable { variable: name.clone(), service });
            continue;
        }
        let key = format!("env.set.{name}");
        if block.usual.iter().any(|(known, _)| known == name) {
            let message = format!("`{key}`: {name} is set by a service already");
            return Err(Failure::new(Code::ConfigInvalid, message)
                .hint("choose another name")
                .detail("key", key));
        }
        block.set.push((name.clone(), template::render(&key, template, &values)?));
    }
    Ok(block)
}

/// Returns values under the names of their services, as templates write them too: `ports.admin-api` would be a
/// subtraction.
pub fn by_service<'a>(
    values: impl Iterator<Item = (&'a ServiceName, serde_json::Value)>,
) -> serde_json::Map<String, serde_json::Value> {
    let mut map = serde_json::Map::new();
    for (service, value) in values {
        map.insert(service.as_str().replace('-', "_"), value.clone());
        map.insert(service.to_string(), value);
    }
    map
}

/// Returns the URL of each service that has one.
///
/// # Errors
///
/// As [`url`].
pub fn urls(config: &Config, facts: &EnvFacts) -> Result<Vec<(ServiceName, String)>> {
    let found = facts.ports.iter().map(|(service, port)| {
        url(config, facts, service, *port).map(|url| url.map(|url| (service.clone(), url)))
    });
    found.filter_map(Result::transpose).collect()
}

/// Returns the first service of which `template` names the port or the URL, and that has no port here.
fn portless(template: &str, facts: &EnvFacts) -> Option<String> {
    template::paths(template).into_iter().find_map(|path| {
        let (kind, named) = path.split_once('.')?;
        let is_it =
            |service: &ServiceName| service.as_str() == named || service.as_str().replace('-', "_") == named;
        let has_port = facts.ports.iter().any(|(service, _)| is_it(service));
        (["ports", "urls"].contains(&kind) && !has_port).then(|| named.replace('_', "-"))
    })
}

/// Returns the block as the processes of one service have it: what its port goes by has its own port. Without a port there
/// is no `PORT`: that of another service would lead it there.
#[must_use]
pub fn of_service(block: &[(String, String)], names: &[String], port: Option<Port>) -> Vec<(String, String)> {
    let mut variables = block.to_vec();
    let Some(port) = port else {
        variables.retain(|(known, _)| known != "PORT");
        return variables;
    };
    for name in ["PORT"].into_iter().chain(names.iter().map(String::as_str)) {
        variables.retain(|(known, _)| known != name);
        variables.push((name.to_owned(), port.to_string()));
    }
    variables
}

/// Returns the variables of a service's processes: those that were configured for it, and the block over them.
#[must_use]
pub fn over(configured: &[(String, String)], block: Vec<(String, String)>) -> Vec<(String, String)> {
    let is_in_block = |name: &String| block.iter().any(|(known, _)| known == name);
    let mut all: Vec<(String, String)> =
        configured.iter().filter(|(name, _)| !is_in_block(name)).cloned().collect();
    all.extend(block);
    all
}

/// What templates of the block know: `[env.set]` and the block's own.
#[derive(Serialize)]
pub struct BlockValues<'a> {
    ports: serde_json::Map<String, serde_json::Value>,
    urls: serde_json::Map<String, serde_json::Value>,
    purpose: &'a str,
    identifier: &'a str,
    name: &'a str,
    branch: &'a str,
    repo_name: &'a str,
}

impl<'a> BlockValues<'a> {
    /// Gathers them.
    ///
    /// # Errors
    ///
    /// As [`url`].
    pub fn of(config: &Config, facts: &'a EnvFacts) -> Result<Self> {
        let urls = urls(config, facts)?;
        Ok(Self {
            ports: by_service(facts.ports.iter().map(|(service, port)| (service, port.number().into()))),
            urls: by_service(urls.iter().map(|(service, url)| (service, url.as_str().into()))),
            purpose: &facts.purpose,
            identifier: &facts.identifier,
            name: &facts.name,
            branch: &facts.branch,
            repo_name: &facts.repo_name,
        })
    }
}

fn usual(config: &Config, facts: &EnvFacts) -> Result<Vec<(String, String)>> {
    let mut variables: Vec<(String, String)> = Vec::new();
    let bearer = bearer(config, facts).map(|(service, _)| service);
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
    url_at(LOCAL, config, facts, service, port)
}

/// As [`url`], with the host that people click.
///
/// # Errors
///
/// As [`url`].
pub fn url_at(
    host: &str,
    config: &Config,
    facts: &EnvFacts,
    service: &ServiceName,
    port: Port,
) -> Result<Option<String>> {
    let settings = config.services.get(service);
    if let Some(template) = settings.and_then(|settings| settings.url.as_deref()) {
        let values = values(host, facts, service, port);
        return template::render(&format!("service.{service}.url"), template, &values).map(Some);
    }
    Ok(usual_url(host, config, service, port))
}

/// Returns the service of a worktree whose port is `PORT` too, with it.
#[must_use]
pub fn bearer<'a>(config: &Config, facts: &'a EnvFacts) -> Option<&'a (ServiceName, Port)> {
    let services: Vec<&ServiceName> = facts.ports.iter().map(|(service, _)| service).collect();
    let bearer = bears_port(config, &facts.purpose, &services)?;
    facts.ports.iter().find(|(service, _)| service == bearer)
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
    // What serves all worktrees is no worktree's own server.
    let mut own = services.iter().copied().filter(|service| !config.is_shared(service));
    own.find(|service| is_web(service) || !stands_in(service))
}

/// Answers whether a service is one for a browser, as far as its health check tells.
#[must_use]
pub fn speaks_http(config: &Config, service: &ServiceName) -> bool {
    let settings = config.services.get(service);
    scheme(settings.and_then(|settings| settings.health.as_ref())) == Some("http")
}

/// What a health check tells about the way a service is spoken to. Where nothing is told it is the web's.
fn scheme(health: Option<&serde_json::Value>) -> Option<&'static str> {
    let told = KINDS.iter().find(|kind| health.is_some_and(|check| check.get(kind.word).is_some()));
    told.map_or(Some("http"), |kind| kind.scheme)
}

/// Returns the URL of a service whose configuration says nothing about it, if any.
#[must_use]
pub fn usual_url(host: &str, config: &Config, service: &ServiceName, port: Port) -> Option<String> {
    let settings = config.services.get(service);
    let scheme = scheme(settings.and_then(|settings| settings.health.as_ref()));
    // Only browsers find every name below `localhost`.
    let host = |scheme| if scheme == "http" { host } else { LOCAL };
    scheme.map(|scheme| format!("{scheme}://{}:{port}", host(scheme)))
}

fn values<'a>(host: &'a str, facts: &'a EnvFacts, service: &'a ServiceName, port: Port) -> UrlValues<'a> {
    UrlValues {
        port: port.number(),
        host,
        service: service.as_str(),
        purpose: &facts.purpose,
        identifier: &facts.identifier,
        name: &facts.name,
        branch: &facts.branch,
        repo_name: &facts.repo_name,
    }
}

/// Returns the variable that carries the port of a service whose configuration names none. That of `port-2` is `PORT_2`
/// rather than `PORT_2_PORT`.
#[must_use]
pub fn usual_port_name(service: &ServiceName) -> String {
    let word = service.variable();
    let numbered =
        word.strip_prefix("PORT_").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    if numbered { word } else { format!("{word}_PORT") }
}

fn port_names(config: &Config, service: &ServiceName, bears_port: bool) -> Vec<String> {
    let configured = config.services.get(service).map(|settings| settings.env.clone()).unwrap_or_default();
    let mut names = configured;
    if names.is_empty() {
        names.push(usual_port_name(service));
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
mod tests;
