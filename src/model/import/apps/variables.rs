//! Variables of the env block that lead from one app to another: what an example of an env file names with another app's or a
//! database's port, and the address of the only server for a page beside it.

use super::app::{App, Role};
use super::env_example::{self, ExampleLine};
use super::tree::Tree;
use crate::model::import::proposal::Variable;

/// A service that others reach at a port: its name in a template, and the port where nobody says another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsualService {
    pub service: String,
    pub usual_port: Option<u16>,
    /// Whether it is an app of the repository, which answers HTTP, with the app's folder.
    pub folder: Option<String>,
}

/// A URL in its parts.
struct Url<'a> {
    scheme: &'a str,
    /// `user:password@`, or nothing.
    user: &'a str,
    host: &'a str,
    port: Option<u16>,
    rest: &'a str,
}

/// Schemes of databases, and their ports.
const DATABASES: [(&str, u16); 9] = [
    ("postgres", 5432),
    ("postgresql", 5432),
    ("mysql", 3306),
    ("mysql2", 3306),
    ("mariadb", 3306),
    ("redis", 6379),
    ("mongodb", 27017),
    ("amqp", 5672),
    ("nats", 4222),
];

/// Returns the variables, each once: the first example that names one counts.
#[must_use]
pub fn variables(tree: &Tree, apps: &[(String, &App)], places: &[UsualService]) -> Vec<Variable> {
    let mut found: Vec<Variable> = Vec::new();
    for (folder, file, line) in env_example::all(tree) {
        let Some(variable) = of_line(folder, &file, &line, places) else { continue };
        if found.iter().all(|known| known.variable != variable.variable) {
            found.push(variable);
        }
    }
    for (service, app) in apps {
        let Role::Page { prefix } = app.role else { continue };
        let leads =
            found.iter().any(|known| known.variable.starts_with(prefix) && known.value.contains("urls."));
        let mut servers = apps.iter().filter(|(_, other)| other.role == Role::Server);
        let (Some((server, _)), None, false) = (servers.next(), servers.next(), leads || prefix.is_empty())
        else {
            continue;
        };
        let variable = format!("{prefix}API_URL");
        if found.iter().all(|known| known.variable != variable) {
            found.push(Variable {
                variable,
                value: format!("{{{{ urls.{} }}}}", key(server)),
                from: format!(
                    "{} of `{service}` hands on what begins with {prefix}; `{server}` is the only server",
                    app.framework
                ),
                is_suggestion: false,
            });
        }
    }
    found
}

fn of_line(folder: &str, file: &str, line: &ExampleLine, places: &[UsualService]) -> Option<Variable> {
    let name = line.name.as_str();
    let variable = |value: String, reason: &str| {
        Some(Variable {
            variable: name.to_owned(),
            value,
            from: format!("{file}: {reason}"),
            is_suggestion: false,
        })
    };
    let only = |port: u16, is_app: Option<bool>| {
        let mut fitting = places.iter().filter(|place| {
            place.usual_port == Some(port)
                && place.folder.as_deref() != Some(folder)
                && is_app.is_none_or(|is_app| is_app == place.folder.is_some())
        });
        fitting.next().filter(|_| fitting.next().is_none())
    };
    if let Ok(port) = line.value.parse::<u16>() {
        let place = only(port, Some(false)).filter(|_| name.ends_with("_PORT"))?;
        return variable(
            format!("{{{{ ports.{} }}}}", key(&place.service)),
            &format!("{port} is `{}`", place.service),
        );
    }
    let url = parts(&line.value).filter(|_| !line.value.contains(['{', '\\', '"']))?;
    let database =
        DATABASES.iter().find(|(scheme, _)| *scheme == url.scheme.split('+').next().unwrap_or_default());
    let is_here = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"].contains(&url.host);
    if !is_here {
        return None;
    }
    if let Some((_, usual)) = database {
        let port = url.port.unwrap_or(*usual);
        if let Some(place) = only(port, Some(false)) {
            let value = format!(
                "{}://{}{}:{{{{ ports.{} }}}}{}",
                url.scheme,
                url.user,
                url.host,
                key(&place.service),
                url.rest
            );
            return variable(value, &format!("{port} is `{}`", place.service));
        }
        return one_each(name, file, &url);
    }
    let place =
        only(url.port?, Some(true)).filter(|_| url.user.is_empty() && url.scheme.starts_with("http"))?;
    let rest = url.rest.trim_end_matches('/');
    variable(
        format!("{{{{ urls.{} }}}}{rest}", key(&place.service)),
        &format!("{} is `{}`", url.port?, place.service),
    )
}

/// A database that is nobody's service here: all worktrees share it, unless a person wants one for each.
fn one_each(name: &str, file: &str, url: &Url<'_>) -> Option<Variable> {
    let (path, query) = url
        .rest
        .split_once('?')
        .map_or((url.rest, String::new()), |(path, query)| (path, format!("?{query}")));
    let database =
        path.strip_prefix('/').filter(|database| !database.is_empty() && !database.contains('/'))?;
    if !["postgres", "postgresql", "mysql", "mysql2", "mariadb"].contains(&url.scheme) {
        return None;
    }
    let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(Variable {
        variable: name.to_owned(),
        value: format!(
            "{}://{}{}{port}/{database}_{{{{ name | db }}}}{query}",
            url.scheme, url.user, url.host
        ),
        from: format!(
            "{file}: all worktrees share `{database}`; a line like this gives each its own, which a setup has to make"
        ),
        is_suggestion: true,
    })
}

fn parts(text: &str) -> Option<Url<'_>> {
    let (scheme, after) = text.split_once("://")?;
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    let at = authority.rfind('@').map_or(0, |at| at + 1);
    let (user, place) = authority.split_at(at);
    let colon = place.rfind(':').filter(|at| !place[*at..].contains(']'));
    let (host, port) = match colon {
        Some(at) => (&place[..at], Some(place[at + 1..].parse().ok()?)),
        None => (place, None),
    };
    Some(Url { scheme, user, host, port, rest })
}

/// A service's name as templates have it.
fn key(service: &str) -> String {
    service.replace('-', "_")
}
