//! Every command that an answer advises is one that the program's own parser takes, whatever values stand in it.

use clap::Parser;
use clap::error::ErrorKind;
use serde_json::Value;
use wt::door::{Cli, words};

/// Panics where `stderr`, or a field of a JSON answer that is for a person to type, names a `wt` command that would be
/// refused.
#[track_caller]
pub fn assert_typable(stdout: &str, stderr: &str) {
    // What was asked wrongly is named in the error itself.
    let mut texts: Vec<String> =
        stderr.lines().filter(|line| !line.starts_with("error:")).map(str::to_owned).collect();
    if let Ok(answer) = serde_json::from_str::<Value>(stdout) {
        advice(&answer, &mut texts);
    }
    for command in texts.iter().flat_map(|text| commands(text)) {
        if let Err(why) = parsed(&command) {
            panic!("no command takes `{command}`: {why}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        }
    }
}

/// Fields that hold a sentence, with commands between backticks.
const SENTENCES: [&str; 3] = ["hint", "hints", "todo"];

/// Fields that hold a command.
const TYPED: [&str; 4] = ["fix", "action", "command", "commands"];

/// What people are told to type, one text or a list of them.
fn advice(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let all = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                for text in all.iter().filter_map(Value::as_str) {
                    if SENTENCES.contains(&name.as_str()) {
                        texts.push(text.to_owned());
                    } else if TYPED.contains(&name.as_str()) && text.starts_with("wt ") {
                        texts.push(format!("`{text}`"));
                    }
                }
                advice(value, texts);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| advice(value, texts)),
        _ => {}
    }
}

/// The commands between backticks, those in one line only.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("`wt ") {
        rest = &rest[at + 1..];
        let Some(end) = end_of(rest) else { break };
        found.extend(rest[..end].split(" && ").map(str::to_owned));
        rest = &rest[end + 1..];
    }
    found
}

/// Where the backtick stands that ends a command: not within its quotes.
fn end_of(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            '\\' if !is_quoted => drop(letters.next()),
            '`' if !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn parsed(command: &str) -> Result<(), String> {
    // What stands in capitals is for the reader to fill in.
    let filled: Vec<String> = words::split(&command.replace('…', ""))?
        .into_iter()
        .map(|word| if word == "PORT" { "5000".to_owned() } else { word })
        .collect();
    match Cli::try_parse_from(filled) {
        Err(error) if command.contains('…') && error.kind() == ErrorKind::MissingRequiredArgument => Ok(()),
        Err(error) if error.use_stderr() => Err(error.to_string()),
        _ => Ok(()),
    }
}

#[test]
fn what_stands_in_a_list_is_looked_at_too() {
    for wrong in [
        r#"{"hint": "try `wt nothing`"}"#,
        r#"{"a": [{"hints": ["fine", "try `wt list --nothing`"]}]}"#,
        r#"{"details": {"commands": ["wt list", "wt nothing"]}}"#,
        r#"{"a": {"fix": "wt nothing"}}"#,
    ] {
        assert!(std::panic::catch_unwind(|| assert_typable(wrong, "")).is_err(), "{wrong}");
    }
    assert_typable(r#"{"commands": ["wt list", "git nothing"], "hints": ["`wt list --all`"]}"#, "");
}
