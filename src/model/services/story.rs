//! The changes of a service as events: one word for each, so that they can be counted.

use super::state::{Exit, State};

/// Returns the events of a service that stood at `from` and stands at `to`; `crash` is how a run of it ended badly, where one did.
#[must_use]
pub fn events(from: State, to: State, crash: Option<Exit>) -> Vec<&'static str> {
    let ran = matches!(from, State::Starting | State::Ready | State::Unhealthy);
    match to {
        _ if from == to => Vec::new(),
        State::Starting if matches!(from, State::Backoff | State::Stopping) || ran => vec!["restarted"],
        State::Starting => vec!["started"],
        State::Ready => vec!["ready"],
        State::Unhealthy => vec!["unhealthy"],
        State::Backoff => vec!["crashed"],
        State::Failed if ran && crash.is_some() => vec!["crashed", "failed"],
        State::Failed => vec!["failed"],
        State::Stopped => vec!["stopped"],
        State::Completed => vec!["completed"],
        // Its end is the event.
        State::Stopping => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_word_and_a_crash_without_another_try_is_two() {
        let killed = Some(Exit::Signal(9));
        for (from, to, crash, words) in [
            (State::Stopped, State::Starting, None, &["started"][..]),
            (State::Completed, State::Starting, None, &["started"]),
            (State::Starting, State::Ready, None, &["ready"]),
            (State::Ready, State::Unhealthy, None, &["unhealthy"]),
            (State::Ready, State::Backoff, killed, &["crashed"]),
            (State::Backoff, State::Starting, killed, &["restarted"]),
            (State::Stopping, State::Starting, None, &["restarted"]),
            (State::Ready, State::Failed, killed, &["crashed", "failed"]),
            (State::Backoff, State::Failed, killed, &["failed"]),
            (State::Starting, State::Failed, None, &["failed"]),
            (State::Ready, State::Stopping, None, &[]),
            (State::Stopping, State::Stopped, None, &["stopped"]),
            (State::Ready, State::Stopped, None, &["stopped"]),
            (State::Ready, State::Completed, None, &["completed"]),
            (State::Ready, State::Ready, None, &[]),
        ] {
            assert_eq!(events(from, to, crash), words, "{from} {to}");
        }
    }
}
