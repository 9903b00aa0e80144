//! Questions to etcd's JSON gateway: each to one endpoint after the other until one answers, all within the time that is left. Whether
//! an endpoint that did not answer had done what it was asked is not known: whoever asks has to see it by the words.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use super::etcd_login::EtcdLogin;
use super::etcd_trust::EtcdTrust;
use super::patience::Patience;
use crate::error::{Code, Failure, Result};
use crate::host::clock::Clock;
use crate::host::interrupt::Interrupt;
use crate::model::claim_change::SILENCE;

/// How long one endpoint is waited for where there are others: one that is frozen takes connections and never says a word.
const LONGEST: Duration = Duration::from_secs(2);

/// How long a wait goes on before the interrupt is looked at again, and how long one round of endpoints waits for the next.
const SLICE: Duration = Duration::from_millis(50);

/// The most that is read of one answer, in bytes.
const MOST: u64 = 64 * 1024 * 1024;

/// The endpoints of one etcd.
#[derive(Debug)]
pub struct Gateway {
    pub endpoints: Vec<String>,
    pub trust: EtcdTrust,
    pub login: Option<EtcdLogin>,
    pub interrupt: Interrupt,
    pub patience: Patience,
    pub agent: OnceLock<std::result::Result<Agent, String>>,
    /// The endpoint that answered last.
    pub first: AtomicUsize,
    /// What was heard of each endpoint in the place of an answer, and how long that took: the attempt that took longest, since a
    /// later one may have had no time at all.
    pub heard: Mutex<BTreeMap<usize, (Duration, String)>>,
}

/// What came of a question.
#[derive(Debug)]
pub enum Reply {
    /// The answer, and whether an endpoint before it may have done the same.
    Answer { body: Value, doubtful: bool },
    /// Nobody said how it ended; what was heard instead.
    Silent(String),
    /// It was refused, or nobody heard it.
    Failed(String),
}

/// What came of asking one endpoint.
enum Heard {
    Answer(Value),
    /// It said no; so will the others.
    Refused(String),
    /// It did not hear the question.
    Deaf(String),
    /// It may have heard it.
    Unknown(String),
}

impl Gateway {
    /// Asks the endpoints.
    ///
    /// # Errors
    ///
    /// `interrupted`.
    pub fn ask(&self, path: &str, body: &Value) -> Result<Reply> {
        if let Some(asked) = self.patience.spend(|until| self.ask_until(path, body, until)) {
            return asked;
        }
        // Of this question nobody heard; why no time is left an earlier one has told.
        Ok(Reply::Silent(self.said()))
    }

    fn note(&self, place: usize, took: Duration, why: &str) {
        if let Ok(mut heard) = self.heard.lock()
            && heard.get(&place).is_none_or(|(longest, _)| took >= *longest)
        {
            heard.insert(place, (took, format!("{}: {why}", self.endpoints[place])));
        }
    }

    fn is_heard(&self, place: usize) -> bool {
        self.heard.lock().is_ok_and(|heard| heard.contains_key(&place))
    }

    fn said(&self) -> String {
        let heard =
            self.heard.lock().map(|heard| heard.values().map(|(_, why)| why.clone()).collect::<Vec<_>>());
        heard
            .ok()
            .filter(|heard| !heard.is_empty())
            .map_or_else(|| SILENCE.to_owned(), |heard| heard.join("; "))
    }

    fn ask_until(&self, path: &str, body: &Value, until: Instant) -> Result<Reply> {
        let is_encrypted = || self.endpoints.iter().any(|endpoint| endpoint.starts_with("https:"));
        let agent = match self.agent.get_or_init(|| self.trust.agent(is_encrypted())) {
            Ok(agent) => agent,
            Err(why) => return Ok(Reply::Failed(why.clone())),
        };
        let (count, mut doubtful, mut is_passed_over) = (self.endpoints.len(), false, false);
        loop {
            let mut may_change = false;
            let first = self.first.load(Ordering::Relaxed);
            for turn in 0..count {
                let place = (first + turn) % count;
                let left = until.saturating_duration_since(Clock.instant());
                if left.is_zero() {
                    break;
                }
                let others = u32::try_from(count - turn).unwrap_or(u32::MAX);
                let limit = if count == 1 { left } else { (left / others).min(LONGEST) };
                // What it said before tells more than that there was no time for it.
                if limit < SLICE && self.is_heard(place) {
                    is_passed_over = true;
                    continue;
                }
                let endpoint = &self.endpoints[place];
                let began = Clock.instant();
                let why = match self.attempt(agent, endpoint, path, body, limit)? {
                    Heard::Answer(body) => {
                        self.first.store(place, Ordering::Relaxed);
                        if let Ok(mut heard) = self.heard.lock() {
                            heard.remove(&place);
                        }
                        return Ok(Reply::Answer { body, doubtful });
                    }
                    Heard::Refused(why) => return Ok(Reply::Failed(format!("{endpoint}: {why}"))),
                    Heard::Deaf(why) => why,
                    Heard::Unknown(why) => {
                        (doubtful, may_change) = (true, true);
                        why
                    }
                };
                self.note(place, Clock.since(began), &why);
            }
            let is_over = until.saturating_duration_since(Clock.instant()) <= SLICE;
            if !may_change || is_over {
                let said = self.said();
                let is_silent = doubtful || is_passed_over;
                return Ok(if is_silent { Reply::Silent(said) } else { Reply::Failed(said) });
            }
            // A leader is being chosen, or a member begins.
            Clock.wait(SLICE, &self.interrupt)?;
        }
    }

    fn attempt(
        &self,
        agent: &Agent,
        endpoint: &str,
        path: &str,
        body: &Value,
        limit: Duration,
    ) -> Result<Heard> {
        let until = Clock.instant() + limit;
        let url = format!("{}/v3/{path}", endpoint.trim_end_matches('/'));
        let Some(login) = &self.login else { return self.post(agent, &url, body, None, until) };
        let mut token = login.token();
        // Once with the token that is known, and once with a new one.
        for _ in 0..2 {
            if token.is_none() {
                match self.log_in(agent, endpoint, login, until)? {
                    Ok(new) => token = Some(new),
                    Err(heard) => return Ok(heard),
                }
            }
            let heard = self.post(agent, &url, body, token.as_deref(), until)?;
            match heard {
                Heard::Refused(why) if is_about_token(&why) => {
                    login.forget();
                    token = None;
                }
                heard => return Ok(heard),
            }
        }
        Ok(Heard::Refused(format!("it takes no token of `{}`", login.user)))
    }

    /// Asks for a token; without authentication there is an empty one.
    fn log_in(
        &self,
        agent: &Agent,
        endpoint: &str,
        login: &EtcdLogin,
        until: Instant,
    ) -> Result<std::result::Result<String, Heard>> {
        let password = match login.password() {
            Ok(password) => password,
            Err(why) => return Ok(Err(Heard::Refused(why))),
        };
        let url = format!("{}/v3/auth/authenticate", endpoint.trim_end_matches('/'));
        let body = json!({"name": login.user, "password": password});
        Ok(match self.post(agent, &url, &body, None, until)? {
            Heard::Answer(answer) => {
                let token = answer["token"].as_str().unwrap_or_default().to_owned();
                login.remember(&token);
                Ok(token)
            }
            Heard::Refused(why) if why.contains("authentication is not enabled") => {
                login.need_none();
                Ok(String::new())
            }
            Heard::Refused(why) => Err(Heard::Refused(format!("it does not let `{}` in: {why}", login.user))),
            // Nothing was asked yet.
            Heard::Unknown(why) | Heard::Deaf(why) => Err(Heard::Deaf(why)),
        })
    }

    /// Posts on a thread of its own: an interrupt need not wait for it.
    fn post(
        &self,
        agent: &Agent,
        url: &str,
        body: &Value,
        token: Option<&str>,
        until: Instant,
    ) -> Result<Heard> {
        let left = until.saturating_duration_since(Clock.instant());
        if left.is_zero() {
            return Ok(Heard::Deaf("no time was left for it".to_owned()));
        }
        let (sender, receiver) = mpsc::channel();
        let (agent, url, body) = (agent.clone(), url.to_owned(), body.to_string());
        let token = token.filter(|token| !token.is_empty()).map(str::to_owned);
        let work = move || drop(sender.send(converse(&agent, &url, body, token.as_deref(), left)));
        std::thread::Builder::new().name("etcd".to_owned()).spawn(work).map_err(|error| {
            Failure::from_io(error, Code::Internal, "etcd cannot be asked: no thread can be started")
        })?;
        // The thread ends by itself: this is for what does not mind its limits.
        let late = until + LONGEST;
        loop {
            match receiver.recv_timeout(SLICE) {
                Ok(heard) => return Ok(heard),
                Err(RecvTimeoutError::Timeout) => self.interrupt.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Heard::Unknown("the question was dropped".to_owned()));
                }
            }
            if Clock.instant() >= late {
                return Ok(Heard::Unknown(silence(left)));
            }
        }
    }
}

fn converse(agent: &Agent, url: &str, body: String, token: Option<&str>, limit: Duration) -> Heard {
    let request = agent.post(url).config().timeout_global(Some(limit)).build();
    let request = request.header("Content-Type", "application/json");
    let request = match token {
        Some(token) => request.header("Authorization", token),
        None => request,
    };
    let mut answer = match request.send(body) {
        Ok(answer) => answer,
        Err(error) => return unheard(&error, limit),
    };
    let status = answer.status().as_u16();
    let text = match answer.body_mut().with_config().limit(MOST).read_to_vec() {
        Ok(text) => text,
        Err(error) => return Heard::Unknown(format!("its answer broke off: {error}")),
    };
    judge(status, &text)
}

fn unheard(error: &ureq::Error, limit: Duration) -> Heard {
    use std::io::ErrorKind;
    match error {
        ureq::Error::Timeout(_) => Heard::Unknown(silence(limit)),
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            Heard::Deaf("nobody listens there".to_owned())
        }
        // rustls says so of what is wrong with a certificate, and of who speaks no TLS.
        ureq::Error::Io(error) if error.kind() == ErrorKind::InvalidData => Heard::Deaf(error.to_string()),
        ureq::Error::Io(error) => Heard::Unknown(error.to_string()),
        error => Heard::Deaf(error.to_string()),
    }
}

fn silence(limit: Duration) -> String {
    format!("no answer within {:.1}s", limit.as_secs_f32())
}

/// Judges an answer by its status and words (gRPC's codes: 4 is a deadline, 14 is not available).
fn judge(status: u16, text: &[u8]) -> Heard {
    let body: Option<Value> = serde_json::from_slice(text).ok();
    let Some(body) = body.filter(Value::is_object) else {
        let why = format!("answers {status}, and not as etcd does: {}", first_line(text));
        // Of a certificate it speaks before it has read the question.
        let is_final = why.contains("CommonName");
        return match status {
            500.. => Heard::Unknown(why),
            _ if is_final => Heard::Refused(why),
            _ => Heard::Deaf(why),
        };
    };
    let said = body["error"].as_str().or_else(|| body["message"].as_str());
    match (status, body["code"].as_u64(), said) {
        (200, _, None) => Heard::Answer(body),
        (_, Some(4 | 14), said) => Heard::Unknown(said.unwrap_or("not available").to_owned()),
        (500.., _, said) => Heard::Unknown(said.unwrap_or("an error of its own").to_owned()),
        (_, _, Some(said)) => Heard::Refused(said.to_owned()),
        (_, _, None) => Heard::Deaf(format!("answers {status}, and not as etcd does")),
    }
}

/// The beginning of what was said, as it may be shown.
fn first_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("nothing");
    line.chars().filter(|found| !found.is_control()).take(120).collect()
}

/// Answers whether etcd wants another token: it began anew, the token is too old, or its users changed.
fn is_about_token(why: &str) -> bool {
    ["invalid auth token", "user name is empty", "auth store is old"].iter().any(|known| why.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_from_a_refusal_and_from_nobody_knows() {
        let read = |status, text: &str| match judge(status, text.as_bytes()) {
            Heard::Answer(_) => "answer",
            Heard::Refused(_) => "refused",
            Heard::Deaf(_) => "deaf",
            Heard::Unknown(_) => "unknown",
        };
        assert_eq!(read(200, "{\"header\":{}}"), "answer");
        assert_eq!(read(403, "{\"error\":\"etcdserver: permission denied\",\"code\":7}"), "refused");
        assert_eq!(read(503, "{\"error\":\"etcdserver: request timed out\",\"code\":14}"), "unknown");
        assert_eq!(read(504, "{\"error\":\"context deadline exceeded\",\"code\":4}"), "unknown");
        assert_eq!(read(502, "<html>bad gateway</html>"), "unknown", "a proxy may have passed it on");
        assert_eq!(read(200, "<html>log in</html>"), "deaf");
        assert_eq!(read(404, "Not Found\n"), "deaf");
        assert_eq!(
            read(400, "CommonName of client sending a request against gateway will be ignored\n"),
            "refused"
        );
        assert!(is_about_token("etcdserver: invalid auth token") && !is_about_token("permission denied"));
    }
}
