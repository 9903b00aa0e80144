//! A Procfile: a line for each process type, `name: command`, as foreman and Heroku read it.

use super::proposal::{FileProposal, Proposal, What, name};
use super::shell::{ShellWords, translate};

/// How many letters of a line are shown.
const SHOWN: usize = 40;

/// Returns what is no process type, no comment and no empty line: foreman passes over it without a word.
#[must_use]
pub fn problems(file: &str, text: &str) -> Vec<String> {
    let is_said = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let lines = text.lines().enumerate().filter(|(_, line)| !is_said(line) && process(line).is_none());
    lines
        .map(|(index, line)| {
            let start: String = line.chars().take(SHOWN).collect();
            let more = if line.chars().count() > SHOWN { "…" } else { "" };
            let number = index + 1;
            format!("{file}:{number} was left out: `{}{more}` is not `name: command`", start.escape_debug())
        })
        .collect()
}

/// The line that foreman accepts: `^([A-Za-z0-9_-]+):\s*(.+)$`.
fn process(line: &str) -> Option<(&str, &str)> {
    let (word, command) = line.split_once(':')?;
    let is_word = !word.is_empty()
        && word.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter));
    (is_word && !command.trim().is_empty()).then_some((word, command))
}

/// Reads the text of `file`.
#[must_use]
pub fn read(file: &str, text: &str) -> FileProposal {
    let mut found = FileProposal::default();
    for (word, command) in text.lines().filter_map(process) {
        let from = format!("{file}: {word}");
        let Some(service) = name(word) else {
            found.leave(file, word, "no service can be called that");
            continue;
        };
        if service.as_str() == "release" {
            found.leave(file, word, "runs at a release, not while people work");
            continue;
        }
        match translate(command) {
            ShellWords::Unsayable => {
                found.leave(
                    file,
                    word,
                    format!("`{}` has braces that a template would read", command.trim()),
                );
            }
            ShellWords::Words { text, names_port } => {
                let is_web = service.as_str() == "web";
                let mut proposal = Proposal::new(service, from, What::Run(text));
                proposal.listens = names_port || is_web;
                if !proposal.listens {
                    proposal
                        .notes
                        .push("It names no port; take `listens` out if it listens on one.".to_owned());
                } else if !names_port {
                    proposal.notes.push("It finds its port in the variable PORT.".to_owned());
                }
                found.services.push(proposal);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_word_or_a_command_is_told_and_proposes_nothing() {
        let text = ": make\n a: make\na b: make\nweb:\nno colon\n\n# web: no\nweb: make\n";
        let told = problems("Procfile", text);
        let numbers: Vec<_> = told.iter().filter_map(|line| line.split([':', ' ']).nth(1)).collect();
        assert_eq!(numbers, ["1", "2", "3", "4", "5"], "{told:?}");
        let found = read("Procfile", text);
        assert_eq!((found.services.len(), found.left_out.len()), (1, 0));
    }

    #[test]
    fn a_process_says_whether_it_listens_and_how_it_finds_its_port() {
        let silent = "It names no port; take `listens` out if it listens on one.";
        let by_variable = "It finds its port in the variable PORT.";
        for (line, listens, note) in [
            ("web: serve $PORT", true, None),
            ("web: serve", true, Some(by_variable)),
            ("api: serve $PORT", true, None),
            ("api: serve", false, Some(silent)),
        ] {
            let found = read("Procfile", line);
            let [service] = &found.services[..] else { panic!("{line}") };
            assert_eq!(service.listens, listens, "{line}");
            assert_eq!(service.notes.first().map(String::as_str), note, "{line}");
        }
        for (line, reason) in [
            ("1: x", "Procfile: 1: no service can be called that"),
            ("release: x", "Procfile: release: runs at a release, not while people work"),
            ("a: x {{ b }}", "Procfile: a: `x {{ b }}` has braces that a template would read"),
        ] {
            let found = read("Procfile", line);
            let told: Vec<String> = found.left_out.iter().map(ToString::to_string).collect();
            assert_eq!((found.services.len(), told), (0, vec![reason.to_owned()]));
        }
    }

    #[test]
    fn the_first_forty_letters_of_a_line_are_shown() {
        let line = "é".repeat(SHOWN);
        let told = |line: &str| problems("P", line).pop().unwrap();
        assert_eq!(told(&line), format!("P:1 was left out: `{line}` is not `name: command`"));
        assert_eq!(told(&format!("{line}x")), format!("P:1 was left out: `{line}…` is not `name: command`"));
    }
}
