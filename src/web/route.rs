//! From a method and a target to what is asked. One table; nothing is looked up here.

use std::collections::HashMap;

use hyper::Method;
use percent_encoding::percent_decode_str;

use super::page::File;
use crate::ops::act::PageAction;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    File(File),
    /// Whether it works at all.
    Healthz,
    /// Words of changes, as they come.
    Stream,
    /// What Prometheus scrapes.
    Metrics,
    /// What else it may scrape.
    Discovery,
    Act(Act),
    Ask(Ask),
}

/// A report of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    Worktrees,
    Worktree {
        repository: String,
        name: String,
    },
    Logs {
        repository: String,
        name: String,
        service: Option<String>,
        tail: Option<String>,
    },
    Conflicts,
    Findings,
    Events {
        since: Option<String>,
        kind: Option<String>,
    },
    PortHealth,
    PortHealthOf(String),
    PortTotals,
    Report {
        since: Option<String>,
    },
    /// What runs on the hosts of the team.
    Team,
}

impl Ask {
    /// Returns the word of the command whose answer it is.
    #[must_use]
    pub fn command(&self) -> &'static str {
        match self {
            Self::Worktrees => "list",
            Self::Worktree { .. } => "status",
            Self::Logs { .. } => "logs",
            Self::Conflicts => "ports conflicts",
            Self::Findings => "validate",
            Self::Events { .. } => "events",
            Self::PortHealth | Self::PortHealthOf(_) => "health ports",
            Self::PortTotals => "health ports system",
            Self::Report { .. } => "report",
            Self::Team => "team running",
        }
    }

    /// Answers whether it belongs to what `[serve] open = ["health"]` opens.
    #[must_use]
    pub fn is_health(&self) -> bool {
        matches!(self, Self::PortHealth | Self::PortHealthOf(_) | Self::PortTotals)
    }
}

/// Something that is to be done about a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub action: PageAction,
    pub repository: String,
    pub name: String,
}

/// Why nothing is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// There is nothing of that name.
    Path,
    /// It is there, and is asked for by one of these.
    Method(&'static str),
}

/// Finds what is asked for.
///
/// # Errors
///
/// What is wrong with the target or the method.
pub fn find(method: &Method, path: &str, query: Option<&str>) -> Result<Route, Missing> {
    let segments: Option<Vec<String>> =
        path.strip_prefix('/').map(|rest| rest.split('/').map(decoded).collect());
    let segments = segments.unwrap_or_default();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let route = match *words {
        [""] => Route::File(File::Page),
        ["dashboard.js"] => Route::File(File::Script),
        ["dashboard.css"] => Route::File(File::Style),
        ["icon.svg"] => Route::File(File::Icon),
        ["openapi.json"] => Route::File(File::OpenApi),
        ["healthz"] => Route::Healthz,
        ["events"] => Route::Stream,
        ["metrics"] => Route::Metrics,
        ["sd"] => Route::Discovery,
        ["api", "worktrees", repository, name, word] if PageAction::find(word).is_some() => {
            let action = PageAction::find(word).ok_or(Missing::Path)?;
            Route::Act(Act { action, repository: repository.to_owned(), name: name.to_owned() })
        }
        ["api", ref rest @ ..] => Route::Ask(asked(rest, query).ok_or(Missing::Path)?),
        _ => return Err(Missing::Path),
    };
    let is_act = matches!(route, Route::Act(_));
    match *method {
        Method::POST if is_act => Ok(route),
        Method::GET | Method::HEAD if !is_act => Ok(route),
        _ => Err(Missing::Method(if is_act { "POST" } else { "GET, HEAD" })),
    }
}

fn asked(words: &[&str], query: Option<&str>) -> Option<Ask> {
    let owned = |word: &str| word.to_owned();
    Some(match *words {
        ["worktrees"] => Ask::Worktrees,
        ["worktrees", repository, name] => Ask::Worktree { repository: owned(repository), name: owned(name) },
        ["worktrees", repository, name, "logs"] => {
            let mut given = parameters(query);
            Ask::Logs {
                repository: owned(repository),
                name: owned(name),
                service: given.remove("service"),
                tail: given.remove("tail"),
            }
        }
        ["conflicts"] => Ask::Conflicts,
        ["findings"] => Ask::Findings,
        ["events"] => {
            let mut given = parameters(query);
            Ask::Events { since: given.remove("since"), kind: given.remove("kind") }
        }
        ["report"] => Ask::Report { since: parameters(query).remove("since") },
        ["team"] => Ask::Team,
        ["health", "ports"] => Ask::PortHealth,
        ["health", "ports", "system"] => Ask::PortTotals,
        ["health", "ports", port] => Ask::PortHealthOf(owned(port)),
        _ => return None,
    })
}

fn parameters(query: Option<&str>) -> HashMap<String, String> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(&value.replace('+', " ")))).collect()
}

/// What is not UTF-8 names nothing of ours.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Result<Route, Missing> {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        find(&Method::GET, path, query)
    }

    #[test]
    fn every_path_leads_to_one_thing() {
        let (repository, name) = ("shop".to_owned(), "feature/lög in".to_owned());
        let table = [
            ("/", Route::File(File::Page)),
            ("/healthz", Route::Healthz),
            ("/events", Route::Stream),
            ("/metrics", Route::Metrics),
            ("/sd", Route::Discovery),
            ("/api/worktrees", Route::Ask(Ask::Worktrees)),
            ("/api/report?since=2h", Route::Ask(Ask::Report { since: Some("2h".to_owned()) })),
            ("/api/team", Route::Ask(Ask::Team)),
            ("/api/health/ports", Route::Ask(Ask::PortHealth)),
            ("/api/health/ports/system", Route::Ask(Ask::PortTotals)),
            ("/api/health/ports/70000", Route::Ask(Ask::PortHealthOf("70000".to_owned()))),
            (
                "/api/worktrees/shop/feature%2Fl%C3%B6g%20in",
                Route::Ask(Ask::Worktree { repository: repository.clone(), name: name.clone() }),
            ),
            (
                "/api/worktrees/shop/feature%2Fl%C3%B6g%20in/logs?service=w%65b&tail=20&more=1",
                Route::Ask(Ask::Logs {
                    repository,
                    name,
                    service: Some("web".to_owned()),
                    tail: Some("20".to_owned()),
                }),
            ),
        ];
        for (path, route) in table {
            assert_eq!(get(path), Ok(route), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_there_and_what_is_there_is_only_read() {
        for path in [
            "",
            "x",
            "//",
            "/api",
            "/api/",
            "/api/worktrees/shop",
            "/../etc/passwd",
            "/dashboard.js/",
            "/%2e%2e",
        ] {
            assert_eq!(get(path), Err(Missing::Path), "{path}");
        }
        for method in [Method::POST, Method::DELETE, Method::OPTIONS] {
            assert_eq!(find(&method, "/api/worktrees", None), Err(Missing::Method("GET, HEAD")));
            assert_eq!(find(&method, "/nowhere", None), Err(Missing::Path));
        }
        assert!(find(&Method::HEAD, "/healthz", None).is_ok());
        assert_eq!(get("/api/worktrees/shop/login/up"), Err(Missing::Method("POST")));
        let act = Act { action: PageAction::Remove, repository: "shop".to_owned(), name: "login".to_owned() };
        assert_eq!(find(&Method::POST, "/api/worktrees/shop/login/remove", None), Ok(Route::Act(act)));
        assert_eq!(find(&Method::POST, "/api/worktrees/shop/login/kill", None), Err(Missing::Path));
    }
}
