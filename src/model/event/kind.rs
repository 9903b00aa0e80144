//! What an event is about, which its name tells.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A conflict over a port, and what was done about one.
    Conflict,
    Service,
    Health,
    Worktree,
    Port,
    /// Setup, what runs behind it, and teardown.
    Setup,
    Notify,
    Other,
}

/// Every kind with its word.
pub const KINDS: [(EventKind, &str); 8] = [
    (EventKind::Conflict, "conflict"),
    (EventKind::Service, "service"),
    (EventKind::Health, "health"),
    (EventKind::Worktree, "worktree"),
    (EventKind::Port, "port"),
    (EventKind::Setup, "setup"),
    (EventKind::Notify, "notify"),
    (EventKind::Other, "other"),
];

const OF_SERVICES: [&str; 12] = [
    "started",
    "ready",
    "unhealthy",
    "crashed",
    "restarted",
    "failed",
    "stopped",
    "completed",
    "over_limit",
    "recovered",
    "asleep",
    // As earlier versions wrote them all.
    "service_changed",
];

const OF_WORKTREES: [&str; 10] = [
    "adopted",
    "branch_changed",
    "fix_undone",
    "forgotten",
    "left",
    "purpose_named",
    "released",
    "removed",
    "renamed",
    "restored",
];

/// What names begin with, in the order in which they are tried.
const BEGINNINGS: [(&str, EventKind); 16] = [
    ("resolve_", EventKind::Conflict),
    ("holder_", EventKind::Conflict),
    ("stray_", EventKind::Conflict),
    ("health_", EventKind::Health),
    ("setup_", EventKind::Setup),
    ("background_", EventKind::Setup),
    ("teardown_", EventKind::Setup),
    ("create", EventKind::Worktree),
    ("worktree_", EventKind::Worktree),
    ("trash_", EventKind::Worktree),
    ("record_", EventKind::Worktree),
    ("remove_", EventKind::Worktree),
    ("restore_", EventKind::Worktree),
    ("rename_", EventKind::Worktree),
    ("port", EventKind::Port),
    ("notif", EventKind::Notify),
];

impl EventKind {
    /// Returns what events of that name are about.
    #[must_use]
    pub fn of(event: &str) -> Self {
        if event.contains("conflict") || event.contains("mismatch") {
            return Self::Conflict;
        }
        if OF_SERVICES.contains(&event) {
            return Self::Service;
        }
        if OF_WORKTREES.contains(&event) {
            return Self::Worktree;
        }
        let found = BEGINNINGS.iter().find(|(beginning, _)| event.starts_with(beginning));
        found.map_or(Self::Other, |(_, kind)| *kind)
    }

    /// Returns the word of `--kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("other", |(_, word)| word)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = KINDS.iter().find(|(_, word)| *word == text).map(|(kind, _)| *kind);
        found.ok_or_else(|| {
            let words: Vec<&str> = KINDS.iter().map(|(_, word)| *word).collect();
            format!("`{}` is no kind of event: write {}", text.escape_debug(), words.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::variants::{sorted, words_of};

    #[test]
    fn every_name_has_a_kind_and_every_kind_its_word() {
        for (name, kind) in [
            ("port_conflict", EventKind::Conflict),
            ("resolve_planned", EventKind::Conflict),
            ("stray_terminated", EventKind::Conflict),
            ("port_moved", EventKind::Port),
            ("ports_released", EventKind::Port),
            ("port_excluded", EventKind::Port),
            ("created", EventKind::Worktree),
            ("create_undone", EventKind::Worktree),
            ("removed", EventKind::Worktree),
            ("released", EventKind::Worktree),
            ("ready", EventKind::Service),
            ("service_changed", EventKind::Service),
            ("health_changed", EventKind::Health),
            ("setup_failed", EventKind::Setup),
            ("teardown_failed", EventKind::Setup),
            ("notified", EventKind::Notify),
            ("hooks_installed", EventKind::Other),
            ("trusted", EventKind::Other),
            ("registry_rebuilt", EventKind::Other),
        ] {
            assert_eq!(EventKind::of(name), kind, "{name}");
        }
        assert_eq!(sorted(KINDS.map(|(_, word)| word)), words_of::<EventKind>());
        for (kind, word) in KINDS {
            assert_eq!((kind.as_str(), word.parse()), (word, Ok(kind)));
        }
        assert!("Conflict".parse::<EventKind>().unwrap_err().contains("write conflict, service, "));
    }
}
