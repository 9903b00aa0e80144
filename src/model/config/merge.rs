//! The layers laid over each other, key by key: the last one that gives a key wins.

use std::collections::HashSet;

use serde_json::Value;

use super::layers::{Layer, Source};
use super::problem::Problem;
use super::settings::{Config, ConfigValue, Origin};
use super::{branch_purposes, build, env_files, fleet, main_worktree, overlap, parse, team, variables};
use crate::error::Result;
use crate::model::config::merged::MergedConfig;
use crate::model::service::ServiceName;

/// The built-in layer: every default, and the documentation of every key.
pub const BUILT_IN: &str = include_str!("../../../templates/config.toml");

/// Lays `files`, weakest first, over the built-in layer, then the variables.
///
/// # Errors
///
/// `config_invalid` for the first thing that is wrong, naming its file and line (or variable) and its key.
pub fn merge(files: &[Layer], variables: &[(String, String)]) -> Result<Config> {
    let (config, problems) = merge_leniently(files, variables);
    match problems.first() {
        Some(problem) => Err(problem.failure()),
        None => Ok(config),
    }
}

/// As [`merge`], but leaves out what is wrong and says so beside what is left.
#[must_use]
pub fn merge_leniently(files: &[Layer], variables: &[(String, String)]) -> (Config, Vec<Problem>) {
    let mut merged = MergedConfig::default();
    let mut problems = Vec::new();
    let built_in = std::iter::once((None, BUILT_IN, &Source::User));
    let files = files.iter().map(|file| (Some(file.path.as_str()), file.text.as_str(), &file.source));
    for (path, text, source) in built_in.chain(files) {
        let parsed = parse::parse(path, text);
        parsed.purposes.into_iter().for_each(|(purpose, _)| merged.put_purpose(purpose));
        for value in parsed.values {
            match source {
                Source::User => merged.put(value),
                Source::Others { approved } => merged.put_of_others(value, approved),
            }
        }
        problems.extend(parsed.problems);
    }
    let names = if variables.is_empty() { Vec::new() } else { names(&merged) };
    let mut variables: Vec<&(String, String)> = variables.iter().collect();
    variables.sort();
    let given = variables.into_iter().filter_map(|(name, text)| variables::from_variable(name, text, &names));
    for value in given {
        match value {
            Ok(value) => {
                let purpose = value.key.strip_prefix("purpose.").and_then(|rest| rest.split('.').next());
                if let Some(purpose) = purpose.and_then(|purpose| purpose.parse().ok()) {
                    merged.put_purpose(purpose);
                }
                merged.put(value);
            }
            Err(problem) => problems.push(problem),
        }
    }
    merged.forget_overruled();
    for purpose in merged.purposes.clone() {
        for (last, value) in [("ports", Vec::new()), ("services", vec!["web"])] {
            let key = format!("purpose.{purpose}.{last}");
            if merged.find(&key).is_none() {
                merged.put(ConfigValue { key, value: value.into(), origin: Origin::BuiltIn });
            }
        }
    }
    let (usual, configured) = (Value::from(vec!["web"]), configured_services(&merged));
    for purpose in merged.purposes.clone().iter().filter(|_| !configured.is_empty()) {
        let key = format!("purpose.{purpose}.services");
        if merged.find(&key).is_some_and(|found| found.origin == Origin::BuiltIn && found.value == usual) {
            merged.put(ConfigValue { key, value: configured.clone().into(), origin: Origin::BuiltIn });
        }
    }
    let overlaps = overlap::overlaps(&merged);
    if !overlaps.is_empty() {
        put_back(&mut merged, &overlaps);
    }
    problems.extend(overlaps);
    problems.extend(branch_purposes::unknown(&mut merged));
    let services = build::services(&merged);
    problems.extend(fleet::problems(&merged, &services));
    problems.extend(env_files::problems(&merged, &services));
    problems.extend(main_worktree::problems(&merged));
    problems.extend(team::problems(&merged));
    (build::config(merged), problems)
}

/// Has the built-in ranges count in the place of those that overlap, and none where even they do or there are none: two
/// names never draw from one port, however wrong the files are.
fn put_back(merged: &mut MergedConfig, overlaps: &[Problem]) {
    let mut built_in = MergedConfig::default();
    parse::parse(None, BUILT_IN).values.into_iter().for_each(|value| built_in.put(value));
    let mut wrong: Vec<String> = overlaps.iter().filter_map(|problem| problem.key.clone()).collect();
    let mut tried: HashSet<String> = HashSet::new();
    while !wrong.is_empty() {
        for key in wrong {
            let usual = built_in.find(&key).map(|value| value.value.clone());
            let is_first = tried.insert(key.clone());
            let value = usual.filter(|_| is_first).unwrap_or_else(|| Vec::<Value>::new().into());
            merged.put(ConfigValue { key, value, origin: Origin::BuiltIn });
        }
        wrong = overlap::overlaps(merged).into_iter().filter_map(|problem| problem.key).collect();
    }
}

/// Returns the services that `--ports` means where no list is written: all that listen, in the order of the files, as soon
/// as one of them says how it is run; none before that.
fn configured_services(merged: &MergedConfig) -> Vec<String> {
    let services = build::services(merged);
    if !services.values().any(|settings| settings.is_runnable() && settings.listens) {
        return Vec::new();
    }
    let mut found: Vec<String> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let sections = merged.values().iter().filter_map(|value| value.key.strip_prefix("service."));
    for name in sections.filter_map(|rest| rest.split('.').next()) {
        let settings = name.parse().ok().and_then(|name: ServiceName| services.get(&name));
        let listens = settings.is_some_and(|settings| settings.listens);
        if listens && seen.insert(name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// Returns every key that a name in the files makes possible, for variables to be matched against.
fn names(merged: &MergedConfig) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let services = merged.values().iter().filter_map(|value| value.key.strip_prefix("service."));
    let listed = merged.values().iter().filter(|value| value.key.ends_with(".services"));
    let listed = listed.filter_map(|value| value.value.as_array()).flatten().filter_map(|name| name.as_str());
    // One of many keys has the name of each service.
    let mut seen: HashSet<&str> = HashSet::new();
    let named = services.filter_map(|rest| rest.split('.').next()).chain(listed);
    found.extend(named.filter(|name| seen.insert(name)).flat_map(|service| below("service", service)));
    found.extend(merged.purposes.iter().flat_map(|purpose| below("purpose", purpose.as_str())));
    found
}

fn below(section: &str, name: &str) -> Vec<String> {
    let section = format!("{section}.{name}");
    super::schema::children(&section).into_iter().map(|last| format!("{section}.{last}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(text: &str) -> (Vec<(String, String)>, usize) {
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        let (config, problems) = merge_leniently(&[layer], &[]);
        let of = |key: &str| {
            let found = config.values.iter().find(|value| value.key == key);
            found.map(|value| value.value.to_string()).unwrap_or_default()
        };
        let keys =
            ["purpose.feature.ports", "purpose.bugfix.ports", "purpose.spike.ports", "service.b.ports"];
        (keys.map(|key| (key.to_owned(), of(key))).to_vec(), problems.len())
    }

    #[test]
    fn a_range_that_overlaps_gives_way_to_the_built_in_one() {
        let (usual, problems) = ranges("");
        assert_eq!(problems, 0);
        let (found, problems) = ranges("[purpose.bugfix]\nports = \"5000-5009\"\n");
        assert_eq!((&found[1], problems), (&usual[1], 1));
        assert_eq!(found[0], usual[0]);
        // One without a built-in range has none.
        let (found, _) = ranges("[purpose.spike]\nports = \"5000-5009\"\n");
        assert_eq!((found[0].1.clone(), found[2].1.as_str()), (usual[0].1.clone(), "[]"));
        let (found, _) = ranges("[service.a]\nports = 9000\n[service.b]\nports = 9000\n");
        assert_eq!(found[3].1, "[]");
        // Where the built-in range is another's by now too.
        let text = format!(
            "[purpose.spike]\nports = {bugfix}\n[purpose.bugfix]\nports = \"6000-6009\"\n[purpose.feature]\nports = 6000\n",
            bugfix = usual[1].1
        );
        let (found, problems) = ranges(&text);
        assert_eq!((found[0].clone(), problems), (usual[0].clone(), 1));
        assert_eq!((found[1].1.as_str(), &found[2].1), ("\"6000-6009\"", &usual[1].1));
    }

    #[test]
    fn of_two_keys_that_a_variable_may_mean_it_means_the_one_of_a_name_that_the_files_have() {
        let read = |text: &str, name: &str, value: &str| {
            let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
            let (config, problems) = merge_leniently(&[layer], &[(name.to_owned(), value.to_owned())]);
            assert!(problems.is_empty(), "{problems:?}");
            let mut set = config.values.iter().filter(|value| matches!(value.origin, Origin::Variable(_)));
            let found = set.next().map(|value| value.key.clone()).unwrap_or_default();
            assert!(set.next().is_none(), "{found}");
            found
        };
        let (extra, ports) = ("WT_SERVICE_API_EXTRA_PORTS", "WT_SERVICE_WEB_EXTRA_PORTS");
        assert_eq!(read("[service.api]\nrun = \"x\"\n", extra, "admin"), "service.api.extra_ports");
        assert_eq!(read("[service.api-extra]\nrun = \"x\"\n", extra, "7000"), "service.api-extra.ports");
        assert_eq!(read("", extra, "7000"), "service.api-extra.ports", "no file names either");
        assert_eq!(read("", ports, "admin"), "service.web.extra_ports", "every purpose lists `web`");
        let listed = "[purpose.spike]\nports = 5700\nservices = [\"api\"]\n";
        assert_eq!(read(listed, extra, "admin"), "service.api.extra_ports", "a purpose lists it");
    }
}
