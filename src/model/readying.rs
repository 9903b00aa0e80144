//! How far a worktree that something else made is made ready, while nobody waits for that.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::process::ProcessId;

/// How long what was begun may take to say that it is at work.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// How new a worktree must be: what somebody has worked in for longer is as they want it.
const NEW: SignedDuration = SignedDuration::from_mins(10);

/// A step on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadyingStep {
    /// A `wt` was started for it.
    Begun,
    Carrying,
    /// What is left to do is the setup's.
    Done,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readying {
    pub step: ReadyingStep,
    pub at: Timestamp,
    /// The `wt` that is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessId>,
}

impl Readying {
    /// Answers whether a `wt` was started for it that did not say yet that it is at work.
    #[must_use]
    pub fn is_beginning(&self, now: Timestamp) -> bool {
        self.step == ReadyingStep::Begun && now.duration_since(self.at) < PATIENCE
    }

    /// Answers whether files are being carried.
    #[must_use]
    pub fn is_carrying(&self, lives: impl Fn(&ProcessId) -> bool) -> bool {
        self.step == ReadyingStep::Carrying && self.process.as_ref().is_some_and(lives)
    }
}

/// Answers whether somebody is to begin, of a worktree that came onto the record at `recorded`: it is new, and nobody did, or
/// whoever did is dead.
#[must_use]
pub fn is_due(
    recorded: Timestamp,
    so_far: Option<&Readying>,
    now: Timestamp,
    lives: impl Fn(&ProcessId) -> bool,
) -> bool {
    match so_far {
        None => now.duration_since(recorded) < NEW,
        Some(Readying { step: ReadyingStep::Done, .. }) => false,
        Some(Readying { process: Some(process), .. }) => !lives(process),
        Some(begun) => now.duration_since(begun.at) >= PATIENCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_is_said_to_begin_for_a_while_only() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let of = |step| Readying { step, at: at(0), process: None };
        assert!(of(ReadyingStep::Begun).is_beginning(at(9)) && !of(ReadyingStep::Begun).is_beginning(at(10)));
        assert!(
            !of(ReadyingStep::Carrying).is_beginning(at(0)) && !of(ReadyingStep::Done).is_beginning(at(0))
        );
    }

    #[test]
    fn only_what_is_new_and_nobody_is_at_is_made_ready() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let process = ProcessId { pid: 7, started: 1, boot: String::new(), namespace: String::new() };
        let so_far =
            |step, process: Option<&ProcessId>| Readying { step, at: at(0), process: process.cloned() };
        let cases = [
            (None, 599, true, true),
            (None, 600, true, false),
            (Some(so_far(ReadyingStep::Begun, None)), 9, true, false),
            (Some(so_far(ReadyingStep::Begun, None)), 10, true, true),
            (Some(so_far(ReadyingStep::Carrying, Some(&process))), 9999, true, false),
            (Some(so_far(ReadyingStep::Carrying, Some(&process))), 1, false, true),
            (Some(so_far(ReadyingStep::Done, None)), 1, false, false),
        ];
        for (so_far, now, lives, expected) in cases {
            assert_eq!(
                is_due(at(0), so_far.as_ref(), at(now), |_| lives),
                expected,
                "{so_far:?} {now} {lives}"
            );
        }
        assert!(so_far(ReadyingStep::Carrying, Some(&process)).is_carrying(|_| true));
        assert!(!so_far(ReadyingStep::Carrying, Some(&process)).is_carrying(|_| false));
        assert!(!so_far(ReadyingStep::Begun, Some(&process)).is_carrying(|_| true));
    }
}
