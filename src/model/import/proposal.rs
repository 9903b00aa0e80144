//! One service as it is proposed, in the words of the configuration, with where it came from.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::service::ServiceName;
use crate::model::services::plan::Condition;

/// What is proposed for one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub name: ServiceName,
    /// The file it was read from, and what it is called there: `Procfile: web`.
    pub from: String,
    pub what: What,
    pub folder: Option<String>,
    pub env_file: Option<String>,
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
    /// Why a key says what it says, by the key.
    pub reasons: BTreeMap<&'static str, String>,
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
            folder: None,
            env_file: None,
            depends_on: BTreeMap::new(),
            health: None,
            stop: None,
            restart: None,
            env: Vec::new(),
            extra_ports: Vec::new(),
            listens: true,
            reasons: BTreeMap::new(),
            notes: Vec::new(),
        }
    }
}

/// What one file proposes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileProposal {
    pub services: Vec<Proposal>,
    /// Commands that make a worktree ready.
    pub setup: Vec<ProposedCommand>,
    /// Commands that take back what they made outside of it.
    pub teardown: Vec<ProposedCommand>,
    /// Ignored paths that a worktree needs.
    pub carry: Vec<ProposedCarry>,
    /// Further variables of the env block.
    pub variables: Vec<Variable>,
    /// The main env file, and why.
    pub env_file: Option<(String, String)>,
    pub left_out: Vec<NotProposed>,
}

impl FileProposal {
    /// Answers whether nothing is proposed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
            && self.setup.is_empty()
            && self.teardown.is_empty()
            && self.carry.is_empty()
            && self.variables.is_empty()
            && self.env_file.is_none()
    }

    /// Notes what is not proposed.
    pub fn leave(&mut self, from: &str, key: &str, reason: impl Into<String>) {
        self.left_out.push(NotProposed { from: from.to_owned(), key: key.to_owned(), reason: reason.into() });
    }
}

/// A command of a worktree.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ProposedCommand {
    pub command: String,
    /// The file that it comes from, or that asks for it.
    pub from: String,
}

/// A pattern of ignored paths.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ProposedCarry {
    pub pattern: String,
    /// The file that names it, or the reason.
    pub from: String,
}

/// A variable of the env block.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Variable {
    pub variable: String,
    pub value: String,
    /// The file that names it, and the reason.
    pub from: String,
    /// Whether it is only written as a comment, for a person to choose.
    pub is_suggestion: bool,
}

/// Something that is there and is not proposed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct NotProposed {
    /// The file.
    pub from: String,
    /// The name in it; empty for the file as a whole.
    pub key: String,
    pub reason: String,
}

impl Display for NotProposed {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.from)?;
        if !self.key.is_empty() {
            write!(formatter, "{}: ", self.key)?;
        }
        formatter.write_str(&self.reason)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_proposed_where_there_is_any_of_it() {
        let step = || ProposedCommand { command: "x".to_owned(), from: String::new() };
        let carry = ProposedCarry { pattern: "x".to_owned(), from: String::new() };
        let variable = Variable {
            variable: "A".to_owned(),
            value: String::new(),
            from: String::new(),
            is_suggestion: true,
        };
        let service = Proposal::new(name("web").unwrap(), String::new(), What::Run("x".to_owned()));
        let none = FileProposal::default;
        for (number, found) in [
            FileProposal { services: vec![service], ..none() },
            FileProposal { setup: vec![step()], ..none() },
            FileProposal { teardown: vec![step()], ..none() },
            FileProposal { carry: vec![carry], ..none() },
            FileProposal { variables: vec![variable], ..none() },
            FileProposal { env_file: Some((String::new(), String::new())), ..none() },
        ]
        .into_iter()
        .enumerate()
        {
            assert!(!found.is_empty(), "{number}");
        }
        let mut left = none();
        left.leave("a", "", "no reason");
        left.leave("a", "b", "no reason");
        assert!(left.is_empty(), "what is left out is not proposed");
        let said: Vec<String> = left.left_out.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["a: no reason", "a: b: no reason"]);
    }

    #[test]
    fn a_name_is_cut_to_what_a_service_may_be_called() {
        for (text, expected) in [
            ("a".repeat(40), "a".repeat(32)),
            (format!("{}-b", "a".repeat(31)), "a".repeat(31)),
            ("--a__b..".to_owned(), "a-b".to_owned()),
            ("1-a".to_owned(), "a".to_owned()),
        ] {
            assert_eq!(name(&text).map(|name| name.to_string()), Some(expected), "{text}");
        }
    }
}
