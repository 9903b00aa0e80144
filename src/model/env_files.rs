//! Which files of a worktree have the env block: the main one, and one for each service that asks for its own.

use super::config::env_files::plain;
use super::config::settings::Config;
use super::env_block::USUAL;
use super::port::Port;
use super::service::ServiceName;
use crate::error::Result;

/// The file that has the block where git tracks the usual one and nothing says otherwise.
pub const BESIDE: &str = ".env.local";

/// A file that is to have the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvTarget {
    /// Relative to the worktree.
    pub path: String,
    /// Whose own file it is; `None` for the main one.
    pub service: Option<ServiceName>,
    /// Whether git tracks it: what git tracks is never written.
    pub is_tracked: bool,
}

impl EnvTarget {
    /// Returns the key of the configuration that names the file.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.service {
            None => "env.file".to_owned(),
            Some(service) => format!("service.{service}.env_file"),
        }
    }
}

/// The files that are to have the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    /// The main one first.
    pub files: Vec<EnvTarget>,
    /// Whether the main one is not the usual one only because git tracks that.
    pub is_beside: bool,
}

/// Chooses the files; `is_tracked` says of a path whether git tracks it.
///
/// # Errors
///
/// Those of `is_tracked`.
pub fn targets(config: &Config, mut is_tracked: impl FnMut(&str) -> Result<bool>) -> Result<Targets> {
    let own: Vec<(ServiceName, String)> = config
        .services
        .iter()
        .filter_map(|(name, settings)| Some((name.clone(), plain(settings.env_file.as_deref()?))))
        .collect();
    let mut main = config.env.file.as_deref().map_or_else(|| USUAL.to_owned(), plain);
    let mut is_main_tracked = is_tracked(&main)?;
    let is_taken = own.iter().any(|(_, path)| path == BESIDE);
    let is_beside = is_main_tracked && config.env.file.is_none() && !is_taken && !is_tracked(BESIDE)?;
    if is_beside {
        BESIDE.clone_into(&mut main);
        is_main_tracked = false;
    }
    let mut files = vec![EnvTarget { path: main, service: None, is_tracked: is_main_tracked }];
    for (service, path) in own {
        let is_tracked = is_tracked(&path)?;
        files.push(EnvTarget { path, service: Some(service), is_tracked });
    }
    Ok(Targets { files, is_beside })
}

/// Answers whether the file at `path` may hold a block: it is called as env files are, or is one of those that the
/// configuration [names](named).
#[must_use]
pub fn may_hold_block(path: &str, named: &[String]) -> bool {
    path.rsplit('/').next().unwrap_or_default().starts_with(".env") || named.iter().any(|known| known == path)
}

/// Returns the files that the configuration names, whatever they are called.
#[must_use]
pub fn named(config: &Config) -> Vec<String> {
    let own = config.services.values().filter_map(|settings| settings.env_file.as_deref());
    config.env.file.as_deref().into_iter().chain(own).map(plain).collect()
}

/// Returns the paths that the main block may be at: for a worktree that is not recorded.
#[must_use]
pub fn main_places(config: &Config) -> Vec<String> {
    match &config.env.file {
        Some(file) => vec![plain(file), USUAL.to_owned()],
        None => vec![USUAL.to_owned(), BESIDE.to_owned()],
    }
}

/// Returns the main block's lines as a service's own file has them: `PORT` is its own port, and without one there is none.
#[must_use]
pub fn lines_of_service(lines: &[String], port: Option<Port>) -> Vec<String> {
    let is_port = |line: &String| {
        let line = line.trim_start();
        line.strip_prefix("export ").unwrap_or(line).trim_start().starts_with("PORT=")
    };
    let first = port.map(|port| format!("PORT={port}"));
    first.into_iter().chain(lines.iter().filter(|line| !is_port(line)).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge;

    fn chosen(text: &str, tracked: &[&str]) -> (Vec<(String, bool)>, bool) {
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        let config = merge(&[layer], &[]).unwrap();
        let targets = targets(&config, |path| Ok(tracked.contains(&path))).unwrap();
        (targets.files.into_iter().map(|file| (file.path, file.is_tracked)).collect(), targets.is_beside)
    }

    #[test]
    fn the_main_file_is_the_usual_one_or_beside_it_where_git_tracks_that() {
        let at = |path: &str, tracked| (vec![(path.to_owned(), tracked)], false);
        assert_eq!(chosen("", &[]), at(".env", false));
        assert_eq!(chosen("", &[".env"]), (vec![(".env.local".to_owned(), false)], true));
        assert_eq!(chosen("", &[".env", ".env.local"]), at(".env", true));
        assert_eq!(chosen("[env]\nfile = \"./conf//dev.env\"\n", &[".env"]), at("conf/dev.env", false));
        assert_eq!(chosen("[env]\nfile = \".env\"\n", &[".env"]), at(".env", true));
    }

    #[test]
    fn each_service_that_asks_has_a_file_of_its_own_and_none_is_meant_twice() {
        let text = "[service.web]\nenv_file = \"web/.env\"\n[service.api]\nenv_file = \".env.local\"\n";
        let (files, is_beside) = chosen(text, &[".env", "web/.env"]);
        let expected = [(".env", true), (".env.local", false), ("web/.env", true)];
        assert_eq!(files, expected.map(|(path, tracked)| (path.to_owned(), tracked)));
        assert!(!is_beside);
    }

    #[test]
    fn port_is_the_services_own() {
        let lines = ["PORT=5000", "WEB_PORT=5000", "export PORT=1", "X=PORT=2"].map(str::to_owned);
        assert_eq!(lines_of_service(&lines, Port::new(5001)), ["PORT=5001", "WEB_PORT=5000", "X=PORT=2"]);
        assert_eq!(lines_of_service(&lines, None), ["WEB_PORT=5000", "X=PORT=2"]);
    }

    #[test]
    fn a_file_is_named_by_the_key_that_says_where_it_is() {
        let key = |service: Option<&str>| {
            let service = service.map(|service| service.parse().unwrap());
            EnvTarget { path: ".env".to_owned(), service, is_tracked: false }.key()
        };
        assert_eq!((key(None), key(Some("web"))), ("env.file".to_owned(), "service.web.env_file".to_owned()));
    }

    #[test]
    fn a_block_may_be_in_what_is_called_like_an_env_file_and_in_what_the_configuration_names() {
        let named = ["conf/dev".to_owned()];
        for (path, may_be) in [
            (".env", true),
            ("web/.env.local", true),
            ("conf/dev", true),
            ("web/conf/dev", false),
            ("web/dev.env", false),
            (".env/x", false),
        ] {
            assert_eq!(may_hold_block(path, &named), may_be, "{path}");
        }
    }

    #[test]
    fn the_named_files_are_the_main_one_and_each_services() {
        let config = |text: &str| {
            let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
            merge(&[layer], &[]).unwrap()
        };
        let one = config("[env]\nfile = \"./conf//dev\"\n[service.web]\nenv_file = \"web/./env\"\n");
        assert_eq!(named(&one), ["conf/dev", "web/env"]);
        assert_eq!(main_places(&one), ["conf/dev", ".env"]);
        assert!(named(&config("")).is_empty());
        assert_eq!(main_places(&config("")), [".env", ".env.local"]);
    }
}
