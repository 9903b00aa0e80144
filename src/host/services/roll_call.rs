//! Asks many supervisors at once how their services stand, and waits for none of them longer than for all.

use std::time::Instant;

use super::endpoint::Endpoint;
use super::line::LineEnd;
use super::waiting;
use crate::host::clock::Clock;
use crate::model::services::protocol::{Numbered, Reply, Request, ServiceFacts};

/// What came of asking one.
#[derive(Clone, Debug, PartialEq)]
pub enum RollCallAnswer {
    /// Nobody supervises there.
    Nobody,
    /// Somebody does, and has not answered in time.
    Silent,
    Services(Vec<ServiceFacts>),
}

/// The number of the only request.
const NUMBER: u64 = 1;

/// Asks `question` of whoever listens at `endpoints`, and returns their answers in the same order, at `until` at the latest.
#[must_use]
pub fn ask_all(endpoints: &[Option<Endpoint>], question: &Request, until: Instant) -> Vec<RollCallAnswer> {
    let mut answers = vec![RollCallAnswer::Nobody; endpoints.len()];
    let mut waited_for: Vec<(usize, LineEnd)> = Vec::new();
    for (at, endpoint) in endpoints.iter().enumerate() {
        let Some(endpoint) = endpoint else { continue };
        match begin(endpoint, question) {
            Ok(Some(talk)) => waited_for.push((at, talk)),
            Ok(None) => continue,
            Err(_) => {}
        }
        if let Some(answer) = answers.get_mut(at) {
            *answer = RollCallAnswer::Silent;
        }
    }
    while !waited_for.is_empty() {
        waited_for.retain_mut(|(at, talk)| {
            let heard = hear(talk);
            let is_over = heard.is_some() || talk.is_closed();
            if let (Some(services), Some(answer)) = (heard, answers.get_mut(*at)) {
                *answer = RollCallAnswer::Services(services);
            }
            !is_over
        });
        let left = until.saturating_duration_since(Clock.instant());
        let readable: Vec<_> = waited_for.iter().map(|(_, talk)| talk.as_fd()).collect();
        if left.is_zero() || readable.is_empty() || waiting::sleep(&readable, &[], left).is_err() {
            break;
        }
    }
    answers
}

fn begin(endpoint: &Endpoint, question: &Request) -> std::io::Result<Option<LineEnd>> {
    let Some(stream) = endpoint.connect_now()? else { return Ok(None) };
    let mut talk = LineEnd::new(stream);
    // So short a request fits into an empty socket at once.
    talk.queue(&Numbered::new(NUMBER, question.clone()))?;
    Ok(Some(talk))
}

/// Returns the answer, once it is there.
fn hear(talk: &mut LineEnd) -> Option<Vec<ServiceFacts>> {
    // Who breaks off in the middle has not answered.
    let lines = talk.arrived().unwrap_or_default();
    lines.iter().find_map(|line| match serde_json::from_slice::<Numbered<Reply>>(line).ok()? {
        Numbered { number: NUMBER, said: Reply::Done { services }, .. } => Some(services),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::host::services::endpoint::SupervisorSocket;

    fn folder() -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o700);
        tempfile::Builder::new().permissions(private).tempdir().unwrap()
    }

    fn place(folder: &tempfile::TempDir, key: &str) -> (Endpoint, SupervisorSocket) {
        let endpoint = Endpoint::find(folder.path(), key).unwrap();
        let listening = endpoint.listen(&mut || false).unwrap();
        (endpoint, listening)
    }

    fn answer(listening: &SupervisorSocket, line: &[u8]) {
        use std::io::Write;
        loop {
            if let Some(mut caller) = listening.find_caller().unwrap() {
                caller.write_all(line).unwrap();
                return;
            }
        }
    }

    #[test]
    fn who_answers_is_heard_beside_one_who_is_silent_and_one_who_talks_nonsense() {
        let folder = folder();
        let (quick, listens) = place(&folder, "quick");
        let (mad, babbles) = place(&folder, "mad");
        let (silent, deaf) = place(&folder, "silent");
        let gone = Endpoint::find(folder.path(), "gone").unwrap();
        let endpoints = [Some(quick), Some(mad), Some(silent), Some(gone), None];
        // Nobody is waited for so long: whoever is silent goes away once the others have spoken.
        let until = Clock.instant() + Duration::from_mins(1);
        let answers = std::thread::scope(|scope| {
            let asked = scope.spawn(|| ask_all(&endpoints, &Request::Status, until));
            answer(&babbles, b"what?\n");
            answer(&listens, b"{\"number\":1,\"say\":\"done\",\"services\":[]}\n");
            drop(deaf);
            asked.join().unwrap()
        });
        let services = RollCallAnswer::Services(Vec::new());
        assert_eq!(
            answers,
            [
                services,
                RollCallAnswer::Silent,
                RollCallAnswer::Silent,
                RollCallAnswer::Nobody,
                RollCallAnswer::Nobody
            ]
        );
        assert!(Clock.instant() < until, "nobody was waited for to the end");
    }

    #[test]
    fn who_is_silent_is_waited_for_until_the_time_is_over() {
        let folder = folder();
        let (silent, _deaf) = place(&folder, "silent");
        let until = Clock.instant() + Duration::from_millis(20);
        assert_eq!(ask_all(&[Some(silent)], &Request::Status, until), [RollCallAnswer::Silent]);
        assert!(Clock.instant() >= until);
    }
}
