//! From the words of a command line to an exit status: parse, choose the voice, run the one command.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches};

use super::arguments::Cli;
use super::commands::Command;
use super::global::GlobalArguments;
use super::session::Session;
use super::surroundings::Viewpoint;
use super::usage::{self, CommandLineGlimpse};
use super::{alone, elsewhere, external, help, hook, looking};
use crate::error::{Code, Failure, Result};
use crate::host::machine::Host;
use crate::host::process::{open_files, signals};
use crate::host::services::{launch, reaper};
use crate::host::store::StoreMemory;
use crate::model::called::Called;
use crate::model::command_line::CommandLine;
use crate::ops::notify::start;
use crate::ops::services::contact;
use crate::ui::output::{Manner, Ui};

/// Runs the command line `words` (the program's own name first) and returns the exit status.
#[must_use]
pub fn run(words: &[OsString]) -> u8 {
    signals::begin_children_as_usual();
    if words.get(1).is_some_and(|word| word == launch::WORD) {
        return launch::become_service();
    }
    if let [_, word, command @ ..] = words
        && word == open_files::WORD
    {
        let said = open_files::become_command(command);
        Ui::new(Manner::default()).fail(&Failure::new(Code::NotFound, said));
        return open_files::CANNOT_RUN;
    }
    // It outlives whoever started it: a pipe of theirs that it kept open would never come to its end.
    let is_sender = words.iter().skip(1).take(2).eq(start::WORDS.iter().take(2));
    if is_sender || words.get(1).is_some_and(|word| word == contact::WORD) {
        reaper::close_inherited();
    }
    // git waits for its hooks: they do without the parser.
    if let Some(call) = hook::Call::find(words.get(1..).unwrap_or_default()) {
        return hooked(call);
    }
    if alone::is_version(words) {
        return version(words);
    }
    let cli = match alone::parse(words).map_or_else(|| parse(words), Ok) {
        Ok(cli) => cli,
        Err(error) => {
            return external::find(&error, words, viewpoint).unwrap_or_else(|| refused(&error, words));
        }
    };
    let word = cli.command.as_ref().map_or("", Command::word);
    let host = Host::from_environment().typed(words).running(word);
    let called = Called::of(words.first().map(OsString::as_os_str));
    let ui = Ui::new(manner(&cli, &host, called));
    let directive = host.environment.find("WT_DIRECTIVE_FILE").map(PathBuf::from);
    let looks = cli.command.as_ref().is_none_or(Command::only_looks);
    let session = Session {
        ui: &ui,
        global: &cli.global,
        host: &host,
        command_line: Cli::command,
        directive,
        called,
        looks,
        registry: StoreMemory::default(),
    };
    let allowed = looking::require_allowed(&policies(&host), &host.command, looks);
    let status = ended(&ui, allowed.and_then(|()| perform(cli.command, &session)));
    // What others left unsent goes on as well; what a person waits for with each key does not look.
    if !["notify", "notify test", "prompt", "__complete"].contains(&host.command.as_str()) {
        start::wake(&host);
    }
    status
}

/// What the environment says about the policy.
fn policies(host: &Host) -> [Option<&OsStr>; 2] {
    looking::VARIABLES.map(|name| host.environment.find(name))
}

/// What help looks like is made up only for those who see it.
fn parse(words: &[OsString]) -> Result<Cli, clap::Error> {
    let as_shown = |error: clap::Error| match error.kind() {
        ErrorKind::DisplayVersion => error,
        _ => help::command().color(ColorChoice::Never).try_get_matches_from(words).err().unwrap_or(error),
    };
    let plain = Cli::command().color(ColorChoice::Never);
    Cli::from_arg_matches(&plain.try_get_matches_from(words).map_err(as_shown)?)
}

fn hooked(call: hook::Call) -> u8 {
    if call.is_nothing() {
        return 0;
    }
    let host = Host::from_environment().running("hook");
    if looking::require_allowed(&policies(&host), &host.command, false).is_err() {
        return 0;
    }
    let color_welcome = welcomes_color(&host);
    match hook::answer(call, Viewpoint { host, global: GlobalArguments::default() }) {
        hook::HookAnswer::Silence => 0,
        answer => {
            let manner = Manner { color_welcome, command: "hook".to_owned(), ..Manner::default() };
            hook::show(answer, &Ui::new(manner))
        }
    }
}

/// Where we stand when no flag says otherwise.
fn viewpoint() -> Viewpoint {
    Viewpoint { host: Host::from_environment(), global: GlobalArguments::default() }
}

/// <https://no-color.org>: any value but the empty one says no.
fn welcomes_color(host: &Host) -> bool {
    let environment = &host.environment;
    environment.find("NO_COLOR").is_none()
        && environment.find("TERM").is_none_or(|terminal| terminal != "dumb")
}

fn manner(cli: &Cli, host: &Host, called: Called) -> Manner {
    let global = &cli.global;
    Manner {
        called,
        json: global.json,
        quiet: global.quiet,
        verbose: global.verbose,
        color: global.color.into(),
        color_welcome: welcomes_color(host),
        no_prompts: global.no_input || global.yes,
        command: host.command.clone(),
        given_up: host.interrupt.flag(),
    }
}

fn perform(command: Option<Command>, session: &Session<'_>) -> Result<u8> {
    let Some(mut command) = command else { return no_command(session) };
    match elsewhere::place(&mut command, session)? {
        Some(global) => command.run(&session.again(session.ui, &global)),
        None => command.run(session),
    }
}

/// The version alone, as clap says it: programs ask for it on every call of theirs.
fn version(words: &[OsString]) -> u8 {
    let called = Called::of(words.first().map(OsString::as_os_str));
    let ui = Ui::new(Manner { called, ..Manner::default() });
    let text = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), "\n");
    ended(&ui, ui.answer(&called.helps(text)).map(|()| 0))
}

/// As cargo does: a bare word shows the way.
fn no_command(session: &Session<'_>) -> Result<u8> {
    if session.ui.is_json() {
        return Err(Failure::new(Code::Usage, "no command was given").hint("see `wt --help`"));
    }
    session.ui.answer(&session.called.helps(&help::command().render_help().to_string()))?;
    Ok(0)
}

fn refused(error: &clap::Error, words: &[OsString]) -> u8 {
    let glimpse = CommandLineGlimpse::of(words);
    let is_answer = usage::is_answer(error);
    let called = Called::of(words.first().map(OsString::as_os_str));
    let ui = Ui::new(Manner {
        called,
        json: glimpse.json && !is_answer,
        color: glimpse.color,
        color_welcome: welcomes_color(&Host::from_environment()),
        command: glimpse.command.clone(),
        ..Manner::default()
    });
    if is_answer {
        return ended(&ui, ui.answer(&called.helps(&error.render().to_string())).map(|()| 0));
    }
    ui.fail(&usage::failure(error, &glimpse.command, &CommandLine::of(words)))
}

fn ended(ui: &Ui, outcome: Result<u8>) -> u8 {
    outcome.unwrap_or_else(|failure| ui.fail(&failure))
}
