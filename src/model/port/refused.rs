//! A port that a service was to have and somebody else holds, as the log tells of it: the same words whoever met it.

use super::Port;
use super::listener::Busy;
use crate::model::event::{Event, holders_of};
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

/// Such a port.
#[derive(Clone, Copy, Debug)]
pub struct RefusedPort<'a> {
    pub service: Option<&'a ServiceName>,
    pub purpose: Option<&'a Purpose>,
    pub port: Port,
    pub holders: &'a [Busy],
}

impl RefusedPort<'_> {
    /// Returns the event; whoever starts a service tries no other port, so that the policy is always to fail.
    #[must_use]
    pub fn told(self, reason: &str) -> Event {
        let mut event = Event::new("port_conflict")
            .with("conflict_kind", "system")
            .with("port", self.port.number())
            .with("holders", serde_json::to_value(holders_of(self.holders)).unwrap_or_default())
            .with("policy", "fail")
            .with("outcome", "refused")
            .with("reason", reason);
        if let Some(service) = self.service {
            event = event.with("service", service.as_str());
        }
        match self.purpose {
            Some(purpose) => event.with("purpose", purpose.to_string()),
            None => event,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_counted_under_its_purpose_and_service() {
        let (service, purpose) = ("web".parse().unwrap(), "feature".parse().unwrap());
        let port = "5000".parse().unwrap();
        let refused = RefusedPort { service: Some(&service), purpose: Some(&purpose), port, holders: &[] };
        let event = refused.told("it is held");
        assert_eq!((event.service.as_deref(), event.text("purpose").as_str()), (Some("web"), "feature"));
        assert_eq!((event.text("policy"), event.text("outcome")), ("fail".to_owned(), "refused".to_owned()));
        assert_eq!(event.port, Some(port));
    }
}
