//! Proposals as the text of a `.wt.toml`, each with a comment that says where it came from.

use std::fmt::Write;

use super::proposal::{Found, Proposal, What};
use crate::model::services::plan::Condition;

/// Returns `value` as TOML writes a text.
#[must_use]
pub fn text(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

/// Returns the sections of the services, and what was left out as comments below.
#[must_use]
pub fn sections(found: &Found) -> String {
    let mut written: Vec<String> = found.services.iter().map(section).collect();
    if !found.notes.is_empty() {
        let notes: Vec<String> =
            found.notes.iter().map(|note| format!("#   {}\n", on_one_line(note))).collect();
        written.push(format!("# Left out:\n{}", notes.concat()));
    }
    written.join("\n")
}

fn section(proposal: &Proposal) -> String {
    let mut section = format!("# From {}\n", on_one_line(&proposal.from));
    for note in &proposal.notes {
        let _ = writeln!(section, "# {}", on_one_line(note));
    }
    let _ = writeln!(section, "[service.{}]", proposal.name);
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(section, "{key} = {value}");
        }
    };
    match &proposal.what {
        What::Run(command) => line("run", Some(text(command))),
        What::Compose(service) => line("compose", Some(text(service))),
    }
    line("setup", proposal.setup.as_deref().map(text));
    line("folder", proposal.folder.as_deref().map(text));
    line("depends_on", needs(proposal));
    line("health", proposal.health.clone());
    line("stop", proposal.stop.clone());
    line("restart", proposal.restart.clone());
    line("env", list(proposal.env.iter().map(String::as_str)));
    line("extra_ports", list(proposal.extra_ports.iter().map(crate::model::service::ServiceName::as_str)));
    line("listens", (!proposal.listens).then(|| "false".to_owned()));
    section
}

fn needs(proposal: &Proposal) -> Option<String> {
    let needs = &proposal.depends_on;
    if needs.is_empty() {
        return None;
    }
    if needs.values().all(|condition| *condition == Condition::Healthy) {
        return list(needs.keys().map(crate::model::service::ServiceName::as_str));
    }
    let word = |condition: &Condition| match condition {
        Condition::Healthy => "healthy",
        Condition::Started => "started",
        Condition::Completed => "completed",
    };
    let needs: Vec<String> =
        needs.iter().map(|(name, condition)| format!("{name} = \"{}\"", word(condition))).collect();
    Some(format!("{{ {} }}", needs.join(", ")))
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> Option<String> {
    let words: Vec<String> = words.map(text).collect();
    (!words.is_empty()).then(|| format!("[{}]", words.join(", ")))
}

/// A comment ends with its line, whatever a file's author put into a name.
fn on_one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
