//! A service's health check as it is written: exactly one kind of check, and options that it knows.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::problem::ValueFault;
use super::running;
use super::value::{self, inside};
use crate::model::health::check::{CheckKind, HealthCheck, HttpCheck};

/// One kind of check, as a file writes it.
pub struct WrittenKind {
    /// The key that names it.
    pub word: &'static str,
    /// The keys that it alone knows beside its own.
    options: &'static [&'static str],
    read: fn(&Options<'_>) -> Result<CheckKind, ValueFault>,
    /// Returns the JSON schema of the key's value.
    pub schema: fn() -> Value,
    /// The scheme in the URL of a service that is asked so; `None` where nothing is known of the way it is spoken to.
    pub scheme: Option<&'static str>,
}

/// The kinds of check. A new one is one row here, and what [`CheckKind`] has the compiler ask for.
pub const KINDS: [WrittenKind; 5] = [
    WrittenKind {
        word: "tcp",
        options: &[],
        read: |options| options.find("tcp", |value| settings(value, &[])).map(|_| CheckKind::Tcp),
        schema: || json!({ "type": "object", "additionalProperties": false }),
        scheme: None,
    },
    WrittenKind {
        word: "http",
        options: &FOR_HTTP,
        read: |options| options.http().map(CheckKind::Http),
        schema: || json!({ "type": "string", "pattern": "^/", "description": "The path that is asked for." }),
        scheme: Some("http"),
    },
    WrittenKind {
        word: "postgres",
        options: &[],
        read: |options| options.postgres(),
        schema: || {
            json!({ "type": "object", "additionalProperties": false, "properties": {
                "user": { "type": "string", "minLength": 1 }, "database": { "type": "string", "minLength": 1 },
            } })
        },
        // <https://www.postgresql.org/docs/current/libpq-connect.html>, connection URIs.
        scheme: Some("postgres"),
    },
    WrittenKind {
        word: "redis",
        options: &[],
        read: |options| options.find("redis", |value| settings(value, &[])).map(|_| CheckKind::Redis),
        schema: || json!({ "type": "object", "additionalProperties": false }),
        // <https://www.iana.org/assignments/uri-schemes/prov/redis>.
        scheme: Some("redis"),
    },
    WrittenKind {
        word: "command",
        options: &[],
        read: |options| {
            let command = options.find("command", running::command)?.unwrap_or_default();
            Ok(CheckKind::Command(command.to_owned()))
        },
        schema: || json!({ "type": "string", "minLength": 1 }),
        // It says how one asks, not what is spoken: the web's, as where nothing is said.
        scheme: Some("http"),
    },
];

/// What every check may say beside its kind.
const FOR_ALL: [&str; 5] = ["timeout", "interval", "failures", "successes", "start_timeout"];

/// What a check over HTTP may say besides.
const FOR_HTTP: [&str; 4] = ["method", "status", "body", "headers"];

/// Bytes: a check reads no further, so a longer text could never be found.
const LONGEST_BODY: usize = 16 * 1024;

/// Checks a health check.
///
/// # Errors
///
/// Returns what is wrong with it.
pub fn check(value: &Value) -> Result<(), ValueFault> {
    parse(value).map(|_| ())
}

/// Reads a health check.
///
/// # Errors
///
/// Returns what is wrong with it.
pub fn parse(value: &Value) -> Result<HealthCheck, ValueFault> {
    const EXAMPLE: &str = "write { http = \"/\" } or { tcp = {} }";
    let Some(table) = value.as_object() else {
        return Err(value::wrong("a table with one kind of check", value).hint(EXAMPLE));
    };
    let kinds: Vec<&WrittenKind> = KINDS.iter().filter(|kind| table.contains_key(kind.word)).collect();
    match kinds[..] {
        [kind] => parse_kind(table, kind),
        [] => match table.keys().find(|key| !is_option(key)).or_else(|| table.keys().next()) {
            Some(key) if is_option(key) => {
                let written: Vec<String> =
                    table.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                let kind = if FOR_HTTP.iter().any(|key| table.contains_key(*key)) {
                    "http = \"/\""
                } else {
                    "tcp = {}"
                };
                Err(ValueFault::new(format!("says `{key}` and names no check"))
                    .hint(format!("write {{ {kind}, {} }}", written.join(", "))))
            }
            Some(key) => Err(value::unknown_word("check", key, &KINDS.map(|kind| kind.word))),
            None => Err(ValueFault::new("names no check").hint(EXAMPLE)),
        },
        _ => {
            let words: Vec<&str> = kinds.iter().map(|kind| kind.word).collect();
            Err(ValueFault::new(format!("names {} checks: {}", words.len(), words.join(", ")))
                .hint("keep one of them"))
        }
    }
}

fn is_option(key: &str) -> bool {
    FOR_ALL.contains(&key) || FOR_HTTP.contains(&key)
}

fn parse_kind(table: &Map<String, Value>, kind: &WrittenKind) -> Result<HealthCheck, ValueFault> {
    let own = kind.options;
    if let Some(key) = table
        .keys()
        .find(|key| *key != kind.word && !own.contains(&key.as_str()) && !FOR_ALL.contains(&key.as_str()))
    {
        let known: Vec<&str> = own.iter().chain(&FOR_ALL).copied().collect();
        return Err(value::unknown_word("key", key, &known));
    }
    let options = Options(table);
    Ok(HealthCheck {
        kind: (kind.read)(&options)?,
        timeout: options.find("timeout", positive)?,
        interval: options.find("interval", positive)?,
        failures: options.find("failures", count)?,
        successes: options.find("successes", count)?,
        start_timeout: options.find("start_timeout", value::duration)?,
    })
}

struct Options<'a>(&'a Map<String, Value>);

impl<'a> Options<'a> {
    fn find<T>(
        &self,
        key: &str,
        read: impl Fn(&'a Value) -> Result<T, ValueFault>,
    ) -> Result<Option<T>, ValueFault> {
        let Some(value) = self.0.get(key) else { return Ok(None) };
        read(value).map(Some).map_err(|fault| inside(key, fault))
    }

    fn postgres(&self) -> Result<CheckKind, ValueFault> {
        let table = self.find("postgres", |value| settings(value, &["user", "database"]))?;
        let named = |key: &str| {
            let value = table.and_then(|table| table.get(key));
            let name = value.map_or(Ok("postgres"), value::text);
            name.map(str::to_owned).map_err(|fault| inside("postgres", inside(key, fault)))
        };
        Ok(CheckKind::Postgres { user: named("user")?, database: named("database")? })
    }

    fn http(&self) -> Result<HttpCheck, ValueFault> {
        let path = self.find("http", path)?.unwrap_or("/");
        let usual = HttpCheck::of(path);
        Ok(HttpCheck {
            method: self.find("method", method)?.map_or(usual.method, str::to_owned),
            statuses: self.find("status", statuses)?.unwrap_or_default(),
            body: self.find("body", body)?.map(str::to_owned),
            headers: self.find("headers", headers)?.unwrap_or_default(),
            path: usual.path,
        })
    }
}

/// A table that knows these keys.
fn settings<'a>(value: &'a Value, keys: &[&str]) -> Result<&'a Map<String, Value>, ValueFault> {
    let table = value.as_object().ok_or_else(|| value::wrong("a table, perhaps empty: {}", value))?;
    match table.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(ValueFault::new(format!("knows no `{}`", key.escape_debug()))),
        None => Ok(table),
    }
}

fn positive(value: &Value) -> Result<Duration, ValueFault> {
    let time = value::duration(value)?;
    if time.is_zero() { Err(ValueFault::new("must be longer than nothing")) } else { Ok(time) }
}

fn count(value: &Value) -> Result<u32, ValueFault> {
    value::whole(value, 1, 100)
}

fn path(value: &Value) -> Result<&str, ValueFault> {
    let path = value::text(value)?;
    if !path.starts_with('/') {
        return Err(ValueFault::new(format!("must begin with `/`: `{}`", path.escape_debug()))
            .hint("the host is always this machine, the port that of the service"));
    }
    // What stands in a request line (RFC 9112, 3); everything else is written `%20` and so on.
    match path.chars().find(|letter| !letter.is_ascii_graphic()) {
        Some(letter) => Err(ValueFault::new(format!("must not contain `{}`", letter.escape_debug()))
            .hint("write it percent-encoded, as in `/caf%C3%A9`")),
        None => Ok(path),
    }
}

/// A token of RFC 9110, 5.6.2.
fn is_token(text: &str) -> bool {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
    !text.is_empty() && text.chars().all(is_fine)
}

fn method(value: &Value) -> Result<&str, ValueFault> {
    let method = value::text(value)?;
    let is_fine = is_token(method) && !method.eq_ignore_ascii_case("connect");
    if is_fine {
        Ok(method)
    } else {
        Err(ValueFault::new(format!("is no method: `{}`", method.escape_debug())))
    }
}

fn statuses(value: &Value) -> Result<Vec<u16>, ValueFault> {
    let status =
        |value: &Value| value::whole(value, 100, 599).map(|number| u16::try_from(number).unwrap_or(599));
    match value {
        Value::Array(_) => value::list(value, "statuses", status),
        _ => status(value).map(|status| vec![status]),
    }
}

fn body(value: &Value) -> Result<&str, ValueFault> {
    let body = value::text(value)?;
    if body.len() > LONGEST_BODY {
        return Err(ValueFault::new(format!("is longer than {LONGEST_BODY} bytes")));
    }
    Ok(body)
}

fn headers(value: &Value) -> Result<Vec<(String, String)>, ValueFault> {
    let table = value.as_object().ok_or_else(|| value::wrong("a table", value))?;
    let header = |(name, value): (&String, &Value)| {
        if !is_token(name) {
            return Err(ValueFault::new(format!(
                "has a name that no header can have: `{}`",
                name.escape_debug()
            )));
        }
        let text = value.as_str().ok_or_else(|| inside(name, value::wrong("a text", value)))?;
        if text.chars().any(char::is_control) {
            return Err(inside(name, ValueFault::new("must not contain control characters")));
        }
        Ok((name.clone(), text.to_owned()))
    };
    table.iter().map(header).collect()
}

#[cfg(test)]
mod tests;
