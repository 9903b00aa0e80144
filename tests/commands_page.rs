//! Keeps `docs/commands.md` true: its blocks are what `-h` prints. `UPDATE_DOCS=1 cargo test` writes them anew.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test that reads and writes the page")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use wt::door::help;

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

#[test]
fn the_page_says_what_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let page = fs::read_to_string(&path).unwrap();
    let anew = written_anew(&page);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, anew).unwrap();
        return;
    }
    for (found, expected) in page.lines().zip(anew.lines()) {
        assert_eq!(found, expected, "docs/commands.md is not what `-h` prints; UPDATE_DOCS=1 cargo test");
    }
    assert_eq!(page.len(), anew.len());
}

#[test]
fn the_page_shows_every_command() {
    let page = include_str!("../docs/commands.md");
    for command in help::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let prompt = format!("$ wt {} -h\n", command.get_name());
        assert!(page.contains(&prompt), "docs/commands.md has no block `{}`", prompt.trim());
    }
}
