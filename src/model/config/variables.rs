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
