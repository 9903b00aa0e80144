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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::apps::sample::tree;

    fn place(service: &str, usual_port: Option<u16>, folder: Option<&str>) -> UsualService {
        UsualService { service: service.to_owned(), usual_port, folder: folder.map(str::to_owned) }
    }

    /// What becomes of one line of an example beside these services.
    fn of(line: &str) -> Option<(String, bool)> {
        let places = [
            place("my-db", Some(5433), None),
            place("cache", Some(6379), None),
            place("shop-api", Some(3000), Some("api")),
            place("web", Some(5173), Some("")),
            place("one", Some(9000), Some("one")),
            place("two", Some(9000), Some("two")),
        ];
        let mut found = variables(&tree(&[(".env.example", line)]), &[], &places);
        assert!(found.len() < 2, "{found:?}");
        let found = found.pop()?;
        assert!(line.starts_with(&format!("{}=", found.variable)), "{line}");
        assert!(found.from.starts_with(".env.example: "), "{}", found.from);
        Some((found.value, found.is_suggestion))
    }

    #[test]
    fn a_line_that_names_the_port_of_another_service_leads_there() {
        for (line, expected) in [
            ("DB_PORT=5433", Some("{{ ports.my_db }}")),
            ("DB_PORTS=5433", None),
            ("API_PORT=3000", None),
            ("DB_PORT=5434", None),
            ("API=http://localhost:3000/v1/", Some("{{ urls.shop_api }}/v1")),
            ("API=https://127.0.0.1:3000", Some("{{ urls.shop_api }}")),
            ("API=http://[::1]:3000", Some("{{ urls.shop_api }}")),
            ("API=http://0.0.0.0:3000?a", Some("{{ urls.shop_api }}?a")),
            ("API=http://me@localhost:3000", None),
            ("API=ftp://localhost:3000", None),
            ("API=http://localhost", None),
            ("API=http://localhost:x", None),
            ("API=http://example.org:3000", None),
            ("API=http://localhost:3000/{a}", None),
            ("WEB=http://localhost:5173", None),
            ("ANY=http://localhost:9000", None),
            (
                "DB=postgresql+asyncpg://me:pw@localhost:5433/a?x=1",
                Some("postgresql+asyncpg://me:pw@localhost:{{ ports.my_db }}/a?x=1"),
            ),
            ("CACHE=redis://localhost/0", Some("redis://localhost:{{ ports.cache }}/0")),
            ("CACHE=redis://example.org/0", None),
        ] {
            assert_eq!(of(line), expected.map(|value| (value.to_owned(), false)), "{line}");
        }
    }

    #[test]
    fn a_database_that_nobody_serves_here_may_become_one_for_each_worktree() {
        for (line, expected) in [
            ("DB=postgres://localhost/shop", Some("postgres://localhost/shop_{{ name | db }}")),
            (
                "DB=postgresql://me@localhost:1/shop?a=b",
                Some("postgresql://me@localhost:1/shop_{{ name | db }}?a=b"),
            ),
            ("DB=mysql2://127.0.0.1/shop", Some("mysql2://127.0.0.1/shop_{{ name | db }}")),
            ("DB=postgres://localhost/", None),
            ("DB=postgres://localhost", None),
            ("DB=postgres://localhost/shop/more", None),
            ("DB=mongodb://localhost/shop", None),
            ("DB=postgres://example.org/shop", None),
        ] {
            assert_eq!(of(line), expected.map(|value| (value.to_owned(), true)), "{line}");
        }
    }

    #[test]
    fn a_page_reaches_the_only_server_by_a_variable_that_its_bundler_hands_on() {
        let server = App { framework: "Go", ..App::default() };
        let page = |prefix| App { framework: "Vite", role: Role::Page { prefix }, ..App::default() };
        let (vite, bare) = (page("VITE_"), page(""));
        let led = |apps: &[(&str, &App)], example: &str| {
            let apps: Vec<(String, &App)> =
                apps.iter().map(|(name, app)| ((*name).to_owned(), *app)).collect();
            let places = [place("shop-api", Some(3000), Some("api"))];
            variables(&tree(&[(".env.example", example)]), &apps, &places)
        };
        let expected = Variable {
            variable: "VITE_API_URL".to_owned(),
            value: "{{ urls.shop_api }}".to_owned(),
            from: "Vite of `web` hands on what begins with VITE_; `shop-api` is the only server".to_owned(),
            is_suggestion: false,
        };
        let both = [("shop-api", &server), ("web", &vite)];
        assert_eq!(led(&both, ""), std::slice::from_ref(&expected));
        assert_eq!(
            led(&[("shop-api", &server), ("web", &vite), ("admin", &vite)], ""),
            std::slice::from_ref(&expected)
        );
        assert_eq!(led(&[("a", &server), ("b", &server), ("web", &vite)], ""), []);
        assert_eq!(led(&[("web", &vite)], ""), []);
        assert_eq!(led(&[("shop-api", &server), ("web", &bare)], ""), []);
        let lines =
            |example: &str| led(&both, example).into_iter().map(|one| one.variable).collect::<Vec<_>>();
        assert_eq!(lines("VITE_BACKEND=http://localhost:3000\n"), ["VITE_BACKEND"]);
        assert_eq!(lines("BACKEND=http://localhost:3000\n"), ["BACKEND", "VITE_API_URL"]);
        assert_eq!(lines("VITE_DB=postgres://localhost/a\n"), ["VITE_DB", "VITE_API_URL"]);
        assert_eq!(lines("A=http://localhost:3000\nA=http://localhost:3000/v1\n"), ["A", "VITE_API_URL"]);
    }
}
