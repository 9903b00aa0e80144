//! The last result of a check, as the registry keeps it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::judgement::Judgement;
use super::state::Health;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::registry::allocation::Allocation;
use crate::model::service::ServiceName;

/// How old an unchanged result may grow before it is written again.
pub const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// The same for whoever looks again and again: a record that nobody renews would be taken for an old one.
pub const RENEWAL: SignedDuration = SignedDuration::from_mins(10);

/// The last result, as an allocation's `health` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthRecord {
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

impl HealthRecord {
    /// Reads it from an allocation's `health`; `None` for what is no such thing.
    #[must_use]
    pub fn find(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }

    /// Returns the last state; unknown where nobody looked, or what stands there is no result.
    #[must_use]
    pub fn state_of(value: Option<&Value>) -> Health {
        value.and_then(Self::find).map_or(Health::Unknown, |recorded| recorded.state)
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

    /// Answers whether it says more than `before` did: something changed, or that is as old as `renewed`.
    #[must_use]
    pub fn is_news(&self, before: Option<&Self>, renewed: SignedDuration) -> bool {
        let Some(before) = before else { return true };
        let age = self.checked_at.duration_since(before.checked_at);
        let is_same = before.state == self.state
            && before.level == self.level
            && before.pid == self.pid
            && before.reason == self.reason;
        let says_more = before.latency_ms.is_none() && self.latency_ms.is_some();
        !is_same || says_more || age >= renewed || age < SignedDuration::ZERO
    }

    /// Returns the event of a service that is not as it was `before`.
    #[must_use]
    pub fn event(&self, before: Option<&Self>, service: &ServiceName, port: Port) -> Event {
        let mut event = Event::new("health_changed")
            .with("service", service.as_str())
            .with("port", port.number())
            .with("from", before.map(|before| before.state.as_str()))
            .with("state", self.state.as_str());
        if let Some(reason) = &self.reason {
            event = event.with("reason", reason.as_str());
        }
        event
    }

    /// Writes it into the allocation, with the time at which its own server was last seen.
    pub fn write(&self, allocation: &mut Allocation) {
        allocation.health = serde_json::to_value(self).ok();
        if self.level >= 2 {
            allocation.last_listening.write(&self.checked_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::port::Port;

    fn recorded(second: i64) -> HealthRecord {
        HealthRecord {
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
        assert!(now.is_news(None, FRESH));
        assert!(!HealthRecord { latency_ms: Some(90.0), ..later }.is_news(Some(&now), FRESH));
        assert!(recorded(1_010).is_news(Some(&now), FRESH));
        assert!(!recorded(1_010).is_news(Some(&now), RENEWAL));
        assert!(recorded(1_600).is_news(Some(&now), RENEWAL));
        assert!(recorded(900).is_news(Some(&now), FRESH), "a clock that went backwards");
        assert!(HealthRecord { pid: Some(8), ..recorded(1_001) }.is_news(Some(&now), FRESH));
    }

    #[test]
    fn a_record_comes_back_as_it_was_and_tells_when_the_server_was_last_seen() {
        let mut allocation =
            Allocation::new(Port::new(5000).unwrap(), "web".parse().unwrap(), Timestamp::UNIX_EPOCH);
        recorded(60).write(&mut allocation);
        assert_eq!(HealthRecord::find(allocation.health.as_ref().unwrap()), Some(recorded(60)));
        assert_eq!(allocation.last_listening.text(), Some("1970-01-01T00:01:00Z"));
        HealthRecord { level: 0, ..recorded(120) }.write(&mut allocation);
        assert_eq!(allocation.last_listening.text(), Some("1970-01-01T00:01:00Z"), "seen then, not now");
        assert_eq!(HealthRecord::find(&json!({"state": "fine"})), None);
    }

    #[test]
    fn every_change_is_news_and_so_is_a_first_time_of_answering() {
        let before = recorded(1_000);
        let now = || recorded(1_001);
        for (record, is_news) in [
            (now(), false),
            (HealthRecord { state: Health::Unhealthy, ..now() }, true),
            (HealthRecord { level: 2, ..now() }, true),
            (HealthRecord { pid: None, ..now() }, true),
            (HealthRecord { reason: Some("x".to_owned()), ..now() }, true),
            (HealthRecord { latency_ms: None, ..now() }, false),
        ] {
            assert_eq!(record.is_news(Some(&before), FRESH), is_news, "{record:?}");
        }
        let unasked = HealthRecord { latency_ms: None, ..before };
        assert!(now().is_news(Some(&unasked), FRESH), "it says how long the answer took");
        assert!(!recorded(1_000).is_news(Some(&recorded(1_000)), FRESH), "at the same moment");
    }

    #[test]
    fn a_change_of_health_is_an_event_with_both_states() {
        let (service, port) = ("web".parse().unwrap(), Port::new(5000).unwrap());
        let unwell = HealthRecord { state: Health::Unhealthy, reason: Some("503".to_owned()), ..recorded(1) };
        let event = unwell.event(Some(&recorded(0)), &service, port);
        assert_eq!(
            (event.event.as_str(), event.service.as_deref(), event.port),
            ("health_changed", Some("web"), Some(port))
        );
        let said = ["from", "state", "reason"].map(|key| event.text(key));
        assert_eq!(said, ["healthy", "unhealthy", "503"]);
        let first = recorded(0).event(None, &service, port);
        assert_eq!(["from", "state", "reason"].map(|key| first.text(key)), ["", "healthy", ""]);
    }

    #[test]
    fn a_server_was_seen_where_the_process_was_ours() {
        for (level, is_seen) in [(0, false), (1, false), (2, true), (3, true)] {
            let mut allocation =
                Allocation::new(Port::new(5000).unwrap(), "web".parse().unwrap(), Timestamp::UNIX_EPOCH);
            HealthRecord { level, ..recorded(60) }.write(&mut allocation);
            assert_eq!(allocation.last_listening.text().is_some(), is_seen, "{level}");
        }
        let written = serde_json::to_value(recorded(60)).unwrap();
        assert_eq!(HealthRecord::state_of(Some(&written)), Health::Healthy);
        assert_eq!(HealthRecord::state_of(Some(&json!("healthy"))), Health::Unknown);
        assert_eq!(HealthRecord::state_of(None), Health::Unknown);
        let judgement = Judgement {
            health: Health::Healthy,
            level: 3,
            pid: Some(7),
            latency_ms: Some(0.5),
            ..Judgement::default()
        };
        assert_eq!(HealthRecord::of(&judgement, Timestamp::from_second(60).unwrap()), recorded(60));
    }
}
