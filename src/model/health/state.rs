//! The four states of a service's health, and the last result as the registry keeps it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::judgement::Judgement;
use crate::model::registry::allocation::Allocation;

/// The field of an allocation (in `extra`) that tells when a process of its worktree was last seen listening on it.
pub const LAST_LISTENING: &str = "last_listening";

/// How old an unchanged result may grow before it is written again.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// How a service is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Not checked.
    #[default]
    Unknown,
    /// Bound, ours, and it answers.
    Healthy,
    /// Held by somebody else, or it does not answer.
    Unhealthy,
    /// Nothing listens.
    NotRunning,
}

impl Health {
    /// Returns the word used in the registry and in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::NotRunning => "not_running",
        }
    }

    /// Returns it as people read it.
    #[must_use]
    pub fn words(self) -> &'static str {
        if self == Self::NotRunning { "not running" } else { self.as_str() }
    }

    /// Returns the sign that draws the eye.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Unknown => "?",
            Self::Healthy => "●",
            Self::Unhealthy => "✗",
            Self::NotRunning => "○",
        }
    }
}

/// The last result, as an allocation's `health` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    pub state: Health,
    /// 0 nothing is bound, 1 bound, 2 ours, 3 it responds.
    pub level: u8,
    #[serde(default)]
    pub pid: Option<u32>,
    #[serde(default)]
    pub latency_ms: Option<f64>,
    pub checked_at: Timestamp,
    #[serde(default)]
    pub reason: Option<String>,
}

impl Recorded {
    /// Reads it from an allocation's `health`; `None` for what is no such thing.
    #[must_use]
    pub fn find(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }

    /// The result of a check at that time.
    #[must_use]
    pub fn of(judgement: &Judgement, checked_at: Timestamp) -> Self {
        Self {
            state: judgement.health,
            level: judgement.level,
            pid: judgement.pid,
            latency_ms: judgement.latency_ms,
            checked_at,
            reason: judgement.reason.clone(),
        }
    }

    /// Answers whether it says more than `before` did: something changed, or that is old.
    #[must_use]
    pub fn is_news(&self, before: Option<&Self>) -> bool {
        let Some(before) = before else { return true };
        let age = self.checked_at.duration_since(before.checked_at);
        let is_same = before.state == self.state
            && before.level == self.level
            && before.pid == self.pid
            && before.reason == self.reason;
        !is_same || age >= FRESH || age < SignedDuration::ZERO
    }

    /// Writes it into the allocation, with the time at which its own server was last seen.
    pub fn write(&self, allocation: &mut Allocation) {
        allocation.health = serde_json::to_value(self).ok();
        if self.level >= 2 {
            let seen = Value::from(self.checked_at.to_string());
            allocation.extra.insert(LAST_LISTENING.to_owned(), seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::port::Port;

    fn recorded(second: i64) -> Recorded {
        Recorded {
            state: Health::Healthy,
            level: 3,
            pid: Some(7),
            latency_ms: Some(0.5),
            checked_at: Timestamp::from_second(second).unwrap(),
            reason: None,
        }
    }

    #[test]
    fn the_same_result_is_news_only_once_it_is_old() {
        let (now, later) = (recorded(1_000), recorded(1_009));
        assert!(now.is_news(None));
        assert!(!Recorded { latency_ms: Some(90.0), ..later }.is_news(Some(&now)));
        assert!(recorded(1_010).is_news(Some(&now)));
        assert!(recorded(900).is_news(Some(&now)), "a clock that went backwards");
        assert!(Recorded { pid: Some(8), ..recorded(1_001) }.is_news(Some(&now)));
    }

    #[test]
    fn a_record_comes_back_as_it_was_and_tells_when_the_server_was_last_seen() {
        let mut allocation =
            Allocation::new(Port::new(5000).unwrap(), "web".parse().unwrap(), Timestamp::UNIX_EPOCH);
        recorded(60).write(&mut allocation);
        assert_eq!(Recorded::find(allocation.health.as_ref().unwrap()), Some(recorded(60)));
        assert_eq!(allocation.extra[LAST_LISTENING], "1970-01-01T00:01:00Z");
        Recorded { level: 0, ..recorded(120) }.write(&mut allocation);
        assert_eq!(allocation.extra[LAST_LISTENING], "1970-01-01T00:01:00Z", "seen then, not now");
        assert_eq!(Recorded::find(&json!({"state": "fine"})), None);
    }
}
