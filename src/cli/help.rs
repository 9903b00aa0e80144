//! The command line as help shows it: commands in groups, two examples each, and the flags that all take once.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use super::arguments::Cli;
use super::commands::{EXAMPLES, GROUPS};

/// Returns the whole command line, with its help as people read it.
#[must_use]
pub fn command() -> Command {
    let plain = Cli::command();
    let everywhere = everywhere(&plain);
    let listed = groups(&plain);
    let shown = plain.mut_args(|argument| {
        let is_for_all = argument.is_global_set();
        argument.hide(is_for_all)
    });
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{listed}\nOptions:\n{{options}}\n\n{everywhere}{{after-help}}"
    );
    shown.help_template(template).mut_subcommands(|inner| with_examples(inner, ""))
}

/// The nine flags that every command takes, as clap lays them out.
fn everywhere(plain: &Command) -> String {
    let flags = plain.get_arguments().filter(|argument| argument.is_global_set()).cloned();
    let alone = Command::new("wt").disable_help_flag(true).args(flags);
    alone.term_width(100).help_template("{all-args}\n").render_help().to_string()
}

/// The commands under the headings of their groups, each with what it does.
fn groups(plain: &Command) -> String {
    let about = |name: &str| {
        let about = plain.find_subcommand(name).and_then(Command::get_about).map(ToString::to_string);
        about.unwrap_or_else(|| "Print this message, or the help of a command".to_owned())
    };
    let shown = || GROUPS.iter().filter(|(heading, _)| !heading.is_empty());
    let widest = shown().flat_map(|(_, names)| names.iter()).map(|name| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (index, (heading, names)) in shown().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "{heading}:");
        for name in *names {
            let _ = writeln!(text, "  {name:widest$}  {}", about(name));
        }
    }
    let _ = writeln!(text, "  {:widest$}  {}", "help", about("help"));
    text
}

/// Adds the examples of a command, and of those below it, and where the flags for all are told.
fn with_examples(command: Command, above: &str) -> Command {
    let name = format!("{above}{}", command.get_name());
    let lines: Vec<&str> =
        EXAMPLES.iter().find(|(of, _)| *of == name).map(|(_, lines)| lines.to_vec()).unwrap_or_default();
    let mut after = command.get_after_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
    if !lines.is_empty() {
        let _ = write!(after, "Examples:\n  {}\n\n", lines.join("\n  "));
    }
    after.push_str("`wt help` tells the flags that all commands take.");
    let below = format!("{name} ");
    let command = if command.is_hide_set() { command } else { command.after_help(after) };
    command.mut_subcommands(|inner| with_examples(inner, &below))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command for people, by its words: `create`, `ports check`.
    fn for_people() -> Vec<String> {
        let plain = Cli::command();
        let shown = |command: &Command| !command.is_hide_set();
        let mut found = Vec::new();
        for command in plain.get_subcommands().filter(|command| shown(command)) {
            found.push(command.get_name().to_owned());
            let inner = command.get_subcommands().filter(|inner| shown(inner));
            found.extend(inner.map(|inner| format!("{} {}", command.get_name(), inner.get_name())));
        }
        found
    }

    #[test]
    fn every_command_for_people_stands_in_one_group() {
        let shown = GROUPS.iter().filter(|(heading, _)| !heading.is_empty());
        let grouped: Vec<&str> = shown.flat_map(|(_, names)| names.iter().copied()).collect();
        let top: Vec<String> = for_people().into_iter().filter(|name| !name.contains(' ')).collect();
        for name in &top {
            assert_eq!(grouped.iter().filter(|known| *known == name).count(), 1, "{name}");
        }
        assert_eq!(grouped.len(), top.len());
    }

    #[test]
    fn every_command_has_two_examples_that_the_parser_takes() {
        for name in for_people() {
            let (_, lines) = EXAMPLES.iter().find(|(of, _)| *of == name).unwrap_or_else(|| panic!("{name}"));
            for line in lines {
                let typed = line.split("  #").next().unwrap().trim();
                let words = typed.split_whitespace();
                assert!(typed.starts_with(&format!("wt {name}")), "{line}");
                let parsed = Cli::command().try_get_matches_from(words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
        assert_eq!(EXAMPLES.len(), for_people().len(), "no examples of a command that is not there");
    }

    #[test]
    fn no_help_has_two_blocks_of_examples() {
        let mut whole = command();
        whole.build();
        for name in for_people() {
            let of = name.split(' ').try_fold(&whole, |command, word| command.find_subcommand(word)).unwrap();
            let help = of.clone().render_long_help().to_string();
            assert_eq!(help.matches("Examples:").count(), 1, "{name}: {help}");
        }
    }

    #[test]
    fn the_flags_for_all_are_told_once() {
        let mut whole = command();
        whole.build();
        assert_eq!(whole.render_help().to_string().matches("--no-input").count(), 1);
        let create = whole.find_subcommand_mut("create").unwrap().render_help().to_string();
        assert!(!create.contains("--no-input") && create.contains("wt help"), "{create}");
    }
}
