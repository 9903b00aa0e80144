//! What clap has to say, said in our voice: help is an answer, everything else is a usage error with its suggestion.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Error};

use super::arguments::Cli;
use crate::error::{Code, Failure};
use crate::model::advised::wt;
use crate::model::command_line::CommandLine;
use crate::model::port::Port;
use crate::model::suggestion;
use crate::ui::paint::ColorWish;

/// The other flags of [`super::global::GlobalArguments`] that are followed by a value.
const GLOBAL_WITH_VALUE: [&str; 2] = ["-C", "--config"];

/// What can be known of a command line that clap refused.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CommandLineGlimpse {
    pub json: bool,
    pub color: ColorWish,
    pub command: String,
}

impl CommandLineGlimpse {
    /// Reads the command's word and `--json` from words that need not make sense.
    #[must_use]
    pub fn of(words: &[OsString]) -> Self {
        let cli = Cli::command();
        let mut known = &cli;
        let mut glimpse = Self::default();
        let mut words = words.iter().skip(1).map(|word| word.to_string_lossy());
        while let Some(word) = words.next() {
            match &*word {
                // What follows belongs to somebody else.
                "--" | "-x" => break,
                "--json" => glimpse.json = true,
                "--color=always" => glimpse.color = ColorWish::Always,
                "--color=never" => glimpse.color = ColorWish::Never,
                "--color" => match words.next().as_deref() {
                    Some("always") => glimpse.color = ColorWish::Always,
                    Some("never") => glimpse.color = ColorWish::Never,
                    _ => {}
                },
                word if GLOBAL_WITH_VALUE.contains(&word) => drop(words.next()),
                word => {
                    if let Some(command) = known.find_subcommand(word) {
                        let space = if glimpse.command.is_empty() { "" } else { " " };
                        glimpse.command = format!("{}{space}{word}", glimpse.command);
                        known = command;
                    }
                }
            }
        }
        glimpse
    }
}

/// Answers whether `error` is no error but the help or the version that was asked for.
#[must_use]
pub fn is_answer(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

/// Returns a refused command line as a failure; clap's near words and usage line become the hint.
#[must_use]
pub fn failure(error: &Error, command: &str, typed: &CommandLine) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        && let Some(failure) = without_its_command(command)
    {
        return failure;
    }
    let rendered = error.render().to_string();
    let message: Vec<&str> = rendered.lines().take_while(|line| !line.trim().is_empty()).collect();
    let message = message.join("\n");
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    let own = own_tip(error, command)
        .or_else(|| joined_tip(error, command, typed))
        .or_else(|| parted_tip(error, command, typed));
    // What clap makes of near words knows neither what is hidden nor what no command of ours takes.
    let tips = rendered.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
    let is_command = error.kind() == ErrorKind::InvalidSubcommand;
    let tips = tips.filter(|tip| own.is_none() && !is_command && !tip.starts_with("to pass '"));
    let help = if command.is_empty() { "wt --help".to_owned() } else { format!("wt {command} --help") };
    let hint: Vec<String> =
        own.iter().cloned().chain(tips.map(str::to_owned)).chain([format!("see `{help}`")]).collect();
    let mut failure = Failure::new(Code::Usage, message).hint(hint.join("\n"));
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        failure = failure.detail("usage", usage.trim().trim_start_matches("Usage: "));
    }
    failure
}

/// What others call our commands.
const ALSO_CALLED: [(&str, &str); 14] = [
    ("ps", "status"),
    ("stop", "down"),
    ("start", "up"),
    ("ls", "list"),
    ("rm", "remove"),
    ("delete", "remove"),
    ("add", "create"),
    ("new", "create"),
    ("cd", "switch"),
    ("checkout", "switch"),
    ("co", "switch"),
    ("info", "status"),
    ("exec", "run"),
    ("log", "logs"),
];

/// Our own answer to words that come from elsewhere.
fn own_tip(error: &Error, command: &str) -> Option<String> {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        _ => None,
    };
    if let Some(word) = named(ContextKind::InvalidSubcommand) {
        if command == "ports" && word.parse::<Port>().is_ok() {
            return Some(format!("`{}` says who has it and who holds it", wt("ports check {}", &[&word])));
        }
        return meant(word, command);
    }
    let word = named(ContextKind::InvalidArg)?;
    (command == "up" && ["-d", "--detach"].contains(&word))
        .then(|| "`wt up` returns by itself once all are ready, and they run on: leave it out".to_owned())
}

/// A value that only `=` joins to its flag stands behind it as a word of its own.
fn joined_tip(error: &Error, command: &str, typed: &CommandLine) -> Option<String> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return None };
    if word.starts_with('-') {
        return None;
    }
    let cli = Cli::command();
    let command = cli.find_subcommand(command)?;
    let joined = command.get_arguments().filter(|argument| argument.is_require_equals_set());
    let mut flags = joined.filter_map(clap::Arg::get_long);
    let again = flags.find_map(|flag| typed.joined(&format!("--{flag}"), word))?;
    Some(format!("a value follows this flag with `=`: `{again}`"))
}

/// The command of `wt exec` follows `--`: without that its words pass for names and flags of ours.
fn parted_tip(error: &Error, command: &str, typed: &CommandLine) -> Option<String> {
    let is_about_words = matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument | ErrorKind::ArgumentConflict | ErrorKind::UnknownArgument
    );
    if command != "exec" || !is_about_words {
        return None;
    }
    let names = usize::from(!typed.has(&["-a", "--all", "-p", "--purpose"]));
    let again = typed.parted("exec", names, &["-j", "--jobs", "-p", "--purpose"]);
    Some(match again {
        Some(again) => format!("the command follows `--`: `{again}`"),
        None => "the command follows `--`: `wt exec --all -- git status`".to_owned(),
    })
}

/// The command that an unknown `word` behind `wt COMMAND` probably means: what others call it, one of the same name below
/// another command, or the nearest one beside it.
fn meant(word: &str, command: &str) -> Option<String> {
    let cli = Cli::command();
    let known = command.split(' ').filter(|name| !name.is_empty());
    let known = known.fold(&cli, |known, name| known.find_subcommand(name).unwrap_or(known));
    let shown = |of: &Command| -> Vec<String> {
        let names = of.get_subcommands().filter(|inner| !inner.is_hide_set());
        names.map(|inner| inner.get_name().to_owned()).collect()
    };
    if command.is_empty() {
        if let Some((_, ours)) = ALSO_CALLED.into_iter().find(|(other, _)| *other == word) {
            return Some(format!("here that is `wt {ours}`"));
        }
        let above = cli.get_subcommands().find(|inner| shown(inner).iter().any(|name| name == word));
        if let Some(above) = above {
            return Some(format!("here that is `wt {} {word}`", above.get_name()));
        }
    }
    let space = if command.is_empty() { "" } else { " " };
    let mut near = shown(known);
    near.push("help".to_owned());
    suggestion::nearest(word, &near).map(|near| format!("did you mean `wt {command}{space}{near}`?"))
}

/// A command that does nothing by itself: those below it are the hint.
fn without_its_command(command: &str) -> Option<Failure> {
    let cli = Cli::command();
    let known = cli.find_subcommand(command)?;
    let below: Vec<&Command> = known.get_subcommands().filter(|inner| !inner.is_hide_set()).collect();
    let lines: Vec<String> = below
        .iter()
        .map(|inner| {
            let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
            format!("`wt {command} {}{}`: {about}", inner.get_name(), first_values(inner))
        })
        .collect();
    let names: Vec<&str> = below.iter().map(|inner| inner.get_name()).collect();
    let failure =
        Failure::new(Code::Usage, format!("`wt {command}` does nothing without one of its commands"));
    (!below.is_empty()).then(|| failure.hint(lines.join("\n")).detail("commands", names))
}

/// The first of the words that each argument wants which must be there, so that the command can be typed as it stands.
fn first_values(command: &Command) -> String {
    let required = command.get_positionals().filter(|argument| argument.is_required_set());
    let values = required.filter_map(|argument| argument.get_possible_values().into_iter().next());
    values.flat_map(|value| [" ".to_owned(), value.get_name().to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command_line::WITH_VALUE;
    use clap::Parser;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn json_is_seen_in_a_line_that_makes_no_sense() {
        let glimpse = CommandLineGlimpse::of(&words("wt -C list create --prots --json"));
        assert_eq!(
            glimpse,
            CommandLineGlimpse { json: true, command: "create".to_owned(), color: ColorWish::Auto }
        );
    }

    #[test]
    fn a_command_below_a_command_is_named_with_it() {
        for line in ["wt ports --json kill 70000", "wt -C kill ports kill kill 0 owner"] {
            assert_eq!(CommandLineGlimpse::of(&words(line)).command, "ports kill", "{line}");
        }
        assert_eq!(CommandLineGlimpse::of(&words("wt create ports")).command, "create");
    }

    #[test]
    fn the_words_of_a_command_to_run_are_not_ours() {
        assert!(!CommandLineGlimpse::of(&words("wt create --nonsense -x jq --json")).json);
    }

    #[test]
    fn words_from_elsewhere_are_answered_with_ours() {
        for (line, command, hint) in [
            ("wt ps", "", "`wt status`"),
            ("wt stop", "", "`wt down`"),
            ("wt up -d", "up", "leave it out"),
            ("wt up --detach web", "up", "leave it out"),
        ] {
            let failure = failure(
                &Cli::try_parse_from(words(line)).unwrap_err(),
                command,
                &CommandLine::of(&words(line)),
            );
            let said = failure.next_step().unwrap();
            assert!(said.contains(hint), "{line}: {said}");
            for nonsense in ["compose-service", "restore", "-- -"] {
                assert!(!said.contains(nonsense), "{line}: {said}");
            }
        }
    }

    #[test]
    fn a_word_below_another_command_and_a_near_word_are_answered() {
        for (line, command, hint) in [
            ("wt resolve", "", "`wt ports resolve`"),
            ("wt scan", "", "`wt ports scan`"),
            ("wt kill 5000", "", "`wt ports kill`"),
            ("wt creat", "", "`wt create`"),
            ("wt craete", "", "`wt create`"),
            ("wt restor", "", "`wt restore`"),
            ("wt ports resovle", "ports", "`wt ports resolve`"),
            ("wt ports 5000", "ports", "`wt ports check 5000`"),
            ("wt hooks instal", "hooks", "`wt hooks install`"),
        ] {
            let failure =
                failure(&Cli::try_parse_from(words(line)).unwrap_err(), command, &CommandLine::default());
            let said = failure.next_step().unwrap();
            assert!(said.contains(hint) && said.lines().count() == 2, "{line}: {said}");
        }
    }

    #[test]
    fn a_command_that_needs_one_below_it_lists_them() {
        for (line, command, below) in [
            ("wt config", "config", "`wt config path`: The files that are read"),
            ("wt hooks", "hooks", "`wt hooks status`"),
        ] {
            let failure =
                failure(&Cli::try_parse_from(words(line)).unwrap_err(), command, &CommandLine::default());
            assert!(failure.next_step().unwrap().contains(below), "{:?}", failure.next_step());
        }
    }

    #[test]
    fn a_misspelt_flag_is_answered_with_the_near_one() {
        let error = Cli::try_parse_from(words("wt create --prots")).unwrap_err();
        let failure = failure(&error, "create", &CommandLine::default());
        assert_eq!(failure.code(), Code::Usage);
        assert!(failure.message().contains("--prots"), "{}", failure.message());
        assert!(failure.next_step().unwrap().contains("--ports"), "{:?}", failure.next_step());
    }

    #[test]
    fn a_value_that_only_an_equals_sign_joins_is_shown_joined_in_the_whole_command() {
        for (line, hint) in [
            ("wt create login --ports 3 --lock", "`wt create login --ports=3 --lock`"),
            ("wt create --ports web,api login", "`wt create --ports=web,api login`"),
            ("wt create a --lock why", "`wt create a --lock=why`"),
        ] {
            let error = Cli::try_parse_from(words(line)).unwrap_err();
            let failure = failure(&error, "create", &CommandLine::of(&words(line)));
            assert!(failure.next_step().unwrap().contains(hint), "{line}: {:?}", failure.next_step());
        }
    }

    #[test]
    fn the_flags_that_take_a_word_are_those_of_the_parser() {
        let mut cli = Cli::command();
        cli.build();
        let create = cli.find_subcommand("create").unwrap();
        for argument in create.get_arguments().filter(|argument| !argument.is_positional()) {
            let takes_word = argument.get_action().takes_values() && !argument.is_require_equals_set();
            let long = argument.get_long().map(|long| format!("--{long}"));
            let short = argument.get_short().map(|short| format!("-{short}"));
            for flag in long.into_iter().chain(short) {
                assert_eq!(WITH_VALUE.contains(&&*flag), takes_word, "{flag}");
            }
        }
    }
}
