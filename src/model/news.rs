//! What came and what went between two looks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::health::state::Health;
use super::port::Port;
use super::service::ServiceName;

/// What something that changed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Service,
    Conflict,
    Finding,
    Debt,
    /// Something that was done.
    Deed,
}

/// A change between two looks.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct News {
    pub at: Timestamp,
    pub subject: Subject,
    /// Whether it is gone.
    pub gone: bool,
    pub text: String,
    #[serde(flatten)]
    pub of: NewsOf,
}

/// What a change is about: whatever of it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct NewsOf {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// Of a service, how it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Health>,
}

/// What is wrong of one kind, by what tells it apart, in words and with what it is about.
pub type Seen = BTreeMap<String, (String, NewsOf)>;

/// Returns what came and what went, and remembers `now`.
pub fn differences(subject: Subject, before: &mut Seen, now: Seen, at: Timestamp) -> Vec<News> {
    let news =
        |gone, (text, of): &(String, NewsOf)| News { at, subject, gone, text: text.clone(), of: of.clone() };
    let went = before.iter().filter(|(key, _)| !now.contains_key(*key)).map(|(_, seen)| news(true, seen));
    let came = now.iter().filter(|(key, _)| !before.contains_key(*key)).map(|(_, seen)| news(false, seen));
    let all = went.chain(came).collect();
    *before = now;
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_no_news_and_what_goes_is_told_once() {
        let told = |key: &str| (key.to_owned(), (format!("{key}!"), NewsOf::default()));
        let seen = |keys: &[&str]| keys.iter().map(|key| told(key)).collect::<Seen>();
        let mut before = Seen::new();
        let mut told = |now: &[&str]| {
            let news = differences(Subject::Conflict, &mut before, seen(now), Timestamp::UNIX_EPOCH);
            news.into_iter()
                .map(|one| format!("{}{}", if one.gone { "-" } else { "+" }, one.text))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&["a", "b"]), ["+a!", "+b!"]);
        assert_eq!(told(&["a", "b"]), Vec::<String>::new());
        assert_eq!(told(&["b", "c"]), ["-a!", "+c!"]);
        assert_eq!(told(&[]), ["-b!", "-c!"]);
        assert_eq!(told(&[]), Vec::<String>::new());
    }
}
