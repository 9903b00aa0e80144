//! The shape of a service's health check: exactly one kind of check, and options that it knows.

use serde_json::{Map, Value};

use super::check;
use super::problem::Fault;

/// The kinds of check.
pub const CHECKS: [&str; 5] = ["tcp", "http", "postgres", "redis", "command"];

/// What every check may say beside its kind.
const FOR_ALL: &[&str] = &["timeout"];

/// What a check over HTTP may say.
const FOR_HTTP: &[&str] = &["method", "status", "body", "headers", "timeout"];

/// Checks the shape of a health check.
///
/// # Errors
///
/// Returns what is wrong with it.
pub fn check(value: &Value) -> Result<(), Fault> {
    const EXAMPLE: &str = "write { http = \"/\" } or { tcp = {} }";
    let Some(table) = value.as_object() else {
        return Err(check::wrong("a table with one kind of check", value).hint(EXAMPLE));
    };
    let kinds: Vec<&str> = CHECKS.into_iter().filter(|kind| table.contains_key(*kind)).collect();
    match kinds[..] {
        [kind] => {
            let options = if kind == "http" { FOR_HTTP } else { FOR_ALL };
            options_known(table, kind, options)
        }
        [] => match table.keys().next() {
            Some(key) => Err(check::unknown_word("check", key, &CHECKS)),
            None => Err(Fault::new("names no check").hint(EXAMPLE)),
        },
        _ => Err(Fault::new(format!("names {} checks: {}", kinds.len(), kinds.join(", ")))
            .hint("keep one of them")),
    }
}

fn options_known(table: &Map<String, Value>, kind: &str, options: &[&str]) -> Result<(), Fault> {
    for (key, value) in table {
        let inside = |fault: Fault| Fault { message: format!("`{key}` {}", fault.message), ..fault };
        match key.as_str() {
            key if key == kind => match kind {
                "http" | "command" => check::text(value).map(|_| ()),
                _ if value.is_object() => Ok(()),
                _ => Err(check::wrong("a table, perhaps empty: {}", value)),
            }
            .map_err(inside)?,
            key if !options.contains(&key) => return Err(check::unknown_word("key", key, options)),
            "timeout" => check::duration(value).map(|_| ()).map_err(inside)?,
            "method" | "body" => check::text(value).map(|_| ()).map_err(inside)?,
            "headers" if !value.is_object() => return Err(inside(check::wrong("a table", value))),
            "status" => match value {
                Value::Array(_) => check::list(value, "statuses", status).map(|_| ()),
                _ => status(value),
            }
            .map_err(inside)?,
            _ => {}
        }
    }
    Ok(())
}

fn status(value: &Value) -> Result<(), Fault> {
    check::whole(value, 100, 599).map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn one_check_with_its_options_is_fine() {
        for value in [
            json!({"http": "/health", "status": 200, "timeout": "5s"}),
            json!({"http": "/", "status": [200, 204], "headers": {"Accept": "*/*"}, "method": "HEAD", "body": "ok"}),
            json!({"postgres": {}}),
            json!({"tcp": {}, "timeout": "1s"}),
            json!({"command": "pg_isready"}),
        ] {
            assert_eq!(check(&value), Ok(()), "{value}");
        }
    }

    #[test]
    fn anything_else_says_what_is_wrong() {
        for (value, words) in [
            (json!("/"), "must be a table"),
            (json!({}), "names no check"),
            (json!({"htp": "/"}), "unknown check `htp`"),
            (json!({"http": "/", "tcp": {}}), "names 2 checks: tcp, http"),
            (json!({"http": 5}), "`http` must be a text"),
            (json!({"postgres": true}), "`postgres` must be a table"),
            (json!({"tcp": {}, "status": 200}), "unknown key `status`"),
            (json!({"http": "/", "timeout": 5}), "`timeout` must be a duration"),
            (json!({"http": "/", "status": 42}), "`status` 42 is outside 100 to 599"),
            (json!({"http": "/", "headers": "x"}), "`headers` must be a table"),
        ] {
            let message = check(&value).unwrap_err().message;
            assert!(message.contains(words), "{value}: {message}");
        }
    }
}
