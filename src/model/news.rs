//! What came and what went between two looks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

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
}

/// What is wrong of one kind, by what tells it apart, in words.
pub type Seen = BTreeMap<String, String>;

/// Returns what came and what went, and remembers `now`.
pub fn differences(subject: Subject, before: &mut Seen, now: Seen, at: Timestamp) -> Vec<News> {
    let news = |gone, text: &String| News { at, subject, gone, text: text.clone() };
    let went = before.iter().filter(|(key, _)| !now.contains_key(*key)).map(|(_, text)| news(true, text));
    let came = now.iter().filter(|(key, _)| !before.contains_key(*key)).map(|(_, text)| news(false, text));
    let all = went.chain(came).collect();
    *before = now;
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_no_news_and_what_goes_is_told_once() {
        let seen =
            |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), format!("{key}!"))).collect::<Seen>();
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
