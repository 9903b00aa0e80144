//! What a quoted value is to those who read it: the real `sh` and a real dotenv parser, over every awkward combination.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use wt::door::{Quoted, quote};

/// Every combination of one and two letters that some reader treats specially, and the likely third ones.
fn values() -> Vec<String> {
    let letters: Vec<char> = "a '\"\\$`!#=~{}()&;|<>*?[]é\u{a0}".chars().collect();
    let mut values = vec![String::new()];
    for first in &letters {
        values.push(first.to_string());
        for second in &letters {
            values.push(format!("{first}{second}"));
            values.extend(['\'', '"', '\\', '$', 'a'].map(|third| format!("{first}{second}{third}")));
        }
    }
    values
}

fn quoted() -> Vec<(String, Quoted)> {
    values()
        .into_iter()
        .map(|value| {
            let quoted = quote("X", &value).unwrap();
            (value, quoted)
        })
        .collect()
}

#[test]
fn sh_reads_every_value_as_it_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let (mut file, mut script) = (String::new(), format!(". '{}/env'\n", folder.path().display()));
    let quoted = quoted();
    for (index, (_, quoted)) in quoted.iter().enumerate() {
        writeln!(file, "X{index}={}", quoted.text).unwrap();
        writeln!(script, "printf '%s\\0' \"$X{index}\"").unwrap();
    }
    fs::write(folder.path().join("env"), file).unwrap();
    fs::write(folder.path().join("script"), script).unwrap();
    let output = Command::new("sh").arg(folder.path().join("script")).output().unwrap();
    let read = String::from_utf8(output.stdout).unwrap();
    let read: Vec<&str> = read.split_terminator('\0').collect();
    let meant: Vec<&str> = quoted.iter().map(|(value, _)| value.as_str()).collect();
    assert_eq!(read, meant);
}

#[test]
fn dotenv_reads_the_same_and_loses_no_line_unless_the_value_is_called_disputed() {
    for (value, quoted) in quoted().into_iter().filter(|(_, quoted)| !quoted.disputed) {
        let file = format!("X={}\nNEXT=1\n", quoted.text);
        let read: Vec<_> = dotenvy::from_read_iter(file.as_bytes()).map(Result::ok).collect();
        let meant = [("X", value.as_str()), ("NEXT", "1")];
        let meant: Vec<_> =
            meant.iter().map(|(name, value)| Some(((*name).to_owned(), (*value).to_owned()))).collect();
        assert_eq!(read, meant, "{file}");
    }
}

#[test]
fn no_value_takes_the_next_line_with_it() {
    for (value, quoted) in quoted() {
        let file = format!("X={}\nNEXT=1\n", quoted.text);
        let next = dotenvy::from_read_iter(file.as_bytes()).last();
        assert!(matches!(next, Some(Ok((name, _))) if name == "NEXT"), "{value}: {file}");
    }
}

#[test]
fn without_a_single_quote_a_value_is_disputed_only_for_its_backslashes() {
    for (value, quoted) in quoted() {
        let plainly_spelled = !value.contains('\'') && !value.contains('\\');
        assert!(!(plainly_spelled && quoted.disputed), "{value}");
    }
}
