//! Proposals as the text of a `.wt.toml`, each with a comment that says where it came from.

use std::fmt::Write;

use super::proposal::{FileProposal, Proposal, ProposedCommand, Variable, What};
use crate::model::services::plan::Condition;

/// Returns `value` as TOML writes a text.
#[must_use]
pub fn text(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

/// Returns the sections of the services, and what was left out as comments below.
#[must_use]
pub fn sections(found: &FileProposal) -> String {
    let mut written: Vec<String> = found.services.iter().map(section).collect();
    if !found.left_out.is_empty() {
        let lines: Vec<String> =
            found.left_out.iter().map(|left| format!("#   {}\n", on_one_line(&left.to_string()))).collect();
        written.push(format!("# Left out:\n{}", lines.concat()));
    }
    written.join("\n")
}

/// Returns `setup` and `teardown` of `[worktree]`; empty where there is neither.
#[must_use]
pub fn worktree(found: &FileProposal) -> String {
    let list = |key: &str, why: &str, steps: &[ProposedCommand]| {
        if steps.is_empty() {
            return String::new();
        }
        let lines = steps.iter().map(|step| (text(&step.command), step.from.as_str()));
        format!("# {why}\n{}", many(key, lines))
    };
    let setup = list(
        "setup",
        "Commands that make a new worktree ready: `wt create` runs them once they are trusted.",
        &found.setup,
    );
    let why = "Commands that take back what was made outside of it.";
    let teardown = list("teardown", why, &found.teardown);
    // Those who wrote them saw them run in the worktree that goes.
    let at =
        if teardown.is_empty() { "" } else { "teardown_at = \"remove\"  # they stand in the worktree\n" };
    format!("{setup}{teardown}{at}")
}

/// Returns `copy` of `[carry]`; empty where there is none.
#[must_use]
pub fn carry(found: &FileProposal) -> String {
    if found.carry.is_empty() {
        return String::new();
    }
    let lines = found.carry.iter().map(|one| (text(&one.pattern), one.from.as_str()));
    format!("# Ignored files that a new worktree gets a copy of.\n{}", many("copy", lines))
}

/// Returns the lines of `[env.set]`; empty where there are none.
#[must_use]
pub fn variables(found: &FileProposal) -> String {
    let line = |one: &Variable| {
        let mark = if one.is_suggestion { "#" } else { "" };
        format!("# {}\n{mark}{} = {}\n", on_one_line(&one.from), one.variable, text(&one.value))
    };
    found.variables.iter().map(line).collect()
}

/// Returns `file` of `[env]`; empty where it is the usual one.
#[must_use]
pub fn env_file(found: &FileProposal) -> String {
    let line =
        |(file, reason): &(String, String)| format!("file = {}  # {}\n", text(file), on_one_line(reason));
    found.env_file.as_ref().map(line).unwrap_or_default()
}

fn many<'a>(key: &str, lines: impl Iterator<Item = (String, &'a str)>) -> String {
    let lines: Vec<String> =
        lines.map(|(value, from)| format!("    {value},  # {}\n", on_one_line(from))).collect();
    format!("{key} = [\n{}]\n", lines.concat())
}

fn section(proposal: &Proposal) -> String {
    let mut section = format!("# From {}\n", on_one_line(&proposal.from));
    for note in &proposal.notes {
        let _ = writeln!(section, "# {}", on_one_line(note));
    }
    let _ = writeln!(section, "[service.{}]", proposal.name);
    let mut line = |key: &str, value: Option<String>| {
        let Some(value) = value else { return };
        let _ = match proposal.reasons.get(key) {
            Some(reason) => writeln!(section, "{key} = {value}  # {}", on_one_line(reason)),
            None => writeln!(section, "{key} = {value}"),
        };
    };
    match &proposal.what {
        What::Run(command) => line("run", Some(text(command))),
        What::Compose(service) => line("compose", Some(text(service))),
    }
    line("folder", proposal.folder.as_deref().map(text));
    line("env_file", proposal.env_file.as_deref().map(text));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::proposal::{ProposedCarry, name};
    use crate::model::service::ServiceName;

    fn step(command: &str, from: &str) -> ProposedCommand {
        ProposedCommand { command: command.to_owned(), from: from.to_owned() }
    }

    #[test]
    fn a_service_is_written_with_each_key_that_it_has() {
        let own: fn(&str) -> ServiceName = |word| name(word).unwrap();
        let bare = Proposal::new(own("web"), "Procfile: web".to_owned(), What::Run("serve \"x\"".to_owned()));
        assert_eq!(section(&bare), "# From Procfile: web\n[service.web]\nrun = 'serve \"x\"'\n");
        let full = Proposal {
            what: What::Compose("Web".to_owned()),
            folder: Some("a".to_owned()),
            env_file: Some("a/.env".to_owned()),
            depends_on: [(own("db"), Condition::Healthy), (own("api"), Condition::Healthy)].into(),
            health: Some("{ tcp = {} }".to_owned()),
            stop: Some("{ signal = \"INT\" }".to_owned()),
            restart: Some("{ policy = \"always\" }".to_owned()),
            env: vec!["A".to_owned(), "B".to_owned()],
            extra_ports: vec![own("admin")],
            listens: false,
            reasons: [("folder", "it is\nthere".to_owned())].into(),
            notes: vec!["one\nline".to_owned()],
            ..bare
        };
        assert_eq!(
            section(&full),
            "# From Procfile: web\n# one line\n[service.web]\ncompose = \"Web\"\nfolder = \"a\"  # it is there\n\
             env_file = \"a/.env\"\ndepends_on = [\"api\", \"db\"]\nhealth = { tcp = {} }\nstop = { signal = \"INT\" }\n\
             restart = { policy = \"always\" }\nenv = [\"A\", \"B\"]\nextra_ports = [\"admin\"]\nlistens = false\n"
        );
        let depends_on = [
            (own("a"), Condition::Healthy),
            (own("b"), Condition::Started),
            (own("c"), Condition::Completed),
        ];
        let mixed = Proposal { depends_on: depends_on.into(), ..full };
        let expected = "{ a = \"healthy\", b = \"started\", c = \"completed\" }";
        assert_eq!(needs(&mixed).as_deref(), Some(expected));
        assert_eq!(needs(&Proposal { depends_on: [].into(), ..mixed }), None);
    }

    #[test]
    fn each_table_is_written_where_there_is_something_for_it() {
        let none = FileProposal::default();
        let written = |found: &FileProposal| {
            [sections(found), worktree(found), carry(found), variables(found), env_file(found)]
        };
        assert_eq!(written(&none), [""; 5].map(str::to_owned));
        let variable = |name: &str, is_suggestion| Variable {
            variable: name.to_owned(),
            value: "x".to_owned(),
            from: "why\nso".to_owned(),
            is_suggestion,
        };
        let mut found = FileProposal {
            setup: vec![step("make", "Makefile")],
            carry: vec![ProposedCarry { pattern: "/.env".to_owned(), from: "b".to_owned() }],
            variables: vec![variable("A", false), variable("B", true)],
            env_file: Some((".env.local".to_owned(), "c\nd".to_owned())),
            ..none.clone()
        };
        found.leave("a", "b\nc", "no");
        let ready = "# Commands that make a new worktree ready: `wt create` runs them once they are trusted.\n\
                     setup = [\n    \"make\",  # Makefile\n]\n";
        let carried =
            "# Ignored files that a new worktree gets a copy of.\ncopy = [\n    \"/.env\",  # b\n]\n";
        let set = "# why so\nA = \"x\"\n# why so\n#B = \"x\"\n";
        let expected =
            ["# Left out:\n#   a: b c: no\n", ready, carried, set, "file = \".env.local\"  # c d\n"];
        assert_eq!(written(&found), expected.map(str::to_owned));
        let back = FileProposal { teardown: vec![step("dropdb", "x")], ..none };
        assert_eq!(
            worktree(&back),
            "# Commands that take back what was made outside of it.\nteardown = [\n    \"dropdb\",  # x\n]\n\
             teardown_at = \"remove\"  # they stand in the worktree\n"
        );
    }
}
