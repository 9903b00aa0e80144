//! The env files and the variables of the env block fit together: no file is meant twice, and no variable is somebody
//! else's. Looked at after all layers are merged.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde_json::Value;

use super::merged::MergedConfig;
use super::origin::Origin;
use super::problem::{Problem, ValueFault};
use super::service::ServiceSettings;
use super::value;
use crate::model::env_block::USUAL;
use crate::model::service::ServiceName;
use crate::model::variables::{OWN, usual_port_name};

/// Returns the path of an env file below the worktree, as far as its letters go.
///
/// # Errors
///
/// Returns what is wrong with it.
pub fn file(value: &Value) -> Result<&str, ValueFault> {
    const EXAMPLE: &str = "write a file below the worktree, such as `server/.env`";
    let path = value::text(value)?;
    let stays = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    let shown = path.escape_debug();
    if !Path::new(path).components().all(stays) {
        return Err(ValueFault::new(format!("`{shown}` is outside of the worktree")).hint(EXAMPLE));
    }
    let is_of_git = |part: Component| part.as_os_str().eq_ignore_ascii_case(".git");
    if Path::new(path).components().any(is_of_git) {
        return Err(ValueFault::new(format!("`{shown}` is git's")).hint(EXAMPLE));
    }
    if path.ends_with('/') || plain(path).is_empty() || path.chars().any(char::is_control) {
        return Err(ValueFault::new(format!("`{shown}` is no file")).hint(EXAMPLE));
    }
    Ok(path)
}

/// Returns the path without `.` and doubled slashes: two ways to write one file are one file.
#[must_use]
pub fn plain(path: &str) -> String {
    let parts = Path::new(path).components().filter(|part| matches!(part, Component::Normal(_)));
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Returns everything that does not fit.
#[must_use]
pub fn problems(merged: &MergedConfig, services: &BTreeMap<ServiceName, ServiceSettings>) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut add = |key: &str, fault: ValueFault| {
        let origin = merged.find(key).map_or(Origin::BuiltIn, |value| value.origin.clone());
        found.push(Problem::with_value(origin, key, fault));
    };
    let main = merged.find("env.file").and_then(|value| value.value.as_str()).unwrap_or(USUAL);
    let mut owners = BTreeMap::from([(plain(main), "`env.file`".to_owned())]);
    for (name, settings) in services {
        let Some(file) = settings.env_file.as_deref() else { continue };
        let key = format!("service.{name}.env_file");
        if let Some(owner) = owners.get(&plain(file)) {
            let fault = ValueFault::new(format!("`{}` is the file of {owner} already", file.escape_debug()));
            add(&key, fault.hint("give each a file of its own"));
        } else {
            owners.insert(plain(file), format!("`{key}`"));
        }
    }
    for value in merged.values() {
        let Some(name) = value.key.strip_prefix("env.set.") else { continue };
        if let Some(fault) = taken(name, services) {
            add(&value.key, fault);
        }
    }
    found
}

/// A name that another rule sets.
fn taken(name: &str, services: &BTreeMap<ServiceName, ServiceSettings>) -> Option<ValueFault> {
    const HINT: &str = "choose another name";
    if name == "PORT" || OWN.contains(&name) {
        let message = format!("{name} is set by wt itself");
        return Some(ValueFault::new(message).hint(if name == "PORT" {
            "which service it belongs to is said by `service.NAME.env`"
        } else {
            HINT
        }));
    }
    for (service, settings) in services {
        let is_port = settings.env.iter().any(|known| known == name)
            || (settings.env.is_empty() && settings.listens && usual_port_name(service) == name);
        if is_port {
            return Some(ValueFault::new(format!("{name} carries the port of `{service}`")).hint(HINT));
        }
        if settings.listens && format!("{}_URL", service.variable()) == name {
            let fault = ValueFault::new(format!("{name} is the URL of `{service}`"));
            return Some(fault.hint(format!("say it in `service.{service}.url`")));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::{merge, merge_leniently};

    fn problems_of(text: &str) -> Vec<String> {
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        merge_leniently(&[layer], &[]).1.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn a_path_stays_below_the_worktree_and_is_meant_once() {
        for path in ["/etc/env", "../.env", "a/../../b", ".git/config", "a/.GIT/x", "server/", ".", "a\nb"] {
            let problems = problems_of(&format!("[env]\nfile = \"{path}\"\n"));
            assert_eq!(problems.len(), 1, "{path}");
            let problems = problems_of(&format!("[service.api]\nenv_file = \"{path}\"\n"));
            assert_eq!(problems.len(), 1, "{path}");
        }
        for text in [
            "[service.api]\nenv_file = \"./.env\"\n",
            "[env]\nfile = \"server/.env\"\n[service.api]\nenv_file = \"server//.env\"\n",
            "[service.api]\nenv_file = \"s/.env\"\n[service.web]\nenv_file = \"s/./.env\"\n",
        ] {
            let problems = problems_of(text);
            assert!(problems.len() == 1 && problems[0].contains("already"), "{text}: {problems:?}");
        }
        assert_eq!(problems_of("[env]\nfile = \"a/.env\"\n[service.api]\nenv_file = \".env\"\n"), [""; 0]);
    }

    #[test]
    fn names_that_are_somebody_elses_are_refused() {
        for name in ["PORT", "WT_NAME", "WT_X", "PATH", "LD_PRELOAD", "COMPOSE_PROJECT_NAME", "A B", "1A", ""]
        {
            let problems = problems_of(&format!("[env.set]\n\"{name}\" = \"x\"\n"));
            assert_eq!(problems.len(), 1, "{name}: {problems:?}");
        }
        let services = "[service.api]\nenv = [\"API\"]\n[service.admin-web]\n";
        for name in ["API", "API_URL", "ADMIN_WEB_PORT"] {
            let text = format!("[env.set]\n{name} = \"x\"\n{services}health = {{ tcp = {{}} }}\n");
            assert_eq!(problems_of(&text).len(), 1, "{name}");
        }
        let text = "[env.set]\nVITE_API_URL = \"{{ urls.api }}\"\n[service.api]\nurl = \"x\"\n";
        assert_eq!(problems_of(text), [""; 0]);
    }

    #[test]
    fn what_no_worktree_can_ever_know_is_wrong_at_once() {
        for template in ["{{ port }}", "{{ nmae }}", "{{ ports.dbb }}", "{{ urls.ap }}", "{{ x | nosuch }}"] {
            let text = format!(
                "[env.set]\nA = \"{template}\"\n[service.db]\nports = 5440\n[service.api]\nurl = \"x\"\n"
            );
            assert_eq!(problems_of(&text).len(), 1, "{template}");
        }
        let text = "[env.set]\nA = \"{{ ports.db }}{{ urls.port_2 }}\"\n[service.db]\nports = 5440\n";
        assert_eq!(problems_of(text), [""; 0]);
    }

    #[test]
    fn the_variables_keep_the_order_of_the_file_and_no_variable_of_the_environment_sets_one() {
        let text = "[env.set]\nZ = \"1\"\nA = \"2\"\n".to_owned();
        let layer = Layer { path: "f".to_owned(), text, source: Source::User };
        let set =
            [("WT_ENV_SET_Z".to_owned(), "9".to_owned()), ("WT_ENV_FILE".to_owned(), "x/.e".to_owned())];
        let config = merge(&[layer], &set).unwrap();
        let pairs: Vec<(&str, &str)> =
            config.env.set.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("Z", "1"), ("A", "2")]);
        assert_eq!(config.env.file.as_deref(), Some("x/.e"));
    }

    #[test]
    fn of_a_repositorys_file_only_names_of_ports_and_addresses_count_at_once() {
        let text =
            "[env.set]\nVITE_API_URL = \"http://localhost:1\"\nNPM_CONFIG_SCRIPT_SHELL = \"y\"\n".to_owned();
        let of = |approved: &[(String, String)]| {
            let source = Source::Others { approved: approved.to_vec() };
            let config = merge(&[Layer { path: "f".to_owned(), text: text.clone(), source }], &[]).unwrap();
            config.env.set.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), ["VITE_API_URL"]);
        let agreed = [("env.set.NPM_CONFIG_SCRIPT_SHELL".to_owned(), "y".to_owned())];
        assert_eq!(of(&agreed), ["VITE_API_URL", "NPM_CONFIG_SCRIPT_SHELL"]);
    }
}
