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
