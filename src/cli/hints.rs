//! Every command that a text of the program names is one that the program's own parser takes.

use std::path::{Path, PathBuf};

use clap::Parser;

use super::arguments::Cli;
use crate::model::words;

/// What may stand where a text has a value put in: a name, a port, a flag, nothing, a command.
const VALUES: [&str; 5] = ["x", "5000", "--force", "", "list"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The text of the program in a source file: no comments, no tests, broken lines joined.
fn spoken(source: &str) -> String {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut text = String::new();
    for line in lines {
        match line.strip_suffix('\\') {
            Some(begun) => text.push_str(begun),
            None => text.extend([line, "\n"]),
        }
    }
    text
}

/// The commands named in a text, between backticks.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("`wt ") {
        rest = &rest[at + 1..];
        let Some(end) = rest.find('`') else { break };
        let words: Vec<&str> = rest[..end].split_whitespace().collect();
        found.push(words.join(" "));
        rest = &rest[end + 1..];
    }
    found
}

fn filled(command: &str, value: &str) -> String {
    let mut text = String::new();
    let mut rest = command;
    while let Some(at) = rest.find('{') {
        text += &rest[..at];
        text += value;
        rest = rest[at..].split_once('}').map_or("", |(_, rest)| rest);
    }
    // `…` stands for words of the reader's own.
    (text + rest).replace('…', "").replace("PORT", "5000")
}

fn is_taken(command: &str) -> bool {
    VALUES.iter().any(|value| {
        let Ok(words) = words::split(&filled(command, value)) else { return false };
        match Cli::try_parse_from(words) {
            Ok(_) => true,
            Err(error) => super::usage::is_answer(&error),
        }
    })
}

#[test]
fn every_command_that_is_advised_is_taken_by_the_parser() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut refused = Vec::new();
    let mut seen = 0;
    for file in files.iter().filter(|file| !file.components().any(|part| part.as_os_str() == "tests")) {
        let text = spoken(&std::fs::read_to_string(file).unwrap());
        for command in commands(&text) {
            seen += 1;
            if !is_taken(&command) {
                refused.push(format!("{}: `{command}`", file.display()));
            }
        }
    }
    assert!(seen > 100, "only {seen} commands were found");
    assert!(refused.is_empty(), "no command takes these:\n{}", refused.join("\n"));
}

#[test]
fn a_command_that_does_not_exist_would_be_found() {
    assert!(is_taken("wt ports release {port} --worktree {}"));
    assert!(is_taken("wt {word}"));
    for nonsense in ["wt ports relase {port}", "wt remove {name} --delte", "wt adopt {} --no-env"] {
        assert!(!is_taken(nonsense), "{nonsense}");
    }
}
