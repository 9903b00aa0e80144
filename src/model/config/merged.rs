//! The values that are in effect so far, while layers are laid over each other.

use std::collections::{HashMap, HashSet};

use super::origin::{ConfigValue, HeldValue, Origin};
use super::schema;
use super::standing::{self, Share};
use crate::model::purpose::Purpose;

/// The values that are in effect.
#[derive(Clone, Debug, Default)]
pub struct MergedConfig {
    values: Vec<ConfigValue>,
    /// When a value was given last: later is a stronger layer, or further down in a file.
    given: Vec<usize>,
    places: HashMap<String, usize>,
    counter: usize,
    known_purposes: HashSet<Purpose>,
    /// Every purpose that has a section, in the order of their appearance.
    pub purposes: Vec<Purpose>,
    /// What a repository's file says and what does not count, or not unseen.
    pub held: Vec<HeldValue>,
}

impl MergedConfig {
    /// Lays over what others wrote, as far as that counts.
    pub(super) fn put_of_others(&mut self, value: ConfigValue, approved: &[(String, String)]) {
        let below = self.find(&value.key).map(|below| &below.value);
        let entry = schema::find(&value.key);
        let share = entry.map_or(Share::Whole, |entry| entry.standing.share(&value.key, &value.value, below));
        match share {
            Share::Whole => self.put(value),
            Share::Joined(joined) => self.put(ConfigValue { value: joined, ..value }),
            Share::Part { counts, until_trusted } => {
                let text = standing::agreed(&value.key, &value.value);
                let is_trusted =
                    until_trusted && approved.iter().any(|(key, known)| *key == value.key && *known == text);
                let counts = if is_trusted { Some(value.value.clone()) } else { counts };
                if let Some(counts) = counts {
                    self.put(ConfigValue { value: counts, ..value.clone() });
                }
                self.held.push(HeldValue { value, until_trusted, is_trusted });
            }
        }
    }

    /// Forgets what was held back of a key that a variable sets: that counts, whatever the file says.
    pub(super) fn forget_overruled(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        held.retain(|held| {
            let found = self.find(&held.value.key).map(|value| &value.origin);
            !matches!(found, Some(Origin::Variable(_)))
        });
        self.held = held;
    }

    pub(super) fn put(&mut self, value: ConfigValue) {
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

    pub(super) fn put_purpose(&mut self, purpose: Purpose) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(key: &str, value: serde_json::Value, origin: Origin) -> ConfigValue {
        ConfigValue { key: key.to_owned(), value, origin }
    }

    fn file(line: usize) -> Origin {
        Origin::File { path: "f".to_owned(), line }
    }

    #[test]
    fn a_value_that_is_given_again_keeps_its_place_and_appears_last() {
        let mut merged = MergedConfig::default();
        for (key, number) in [("a", 1), ("b", 2), ("a", 3)] {
            merged.put(value(key, json!(number), Origin::BuiltIn));
        }
        let shown = |values: Vec<&ConfigValue>| -> Vec<(String, String)> {
            values.into_iter().map(|value| (value.key.clone(), value.value.to_string())).collect()
        };
        let pair = |key: &str, number: &str| (key.to_owned(), number.to_owned());
        assert_eq!(shown(merged.values().iter().collect()), [pair("a", "3"), pair("b", "2")]);
        assert_eq!(shown(merged.in_order_of_appearance()), [pair("b", "2"), pair("a", "3")]);
        assert_eq!(merged.find("b").map(|found| found.value.clone()), Some(json!(2)));
        assert_eq!(merged.find("c"), None);
        assert_eq!(merged.into_values().len(), 2);
    }

    #[test]
    fn a_purpose_is_known_once() {
        let mut merged = MergedConfig::default();
        for name in ["b", "a", "b"] {
            merged.put_purpose(name.parse().unwrap());
        }
        assert_eq!(merged.purposes, ["b", "a"].map(|name| name.parse().unwrap()));
    }

    #[test]
    fn what_others_wrote_is_held_back_until_its_very_text_was_agreed_to() {
        let of = |key: &str, written: serde_json::Value, approved: &[(&str, &str)]| {
            let approved: Vec<_> =
                approved.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
            let mut merged = MergedConfig::default();
            merged.put(value("trash.keep", json!("7d"), Origin::BuiltIn));
            merged.put(value("remove.caches", json!(["dist"]), Origin::BuiltIn));
            merged.put_of_others(value(key, written, file(1)), &approved);
            let counts = merged.find(key).map(|found| found.value.clone());
            (counts, merged.held.iter().map(|held| (held.until_trusted, held.is_trusted)).collect::<Vec<_>>())
        };
        let keep = "trash.keep";
        assert_eq!(of(keep, json!("8d"), &[]), (Some(json!("8d")), vec![]), "longer counts at once");
        assert_eq!(of(keep, json!("1d"), &[]), (Some(json!("7d")), vec![(true, false)]));
        assert_eq!(of(keep, json!("1d"), &[(keep, "1d")]), (Some(json!("1d")), vec![(true, true)]));
        assert_eq!(of(keep, json!("1d"), &[(keep, "2d")]), (Some(json!("7d")), vec![(true, false)]));
        assert_eq!(of(keep, json!("1d"), &[("x", "1d")]), (Some(json!("7d")), vec![(true, false)]));
        let caches = "remove.caches";
        let (counts, held) = of(caches, json!(["dist", "src2"]), &[]);
        assert_eq!((counts, held.len()), (Some(json!(["dist"])), 1), "a part of it counts");
        let never = of("serve.port", json!(7000), &[("serve.port", "7000")]);
        assert_eq!(never, (None, vec![(false, false)]), "no agreement makes it count");
    }

    #[test]
    fn what_a_variable_sets_is_held_back_no_more() {
        let mut merged = MergedConfig::default();
        merged.put(value("trash.keep", json!("7d"), Origin::BuiltIn));
        merged.put(value("trash.max_size", json!(9), Origin::BuiltIn));
        for (key, written) in [("trash.keep", json!("1d")), ("trash.max_size", json!(1))] {
            merged.put_of_others(value(key, written, file(1)), &[]);
        }
        merged.put(value("trash.keep", json!("3d"), Origin::Variable("WT_TRASH_KEEP".to_owned())));
        merged.forget_overruled();
        let held: Vec<&str> = merged.held.iter().map(|held| held.value.key.as_str()).collect();
        assert_eq!(held, ["trash.max_size"]);
    }
}
