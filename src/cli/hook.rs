//! `wt hook`, which git's hooks call. git never suffers: whatever goes wrong, and however long it would take, git goes
//! on, with one line on stderr at most. Only a push that would publish an env block is stopped.

use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};

use super::session::Session;
use super::surroundings::Viewpoint;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::model::hook_event::Checkout;
use crate::model::hooks::text::WORD;
use crate::ops::hook::limit::{self, Panicked};
use crate::ops::hook::{self, Push, passing};
use crate::ui::output::{Manner, Ui};

/// How long git waits for us.
const LIMIT: Duration = Duration::from_secs(2);

/// When what can be left unfinished is.
const DEADLINE: Duration = Duration::from_millis(1700);

/// How long a change waits for the registry's lock.
const LOCK_LIMIT: Duration = Duration::from_secs(1);

/// The longest stdin that is read, in bytes: some thousands of refs.
const LONGEST_INPUT: u64 = 1024 * 1024;

/// Called by git's hooks
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub hook: HookCommand,
}

/// The hooks, with the arguments that git gives them (githooks(5)).
#[derive(Clone, Debug, Subcommand)]
pub enum HookCommand {
    /// After a checkout: the old commit, the new one, and 1 for a checkout of a branch
    PostCheckout { arguments: Vec<OsString> },
    /// Before a push: the remote's name and its URL; the refs on stdin
    PrePush {
        /// The exit status that stops the push
        #[arg(long, value_name = "STATUS", default_value_t = STOP_BEFORE)]
        stop_with: u8,
        arguments: Vec<OsString>,
    },
    /// Says which `wt` this is, so that a hook can tell it from another program of that name
    Probe,
}

/// The status that stops a push for hooks that ask for none: those that were installed by an earlier `wt`.
const STOP_BEFORE: u8 = 1;

/// A call that is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `None`: of single files, or nothing that git says.
    PostCheckout(Option<Checkout>),
    PrePush {
        remote: String,
        /// The exit status that stops the push.
        stop_with: u8,
    },
    Probe,
}

impl Call {
    /// Reads a command line as git's hooks write it, the program's name left out; `None` for every other.
    #[must_use]
    pub fn find(words: &[OsString]) -> Option<Self> {
        let [hook, name, rest @ ..] = words else { return None };
        let (status, arguments) = match rest {
            [flag, status, arguments @ ..] if name == "pre-push" && flag == "--stop-with" => {
                (status.to_str()?.parse().ok()?, arguments)
            }
            arguments => (STOP_BEFORE, arguments),
        };
        let is_flag = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
        if hook != "hook" || arguments.iter().any(is_flag) {
            return None;
        }
        match name.to_str()? {
            "post-checkout" => Some(Self::post_checkout(arguments)),
            "pre-push" => Some(Self::pre_push(arguments, status)),
            "probe" if arguments.is_empty() => Some(Self::Probe),
            _ => None,
        }
    }

    /// Answers whether there is nothing to do and nothing to look at.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::PostCheckout(None)
    }

    fn post_checkout(arguments: &[OsString]) -> Self {
        let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Self::PostCheckout(Checkout::find(&words))
    }

    fn pre_push(arguments: &[OsString], stop_with: u8) -> Self {
        let remote = arguments.first().map(|name| name.to_string_lossy().into_owned());
        Self::PrePush { remote: remote.unwrap_or_default(), stop_with }
    }
}

/// What git is answered.
#[derive(Debug)]
pub enum HookAnswer {
    Silence,
    /// One line on stderr.
    Say(String),
    /// The one word on stdout that tells us from another program.
    Word,
    /// The push is to be stopped, with this exit status.
    Stop(Failure, u8),
}

/// Runs the command.
#[must_use]
pub fn run(arguments: &Arguments, session: &Session<'_>) -> u8 {
    let call = match &arguments.hook {
        HookCommand::PostCheckout { arguments } => Call::post_checkout(arguments),
        HookCommand::PrePush { stop_with, arguments } => Call::pre_push(arguments, *stop_with),
        HookCommand::Probe => Call::Probe,
    };
    show(answer(call, session.viewpoint()), session.ui)
}

/// Finds the answer, in two seconds at most: then the process ends, and git goes on.
#[must_use]
pub fn answer(call: Call, viewpoint: Viewpoint) -> HookAnswer {
    let stop_with = match &call {
        Call::Probe => return HookAnswer::Word,
        Call::PrePush { stop_with, .. } => *stop_with,
        Call::PostCheckout(_) => STOP_BEFORE,
    };
    let said = match limit::within(LIMIT, end_late, || work(call, viewpoint)) {
        Ok(Ok(said)) => said,
        Ok(Err(refusal)) => return HookAnswer::Stop(refusal, stop_with),
        Err(Panicked) => vec!["something went wrong inside wt, so git goes on without it".to_owned()],
    };
    if said.is_empty() { HookAnswer::Silence } else { HookAnswer::Say(one_line(&said)) }
}

#[expect(clippy::exit, reason = "git waits, and whatever we wait for may never come")]
fn end_late() {
    Ui::new(Manner::default()).say(&one_line(&["this took too long, so git goes on without it".to_owned()]));
    std::process::exit(0);
}

/// Shows the answer, and returns 0, or the status that was asked for where a push is to be stopped.
#[must_use]
pub fn show(answer: HookAnswer, ui: &Ui) -> u8 {
    match answer {
        HookAnswer::Silence => 0,
        HookAnswer::Say(line) => {
            ui.say(&line);
            0
        }
        HookAnswer::Word => match ui.answer(WORD) {
            Ok(()) => 0,
            Err(failure) => ui.fail(&failure),
        },
        HookAnswer::Stop(refusal, status) => {
            ui.fail(&refusal);
            status
        }
    }
}

/// Does what is to be done; returns the words to say, or why the push is to be stopped.
fn work(call: Call, viewpoint: Viewpoint) -> Result<Vec<String>> {
    let deadline = Instant::now() + DEADLINE;
    match call {
        Call::PostCheckout(None) | Call::Probe => Ok(Vec::new()),
        Call::PostCheckout(Some(checkout)) => Ok(post_checkout(viewpoint, &checkout)),
        Call::PrePush { remote, .. } => pre_push(viewpoint, remote, deadline),
    }
}

fn post_checkout(viewpoint: Viewpoint, checkout: &Checkout) -> Vec<String> {
    let Ok(folder) = viewpoint.folder() else { return Vec::new() };
    let Some(calls) = passing::calls(&viewpoint.host, &folder, checkout) else { return Vec::new() };
    match context(viewpoint) {
        Ok(context) if context.config.policy.is_read_only() => Vec::new(),
        Ok(context) => hook::post_checkout(&context, checkout, calls),
        Err(failure) => vec![failure.message().to_owned()],
    }
}

fn pre_push(viewpoint: Viewpoint, remote: String, deadline: Instant) -> Result<Vec<String>> {
    let mut refs = Vec::new();
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        // What was read before it failed is looked at.
        let _ = stdin.lock().take(LONGEST_INPUT).read_to_end(&mut refs);
    }
    match context(viewpoint) {
        Ok(context) if context.config.policy.is_read_only() => Ok(Vec::new()),
        Ok(context) => hook::pre_push(&context, &Push { remote, refs }, deadline),
        Err(failure) => Ok(vec![failure.message().to_owned()]),
    }
}

/// The context, in which nobody waits long for the registry.
fn context(viewpoint: Viewpoint) -> Result<Context> {
    let mut context = viewpoint.surroundings()?.into_context()?;
    let registry = &mut context.config.registry;
    registry.lock_timeout = registry.lock_timeout.min(LOCK_LIMIT);
    Ok(context)
}

/// All that is said, in one line.
fn one_line(said: &[String]) -> String {
    let words: Vec<String> =
        said.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    format!("wt: {}", words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn a_call_is_read_as_git_writes_it_and_everything_else_is_left_to_the_parser() {
        let zeros = "0".repeat(40);
        let first = Call::find(&words(&format!("hook post-checkout {zeros} {zeros} 1"))).unwrap();
        assert_eq!(first, Call::PostCheckout(Some(Checkout { old: zeros })));
        assert!(Call::find(&words("hook post-checkout a b 0")).unwrap().is_nothing());
        assert!(Call::find(&words("hook post-checkout")).unwrap().is_nothing());
        let push = Call::find(&words("hook pre-push origin https://example.org/r.git")).unwrap();
        assert_eq!(push, Call::PrePush { remote: "origin".to_owned(), stop_with: 1 });
        let push =
            Call::find(&words("hook pre-push --stop-with 87 origin https://example.org/r.git")).unwrap();
        assert_eq!(push, Call::PrePush { remote: "origin".to_owned(), stop_with: 87 });
        assert_eq!(Call::find(&words("hook probe")), Some(Call::Probe));
        for line in [
            "",
            "hook",
            "hook nonsense",
            "hook post-checkout --help",
            "list",
            "-C /x hook pre-push a b",
            "hook pre-push --stop-with x a b",
            "hook probe --help",
        ] {
            assert_eq!(Call::find(&words(line)), None, "{line}");
        }
    }

    #[test]
    fn whatever_is_said_takes_one_line() {
        let said = ["one\n  two\n".to_owned(), "three".to_owned()];
        assert_eq!(one_line(&said), "wt: one two; three");
    }
}
