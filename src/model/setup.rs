//! How far a worktree's setup has come: as the registry keeps it, and as answers show it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::process::ProcessId;

/// Where a setup is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupState {
    Running,
    Done,
    Failed,
    /// Nobody wanted it (`--no-setup`).
    Skipped,
    /// At least one of its commands was not trusted, so none was run.
    Untrusted,
    /// Ended before its end: by a signal, or with the `wt` that ran it.
    Interrupted,
    /// Its teardown was begun, so what it had made may be gone.
    TornDown,
    /// The configuration names no command.
    None,
}

impl SetupState {
    /// Returns the word used in the file and in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Untrusted => "untrusted",
            Self::Interrupted => "interrupted",
            Self::TornDown => "torn_down",
            Self::None => "none",
        }
    }

    /// Returns what `wt list` marks a worktree with; nothing for what is as it should be.
    #[must_use]
    pub fn mark(self) -> Option<&'static str> {
        match self {
            Self::Running => Some("setting up"),
            Self::Failed => Some("setup failed"),
            Self::Interrupted => Some("setup interrupted"),
            Self::Untrusted => Some("setup untrusted"),
            Self::TornDown => Some("torn down"),
            Self::Done | Self::Skipped | Self::None => None,
        }
    }
}

/// A setup as the registry keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    pub state: SetupState,
    /// When it came to that.
    pub at: Timestamp,
    /// The command that runs, or that failed, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// How that ended; 128 + n for a death by signal n.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// Why it failed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<PathBuf>,
    /// The `wt` that runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessId>,
    /// The place of that command in its list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The first process of the command that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<ProcessId>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Setup {
    /// A setup that has come to `state` at that moment.
    #[must_use]
    pub fn new(state: SetupState, at: Timestamp) -> Self {
        Self {
            state,
            at,
            command: None,
            exit: None,
            reason: None,
            log: None,
            process: None,
            index: None,
            leader: None,
            extra: Map::new(),
        }
    }

    /// Returns the state as things are: one that runs and whose `wt` is gone was interrupted.
    #[must_use]
    pub fn state_now(&self, is_at_work: bool) -> SetupState {
        match self.state {
            SetupState::Running if !is_at_work => SetupState::Interrupted,
            state => state,
        }
    }
}

/// A setup as `--json` shows it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SetupView {
    pub state: SetupState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

impl SetupView {
    /// Returns what is shown of a worktree's setup.
    #[must_use]
    pub fn of(setup: Option<&Setup>, is_at_work: bool) -> Self {
        let Some(setup) = setup else {
            let nothing = Setup::new(SetupState::None, Timestamp::UNIX_EPOCH);
            return Self { at: None, ..Self::of(Some(&nothing), false) };
        };
        Self {
            state: setup.state_now(is_at_work),
            at: Some(setup.at),
            exit: setup.exit,
            command: setup.command.clone(),
            reason: setup.reason.clone(),
            log: setup.log.as_deref().map(Path::to_string_lossy).map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::variants::{sorted, words_of};

    const ALL: [SetupState; 8] = [
        SetupState::Running,
        SetupState::Done,
        SetupState::Failed,
        SetupState::Skipped,
        SetupState::Untrusted,
        SetupState::Interrupted,
        SetupState::TornDown,
        SetupState::None,
    ];

    #[test]
    fn each_state_is_written_as_it_is_shown() {
        assert_eq!(sorted(ALL.map(SetupState::as_str)), words_of::<SetupState>());
        for state in ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), json!(state.as_str()));
        }
    }

    #[test]
    fn a_setup_whose_wt_is_gone_was_interrupted_and_no_other_is() {
        for state in ALL {
            let setup = Setup::new(state, Timestamp::UNIX_EPOCH);
            assert_eq!(setup.state_now(true), state);
            let expected = if state == SetupState::Running { SetupState::Interrupted } else { state };
            assert_eq!(setup.state_now(false), expected);
        }
    }

    #[test]
    fn where_nothing_was_set_up_there_is_no_moment() {
        assert_eq!(serde_json::to_value(SetupView::of(None, false)).unwrap(), json!({"state": "none"}));
        let setup = Setup { exit: Some(3), ..Setup::new(SetupState::Failed, Timestamp::UNIX_EPOCH) };
        let shown = serde_json::to_value(SetupView::of(Some(&setup), false)).unwrap();
        assert_eq!(shown, json!({"state": "failed", "at": "1970-01-01T00:00:00Z", "exit": 3}));
    }

    #[test]
    fn only_what_is_not_as_it_should_be_is_marked() {
        let marks = ALL.map(|state| state.mark().unwrap_or_default());
        let expected =
            ["setting up", "", "setup failed", "", "setup untrusted", "setup interrupted", "torn down", ""];
        assert_eq!(marks, expected);
    }
}
