//! The words for how a service stands, how a run of it ended, and what a look at it showed.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a service stands, as `wt status` shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    #[default]
    Stopped,
    Starting,
    /// A process of its own listens on its port and its check passes.
    Ready,
    /// It was ready, and its check failed several times in a row.
    Unhealthy,
    /// It was asked to end, and something of it still runs.
    Stopping,
    /// It ended, and is started again after a pause.
    Backoff,
    Failed,
    /// It ended by itself, and well.
    Completed,
    /// The first request starts it; its port is held until then.
    Asleep,
}

impl ServiceState {
    /// Returns the word used in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Unhealthy => "unhealthy",
            Self::Stopping => "stopping",
            Self::Backoff => "backoff",
            Self::Failed => "failed",
            Self::Completed => "completed",
            Self::Asleep => "asleep",
        }
    }

    /// Returns the sign that draws the eye.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Ready => "●",
            Self::Starting | Self::Stopping | Self::Backoff => "◐",
            Self::Unhealthy | Self::Failed => "✗",
            Self::Stopped | Self::Completed => "○",
            Self::Asleep => "◌",
        }
    }

    /// Answers whether nothing of it runs, or will run, until somebody asks for it.
    #[must_use]
    pub fn is_resting(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed | Self::Completed)
    }
}

impl fmt::Display for ServiceState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceExit {
    Status(u8),
    /// By a signal of that number.
    Signal(u8),
    /// Its parent was not there to be told.
    Unknown,
}

impl ServiceExit {
    /// Answers whether it ended by itself and well.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Status(0)
    }

    /// Returns what it was in the fewest words: `exit 3`, `signal KILL`; nothing for an end that nobody was told of.
    #[must_use]
    pub fn short(self) -> String {
        match self {
            Self::Status(code) => format!("exit {code}"),
            Self::Signal(number) => signal_word(number),
            Self::Unknown => String::new(),
        }
    }
}

impl fmt::Display for ServiceExit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(formatter, "ended with status {code}"),
            Self::Signal(number) => write!(formatter, "was ended by {}", signal_word(*number)),
            Self::Unknown => formatter.write_str("ended"),
        }
    }
}

/// The numbers that POSIX or every Linux fixes (signal(7)).
fn signal_word(number: u8) -> String {
    let name = match number {
        1 => "HUP",
        2 => "INT",
        3 => "QUIT",
        6 => "ABRT",
        9 => "KILL",
        11 => "SEGV",
        13 => "PIPE",
        15 => "TERM",
        other => return format!("signal {other}"),
    };
    format!("signal {name}")
}

/// What a look at a running service showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookResult {
    /// It is ready: its own process listens, and its check passes.
    Well,
    /// Not ready, and why in words.
    Unwell(String),
}

/// Returns a duration as people say it: `500ms`, `1.5s`, `2min`.
#[must_use]
pub fn spoken(time: Duration) -> String {
    match time.as_millis() {
        short @ 0..1000 => format!("{short}ms"),
        long if long >= 120_000 && long % 60_000 == 0 => format!("{}min", long / 60_000),
        _ => format!("{}s", (time.as_secs_f64() * 10.0).round() / 10.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_said_in_words() {
        assert_eq!(ServiceExit::Status(3).to_string(), "ended with status 3");
        assert_eq!(ServiceExit::Signal(9).to_string(), "was ended by signal KILL");
        assert_eq!(ServiceExit::Signal(64).to_string(), "was ended by signal 64");
        assert!(
            ServiceExit::Status(0).is_success()
                && !ServiceExit::Signal(15).is_success()
                && !ServiceExit::Unknown.is_success()
        );
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        for (milliseconds, words) in [(500, "500ms"), (1500, "1.5s"), (60_000, "60s"), (120_000, "2min")] {
            assert_eq!(spoken(Duration::from_millis(milliseconds)), words);
        }
    }
}
