//! The values that say how a service runs, as types: its command, its folder, what it needs, how it ends.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde_json::{Map, Value};

use super::problem::ValueFault;
use super::schema::{COMMAND_VALUES, WORKTREE_COMMAND_VALUES};
use super::value;
use crate::model::service::ServiceName;
use crate::model::services::plan::{Condition, RestartPolicy, Restarting, Stopping};
use crate::model::signal::EndSignal;
use crate::model::{template, words};

/// The words for [`Condition`].
pub const CONDITIONS: [&str; 3] = ["healthy", "started", "completed"];

/// The words for [`RestartPolicy`].
pub const POLICIES: [&str; 3] = ["no", "on-failure", "always"];

/// Returns a command that splits into words, each of which uses only values that there are.
pub fn command(value: &Value) -> Result<&str, ValueFault> {
    command_of(value, COMMAND_VALUES)
}

/// Returns the command of `{ command = "…" }`; `None` for a value that is a word.
pub fn chooser(value: &Value) -> Result<Option<&str>, ValueFault> {
    let Some(table) = value.as_object() else { return Ok(None) };
    if let Some(key) = table.keys().find(|key| *key != "command") {
        return Err(value::unknown_word("key", key, &["command"]));
    }
    let Some(command) = table.get("command") else {
        return Err(ValueFault::new("names no command").hint("write { command = \"./pick\" }"));
    };
    command_of(command, &[]).map(Some)
}

/// Returns the commands of a worktree, each of which splits into words that use only values that there are.
pub fn commands(value: &Value) -> Result<Vec<String>, ValueFault> {
    value::list(value, "commands", |one| command_of(one, WORKTREE_COMMAND_VALUES).map(str::to_owned))
}

fn command_of<'a>(value: &'a Value, known: &[&str]) -> Result<&'a str, ValueFault> {
    let command = value::text(value)?;
    for word in words::split(command).map_err(ValueFault::new)? {
        template::check(&word, known).map_err(|fault| ValueFault {
            message: format!("`{}`: {}", word.escape_debug(), fault.message),
            hint: fault.hint,
            element: None,
        })?;
    }
    Ok(command)
}

/// Returns a folder below the worktree, as far as its letters go.
pub fn folder(value: &Value) -> Result<&str, ValueFault> {
    let folder = value::text(value)?;
    let stays = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    if Path::new(folder).components().all(stays) {
        return Ok(folder);
    }
    Err(ValueFault::new(format!("`{}` is outside of the worktree", folder.escape_debug()))
        .hint("write a folder below the worktree, such as `server`"))
}

/// Returns the name of a service of a compose file.
pub fn compose(value: &Value) -> Result<&str, ValueFault> {
    let name = value::text(value)?;
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if name.chars().all(is_fine) && !name.starts_with(['-', '.']) {
        return Ok(name);
    }
    Err(ValueFault::new(format!("`{}` is not the name of a compose service", name.escape_debug()))
        .hint("use letters, digits, `.`, `_` and `-`"))
}

/// Returns the services that one needs: a list means that they must be healthy, a table says how far they must be.
pub fn depends_on(value: &Value) -> Result<BTreeMap<ServiceName, Condition>, ValueFault> {
    let Some(table) = value.as_object() else {
        if value.is_array() {
            return Ok(value::services(value)?.into_iter().map(|name| (name, Condition::Healthy)).collect());
        }
        return Err(value::wrong("a list of service names, or a table with a condition for each", value)
            .hint("write [\"db\"] or { db = \"started\" }"));
    };
    table
        .iter()
        .map(|(name, wanted)| {
            let service = name.parse::<ServiceName>().map_err(ValueFault::new)?;
            Ok((service, condition(wanted).map_err(|fault| value::inside(name, fault))?))
        })
        .collect()
}

fn condition(value: &Value) -> Result<Condition, ValueFault> {
    match value::text(value)? {
        "healthy" => Ok(Condition::Healthy),
        "started" => Ok(Condition::Started),
        "completed" => Ok(Condition::Completed),
        word => Err(value::unknown_word("condition", word, &CONDITIONS)),
    }
}

/// Returns how a service is stopped.
pub fn stop(value: &Value) -> Result<Stopping, ValueFault> {
    let table = table(value, &["signal", "timeout"], "write { signal = \"INT\", timeout = \"10s\" }")?;
    let usual = Stopping::default();
    Ok(Stopping {
        signal: find(table, "signal", signal)?.unwrap_or(usual.signal),
        timeout: find(table, "timeout", value::duration)?.unwrap_or(usual.timeout),
    })
}

fn signal(value: &Value) -> Result<EndSignal, ValueFault> {
    value::text(value)?.parse().map_err(|message: String| ValueFault::new(message))
}

/// Returns when a service is started again; a text is the policy alone.
pub fn restart(value: &Value) -> Result<Restarting, ValueFault> {
    let usual = Restarting::default();
    if value.is_string() {
        return Ok(Restarting { policy: policy(value)?, ..usual });
    }
    let example = "write { policy = \"on-failure\", max = 3, backoff = \"500ms\" }";
    let table = table(value, &["policy", "max", "backoff"], example)?;
    let max = |value| value::whole(value, 0, 1000);
    Ok(Restarting {
        policy: find(table, "policy", policy)?.unwrap_or(usual.policy),
        max: find(table, "max", max)?.unwrap_or(usual.max),
        backoff: find(table, "backoff", value::duration)?.unwrap_or(usual.backoff),
    })
}

fn policy(value: &Value) -> Result<RestartPolicy, ValueFault> {
    match value::text(value)? {
        "no" => Ok(RestartPolicy::No),
        "on-failure" => Ok(RestartPolicy::OnFailure),
        "always" => Ok(RestartPolicy::Always),
        word => Err(value::unknown_word("policy", word, &POLICIES)),
    }
}

/// A table that knows these keys.
fn table<'a>(value: &'a Value, keys: &[&str], example: &str) -> Result<&'a Map<String, Value>, ValueFault> {
    let table = value.as_object().ok_or_else(|| value::wrong("a table", value).hint(example))?;
    match table.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(value::unknown_word("key", key, keys)),
        None => Ok(table),
    }
}

fn find<'a, T>(
    table: &'a Map<String, Value>,
    key: &str,
    read: impl Fn(&'a Value) -> Result<T, ValueFault>,
) -> Result<Option<T>, ValueFault> {
    let Some(value) = table.get(key) else { return Ok(None) };
    read(value).map(Some).map_err(|fault| value::inside(key, fault))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(stop(&json!({})), Ok(Stopping::default()));
        let int = Stopping { signal: EndSignal::Int, ..Stopping::default() };
        assert_eq!(stop(&json!({"signal": "INT"})), Ok(int));
        let again = Restarting { policy: RestartPolicy::Always, ..Restarting::default() };
        assert_eq!(restart(&json!("always")), Ok(again));
        let all = Restarting { max: 5, backoff: Duration::from_secs(1), ..again };
        assert_eq!(restart(&json!({"policy": "always", "max": 5, "backoff": "1s"})), Ok(all));
    }

    #[test]
    fn a_list_of_needs_wants_them_healthy_and_a_table_says_more() {
        let needs = depends_on(&json!({"db": "started", "seed": "completed", "api": "healthy"})).unwrap();
        let conditions: Vec<Condition> = needs.into_values().collect();
        assert_eq!(conditions, [Condition::Healthy, Condition::Started, Condition::Completed]);
        assert_eq!(depends_on(&json!(["db"])), depends_on(&json!({"db": "healthy"})));
    }

    #[test]
    fn anything_else_says_what_is_wrong() {
        let message =
            |value: &Value, read: &dyn Fn(&Value) -> Option<ValueFault>| read(value).unwrap().message;
        for (value, words) in [
            (json!("db"), "must be a list of service names"),
            (json!(["DB"]), "is not a service name"),
            (json!(["db", "db"]), "listed twice"),
            (json!({"db": "ready"}), "`db`: unknown condition `ready`"),
            (json!({"db": true}), "`db` must be a text"),
        ] {
            let found = message(&value, &|value| depends_on(value).err());
            assert!(found.contains(words), "{value}: {found}");
        }
        for (value, words) in [
            (json!("INT"), "must be a table, not a text"),
            (json!({"signal": "STOP"}), "`signal` `STOP` is no signal"),
            (json!({"signl": "INT"}), "unknown key `signl`"),
            (json!({"timeout": 5}), "`timeout` must be a duration"),
        ] {
            let found = message(&value, &|value| stop(value).err());
            assert!(found.contains(words), "{value}: {found}");
        }
        for (value, words) in [
            (json!("never"), "unknown policy `never`"),
            (json!({"policy": "sometimes"}), "`policy`: unknown policy"),
            (json!({"max": -1}), "`max` -1 is outside 0 to 1000"),
            (json!(3), "must be a table, not a number"),
        ] {
            let found = message(&value, &|value| restart(value).err());
            assert!(found.contains(words), "{value}: {found}");
        }
        for value in ["/srv", "..", "server/../..", "a/../b", ""] {
            assert!(folder(&json!(value)).is_err(), "{value}");
        }
        for value in [".", "server", "./server/api", "..server"] {
            assert!(folder(&json!(value)).is_ok(), "{value}");
        }
        for value in ["-f", "a b", "", "x;y"] {
            assert!(compose(&json!(value)).is_err(), "{value}");
        }
        for (value, words) in [
            ("sh -c 'x", "not closed"),
            ("serve {{ prt }}", "unknown template variable `prt`"),
            ("serve {{ port", "the template is not valid"),
        ] {
            let found = message(&json!(value), &|value| command(value).err());
            assert!(found.contains(words), "{value}: {found}");
        }
        assert!(
            command(&json!("serve -p {{ port }} --api {{ ports.api }} {{ url }} {{ repo_path }}")).is_ok()
        );
    }

    #[test]
    fn a_command_that_chooses_is_a_table_with_it_alone() {
        let read = |value: Value| {
            chooser(&value).map(|found| found.map(str::to_owned)).map_err(|fault| fault.message)
        };
        assert_eq!(read(json!("intelligent")), Ok(None));
        assert_eq!(read(json!({ "command": "./pick it" })), Ok(Some("./pick it".to_owned())));
        for (value, said) in [
            (json!({}), "names no command"),
            (json!({ "comand": "x" }), "unknown key `comand`"),
            (json!({ "command": "x", "more": 1 }), "unknown key `more`"),
            (json!({ "command": 1 }), "must be a text, not a number"),
            (json!({ "command": "x {{ port }}" }), "`{{ port }}`: unknown template variable `port`"),
        ] {
            assert_eq!(read(value), Err(said.to_owned()));
        }
        let own = commands(&json!(["make {{ ports.web }} {{ path }}", "b"]));
        assert_eq!(own, Ok(vec!["make {{ ports.web }} {{ path }}".to_owned(), "b".to_owned()]));
        let fault = commands(&json!(["a", "b {{ port }}"])).unwrap_err();
        assert_eq!(
            (fault.element, fault.message.as_str()),
            (Some(1), "`{{ port }}`: unknown template variable `port`")
        );
    }
}
