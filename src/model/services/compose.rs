//! A service of the compose file: the words that run it for the supervisor, and what `docker compose ps` says of it.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::plan::Stopping;
use crate::model::signal::EndSignal;

/// The hidden word that follows a container.
pub const WORD: &str = "compose-service";

/// What the engine may take beyond the time that the service has to end: to answer, and to kill it.
const ENGINE: Duration = Duration::from_secs(10);

/// Returns the words of a process that lives as long as the container of `service` does; `own` is this program.
#[must_use]
pub fn run_words(own: &Path, service: &str, stop: &Stopping) -> Vec<String> {
    let seconds = stop.timeout.as_secs().max(1);
    let mut words = check_words(own, service);
    words.pop();
    words.extend(["--stop-timeout".to_owned(), seconds.to_string()]);
    words
}

/// Returns the words of a check that ends with exit status 0 once the container is well.
#[must_use]
pub fn check_words(own: &Path, service: &str) -> Vec<String> {
    let own = own.to_string_lossy().into_owned();
    [own, WORD.to_owned(), service.to_owned(), "--check".to_owned()].into()
}

/// Returns how the process of [`run_words`] is stopped: the engine needs time beyond what the service has, and the signal
/// to the container is the compose file's `stop_signal`.
#[must_use]
pub fn stopping(stop: &Stopping) -> Stopping {
    Stopping { signal: EndSignal::Term, timeout: stop.timeout + ENGINE }
}

/// A container of a service, as the engine sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Container {
    /// There is none.
    Absent,
    /// It runs; without a health check of its own it is well then.
    Well,
    /// It runs, and its health check has not passed yet.
    Starting,
    /// It runs, and its health check fails.
    Unhealthy,
    /// It has ended with this exit status.
    Ended(u8),
    /// It is in another state: `paused`, `restarting`.
    Other(String),
}

impl Container {
    /// Returns what is said of it.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Absent => "there is no container".to_owned(),
            Self::Well => "the container is well".to_owned(),
            Self::Starting => "the container's health check has not passed yet".to_owned(),
            Self::Unhealthy => "the container's health check fails".to_owned(),
            Self::Ended(status) => format!("the container has ended with exit status {status}"),
            Self::Other(state) => format!("the container is {state}"),
        }
    }
}

/// Reads what `docker compose ps --all --format json SERVICE` wrote: an object a line, or one list before Compose 2.21. Of
/// several containers the one that is worst off counts.
///
/// # Errors
///
/// Says what is not understood.
pub fn read(output: &str) -> Result<Container, String> {
    let mut containers = Vec::new();
    for value in serde_json::Deserializer::from_str(output).into_iter::<Value>() {
        match value.map_err(|error| format!("`docker compose ps` is not understood: {error}"))? {
            Value::Array(list) => containers.extend(list),
            Value::Null => {}
            one => containers.push(one),
        }
    }
    let states = containers.iter().map(container);
    let rank = |state: &Container| match state {
        Container::Well => 0,
        Container::Starting => 1,
        Container::Other(_) => 2,
        Container::Unhealthy => 3,
        Container::Ended(_) => 4,
        Container::Absent => 5,
    };
    Ok(states.max_by_key(rank).unwrap_or(Container::Absent))
}

fn container(value: &Value) -> Container {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    match (text("State"), text("Health")) {
        ("running", "" | "healthy") => Container::Well,
        ("running", "starting") => Container::Starting,
        ("running", _) => Container::Unhealthy,
        ("exited" | "dead", _) => {
            let status = value.get("ExitCode").and_then(Value::as_u64).unwrap_or(1);
            Container::Ended(u8::try_from(status).unwrap_or(1))
        }
        (other, _) => Container::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_answer_are_read() {
        let line = |state: &str, health: &str, code: u8| {
            format!(
                "{{\"Name\":\"p-db-1\",\"Service\":\"db\",\"State\":\"{state}\",\"Health\":\"{health}\",\"ExitCode\":{code}}}\n"
            )
        };
        for (output, container) in [
            (line("running", "", 0), Container::Well),
            (line("running", "healthy", 0), Container::Well),
            (line("running", "starting", 0), Container::Starting),
            (line("running", "unhealthy", 0), Container::Unhealthy),
            (line("exited", "", 3), Container::Ended(3)),
            (line("paused", "", 0), Container::Other("paused".to_owned())),
            (format!("[{}]", line("running", "", 0)), Container::Well),
            (line("running", "", 0) + &line("exited", "", 1), Container::Ended(1)),
            ("[]".to_owned(), Container::Absent),
            ("null".to_owned(), Container::Absent),
            (String::new(), Container::Absent),
        ] {
            assert_eq!(read(&output), Ok(container), "{output}");
        }
        assert!(read("no configuration file").is_err());
    }

    #[test]
    fn the_words_are_the_programs_own() {
        let own = Path::new("/usr/bin/wt");
        let stop = Stopping::default();
        assert_eq!(
            run_words(own, "db", &stop),
            ["/usr/bin/wt", "compose-service", "db", "--stop-timeout", "10"]
        );
        assert_eq!(check_words(own, "db"), ["/usr/bin/wt", "compose-service", "db", "--check"]);
        assert!(stopping(&stop).timeout > stop.timeout);
    }

    #[test]
    fn what_is_said_of_a_container_names_its_state() {
        for (container, reason) in [
            (Container::Absent, "there is no container"),
            (Container::Well, "the container is well"),
            (Container::Starting, "the container's health check has not passed yet"),
            (Container::Unhealthy, "the container's health check fails"),
            (Container::Ended(3), "the container has ended with exit status 3"),
            (Container::Other("paused".to_owned()), "the container is paused"),
        ] {
            assert_eq!(container.reason(), reason);
        }
    }

    #[test]
    fn of_several_containers_the_worst_off_counts() {
        let of = |state: &str, health: &str| serde_json::json!({ "State": state, "Health": health, "ExitCode": 700 });
        let ranked = [
            (of("running", ""), Container::Well),
            (of("running", "starting"), Container::Starting),
            (of("restarting", ""), Container::Other("restarting".to_owned())),
            (of("running", "unhealthy"), Container::Unhealthy),
            (of("dead", ""), Container::Ended(1)),
        ];
        for pair in ranked.windows(2) {
            let [(better, _), (worse, expected)] = pair else { unreachable!() };
            for output in [format!("[{better},{worse}]"), format!("{worse}\n{better}")] {
                assert_eq!(read(&output).as_ref(), Ok(expected), "{output}");
            }
        }
        assert_eq!(container(&serde_json::json!({ "State": "exited" })), Container::Ended(1));
    }

    #[test]
    fn the_engine_has_time_beyond_the_services_and_a_second_at_least() {
        let stop = |seconds| Stopping { timeout: Duration::from_secs(seconds), ..Stopping::default() };
        assert_eq!(
            stopping(&stop(3)),
            Stopping { signal: EndSignal::Term, timeout: Duration::from_secs(13) }
        );
        for (seconds, word) in [(0, "1"), (1, "1"), (30, "30")] {
            let words = run_words(Path::new("/wt"), "db", &stop(seconds));
            assert_eq!(words.last().map(String::as_str), Some(word));
        }
    }
}
