//! The layers laid over each other, key by key: the last one that gives a key wins.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::layers::{FlagValue, Layer, Source};
use super::problem::Problem;
use super::settings::{Config, ConfigValue, Held, Origin};
use super::standing::{self, Share};
use super::{build, fleet, overlap, parse, schema, variables};
use crate::error::Result;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

/// The built-in layer: every default, and the documentation of every key.
pub const BUILT_IN: &str = include_str!("../../../templates/config.toml");

/// The values that are in effect.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    values: Vec<ConfigValue>,
    /// When a value was given last: later is a stronger layer, or further down in a file.
    given: Vec<usize>,
    places: HashMap<String, usize>,
    counter: usize,
    known_purposes: HashSet<Purpose>,
    /// Every purpose that has a section, in the order of their appearance.
    pub purposes: Vec<Purpose>,
    /// What a repository's file says and what does not count, or not unseen.
    pub held: Vec<Held>,
}

impl Merged {
    /// Lays over what others wrote, as far as that counts.
    fn put_of_others(&mut self, value: ConfigValue, approved: &[(String, String)]) {
        let below = self.find(&value.key).map(|below| &below.value);
        let entry = schema::find(&value.key);
        let share = entry.map_or(Share::Whole, |entry| entry.standing.share(&value.value, below));
        match share {
            Share::Whole => self.put(value),
            Share::Joined(joined) => self.put(ConfigValue { value: joined, ..value }),
            Share::Part { counts, until_trusted } => {
                let text = standing::text(&value.value);
                let is_trusted =
                    until_trusted && approved.iter().any(|(key, known)| *key == value.key && *known == text);
                let counts = if is_trusted { Some(value.value.clone()) } else { counts };
                if let Some(counts) = counts {
                    self.put(ConfigValue { value: counts, ..value.clone() });
                }
                self.held.push(Held { value, until_trusted, is_trusted });
            }
        }
    }

    /// Forgets what was held back of a key that a variable or a flag sets: that counts, whatever the file says.
    fn forget_overruled(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        held.retain(|held| {
            let found = self.find(&held.value.key).map(|value| &value.origin);
            !matches!(found, Some(Origin::Variable(_) | Origin::Flag(_)))
        });
        self.held = held;
    }

    fn put(&mut self, value: ConfigValue) {
        self.counter += 1;
        if let Some(place) = self.places.get(&value.key) {
            self.given[*place] = self.counter;
            self.values[*place] = value;
            return;
        }
        self.places.insert(value.key.clone(), self.values.len());
        self.values.push(value);
        self.given.push(self.counter);
    }

    fn put_purpose(&mut self, purpose: Purpose) {
        if self.known_purposes.insert(purpose.clone()) {
            self.purposes.push(purpose);
        }
    }

    /// Returns the value of a key, where any layer gives one.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&ConfigValue> {
        self.places.get(key).map(|place| &self.values[*place])
    }

    /// Returns the values, built-in keys first.
    #[must_use]
    pub fn values(&self) -> &[ConfigValue] {
        &self.values
    }

    /// Returns the values themselves, built-in keys first.
    #[must_use]
    pub fn into_values(self) -> Vec<ConfigValue> {
        self.values
    }

    /// Returns the values, those that were given last at the end.
    #[must_use]
    pub fn in_order_of_appearance(&self) -> Vec<&ConfigValue> {
        let mut places: Vec<usize> = (0..self.values.len()).collect();
        places.sort_by_key(|place| self.given[*place]);
        places.into_iter().map(|place| &self.values[place]).collect()
    }
}

/// Lays `files`, weakest first, over the built-in layer, then the variables, then the flags.
///
/// # Errors
///
/// `config_invalid` for the first thing that is wrong, naming its file and line (or variable, or flag) and its key.
pub fn merge(files: &[Layer], variables: &[(String, String)], flags: &[FlagValue]) -> Result<Config> {
    let (config, problems) = merge_leniently(files, variables, flags);
    match problems.first() {
        Some(problem) => Err(problem.failure()),
        None => Ok(config),
    }
}

/// As [`merge`], but leaves out what is wrong and says so beside what is left.
#[must_use]
pub fn merge_leniently(
    files: &[Layer],
    variables: &[(String, String)],
    flags: &[FlagValue],
) -> (Config, Vec<Problem>) {
    let mut merged = Merged::default();
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
    let names = names(&merged);
    let mut variables: Vec<&(String, String)> = variables.iter().collect();
    variables.sort();
    let given = variables
        .into_iter()
        .filter_map(|(name, text)| variables::from_variable(name, text, &names))
        .chain(flags.iter().map(variables::from_flag));
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
    problems.extend(overlap::overlaps(&merged));
    problems.extend(fleet::problems(&merged, &build::services(&merged)));
    (build::config(merged), problems)
}

/// Returns the services that `--ports` means where no list is written: all that listen, in the order of the files, as soon
/// as one of them says how it is run; none before that.
fn configured_services(merged: &Merged) -> Vec<String> {
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
fn names(merged: &Merged) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let services = merged.values().iter().filter_map(|value| value.key.strip_prefix("service."));
    let listed = merged.values().iter().filter(|value| value.key.ends_with(".services"));
    let listed = listed.filter_map(|value| value.value.as_array()).flatten().filter_map(|name| name.as_str());
    for service in services.filter_map(|rest| rest.split('.').next()).chain(listed) {
        found.extend(below("service", service));
    }
    found.extend(merged.purposes.iter().flat_map(|purpose| below("purpose", purpose.as_str())));
    found
}

fn below(section: &str, name: &str) -> Vec<String> {
    let section = format!("{section}.{name}");
    super::schema::children(&section).into_iter().map(|last| format!("{section}.{last}")).collect()
}
