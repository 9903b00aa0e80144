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
