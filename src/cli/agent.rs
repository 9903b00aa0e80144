//! `wt agent`: what the hooks of coding agents call. Whatever goes wrong, and however long it would take, the agent goes on:
//! `enter`, `state` and `leave` end with 0.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};

use super::session::Session;
use super::show_agent;
use super::surroundings::Viewpoint;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::model::agent::marker::Doing;
use crate::model::agent::program::Program;
use crate::model::agent::settings::places::SettingsScope;
use crate::model::agent::{answer, marker};
use crate::ops::agent::{self, HeardSession, Marked, Report, TypedCommand};
use crate::ops::env;
use crate::ops::hook::limit::{self, Panicked};
use crate::ui::output::{Manner, Ui};

/// How long an agent waits for us.
const LIMIT: Duration = Duration::from_secs(2);

/// How long a change waits for the registry's lock.
const LOCK_LIMIT: Duration = Duration::from_secs(1);

/// Have coding agents find their ports and their rules, and see where they work
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: AgentCommand,
}

/// What an agent's session does.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// A session begins: record its worktree if need be, mark it, and tell the agent its ports and rules
    Enter(Calling),
    /// Say what the session does
    State {
        #[arg(value_enum)]
        state: SessionState,
        #[command(flatten)]
        calling: Calling,
    },
    /// The session ends: take its mark away
    Leave(Calling),
    /// Have a program's sessions call wt: its settings get entries, every other byte stays
    Install {
        #[command(flatten)]
        place: PlaceArguments,
        /// Claude Code: show `wt prompt` in the status line, where nothing is shown there
        #[arg(long)]
        status_line: bool,
    },
    /// Take these entries out again
    Uninstall {
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// Which programs call wt, and by which file
    Status,
    /// Print a paragraph for AGENTS.md, with the repository's own services
    Text,
    /// Carries into a worktree and sets it up, behind a session that began
    #[command(hide = true)]
    MakeReady { name: String },
}

/// Who calls, where no hook's JSON on stdin says it.
#[derive(Args, Clone, Debug)]
pub struct Calling {
    /// The program, in whose form is answered; without it plain text
    #[arg(long = "as", value_name = "PROGRAM", value_parser = programs(), hide_possible_values = true)]
    pub program: Option<Program>,
    /// Where the session works [default: here]
    #[arg(long, value_name = "DIR")]
    pub cwd: Option<PathBuf>,
    /// The session's process [default: the nearest one above that is no shell]
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
}

/// Whose settings of which program.
#[derive(Args, Clone, Copy, Debug)]
pub struct PlaceArguments {
    /// claude, codex, cursor, opencode, gemini or copilot
    #[arg(value_name = "PROGRAM", value_parser = programs(), hide_possible_values = true)]
    pub program: Program,
    /// Your own settings, for every repository [default]
    #[arg(long, conflicts_with = "project")]
    pub user: bool,
    /// The repository's, in the worktree one stands in
    #[arg(long)]
    pub project: bool,
}

impl PlaceArguments {
    fn scope(self) -> SettingsScope {
        if self.project { SettingsScope::Project } else { SettingsScope::User }
    }
}

/// What a session can say.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SessionState {
    Working,
    /// For its person
    Waiting,
    Done,
}

impl From<SessionState> for Doing {
    fn from(state: SessionState) -> Self {
        match state {
            SessionState::Working => Self::Working,
            SessionState::Waiting => Self::Waiting,
            SessionState::Done => Self::Done,
        }
    }
}

fn programs() -> impl TypedValueParser<Value = Program> {
    let words = PossibleValuesParser::new(Program::ALL.map(Program::as_str));
    words.try_map(|word| Program::find(&word).ok_or("there is no such program"))
}

impl Arguments {
    /// Returns the word that names the command in `--json`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.command {
            AgentCommand::Enter(_) => "agent enter",
            AgentCommand::State { .. } => "agent state",
            AgentCommand::Leave(_) => "agent leave",
            AgentCommand::Install { .. } => "agent install",
            AgentCommand::Uninstall { .. } => "agent uninstall",
            AgentCommand::Status => "agent status",
            AgentCommand::Text => "agent text",
            AgentCommand::MakeReady { .. } => "agent make-ready",
        }
    }

    /// Answers whether a read-only policy lets it: whoever starts a session is never stopped; what it would record is not.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        match self.command {
            AgentCommand::Enter(_)
            | AgentCommand::State { .. }
            | AgentCommand::Leave(_)
            | AgentCommand::Status
            | AgentCommand::Text => true,
            AgentCommand::Install { .. }
            | AgentCommand::Uninstall { .. }
            | AgentCommand::MakeReady { .. } => false,
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// None of those that a hook calls; `settings_invalid`, `permission` of `install` and `uninstall`.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    match &arguments.command {
        AgentCommand::Enter(calling) => Ok(enter(calling, session)),
        AgentCommand::State { state, calling } => {
            let state = Doing::from(*state);
            Ok(mark(calling, session, |context, caller| agent::tell(context, caller, state)))
        }
        AgentCommand::Leave(calling) => Ok(mark(calling, session, agent::leave)),
        AgentCommand::Install { place, status_line } => {
            let context = session.context_as_it_is_whatever_is_configured()?;
            let report = agent::install(&context, place.program, place.scope(), *status_line)?;
            show_agent::edited(session, "Installed", "is installed already", &report)
        }
        AgentCommand::Uninstall { place } => {
            let context = session.context_as_it_is_whatever_is_configured()?;
            let report = agent::uninstall(&context, place.program, place.scope())?;
            show_agent::edited(session, "Uninstalled", "was not installed", &report)
        }
        AgentCommand::Status => {
            let context = session.context_as_it_is_whatever_is_configured()?;
            show_agent::status(session, &agent::status(&context))
        }
        AgentCommand::Text => {
            let context = session.context_as_it_is()?;
            let text = agent::text(&context);
            if session.ui.is_json() {
                session.ui.answer_json(&text)?;
            } else {
                session.ui.answer(&text.text)?;
            }
            Ok(0)
        }
        AgentCommand::MakeReady { name } => {
            let context = session.context()?;
            let entry = env::require_entry(&context, Some(name))?;
            agent::make_ready(&context, context.require_repository()?, &entry).map(|()| 0)
        }
    }
}

fn enter(calling: &Calling, session: &Session<'_>) -> u8 {
    let report = within(calling, || {
        let mut heard = hear(calling);
        let warnings = std::mem::take(&mut heard.warnings);
        match stand(&heard, session) {
            Ok((context, faults)) => {
                let is_sound = faults.is_empty();
                let said = faults.iter().map(|fault| fault.message().to_owned());
                agent::enter(&context, &heard.caller, is_sound, warnings.into_iter().chain(said).collect())
            }
            // A folder that is gone has nothing to say.
            Err(_) => Report { warnings, ..Report::default() },
        }
    });
    let report = report.unwrap_or_else(|words| Report { warnings: vec![words], ..Report::default() });
    complain(session.ui, &report.warnings);
    let context = session.called.speaks(&report.context).into_owned();
    if session.ui.is_json() {
        return told(session.ui.answer_json(&Report { context, ..report }));
    }
    say(session.ui, &answer::at_start(calling.program, &context))
}

fn mark(
    calling: &Calling,
    session: &Session<'_>,
    work: impl FnOnce(&Context, &marker::CallingAgent) -> Result<bool>,
) -> u8 {
    let marked = within(calling, || {
        let mut heard = hear(calling);
        let mut warnings = std::mem::take(&mut heard.warnings);
        // The session may go on where its folder is gone: its mark is found without.
        let stood = stand(&heard, session)
            .or_else(|_| stand(&HeardSession { folder: Some(PathBuf::from("/")), ..heard.clone() }, session));
        let changed =
            stood.and_then(|(context, _)| work(&context, &heard.caller)).unwrap_or_else(|failure| {
                warnings.push(failure.message().to_owned());
                false
            });
        Marked { changed, warnings }
    });
    let marked = marked.unwrap_or_else(|words| Marked { warnings: vec![words], ..Marked::default() });
    complain(session.ui, &marked.warnings);
    if session.ui.is_json() {
        return told(session.ui.answer_json(&marked));
    }
    say(session.ui, answer::nothing(calling.program))
}

fn hear(calling: &Calling) -> HeardSession {
    let Calling { program, cwd, pid } = calling.clone();
    agent::hear(&TypedCommand { program, folder: cwd, pid })
}

/// Looks around from where the session works, with whatever is right of the configuration.
fn stand(heard: &HeardSession, session: &Session<'_>) -> Result<(Context, Vec<Failure>)> {
    let Viewpoint { host, mut global } = session.viewpoint();
    global.directories.extend(heard.folder.clone());
    let (mut context, faults) = Viewpoint { host, global }.look_whatever_is_wrong()?;
    let registry = &mut context.config.registry;
    registry.lock_timeout = registry.lock_timeout.min(LOCK_LIMIT);
    Ok((context, faults))
}

/// Does the work in the time that there is for it; else the process ends, and the agent goes on.
fn within<T>(calling: &Calling, work: impl FnOnce() -> T) -> Result<T, String> {
    let program = calling.program;
    limit::within(LIMIT, move || end_late(program), work)
        .map_err(|Panicked| "something went wrong inside wt, so the session goes on without it".to_owned())
}

#[expect(clippy::exit, reason = "the agent waits, and whatever we wait for may never come")]
fn end_late(program: Option<Program>) {
    let ui = Ui::new(Manner::default());
    complain(&ui, &["this took too long, so the session goes on without it".to_owned()]);
    std::process::exit(i32::from(say(&ui, answer::nothing(program))));
}

/// All that went wrong, in one line.
fn complain(ui: &Ui, warnings: &[String]) {
    if warnings.is_empty() {
        return;
    }
    let words: Vec<String> =
        warnings.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    ui.say(&format!("wt: {}", words.join("; ")));
}

fn say(ui: &Ui, text: &str) -> u8 {
    if text.is_empty() { 0 } else { told(ui.answer(text)) }
}

/// The session goes on also where nobody hears the answer.
fn told(_: Result<()>) -> u8 {
    0
}
