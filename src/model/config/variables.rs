//! Values from `WT_` variables: text that becomes what the key wants.

use serde_json::{Number, Value};
use toml::de::DeValue;

use super::origin::{ConfigValue, Origin};
use super::problem::{Problem, ValueFault};
use super::schema::{KEYS, KeyKind};
use super::{check, parse, schema};
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

/// Answers whether `name` is the variable of a dotted key: that of `ports.conflict.policy` is `WT_PORTS_CONFLICT_POLICY`.
/// Every command asks it of each variable and each key.
fn is_variable_of(name: &str, key: &str) -> bool {
    let upper = |byte: u8| if matches!(byte, b'.' | b'-') { b'_' } else { byte.to_ascii_uppercase() };
    name.strip_prefix("WT_").is_some_and(|rest| rest.bytes().eq(key.bytes().map(upper)))
}

/// Returns the value that `name` gives, where it names a key and is not empty; `names` are the keys that the files
/// have, for a name with `-` in it cannot be told from one with `_`.
#[must_use]
pub fn from_variable(name: &str, text: &str, names: &[String]) -> Option<Result<ConfigValue, Problem>> {
    if text.is_empty() || !name.starts_with("WT_") {
        return None;
    }
    let key = find_key(name, names)?;
    Some(value(&key, text, Origin::Variable(name.to_owned())))
}

fn find_key(name: &str, names: &[String]) -> Option<String> {
    // `policy` is a table; its variable is what people would write.
    if name == "WT_POLICY" {
        return Some("policy.mode".to_owned());
    }
    if let Some(known) = names.iter().find(|key| is_variable_of(name, key)) {
        return Some(known.clone());
    }
    KEYS.iter().find_map(|entry| match entry.path.split_once(".*.") {
        None => is_variable_of(name, entry.path).then(|| entry.path.to_owned()),
        Some((section, last)) => {
            let start = name.get(.."WT__".len() + section.len()).filter(|start| start.ends_with('_'))?;
            if !is_variable_of(&start[..start.len() - 1], section) {
                return None;
            }
            let middle = name[start.len()..].strip_suffix(&format!("_{}", last.to_ascii_uppercase()))?;
            if middle != middle.to_ascii_uppercase() {
                return None;
            }
            let word = middle.to_ascii_lowercase().replace('_', "-");
            let is_name = if section == "purpose" {
                word.parse::<Purpose>().is_ok()
            } else {
                word.parse::<ServiceName>().is_ok()
            };
            is_name.then(|| format!("{section}.{word}.{last}"))
        }
    })
}

fn value(key: &str, text: &str, origin: Origin) -> Result<ConfigValue, Problem> {
    let checked =
        schema::find(key).ok_or_else(|| ValueFault::new("there is no such key")).and_then(|entry| {
            let value = read(entry.kind, text.trim())?;
            check::check(entry.kind, &value).map(|()| value)
        });
    match checked {
        Ok(value) => Ok(ConfigValue { key: key.to_owned(), value, origin }),
        Err(fault) => Err(Problem::with_value(origin, key, fault)),
    }
}

/// Lists are separated by commas, or written as in a file; tables are written as in a file.
fn read(kind: KeyKind, text: &str) -> Result<Value, ValueFault> {
    match kind {
        KeyKind::Restart | KeyKind::Webhook | KeyKind::ChoiceOrCommand(_) if !text.starts_with('{') => {
            Ok(Value::from(text))
        }
        KeyKind::PortWish => Ok(match (text.parse::<bool>(), text.parse::<i64>()) {
            (Ok(flag), _) => Value::from(flag),
            (_, Ok(count)) => Value::from(count),
            _ => return read(KeyKind::Services, text),
        }),
        KeyKind::Words
        | KeyKind::Choices(_)
        | KeyKind::Services
        | KeyKind::Variables
        | KeyKind::Ports
        | KeyKind::Needs
            if !text.starts_with(['[', '{']) =>
        {
            let words: Vec<&str> = text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
            Ok(match words[..] {
                [range] if kind == KeyKind::Ports => Value::from(range),
                _ => Value::from(words),
            })
        }
        // A comma may well stand in a command.
        KeyKind::Commands if !text.starts_with('[') => Ok(Value::from(vec![text])),
        KeyKind::Words
        | KeyKind::Choices(_)
        | KeyKind::Commands
        | KeyKind::Services
        | KeyKind::Variables
        | KeyKind::Environment
        | KeyKind::Ports
        | KeyKind::Exclusions
        | KeyKind::Health
        | KeyKind::Needs
        | KeyKind::Stop
        | KeyKind::BranchPurposes
        | KeyKind::Forge
        | KeyKind::Webhook
        | KeyKind::Limits
        | KeyKind::ChoiceOrCommand(_)
        | KeyKind::Restart => {
            let value = DeValue::parse(text).map_err(|error| {
                ValueFault::new(format!("not a valid value: {}", error.message().replace('\n', ", ")))
                    .hint("write it as in a file, `[…]` or `{…}`")
            })?;
            Ok(parse::json(value.get_ref()))
        }
        KeyKind::Whole(..) => Ok(text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)),
        KeyKind::Number(..) => {
            let number = text.parse().ok().and_then(Number::from_f64);
            Ok(number.map_or_else(|| Value::from(text), Value::Number))
        }
        KeyKind::Flag => Ok(text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from)),
        KeyKind::Text
        | KeyKind::Template(_)
        | KeyKind::Host
        | KeyKind::Choice(_)
        | KeyKind::Duration
        | KeyKind::Size
        | KeyKind::Command
        | KeyKind::NoticeCommand
        | KeyKind::Hours
        | KeyKind::Folder
        | KeyKind::EnvFile
        | KeyKind::UrlPath
        | KeyKind::Compose => Ok(Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_of(kind: KeyKind, text: &str) -> Result<Value, String> {
        read(kind, text).map_err(|fault| fault.message)
    }

    #[test]
    fn a_text_becomes_what_its_key_wants() {
        const WORDS: &[&str] = &["a", "b"];
        for (kind, text, value) in [
            (KeyKind::Restart, "always", json!("always")),
            (KeyKind::Restart, "{ policy = \"always\" }", json!({ "policy": "always" })),
            (KeyKind::Webhook, "https://x/", json!("https://x/")),
            (KeyKind::Webhook, "{ file = \"f\" }", json!({ "file": "f" })),
            (KeyKind::ChoiceOrCommand(WORDS), "a", json!("a")),
            (KeyKind::ChoiceOrCommand(WORDS), "{ command = \"x\" }", json!({ "command": "x" })),
            (KeyKind::PortWish, "true", json!(true)),
            (KeyKind::PortWish, "3", json!(3)),
            (KeyKind::PortWish, "web, api", json!(["web", "api"])),
            (KeyKind::PortWish, "[\"web\"]", json!(["web"])),
            (KeyKind::Words, "a, b,,c ", json!(["a", "b", "c"])),
            (KeyKind::Words, "a", json!(["a"])),
            (KeyKind::Words, "[\"a,b\"]", json!(["a,b"])),
            (KeyKind::Choices(WORDS), "a,b", json!(["a", "b"])),
            (KeyKind::Services, "web", json!(["web"])),
            (KeyKind::Variables, "A,B", json!(["A", "B"])),
            (KeyKind::Ports, "5000-5009", json!("5000-5009")),
            (KeyKind::Ports, "5000-5009, 6000", json!(["5000-5009", "6000"])),
            (KeyKind::Ports, "[5000]", json!([5000])),
            (KeyKind::Needs, "db,seed", json!(["db", "seed"])),
            (KeyKind::Needs, "{ db = \"started\" }", json!({ "db": "started" })),
            (KeyKind::Commands, "echo a, b", json!(["echo a, b"])),
            (KeyKind::Commands, "[\"a\", \"b\"]", json!(["a", "b"])),
            (KeyKind::Environment, "{ A = \"1\" }", json!({ "A": "1" })),
            (KeyKind::Exclusions, "[{ ports = 1, reason = \"x\" }]", json!([{ "ports": 1, "reason": "x" }])),
            (KeyKind::Whole(0, 9), "7", json!(7)),
            (KeyKind::Whole(0, 9), "seven", json!("seven")),
            (KeyKind::Number(0.0, 9.0), "1.5", json!(1.5)),
            (KeyKind::Number(0.0, 9.0), "nan", json!("nan")),
            (KeyKind::Flag, "false", json!(false)),
            (KeyKind::Flag, "no", json!("no")),
            (KeyKind::Text, "[x]", json!("[x]")),
            (KeyKind::Duration, "3d", json!("3d")),
        ] {
            assert_eq!(read_of(kind, text), Ok(value), "{kind:?} {text}");
        }
        let said = read_of(KeyKind::Health, "http").unwrap_err();
        assert!(said.starts_with("not a valid value: "), "{said}");
    }

    #[test]
    fn a_variable_is_that_of_a_key_with_underscores_for_its_signs() {
        for (name, key, is) in [
            ("WT_PORTS_CONFLICT_POLICY", "ports.conflict.policy", true),
            ("WT_SERVICE_ADMIN_API_RUN", "service.admin-api.run", true),
            ("WT_PORTS_CONFLICT", "ports.conflict.policy", false),
            ("wt_trash_keep", "trash.keep", false),
            ("WT_TRASH_KEEPS", "trash.keep", false),
            ("TRASH_KEEP", "trash.keep", false),
        ] {
            assert_eq!(is_variable_of(name, key), is, "{name}");
        }
    }

    #[test]
    fn a_variable_names_a_key_of_a_purpose_or_a_service_that_no_file_has() {
        for (name, key) in [
            ("WT_PURPOSE_SPIKE_PORTS", Some("purpose.spike.ports")),
            ("WT_PURPOSE_BIG_SPIKE_SERVICES", Some("purpose.big-spike.services")),
            ("WT_SERVICE_API_RUN", Some("service.api.run")),
            ("WT_SERVICE_Api_RUN", None),
            ("WT_SERVICE_1_RUN", None),
            ("WT_SERVICE__RUN", None),
            ("WT_SERVICE_RUN", None),
            ("WT_SERVICES_API_RUN", None),
            ("WT_POLICY", Some("policy.mode")),
            ("WT_POLICY_KILL", Some("policy.kill")),
            ("WT_NAME", None),
        ] {
            assert_eq!(find_key(name, &[]).as_deref(), key, "{name}");
        }
    }

    #[test]
    fn an_empty_variable_and_one_of_others_says_nothing() {
        for (name, text) in [("WT_TRASH_KEEP", ""), ("TRASH_KEEP", "1d"), ("WT_BRANCH", "x")] {
            assert_eq!(from_variable(name, text, &[]), None, "{name}");
        }
        let origin = Origin::Variable("WT_TRASH_KEEP".to_owned());
        let value = ConfigValue { key: "trash.keep".to_owned(), value: json!("1d"), origin: origin.clone() };
        assert_eq!(from_variable("WT_TRASH_KEEP", " 1d ", &[]), Some(Ok(value)));
        let problem = from_variable("WT_TRASH_KEEP", "soon", &[]).unwrap().unwrap_err();
        assert_eq!((problem.origin, problem.key.as_deref()), (origin, Some("trash.keep")));
    }
}
