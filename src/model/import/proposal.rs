//! One service as it is proposed, in the words of the configuration, with where it came from.

use std::collections::BTreeMap;

use crate::model::service::ServiceName;
use crate::model::services::plan::Condition;

/// What is proposed for one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub name: ServiceName,
    /// The file it was read from, and what it is called there: `Procfile: web`.
    pub from: String,
    pub what: What,
    pub setup: Option<String>,
    pub folder: Option<String>,
    pub depends_on: BTreeMap<ServiceName, Condition>,
    /// The health check as it is written in TOML.
    pub health: Option<String>,
    /// `stop` as it is written in TOML.
    pub stop: Option<String>,
    /// `restart` as it is written in TOML.
    pub restart: Option<String>,
    pub env: Vec<String>,
    pub extra_ports: Vec<ServiceName>,
    pub listens: bool,
    /// What its reader should know, a line each.
    pub notes: Vec<String>,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A command in the words of the configuration.
    Run(String),
    /// A service of the compose file.
    Compose(String),
}

impl Proposal {
    /// A service that runs `what` and has nothing else to say.
    #[must_use]
    pub fn new(name: ServiceName, from: String, what: What) -> Self {
        Self {
            name,
            from,
            what,
            setup: None,
            folder: None,
            depends_on: BTreeMap::new(),
            health: None,
            stop: None,
            restart: None,
            env: Vec::new(),
            extra_ports: Vec::new(),
            listens: true,
            notes: Vec::new(),
        }
    }
}

/// What one file proposes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub services: Vec<Proposal>,
    /// What was left out, and why, a line each.
    pub notes: Vec<String>,
}

/// Returns the name that `text` becomes: lower case, `-` for what no name has; `None` where nothing is left.
#[must_use]
pub fn name(text: &str) -> Option<ServiceName> {
    let mut word = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        let fits = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        if fits {
            word.push(letter);
        } else if !word.is_empty() && !word.ends_with('-') {
            word.push('-');
        }
    }
    let word = word.trim_start_matches(|letter: char| !letter.is_ascii_lowercase());
    word.get(..word.len().min(32))?.trim_end_matches('-').parse().ok()
}
