//! What a key counts for in a repository's file: a cloned repository's words are a stranger's, so they may make `wt` more
//! careful at once, and less careful only once their user agreed.

use serde_json::Value;

use super::{here, near, value};
use crate::model::notify::settings::WEBHOOK;
use crate::model::notify::webhook;

/// How far a repository's file may set a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeyStanding {
    AtOnce,
    /// Never more than the layers below allow.
    Stricter(Rule),
    /// As [`KeyStanding::Stricter`], and whole once it was trusted.
    StricterUntilTrusted(Rule),
    /// Names of variables: those that look like a port's or an address's at once.
    Names,
    /// A variable with a value of its own: one whose name looks like a port's or an address's, and whose value is one of this
    /// machine, at once. Programs send keys to addresses, and take packages from them.
    Variable,
    /// An address: one of this machine at once.
    Address,
    /// A folder: beside or below the main worktree at once.
    Place,
    /// Nothing of it before it was trusted.
    AfterTrust,
    /// Nothing runs before it was trusted.
    Command,
    /// A health check, whose `command` is one.
    Check,
}

/// What is stricter than another value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    True,
    False,
    /// Words, the strictest first.
    Before(&'static [&'static str]),
    /// The same; a command in their place counts after trust.
    BeforeOrCommand(&'static [&'static str]),
    /// The first word at once, the others after trust; what is not among them is the user's own affair, and stays where the
    /// user chose it.
    Switch(&'static [&'static str]),
    Longer,
    Larger,
    /// Nothing: it is the user's own affair.
    Never,
    /// A list that has only what the list below has.
    Fewer,
    /// A list that is added to the list below.
    Added,
}

/// How much of a value counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Share {
    Whole,
    /// Nothing is lost of it, and nothing of what was there before.
    Joined(Value),
    /// This part, if any; the whole of it after trust where `until_trusted`.
    Part {
        counts: Option<Value>,
        until_trusted: bool,
    },
}

/// The endings of names that carry a port or an address, beside `PORT` itself.
const ENDINGS: [&str; 4] = ["_PORT", "_URL", "_HOST", "_ORIGIN"];

impl KeyStanding {
    /// Returns how much of a repository's `value` of `key` counts over the value of the layers `below`.
    #[must_use]
    pub fn share(self, key: &str, value: &Value, below: Option<&Value>) -> Share {
        match self {
            Self::Variable if looks_right(key.rsplit('.').next().unwrap_or_default()) && is_here(value) => {
                Share::Whole
            }
            Self::Address if is_here(value) => Share::Whole,
            Self::Variable | Self::Address | Self::AfterTrust => {
                Share::Part { counts: None, until_trusted: true }
            }
            Self::AtOnce | Self::Command | Self::Check => Share::Whole,
            Self::Stricter(rule) => rule.share(value, below, false),
            Self::StricterUntilTrusted(rule) => rule.share(value, below, true),
            Self::Names => names(value),
            Self::Place if value.as_str().is_some_and(near::is_plainly_near) => Share::Whole,
            // Where it leads is known once it is rendered: until then it stays, and is looked at there.
            Self::Place => Share::Part { counts: Some(value.clone()), until_trusted: true },
        }
    }

    /// Returns what the documentation says about it.
    #[cfg(test)]
    pub fn words(self) -> String {
        match self {
            Self::AtOnce => "at once".to_owned(),
            Self::Stricter(Rule::Added) => Rule::Added.words(),
            Self::Stricter(Rule::Never) => "not at all".to_owned(),
            Self::Stricter(rule) => format!("only stricter: {}", rule.words()),
            Self::StricterUntilTrusted(rule @ Rule::Switch(_)) => rule.words(),
            Self::StricterUntilTrusted(rule) => format!("only stricter: {}; else after trust", rule.words()),
            Self::Variable => {
                "names that end in `_PORT`, `_URL`, `_HOST`, `_ORIGIN` at once where the value leads to this machine; \
                 others after trust"
                    .to_owned()
            }
            Self::Names => {
                "`PORT`, `…_PORT`, `…_URL`, `…_HOST`, `…_ORIGIN` at once; other names after trust".to_owned()
            }
            Self::Address => "at once where it leads to this machine; else after trust".to_owned(),
            Self::Place => "at once beside or below the main worktree; elsewhere after trust".to_owned(),
            Self::AfterTrust | Self::Command => "after trust".to_owned(),
            Self::Check => "at once; its `command` after trust".to_owned(),
        }
    }
}

fn is_here(value: &Value) -> bool {
    value.as_str().is_some_and(here::leads_here)
}

impl Rule {
    fn share(self, value: &Value, below: Option<&Value>, until_trusted: bool) -> Share {
        let Some(below) = below else {
            let is_lax = match self {
                Self::Never => true,
                Self::Before(words) => words.last().copied() == value.as_str(),
                Self::Switch(words) => words.first().copied() != value.as_str(),
                _ => false,
            };
            return if is_lax { Share::Part { counts: None, until_trusted } } else { Share::Whole };
        };
        if below == value {
            return Share::Whole;
        }
        let is_stricter = match self {
            Self::True => value.as_bool() == Some(true),
            Self::False => value.as_bool() == Some(false),
            Self::BeforeOrCommand(_) if value.is_object() => {
                return Share::Part { counts: None, until_trusted: true };
            }
            Self::Before(words) | Self::BeforeOrCommand(words) => rank(words, value) < rank(words, below),
            // Whoever chose a word that is not theirs to choose keeps it.
            Self::Switch(words)
                if ![value, below].iter().all(|one| words.iter().any(|word| one.as_str() == Some(word))) =>
            {
                return Share::Part { counts: None, until_trusted: false };
            }
            Self::Switch(words) => value.as_str() == words.first().copied(),
            Self::Longer => value::duration(value).ok() > value::duration(below).ok(),
            Self::Larger => value::size(value).ok() > value::size(below).ok(),
            Self::Never => false,
            Self::Added => return Share::Joined(joined(below, value)),
            Self::Fewer => return fewer(value, below, until_trusted),
        };
        if is_stricter { Share::Whole } else { Share::Part { counts: None, until_trusted } }
    }

    #[cfg(test)]
    fn words(self) -> String {
        match self {
            Self::True => "`true`".to_owned(),
            Self::False => "`false`".to_owned(),
            Self::Before(words) => {
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" before ")
            }
            Self::BeforeOrCommand(words) => format!("{}; a command after trust", Self::Before(words).words()),
            Self::Switch([first, others @ ..]) => {
                let others = others.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
                format!(
                    "`{first}` at once; {others} after trust; no other word ever, and nothing where you chose another word yourself"
                )
            }
            Self::Switch([]) => "not at all".to_owned(),
            Self::Longer => "longer".to_owned(),
            Self::Larger => "more".to_owned(),
            Self::Never => "never".to_owned(),
            Self::Fewer => "fewer".to_owned(),
            Self::Added => "at once, added to your own list".to_owned(),
        }
    }
}

fn rank(words: &[&str], value: &Value) -> usize {
    words.iter().position(|word| value.as_str() == Some(word)).unwrap_or(words.len())
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn joined(below: &Value, value: &Value) -> Value {
    let new = elements(value).iter().filter(|element| !elements(below).contains(element));
    elements(below).iter().chain(new).cloned().collect()
}

fn fewer(value: &Value, below: &Value, until_trusted: bool) -> Share {
    let (known, further): (Vec<&Value>, Vec<&Value>) =
        elements(value).iter().partition(|element| elements(below).contains(element));
    if further.is_empty() {
        return Share::Whole;
    }
    Share::Part { counts: Some(known.into_iter().cloned().collect()), until_trusted }
}

fn looks_right(name: &str) -> bool {
    name == "PORT" || ENDINGS.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending))
}

fn names(value: &Value) -> Share {
    let (right, others): (Vec<&Value>, Vec<&Value>) =
        elements(value).iter().partition(|name| name.as_str().is_some_and(looks_right));
    if others.is_empty() {
        return Share::Whole;
    }
    Share::Part { counts: Some(right.into_iter().cloned().collect()), until_trusted: true }
}

/// Returns the text of a key's value that is agreed to; an address that may be a secret has a fingerprint there.
#[must_use]
pub fn agreed(key: &str, value: &Value) -> String {
    if key == WEBHOOK { webhook::agreed(value) } else { text(value) }
}

/// Returns a value as it is shown and agreed to: a text as it is written, anything else as JSON.
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge;
    use crate::model::config::settings::Config;

    #[test]
    fn what_is_stricter_counts_and_what_is_not_does_not() {
        let cases = [
            (Rule::True, json!(true), json!(false)),
            (Rule::False, json!(false), json!(true)),
            (Rule::Before(&["block", "warn"]), json!("block"), json!("warn")),
            (Rule::Longer, json!("8d"), json!("7d")),
            (Rule::Larger, json!("2GiB"), json!(5)),
            (Rule::Fewer, json!(["a"]), json!(["a", "b"])),
        ];
        for (rule, strict, loose) in cases {
            assert_eq!(rule.share(&strict, Some(&loose), false), Share::Whole, "{rule:?}");
            assert_eq!(rule.share(&loose, Some(&loose), false), Share::Whole, "{rule:?}");
            let share = rule.share(&loose, Some(&strict), false);
            assert!(matches!(share, Share::Part { .. }), "{rule:?}: {share:?}");
        }
        // Where nobody says anything the laxest word is no stricter one, and what is never theirs is not theirs either.
        let words = Rule::Before(&["never", "ask", "allow"]);
        assert_eq!(words.share(&json!("ask"), None, false), Share::Whole);
        let part = Share::Part { counts: None, until_trusted: false };
        assert_eq!(
            (words.share(&json!("allow"), None, false), Rule::Never.share(&json!("0s"), None, false)),
            (part.clone(), part)
        );
        assert_eq!(Rule::Added.share(&json!([2]), Some(&json!([1])), false), Share::Joined(json!([1, 2])));
        let share = Rule::Fewer.share(&json!(["*", "b"]), Some(&json!(["a", "b"])), true);
        assert_eq!(share, Share::Part { counts: Some(json!(["b"])), until_trusted: true });
    }

    #[test]
    fn only_names_that_look_like_a_ports_count_at_once() {
        for name in ["PORT", "WEB_PORT", "API_URL", "DB_HOST", "CORS_ORIGIN"] {
            assert_eq!(names(&json!([name])), Share::Whole, "{name}");
        }
        for name in ["PERLLIB", "PGPORT", "_PORT", "port", "MAKEFLAGS", "PORTS"] {
            let share = names(&json!(["PORT", name]));
            assert_eq!(share, Share::Part { counts: Some(json!(["PORT"])), until_trusted: true }, "{name}");
        }
    }

    fn of_others(own: &str, text: &str, approved: &[(&str, &str)]) -> Config {
        let approved = approved.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        let layer =
            |path: &str, text: &str, source| Layer { path: path.to_owned(), text: text.to_owned(), source };
        let repository = layer("/r/.wt.toml", text, Source::Others { approved });
        merge(&[layer("/me/config.toml", own, Source::User), repository], &[]).unwrap()
    }

    #[test]
    fn a_repositorys_file_makes_nothing_less_careful_before_it_was_agreed_to() {
        let theirs = "[remove]\ncaches = [\"*\", \"dist\"]\n[trash]\nkeep = \"0s\"\nmax_size = 0\n[resolve]\nconfirm = false\n\
                      preserve_foreign = false\nstrategy = \"aggressive\"\n[hooks]\nprotect_env = false\n[ports]\n\
                      exclude = [{ ports = \"5003\", reason = \"theirs\" }]\n[service.web]\nenv = [\"PERLLIB\", \"WEB_PORT\"]\n[serve]\nport = 7000\n";
        let own = "[ports]\nexclude = [{ ports = \"5001\", reason = \"mine\" }]\n";
        let config = of_others(own, theirs, &[]);
        assert_eq!(config.remove.caches, ["dist"]);
        assert_eq!((config.trash.keep.as_secs(), config.trash.max_size), (7 * 86_400, 10 << 30));
        assert!(config.resolve.confirm && config.resolve.preserve_foreign && config.hooks.protect_env);
        assert_eq!(config.resolve.strategy, crate::model::config::settings::Strategy::Intelligent);
        assert_eq!(config.exclusions.len(), 2, "the user's own exclusions stay");
        assert_eq!(config.services[&"web".parse().unwrap()].env, ["WEB_PORT"]);
        let uncounted: Vec<String> = config.uncounted().collect();
        assert!(
            uncounted.iter().any(|said| said.starts_with("`trash.keep` = \"0s\" (/r/.wt.toml:4)")),
            "{uncounted:?}"
        );
        assert_eq!(config.serve.port, 7373);
        let own_affair = uncounted.iter().find(|said| said.starts_with("`serve.port`")).unwrap();
        assert!(own_affair.ends_with("does not count: it is yours alone to set, and no repository's"));
        let agreed = [
            ("trash.keep", "0s"),
            ("service.web.env", "[\"PERLLIB\",\"WEB_PORT\"]"),
            ("resolve.confirm", "false"),
        ];
        let config = of_others(own, theirs, &agreed);
        assert_eq!(config.trash.keep.as_secs(), 0);
        assert_eq!(config.services[&"web".parse().unwrap()].env, ["PERLLIB", "WEB_PORT"]);
        assert!(config.resolve.confirm, "that no agreement changes");
        let config = of_others(own, theirs, &[("trash.keep", "1s")]);
        assert_eq!(config.trash.keep.as_secs(), 7 * 86_400, "another text was agreed to");
    }

    #[test]
    fn of_a_switch_the_first_word_counts_at_once_and_another_after_trust() {
        let rule = Rule::Switch(&["off", "git", "etcd"]);
        let part = |until_trusted| Share::Part { counts: None, until_trusted };
        for (value, below, share) in [
            ("off", Some("git"), Share::Whole),
            ("git", Some("git"), Share::Whole),
            ("git", Some("off"), part(true)),
            ("etcd", Some("git"), part(true)),
            ("off", Some("mine"), part(false)),
            ("theirs", Some("off"), part(false)),
            ("off", None, Share::Whole),
            ("git", None, part(true)),
        ] {
            let below = below.map(|below| json!(below));
            assert_eq!(rule.share(&json!(value), below.as_ref(), true), share, "{value} over {below:?}");
        }
    }

    #[test]
    fn a_command_in_the_place_of_a_word_counts_after_trust_alone() {
        let rule = Rule::BeforeOrCommand(&["a", "b"]);
        let part = |until_trusted| Share::Part { counts: None, until_trusted };
        for (value, below, share) in [
            (json!({"command": "x"}), json!("b"), part(true)),
            (json!("a"), json!("b"), Share::Whole),
            (json!("b"), json!("a"), part(false)),
            (json!("a"), json!({"command": "x"}), Share::Whole),
        ] {
            assert_eq!(rule.share(&value, Some(&below), false), share, "{value} over {below}");
        }
    }
}
