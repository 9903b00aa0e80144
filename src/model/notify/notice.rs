//! What somebody is told: which word, about what, in which sentence. It has nothing of a command line but its program.

use std::borrow::Cow;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::event::Event;
use crate::model::listed::words_of;

/// What somebody can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    Unhealthy,
    Failed,
    Recovered,
    PortConflict,
    SetupFailed,
    TeardownFailed,
    OverLimit,
    /// A notice that a receiver did not take.
    GivenUp,
    /// What `wt notify test` sends.
    Test,
}

/// Every kind that `notify.on` may name: each but the test.
const ALL: [NoticeKind; 8] = [
    NoticeKind::Unhealthy,
    NoticeKind::Failed,
    NoticeKind::Recovered,
    NoticeKind::PortConflict,
    NoticeKind::SetupFailed,
    NoticeKind::TeardownFailed,
    NoticeKind::OverLimit,
    NoticeKind::GivenUp,
];

/// The words of `notify.on`.
pub const WORDS: [&str; ALL.len()] = words_of!(ALL);

impl NoticeKind {
    /// Returns what a word of `notify.on` means.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Returns its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unhealthy => "unhealthy",
            Self::Failed => "failed",
            Self::Recovered => "recovered",
            Self::PortConflict => "port_conflict",
            Self::SetupFailed => "setup_failed",
            Self::TeardownFailed => "teardown_failed",
            Self::OverLimit => "over_limit",
            Self::GivenUp => "given_up",
            Self::Test => "test",
        }
    }
}

/// What an event may say in a notice: nothing else of it is passed on.
const TOLD: [&str; 13] = [
    "from",
    "state",
    "reason",
    "holders",
    "ports",
    "conflict_kind",
    "outcome",
    "policy",
    "limit",
    "value",
    "command",
    "via",
    "to",
];

/// What somebody is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    pub kind: NoticeKind,
    /// What it is about, beside repository and worktree: `service:web`, `setup`.
    pub subject: String,
    pub event: Event,
    /// Since when something is wrong.
    pub began: Timestamp,
    /// How many changes it stands for.
    pub changes: u32,
    /// Whether only those hear of it who keep a list of what is wrong: nothing recovered, it is over.
    #[serde(default)]
    pub is_silent: bool,
}

impl Notice {
    /// A notice of one change.
    #[must_use]
    pub fn new(kind: NoticeKind, subject: &str, event: &Event, began: Timestamp) -> Self {
        Self { kind, subject: subject.to_owned(), event: as_told(event), began, changes: 1, is_silent: false }
    }

    /// Answers whether it says that something is over.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.is_silent || self.kind == NoticeKind::Recovered
    }

    /// Returns the repository's short name: that of its folder.
    #[must_use]
    pub fn repository_name(&self) -> Option<String> {
        let root: &Path = self.event.repository.as_deref()?;
        Some(root.file_name()?.to_string_lossy().into_owned())
    }

    /// Returns what it is about, in words: `web of feature-login`.
    #[must_use]
    pub fn about(&self) -> String {
        match (&self.event.service, &self.event.worktree) {
            (Some(service), Some(worktree)) => format!("{service} of {worktree}"),
            (Some(only), None) | (None, Some(only)) => only.clone(),
            (None, None) => self.repository_name().unwrap_or_else(|| "wt".to_owned()),
        }
    }

    /// Returns the headline.
    #[must_use]
    pub fn title(&self) -> String {
        let about = self.about();
        let limit = match self.event.text("limit").as_str() {
            "cpu" => "CPU",
            _ => "memory",
        };
        let said = match self.kind {
            NoticeKind::Unhealthy => format!("{about} is unhealthy"),
            NoticeKind::Failed => format!("{about} failed"),
            NoticeKind::Recovered if self.subject.starts_with("limit:") => {
                format!("{about} is below its limit of {limit} again")
            }
            NoticeKind::Recovered => format!("{about} recovered"),
            NoticeKind::PortConflict => match self.event.port {
                Some(port) => format!("port {port} of {about} is held by somebody else"),
                None => format!("ports of {about} are held by somebody else"),
            },
            NoticeKind::SetupFailed => format!("the setup of {about} failed"),
            NoticeKind::TeardownFailed => format!("the teardown of {about} failed"),
            NoticeKind::OverLimit => format!("{about} is over its limit of {limit}"),
            NoticeKind::GivenUp => "a notice was not taken, and is given up".to_owned(),
            NoticeKind::Test => "a test of wt's notices".to_owned(),
        };
        match self.changes {
            0 | 1 => said,
            many => format!("{said}, after {many} changes"),
        }
    }

    /// Returns the sentence.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.title();
        let reason = self.event.text("reason");
        if !reason.is_empty() {
            text.push_str(": ");
            text.push_str(&reason);
        }
        if let Some(name) = self.repository_name() {
            text = format!("{text} ({name})");
        }
        text
    }
}

/// Returns the event with nothing but what may be told.
fn as_told(event: &Event) -> Event {
    let mut details = Map::new();
    for (key, value) in &event.details {
        if TOLD.contains(&key.as_str()) {
            let value = match (key.as_str(), value.as_str()) {
                ("reason", Some(text)) => Value::from(safe_reason(text).into_owned()),
                ("command", Some(text)) => Value::from(first_word(text)),
                _ => value.clone(),
            };
            details.insert(key.clone(), value);
        }
    }
    Event { details, ..event.clone() }
}

/// A reason may end with what a program wrote, behind a colon, and quote a command: neither is told.
fn safe_reason(reason: &str) -> Cow<'_, str> {
    let (lead, rest) = match reason.strip_prefix("failed: ") {
        Some(rest) => ("failed: ", rest),
        None => ("", reason),
    };
    let line = rest.lines().next().unwrap_or_default();
    let rest = line.split(": ").next().unwrap_or_default();
    let pieces: Vec<&str> = rest.split('`').collect();
    let is_plain = pieces.iter().skip(1).step_by(2).all(|quoted| first_word(quoted) == *quoted);
    if is_plain && rest.len() + lead.len() == reason.len() {
        return Cow::Borrowed(reason);
    }
    let shortened =
        pieces.iter().enumerate().map(|(at, piece)| if at % 2 == 1 { first_word(piece) } else { piece });
    Cow::Owned(format!("{lead}{}", shortened.collect::<Vec<_>>().join("`")))
}

/// Returns the first word of a command; of a variable's value, which may be a secret, nothing.
fn first_word(text: &str) -> &str {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.find('=').map_or(word, |at| &word[..=at])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::variants::{sorted, words_of};

    fn notice(kind: NoticeKind, event: &Event) -> Notice {
        Notice::new(kind, "service:web", event, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        assert_eq!(sorted(WORDS.into_iter().chain(["test"])), words_of::<NoticeKind>());
    }

    #[test]
    fn every_word_is_a_kind_and_back() {
        for word in WORDS {
            assert_eq!(NoticeKind::find(word).map(NoticeKind::as_str), Some(word));
            assert_eq!(json!(NoticeKind::find(word).unwrap()), word);
        }
        assert_eq!(NoticeKind::find("test"), None);
    }

    #[test]
    fn a_sentence_names_service_worktree_and_repository() {
        let event = Event::new("unhealthy")
            .of("/home/me/shop", "feature-login")
            .with("service", "web")
            .with("reason", "not accepting");
        let told = notice(NoticeKind::Unhealthy, &event);
        assert_eq!(told.title(), "web of feature-login is unhealthy");
        assert_eq!(told.text(), "web of feature-login is unhealthy: not accepting (shop)");
        let many = Notice { changes: 5, ..notice(NoticeKind::Recovered, &event) };
        assert_eq!(many.title(), "web of feature-login recovered, after 5 changes");
        assert!(notice(NoticeKind::Test, &Event::new("test")).text().starts_with("a test"));
    }

    #[test]
    fn nothing_of_a_command_line_nor_of_what_a_program_wrote_is_told() {
        for (reason, told) in [
            ("`check --token SECRET` ended with status 1: SECRET", "`check` ended with status 1"),
            ("failed: ended with status 3: SECRET", "failed: ended with status 3"),
            ("held by python3 (pid 977), a stranger", "held by python3 (pid 977), a stranger"),
            ("did not answer in HTTP: SECRET", "did not answer in HTTP"),
            ("one\nSECRET", "one"),
            ("`a` and `b SECRET", "`a` and `b"),
            ("`PASSWORD=SECRET` cannot be run", "`PASSWORD=` cannot be run"),
        ] {
            assert_eq!(safe_reason(reason), told);
        }
        let event = Event::new("setup_failed")
            .with("command", "npm --token SECRET")
            .with("other", "SECRET")
            .with("reason", "x: SECRET");
        let told = serde_json::to_string(&notice(NoticeKind::SetupFailed, &event)).unwrap();
        assert!(!told.contains("SECRET") && told.contains("npm"), "{told}");
    }
}
