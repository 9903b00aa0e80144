//! The usual command line, `wt COMMAND …`, parsed without building the parsers of all other commands, which is half of
//! what starting costs. Whatever is unusual, wrong or a question is left to the whole parser, which says it better.

use std::ffi::OsString;

use clap::{Args, Parser};

use super::arguments::Cli;
use super::commands::Command;
use super::global::GlobalArguments;

#[derive(Debug, Parser)]
struct Alone<A: Args> {
    #[command(flatten)]
    global: GlobalArguments,
    #[command(flatten)]
    arguments: A,
}

/// Parses the command line `words` (the program's own name first) as the whole parser would; `None` where that one must
/// be asked.
#[must_use]
pub fn parse(words: &[OsString]) -> Option<Cli> {
    match words.get(1)?.to_str()? {
        "create" => parse_as(words, Command::Create),
        "remove" => parse_as(words, Command::Remove),
        "list" => parse_as(words, Command::List),
        "path" => parse_as(words, Command::Path),
        "switch" => parse_as(words, Command::Switch),
        "env" => parse_as(words, Command::Env),
        "prompt" => parse_as(words, Command::Prompt),
        "health" => parse_as(words, Command::Health),
        "status" => parse_as(words, Command::Status),
        "logs" => parse_as(words, Command::Logs),
        "run" => parse_as(words, Command::Run),
        "url" => parse_as(words, Command::Url),
        "wait" => parse_as(words, Command::Wait),
        "validate" => parse_as(words, Command::Validate),
        "sweep" => parse_as(words, Command::Sweep),
        _ => None,
    }
}

/// Answers whether nothing but the version is asked for.
#[must_use]
pub fn is_version(words: &[OsString]) -> bool {
    matches!(words, [_, word] if word == "--version" || word == "-V")
}

fn parse_as<A: Args>(words: &[OsString], command: fn(A) -> Command) -> Option<Cli> {
    let rest = words.iter().take(1).chain(words.iter().skip(2));
    let Alone { global, arguments } = Alone::<A>::try_parse_from(rest).ok()?;
    Some(Cli { global, command: Some(command(arguments)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_command_alone_is_parsed_as_the_whole_parser_parses_it() {
        for line in [
            "wt create",
            "wt create login --purpose feature --ports --json -C /x",
            "wt create --ports=api=5001 -vv --color=never -x sh -c true",
            "wt remove a b --force -y",
            "wt list --status --all --json",
            "wt path login -q",
            "wt switch login",
            "wt env login",
            "wt health --json",
            "wt status --no-input",
            "wt logs web -f",
            "wt run -- true --json",
            "wt validate --fix --verify-ports --config f.toml",
            "wt sweep",
        ] {
            let whole = Cli::try_parse_from(words(line)).ok();
            assert!(whole.is_some(), "{line}");
            assert_eq!(format!("{:?}", parse(&words(line))), format!("{whole:?}"), "{line}");
        }
    }

    #[test]
    fn the_version_alone_is_said_as_the_whole_parser_says_it() {
        for line in ["wt --version", "wt -V"] {
            let said = Cli::try_parse_from(words(line)).unwrap_err();
            assert!(is_version(&words(line)), "{line}");
            assert_eq!(said.render().to_string(), concat!("wt ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        assert!(!is_version(&words("wt --version list")) && !is_version(&words("wt list --version")));
    }

    #[test]
    fn what_is_wrong_unusual_or_a_question_is_left_to_the_whole_parser() {
        for line in [
            "wt",
            "wt -q list",
            "wt lst",
            "wt list --what",
            "wt create --help",
            "wt list --version",
            "wt ports list",
        ] {
            assert!(parse(&words(line)).is_none(), "{line}");
        }
    }
}
