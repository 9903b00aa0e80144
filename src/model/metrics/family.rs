//! A family of samples: what it counts, and its numbers with their labels.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

/// What a family counts or measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricType {
    Gauge,
    Counter,
}

/// One number with its labels.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Sample {
    pub labels: BTreeMap<&'static str, String>,
    pub value: f64,
}

/// All samples of one name.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Family {
    pub name: &'static str,
    pub help: &'static str,
    pub r#type: MetricType,
    pub samples: Vec<Sample>,
}

impl Family {
    pub(super) fn new(name: &'static str, r#type: MetricType, help: &'static str) -> Self {
        Self { name, help, r#type, samples: Vec::new() }
    }

    pub(super) fn put(&mut self, labels: &[(&'static str, &str)], value: f64) {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.samples.push(Sample { labels, value });
    }

    /// Takes out what has the labels of one before: a scrape fails as a whole on a series that stands twice.
    pub(super) fn once(mut self) -> Self {
        let mut seen = HashSet::new();
        self.samples.retain(|sample| seen.insert(sample.labels.clone()));
        self
    }
}
