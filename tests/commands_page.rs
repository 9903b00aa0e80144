//! Keeps `docs/commands.md` and `docs/json` true: what `-h` prints, and the schemas of the answers as their types make them.
//! `UPDATE_DOCS=1 cargo test --test commands_page` writes both anew.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test that reads and writes the page")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use clap::Command;
use wt::door::{answers, help};

fn help_of(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').skip(1).filter(|word| *word != "-h").collect();
    let mut command = help::command().term_width(100).color(clap::ColorChoice::Never);
    command.build();
    let mut named = &mut command;
    for word in &words {
        named = named.find_subcommand_mut(word).unwrap_or_else(|| panic!("no command `{word}`"));
    }
    let shown = named.clone().term_width(100).render_help().to_string();
    shown.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Returns the page with each block that begins with `$ wt …` filled in.
fn written_anew(page: &str) -> String {
    let mut anew = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(anew, "{line}");
        if line == "```console" {
            let prompt = lines.next().unwrap();
            let _ = writeln!(anew, "{prompt}\n{}\n```", help_of(prompt.strip_prefix("$ ").unwrap()));
            lines.by_ref().find(|line| *line == "```").unwrap();
        }
    }
    anew
}

/// Returns the page with an empty block for each command that it does not show.
fn with_every_command(mut page: String) -> String {
    for command in help::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        if !page.contains(&prompt(name)) {
            let _ = write!(page, "\n## wt {name}\n\n```console\n{}```\n", prompt(name));
        }
    }
    page
}

fn prompt(name: &str) -> String {
    format!("$ wt {name} -h\n")
}

#[test]
fn the_page_says_what_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let page = fs::read_to_string(&path).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, written_anew(&with_every_command(page))).unwrap();
        return;
    }
    let anew = written_anew(&page);
    for (found, expected) in page.lines().zip(anew.lines()) {
        assert_eq!(found, expected, "docs/commands.md is not what `-h` prints; UPDATE_DOCS=1 cargo test");
    }
    assert_eq!(page.len(), anew.len());
}

#[test]
fn the_page_shows_every_command() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let page = fs::read_to_string(path).unwrap();
    for command in help::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let prompt = prompt(command.get_name());
        assert!(page.contains(&prompt), "docs/commands.md has no block `{}`", prompt.trim());
    }
}

#[test]
fn the_schemas_are_what_the_types_make() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json");
    let made = answers::made();
    for (command, file, schema) in &made {
        let path = folder.join(format!("{file}.json"));
        let text = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, text).unwrap();
        } else {
            let found = fs::read_to_string(&path).unwrap();
            assert!(
                found == text,
                "docs/json is not what the types of `{command}` make; UPDATE_DOCS=1 cargo test"
            );
        }
    }
    let files: BTreeSet<String> = made.iter().map(|(_, file, _)| format!("{file}.json")).collect();
    let there: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, files, "docs/json has a file of each command, and no other");
}

/// The commands that do something: those without commands of their own.
fn leaves(command: &Command, before: &str) -> Vec<String> {
    let mut found = Vec::new();
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help")
    {
        let words = format!("{before}{}", inner.get_name());
        match leaves(inner, &format!("{words} ")) {
            none if none.is_empty() => found.push(words),
            some => found.extend(some),
        }
    }
    found
}

#[test]
fn every_command_has_a_schema_of_its_answers() {
    let with: BTreeSet<String> = answers::made().iter().map(|(command, ..)| (*command).to_owned()).collect();
    let without: Vec<String> =
        leaves(&help::command(), "").into_iter().filter(|command| !with.contains(command)).collect();
    assert!(without.is_empty(), "a line in src/cli/answers.rs is missing for {without:?}");
}
