//! The file of process-compose: processes with their order, probes and restarts.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value};

use super::compose_file::condition;
use super::environment::take_over;
use super::probe;
use super::proposal::{FileProposal, Proposal, What, name};
use super::shell::{ShellWords, translate};
use crate::model::signal::EndSignal;

/// Reads the text of `file`.
///
/// # Errors
///
/// Says why it cannot be read.
pub fn read(file: &str, text: &str) -> Result<FileProposal, String> {
    let document = super::compose_file::yaml(text)?;
    let mut found = FileProposal::default();
    let Some(processes) = document.get("processes").and_then(Value::as_object) else { return Ok(found) };
    for (word, process) in processes {
        let from = format!("{file}: {word}");
        let Some(service) = name(word) else {
            found.leave(file, word, "no service can be called that");
            continue;
        };
        if ["disabled", "is_disabled"].iter().any(|key| is_true(process.get(*key))) {
            found.leave(file, word, "is disabled there");
            continue;
        }
        let command = process.get("command").and_then(Value::as_str).unwrap_or_default();
        let ShellWords::Words { text, names_port } = translate(command) else {
            found.leave(file, word, "has no command that can be written here");
            continue;
        };
        let environment = take_over(document.get("environment"), process.get("environment"));
        let names_port = names_port || environment.names_port;
        let mut proposal = Proposal::new(service, from, What::Run(format!("{}{text}", environment.words)));
        proposal.folder = folder(process, &mut proposal.notes);
        proposal.depends_on = needs(process);
        proposal.health = health(process, names_port, &mut proposal.notes);
        let asks_port = proposal.health.as_ref().is_some_and(|health| health.starts_with("{ http"));
        proposal.listens = names_port || asks_port;
        if !proposal.listens {
            proposal.notes.push("It names no port; take `listens` out if it listens on one.".to_owned());
        } else if !names_port {
            proposal.notes.push("It must find its port in the variable PORT.".to_owned());
        }
        proposal.restart = restart(process);
        proposal.stop = stop(process);
        if !environment.left.is_empty() {
            proposal.notes.push(format!(
                "Of its `environment` {} was not taken over: write it into `run`, as in `env NAME=value CMD`. A service \
                 sees no line of .env but those of the env block, unless it reads the file itself.",
                environment.left.join(", ").escape_debug()
            ));
        }
        found.services.push(proposal);
    }
    Ok(found)
}

/// `true`, also as text.
fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value == &Value::Bool(true) || value.as_str() == Some("true"))
}

fn folder(process: &Value, notes: &mut Vec<String>) -> Option<String> {
    let folder = process.get("working_dir").and_then(Value::as_str).filter(|folder| *folder != ".")?;
    if crate::model::config::running::folder(&folder.into()).is_ok() && !folder.contains('$') {
        return Some(folder.to_owned());
    }
    notes.push(format!("It ran in {}, which is no folder of the worktree.", folder.escape_debug()));
    None
}

fn needs(
    process: &Value,
) -> BTreeMap<crate::model::service::ServiceName, crate::model::services::plan::Condition> {
    let Some(table) = process.get("depends_on").and_then(Value::as_object) else { return BTreeMap::new() };
    let need = |(word, wanted): (&String, &Value)| Some((name(word)?, condition(wanted.get("condition"))));
    table.iter().filter_map(need).collect()
}

fn health(process: &Value, names_port: bool, notes: &mut Vec<String>) -> Option<String> {
    let probe = process.get("readiness_probe")?;
    let mut options = String::new();
    if let Some(seconds) = probe.get("period_seconds").and_then(Value::as_u64).filter(|seconds| *seconds > 0)
    {
        let _ = write!(options, ", interval = \"{}s\"", seconds.min(86_400));
    }
    if let Some(count) = probe.get("failure_threshold").and_then(Value::as_u64) {
        let _ = write!(options, ", failures = {}", count.clamp(1, 100));
    }
    if let Some(http) = probe.get("http_get") {
        let path = http.get("path").and_then(Value::as_str).unwrap_or("/");
        let is_fine = path.starts_with('/') && path.chars().all(|letter| letter.is_ascii_graphic());
        let path = if is_fine { path } else { "/" };
        return Some(format!("{{ http = {}{options} }}", super::render::text(path)));
    }
    let command = probe.get("exec").and_then(|exec| exec.get("command")).and_then(Value::as_str)?;
    probe::check(command, &options, names_port).map_err(|reason| notes.push(reason)).ok()
}

fn restart(process: &Value) -> Option<String> {
    let availability = process.get("availability").and_then(Value::as_object)?;
    let policy = match availability.get("restart").and_then(Value::as_str)? {
        "always" => "always",
        "on_failure" => "on-failure",
        _ => return None,
    };
    let mut text = format!("{{ policy = \"{policy}\"");
    if let Some(most) = whole(availability, "max_restarts") {
        let _ = write!(text, ", max = {}", most.min(1000));
    }
    if let Some(seconds) = whole(availability, "backoff_seconds") {
        let _ = write!(text, ", backoff = \"{}s\"", seconds.min(3600));
    }
    text.push_str(" }");
    Some(text)
}

fn stop(process: &Value) -> Option<String> {
    let shutdown = process.get("shutdown").and_then(Value::as_object)?;
    let mut parts = Vec::new();
    let signal = shutdown.get("signal").map(Value::to_string);
    if let Some(signal) = signal.and_then(|signal| signal.trim_matches('"').parse::<EndSignal>().ok()) {
        parts.push(format!("signal = \"{signal}\""));
    }
    if let Some(seconds) = whole(shutdown, "timeout_seconds") {
        parts.push(format!("timeout = \"{}s\"", seconds.min(3600)));
    }
    (!parts.is_empty()).then(|| format!("{{ {} }}", parts.join(", ")))
}

/// A whole number above 0: there 0 means that nothing is said.
fn whole(table: &Map<String, Value>, key: &str) -> Option<u64> {
    table.get(key).and_then(Value::as_u64).filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn restarts_and_ends_are_taken_over_within_their_bounds() {
        for (availability, expected) in [
            (json!({ "restart": "always" }), Some("{ policy = \"always\" }")),
            (
                json!({ "restart": "on_failure", "max_restarts": 3 }),
                Some("{ policy = \"on-failure\", max = 3 }"),
            ),
            (
                json!({ "restart": "always", "max_restarts": 5000 }),
                Some("{ policy = \"always\", max = 1000 }"),
            ),
            (
                json!({ "restart": "always", "max_restarts": 0, "backoff_seconds": 5000 }),
                Some("{ policy = \"always\", backoff = \"3600s\" }"),
            ),
            (json!({ "restart": "exit_on_failure" }), None),
            (json!({ "max_restarts": 3 }), None),
        ] {
            assert_eq!(restart(&json!({ "availability": availability })).as_deref(), expected);
        }
        for (shutdown, expected) in [
            (json!({ "signal": 2 }), Some("{ signal = \"INT\" }")),
            (
                json!({ "signal": "TERM", "timeout_seconds": 5 }),
                Some("{ signal = \"TERM\", timeout = \"5s\" }"),
            ),
            (json!({ "timeout_seconds": 9000 }), Some("{ timeout = \"3600s\" }")),
            (json!({ "timeout_seconds": 0, "signal": "x" }), None),
        ] {
            assert_eq!(stop(&json!({ "shutdown": shutdown })).as_deref(), expected);
        }
        assert_eq!((restart(&json!({})), stop(&json!({}))), (None, None));
    }

    #[test]
    fn a_probe_becomes_a_health_check_with_its_pace() {
        for (probe, names_port, expected, notes) in [
            (json!({ "http_get": { "path": "/up" } }), false, Some("{ http = \"/up\" }"), 0),
            (json!({ "http_get": { "path": "up" } }), false, Some("{ http = \"/\" }"), 0),
            (json!({ "http_get": { "path": "/a b" } }), false, Some("{ http = \"/\" }"), 0),
            (
                json!({ "http_get": {}, "period_seconds": 100_000, "failure_threshold": 500 }),
                false,
                Some("{ http = \"/\", interval = \"86400s\", failures = 100 }"),
                0,
            ),
            (
                json!({ "http_get": {}, "period_seconds": 0, "failure_threshold": 0 }),
                false,
                Some("{ http = \"/\", failures = 1 }"),
                0,
            ),
            (json!({ "exec": { "command": "test -f x" } }), false, Some("{ command = \"test -f x\" }"), 0),
            (json!({ "exec": { "command": "test -f x" } }), true, None, 1),
            (json!({ "exec": {} }), true, None, 0),
        ] {
            let mut said = Vec::new();
            let found = health(&json!({ "readiness_probe": probe }), names_port, &mut said);
            assert_eq!((found.as_deref(), said.len()), (expected, notes), "{probe}");
        }
    }

    #[test]
    fn a_process_runs_in_a_folder_of_the_worktree_or_in_its_root() {
        for (written, expected, notes) in [
            (json!("a/b"), Some("a/b"), 0),
            (json!("."), None, 0),
            (json!("/srv"), None, 1),
            (json!("$HOME/a"), None, 1),
            (json!(7), None, 0),
        ] {
            let mut said = Vec::new();
            let found = folder(&json!({ "working_dir": written }), &mut said);
            assert_eq!((found.as_deref(), said.len()), (expected, notes), "{written}");
        }
    }

    #[test]
    fn each_process_says_how_it_finds_its_port_and_what_is_left_out_is_told() {
        let silent = "It names no port; take `listens` out if it listens on one.";
        let by_variable = "It must find its port in the variable PORT.";
        for (process, listens, note) in [
            (json!({ "command": "x $PORT" }), true, None),
            (json!({ "command": "x", "environment": ["PORT=1"] }), true, None),
            (json!({ "command": "x" }), false, Some(silent)),
            (json!({ "command": "x", "readiness_probe": { "http_get": {} } }), true, Some(by_variable)),
            (
                json!({ "command": "x", "readiness_probe": { "exec": { "command": "y" } } }),
                false,
                Some(silent),
            ),
            (json!({ "command": "x", "disabled": false, "is_disabled": "no" }), false, Some(silent)),
        ] {
            let text = json!({ "processes": { "a": process } }).to_string();
            let found = read("f", &text).unwrap();
            assert_eq!((found.services.len(), found.services[0].listens), (1, listens), "{text}");
            assert_eq!(found.services[0].notes.first().map(String::as_str), note, "{text}");
        }
        for (process, reason) in [
            (json!({ "command": "x", "disabled": true }), "f: a: is disabled there"),
            (json!({ "command": "x", "is_disabled": "true" }), "f: a: is disabled there"),
            (json!({}), "f: a: has no command that can be written here"),
        ] {
            let found = read("f", &json!({ "processes": { "a": process } }).to_string()).unwrap();
            assert_eq!((found.services.len(), found.left_out[0].to_string().as_str()), (0, reason));
        }
        assert!(read("f", "{}").unwrap().is_empty());
    }
}
