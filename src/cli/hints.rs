//! Every command that a text of the program names is one that the program's own parser takes.

use std::path::{Path, PathBuf};

use clap::Parser;

use super::arguments::Cli;
use crate::model::advised::WITH_VALUE;
use crate::model::words;

/// What may stand where a text has a value put in: a name, a port, a flag, nothing, a command.
const VALUES: [&str; 6] = ["x", "5000", "--force", "", "list", "aggressive"];

/// Flags of patterns with a name behind them that is not their value.
const TAKES_NONE: [&str; 3] = ["--delete-branch", "--force", "--yes"];

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

/// How a command stands in the source: between backticks, as a text of its own, as a pattern that values are put into.
const MARKS: [(&str, char, &str); 3] = [("`wt ", '`', "wt "), ("\"wt ", '"', "wt "), ("wt(\"", '"', "wt ")];

/// Texts of their own that begin as a command does and are none: what a hook asks about, who moved a ref, who asks a server.
const NO_COMMANDS: [&str; 12] = [
    // Who writes a commit.
    "wt <wt@localhost> {seconds} +0000",
    "wt <wt@localhost> {} +0000",
    // What runs already.
    "wt run",
    "wt health\", \"Made by",
    // What a trial shows of itself.
    "wt {}",
    "wt shop",
    "wt of git worktrees",
    "wt create {} ({})",
    "wt hook {name}",
    "wt {command}",
    "wt step copy-ignored\\",
    // Its value is one of six words.
    "wt agent install {}",
];

/// Files in which the words of a command itself are put into a text: those of the parser.
const OF_WORDS: [&str; 3] = ["cli/usage.rs", "cli/validate.rs", "cli/ports/command.rs"];

/// The commands named in a text, and whether a value is put into one that is no pattern.
fn commands(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for (mark, end, start) in MARKS {
        let mut rest = text;
        while let Some(at) = rest.find(mark) {
            rest = &rest[at + mark.len()..];
            let Some(length) = rest.find(end) else { break };
            let words: Vec<&str> = rest[..length].split_whitespace().collect();
            let command = format!("{start}{}", words.join(" "));
            let is_raw = !mark.starts_with("wt(") && command.contains('{');
            if !NO_COMMANDS.contains(&command.as_str()) {
                found.extend(command.split(" && ").map(|one| (one.to_owned(), is_raw)));
            }
            rest = &rest[length + 1..];
        }
    }
    found
}

fn filled(command: &str, value: &str) -> String {
    let mut text = String::new();
    let mut rest = command;
    while let Some(at) = rest.find('{') {
        text += &rest[..at];
        text += if text.ends_with("--port ") { "5000" } else { value };
        rest = rest[at..].split_once('}').map_or("", |(_, rest)| rest);
    }
    // `…` stands for words of the reader's own.
    (text + rest).replace('…', "").replace("PORT", "5000").replace("SERVICE", "web")
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
        let is_of_words = OF_WORDS.iter().any(|known| file.ends_with(known));
        for (command, is_raw) in commands(&text) {
            seen += 1;
            if !is_taken(&command) {
                refused.push(format!("{}: `{command}`", file.display()));
            }
            if is_raw && !is_of_words {
                refused.push(format!(
                    "{}: `{command}` has a value that nobody quotes: use wt(…)",
                    file.display()
                ));
            }
        }
    }
    assert!(seen > 200, "only {seen} commands were found");
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

/// A value that begins with a dash is joined to its flag, else it stands behind `--`: which of them it is must be known.
#[test]
fn every_flag_of_a_pattern_that_takes_a_value_is_known_to_take_one() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut seen = 0;
    for file in files {
        let text = spoken(&std::fs::read_to_string(&file).unwrap());
        for pattern in text.split("wt(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let words: Vec<&str> = pattern.split(' ').collect();
            for pair in words.windows(2).filter(|pair| pair[0].starts_with("--") && pair[1] == "{}") {
                seen += 1;
                let is_known = WITH_VALUE.contains(&pair[0]) || TAKES_NONE.contains(&pair[0]);
                assert!(is_known, "{}: `{pattern}`: does {} take a value?", file.display(), pair[0]);
            }
        }
    }
    assert!(seen > 5, "only {seen} were found");
}
