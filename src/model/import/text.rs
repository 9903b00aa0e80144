//! The text of a new `.wt.toml`, and what an existing one gets at its end: a table that is there is never opened again, what
//! belongs into it is for a person to add.

use std::fmt::Write;

use super::proposal::{FileProposal, Proposal, What};
use super::render;

/// The starter: every line is a comment, so that it changes nothing until someone does.
pub const STARTER: &str = include_str!("../../../templates/wt.toml");

/// Where there is what listens, every new worktree has ports for it.
const CREATE: &str = "# Every new worktree gets the ports of its purpose's services; `wt create --no-ports` makes one without.\n\
                      [create]\nports = true\n\n";

/// Returns the starter with what is proposed in place of its examples.
#[must_use]
pub fn whole(found: &FileProposal) -> String {
    if found.is_empty() {
        let left = render::sections(found);
        return if left.is_empty() { STARTER.to_owned() } else { format!("{STARTER}\n{left}") };
    }
    let is_example = |paragraph: &&str| paragraph.contains("#[service.") && !found.services.is_empty();
    let mut paragraphs: Vec<String> = STARTER
        .split("\n\n")
        .map(str::trim_end)
        .filter(|paragraph| !is_example(paragraph))
        .map(str::to_owned)
        .collect();
    let head = if paragraphs.is_empty() { String::new() } else { paragraphs.remove(0) };
    let listens = found.services.iter().any(|proposal| proposal.listens);
    let mut text = format!("{head}\n\n{}", if listens { CREATE } else { "" });
    let worktree = render::worktree(found);
    if !worktree.is_empty() {
        // What the starter says of the table stays with it.
        let examples = paragraphs.iter().position(|paragraph| paragraph.starts_with("#[worktree]\n"));
        let examples = examples.map(|at| paragraphs.remove(at)).unwrap_or_default();
        let examples =
            examples.strip_prefix("#[worktree]\n").map(|rest| format!("{rest}\n")).unwrap_or_default();
        let _ = write!(text, "[worktree]\n{worktree}{examples}\n");
    }
    for (table, lines) in [
        ("carry", render::carry(found)),
        ("env", render::env_file(found)),
        ("env.set", render::variables(found)),
    ] {
        if !lines.is_empty() {
            let _ = write!(text, "[{table}]\n{lines}\n");
        }
    }
    let _ = write!(text, "{}\n{}\n", render::sections(found), paragraphs.join("\n\n"));
    text
}

/// Takes out of `found` what the file says already, and returns the text for its end and what must be added by hand.
#[must_use]
pub fn addition(
    said: &toml::Table,
    is_ended: bool,
    found: &mut FileProposal,
) -> (Option<String>, Vec<String>) {
    retain_new(said, found);
    let mut by_hand = Vec::new();
    let mut sections = Vec::new();
    let mut add = |table: &str, lines: String| {
        if lines.is_empty() {
            return;
        }
        let mut place = Some(said);
        for part in table.split('.') {
            match place.map(|place| place.get(part)) {
                // A table that was written inline cannot be gone on with.
                Some(Some(toml::Value::Table(table))) => place = Some(table),
                Some(None) => {
                    sections.push(format!("[{table}]\n{lines}"));
                    return;
                }
                _ => break,
            }
        }
        let is_line = |line: &&str| !line.starts_with('#');
        // Where each is from would make a comment of all that follows on the line.
        let lines = lines.lines().filter(is_line).map(without_origin);
        let lines: Vec<&str> = lines.map(str::trim).collect();
        by_hand.push(format!("[{table}] is there; add to it by hand: {}", lines.join(" ")));
    };
    add("worktree", render::worktree(found));
    add("carry", render::carry(found));
    add("env", render::env_file(found));
    add("env.set", render::variables(found));
    if !found.services.is_empty() {
        sections.push(render::sections(found));
    }
    let gap = if is_ended { "\n" } else { "\n\n" };
    let text = (!sections.is_empty()).then(|| format!("{gap}{}", sections.join("\n")));
    (text, by_hand)
}

fn retain_new(said: &toml::Table, found: &mut FileProposal) {
    let at = |keys: &[&str]| {
        let mut value = said.get(*keys.first()?)?;
        for key in &keys[1..] {
            value = value.as_table()?.get(*key)?;
        }
        Some(value)
    };
    let known = at(&["service"]).and_then(toml::Value::as_table);
    let known: Vec<(&String, &toml::Value)> = known.into_iter().flatten().collect();
    found.services.retain(|proposal| !known.iter().any(|(name, table)| is_known(proposal, name, table)));
    found.left_out.clear();
    if at(&["worktree", "setup"]).is_some() {
        found.setup.clear();
    }
    if at(&["worktree", "teardown"]).is_some() {
        found.teardown.clear();
    }
    let copied = at(&["carry", "copy"]).and_then(toml::Value::as_array).cloned().unwrap_or_default();
    found.carry.retain(|one| !copied.iter().any(|known| known.as_str() == Some(&one.pattern)));
    if at(&["env", "file"]).is_some() {
        found.env_file = None;
    }
    found.variables.retain(|one| !one.is_suggestion && at(&["env", "set", &one.variable]).is_none());
}

/// A service of another name that runs the same in the same folder, or is the same of the compose file, is the same service.
fn is_known(proposal: &Proposal, name: &str, table: &toml::Value) -> bool {
    if name == proposal.name.as_str() {
        return true;
    }
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
    match &proposal.what {
        What::Compose(service) => text("compose") == Some(service),
        What::Run(_) if proposal.folder.is_some() => text("folder") == proposal.folder.as_deref(),
        What::Run(run) => text("run") == Some(run) && text("folder").is_none(),
    }
}

fn without_origin(line: &str) -> &str {
    line.rsplit_once("  # ").map_or(line, |(value, _)| value)
}
