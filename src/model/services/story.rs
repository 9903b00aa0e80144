//! The changes of a service as events: one word for each, so that they can be counted.

use super::state::{ServiceExit, ServiceState};

/// Returns the events of a service that stood at `from` and stands at `to`; `crash` is how a run of it ended badly, where one did.
#[must_use]
pub fn events(from: ServiceState, to: ServiceState, crash: Option<ServiceExit>) -> Vec<&'static str> {
    let ran = matches!(from, ServiceState::Starting | ServiceState::Ready | ServiceState::Unhealthy);
    match to {
        _ if from == to => Vec::new(),
        ServiceState::Starting if matches!(from, ServiceState::Backoff | ServiceState::Stopping) || ran => {
            vec!["restarted"]
        }
        ServiceState::Starting => vec!["started"],
        ServiceState::Ready => vec!["ready"],
        ServiceState::Unhealthy => vec!["unhealthy"],
        ServiceState::Backoff => vec!["crashed"],
        ServiceState::Failed if ran && crash.is_some() => vec!["crashed", "failed"],
        ServiceState::Failed => vec!["failed"],
        ServiceState::Stopped => vec!["stopped"],
        ServiceState::Completed => vec!["completed"],
        ServiceState::Asleep => vec!["asleep"],
        // Its end is the event.
        ServiceState::Stopping => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_word_and_a_crash_without_another_try_is_two() {
        let killed = Some(ServiceExit::Signal(9));
        for (from, to, crash, words) in [
            (ServiceState::Stopped, ServiceState::Starting, None, &["started"][..]),
            (ServiceState::Completed, ServiceState::Starting, None, &["started"]),
            (ServiceState::Starting, ServiceState::Ready, None, &["ready"]),
            (ServiceState::Ready, ServiceState::Unhealthy, None, &["unhealthy"]),
            (ServiceState::Ready, ServiceState::Backoff, killed, &["crashed"]),
            (ServiceState::Backoff, ServiceState::Starting, killed, &["restarted"]),
            (ServiceState::Stopping, ServiceState::Starting, None, &["restarted"]),
            (ServiceState::Ready, ServiceState::Failed, killed, &["crashed", "failed"]),
            (ServiceState::Backoff, ServiceState::Failed, killed, &["failed"]),
            (ServiceState::Starting, ServiceState::Failed, None, &["failed"]),
            (ServiceState::Ready, ServiceState::Stopping, None, &[]),
            (ServiceState::Stopping, ServiceState::Stopped, None, &["stopped"]),
            (ServiceState::Ready, ServiceState::Stopped, None, &["stopped"]),
            (ServiceState::Ready, ServiceState::Completed, None, &["completed"]),
            (ServiceState::Ready, ServiceState::Ready, None, &[]),
        ] {
            assert_eq!(events(from, to, crash), words, "{from} {to}");
        }
    }
}
