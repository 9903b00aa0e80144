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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::proposal::{ProposedCarry, ProposedCommand, Variable, name};

    fn table(text: &str) -> toml::Table {
        toml::from_str(text).unwrap()
    }

    fn full() -> FileProposal {
        let step = |word: &str| ProposedCommand { command: word.to_owned(), from: "x".to_owned() };
        let carry = |word: &str| ProposedCarry { pattern: word.to_owned(), from: "x".to_owned() };
        let variable = |word: &str, is_suggestion| Variable {
            variable: word.to_owned(),
            value: "v".to_owned(),
            from: "x".to_owned(),
            is_suggestion,
        };
        let mut found = FileProposal {
            services: vec![Proposal::new(
                name("web").unwrap(),
                "x".to_owned(),
                What::Run("serve".to_owned()),
            )],
            setup: vec![step("make")],
            teardown: vec![step("dropdb")],
            carry: vec![carry("/a"), carry("/b")],
            variables: vec![variable("A", false), variable("B", false), variable("C", true)],
            env_file: Some((".env.local".to_owned(), "x".to_owned())),
            left_out: Vec::new(),
        };
        found.leave("x", "", "no");
        found
    }

    /// How much of each kind is left.
    fn left(said: &str) -> [usize; 6] {
        let mut found = full();
        retain_new(&table(said), &mut found);
        assert!(found.left_out.is_empty(), "{said}");
        let file = usize::from(found.env_file.is_some());
        [
            found.services.len(),
            found.setup.len(),
            found.teardown.len(),
            found.carry.len(),
            found.variables.len(),
            file,
        ]
    }

    #[test]
    fn what_the_file_says_already_is_not_proposed_again() {
        for (said, expected) in [
            ("", [1, 1, 1, 2, 2, 1]),
            ("[service.web]\n", [0, 1, 1, 2, 2, 1]),
            ("[service.front]\nrun = \"serve\"\n", [0, 1, 1, 2, 2, 1]),
            ("[service.front]\nrun = \"other\"\n", [1, 1, 1, 2, 2, 1]),
            ("[service.front]\nrun = \"serve\"\nfolder = \"a\"\n", [1, 1, 1, 2, 2, 1]),
            ("[worktree]\nsetup = []\n", [1, 0, 1, 2, 2, 1]),
            ("[worktree]\nteardown = []\n", [1, 1, 0, 2, 2, 1]),
            ("[carry]\ncopy = [\"/b\"]\n", [1, 1, 1, 1, 2, 1]),
            ("[env]\nfile = \".env\"\n", [1, 1, 1, 2, 2, 0]),
            ("[env.set]\nA = \"x\"\n", [1, 1, 1, 2, 1, 1]),
            ("worktree = 7\n", [1, 1, 1, 2, 2, 1]),
        ] {
            assert_eq!(left(said), expected, "{said}");
        }
    }

    #[test]
    fn a_service_is_known_by_its_name_or_by_what_runs_where() {
        let web = || Proposal::new(name("web").unwrap(), String::new(), What::Run("serve".to_owned()));
        let below = || Proposal { folder: Some("a".to_owned()), ..web() };
        let compose = || Proposal { what: What::Compose("Web".to_owned()), ..web() };
        for (proposal, called, text, is_it) in [
            (web(), "web", "", true),
            (web(), "x", "run = \"serve\"", true),
            (web(), "x", "run = \"serve\"\nfolder = \"a\"", false),
            (web(), "x", "", false),
            (below(), "x", "folder = \"a\"", true),
            (below(), "x", "run = \"serve\"", false),
            (compose(), "x", "compose = \"Web\"", true),
            (compose(), "x", "compose = \"web\"", false),
            (compose(), "x", "run = \"serve\"", false),
        ] {
            assert_eq!(
                is_known(&proposal, called, &toml::Value::Table(table(text))),
                is_it,
                "{called} {text}"
            );
        }
    }

    #[test]
    fn a_table_that_is_there_is_added_to_by_hand_and_all_others_at_the_end() {
        let added = |said: &str, is_ended| {
            let mut found = FileProposal { services: Vec::new(), variables: Vec::new(), ..full() };
            found.setup.clear();
            found.teardown.clear();
            addition(&table(said), is_ended, &mut found)
        };
        let carry = "[carry]\n# Ignored files that a new worktree gets a copy of.\ncopy = [\n    \"/a\",  # x\n    \"/b\",  # x\n]\n";
        let env = "[env]\nfile = \".env.local\"  # x\n";
        assert_eq!(added("", true), (Some(format!("\n{carry}\n{env}")), Vec::new()));
        assert_eq!(added("", false), (Some(format!("\n\n{carry}\n{env}")), Vec::new()));
        let by_hand = "[carry] is there; add to it by hand: copy = [ \"/a\", \"/b\", ]".to_owned();
        for said in ["[carry]\nbytes = true\n", "carry = 7\n"] {
            assert_eq!(added(said, true), (Some(format!("\n{env}")), vec![by_hand.clone()]), "{said}");
        }
        let mut only = FileProposal { variables: full().variables, ..FileProposal::default() };
        let (text, by_hand) = addition(&table("[env]\nx = 1\n"), true, &mut only);
        assert!(by_hand.is_empty() && text.is_some_and(|text| text.starts_with("\n[env.set]\n")));
        let mut services = FileProposal { services: full().services, ..FileProposal::default() };
        let (text, _) = addition(&table(""), true, &mut services);
        assert_eq!(text.as_deref(), Some("\n# From x\n[service.web]\nrun = \"serve\"\n"));
    }

    #[test]
    fn a_new_file_has_what_is_proposed_and_says_what_else_there_may_be() {
        let none = FileProposal::default();
        assert_eq!(whole(&none), STARTER);
        let mut left = none.clone();
        left.leave("a", "", "no");
        assert_eq!(whole(&left), format!("{STARTER}\n# Left out:\n#   a: no\n"));
        let text = whole(&full());
        for line in [
            "\n[create]\nports = true\n",
            "\n[worktree]\n# Commands",
            "\n[carry]\n",
            "\n[env]\n",
            "\n[env.set]\n",
        ] {
            assert_eq!(text.matches(line).count(), 1, "{line} in {text}");
        }
        assert!(!text.contains("#[service.") && !text.contains("#[worktree]"), "{text}");
        let quiet = FileProposal { services: Vec::new(), ..full() };
        let text = whole(&quiet);
        assert!(!text.contains("\n[create]\n") && text.contains("#[service."), "{text}");
        let mut silent = full();
        silent.services[0].listens = false;
        assert!(!whole(&silent).contains("\n[create]\n"));
    }
}
