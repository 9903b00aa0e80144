//! Questions, asked on stderr and only where somebody is there to answer. Ctrl-C is an answer: stop.

use std::io::ErrorKind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Select};
use nix::sys::signal::{SigSet, Signal};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::escape;
use super::output::Ui;
use crate::error::{Code, Failure, Result};

/// How often it is looked at while a question stands whether a signal came.
const LOOK: Duration = Duration::from_millis(20);

/// Asks yes or no; Enter is no.
///
/// # Errors
///
/// `interrupted` on Ctrl-C, and on a signal.
pub fn confirm(ui: &Ui, question: &str) -> Result<bool> {
    let question = escape::line(question).into_owned();
    asked(ui, move |theme| {
        Confirm::with_theme(theme).with_prompt(&question).default(false).interact_on(&Term::stderr())
    })
}

/// Asks which of `choices`; returns its index.
///
/// # Errors
///
/// `interrupted` on Ctrl-C, and on a signal.
pub fn select(ui: &Ui, question: &str, choices: &[String], default: usize) -> Result<usize> {
    let question = escape::line(question).into_owned();
    let choices: Vec<String> = choices.iter().map(|choice| escape::line(choice).into_owned()).collect();
    asked(ui, move |theme| {
        let select = Select::with_theme(theme).with_prompt(&question).items(&choices).default(default);
        select.interact_on(&Term::stderr())
    })
}

/// Asks for a line of text, again until `check` agrees; an empty answer is `None`.
///
/// # Errors
///
/// `interrupted` on Ctrl-C, and on a signal.
pub fn text(
    ui: &Ui,
    question: &str,
    check: impl Fn(&str) -> Result<(), String> + Clone + Send + 'static,
) -> Result<Option<String>> {
    let question = escape::line(question).into_owned();
    let typed = asked(ui, move |theme| {
        let check = check.clone();
        let input =
            Input::<String>::with_theme(theme).with_prompt(&question).allow_empty(true).validate_with(
                move |typed: &String| if typed.trim().is_empty() { Ok(()) } else { check(typed.trim()) },
            );
        input.interact_text_on(&Term::stderr())
    })?;
    let typed = typed.trim();
    Ok((!typed.is_empty()).then(|| typed.to_owned()))
}

/// Asks beside ourselves: whoever reads from a terminal hears no signal that is caught. The question is left alone then, and
/// the terminal is as it was.
fn asked<T: Send + 'static>(
    ui: &Ui,
    question: impl Fn(&dyn Theme) -> dialoguer::Result<T> + Clone + Send + 'static,
) -> Result<T> {
    let modes = tcgetattr(std::io::stderr()).ok();
    let is_painted = ui.talk_is_painted();
    let (sender, answer) = channel();
    let asking = question.clone();
    let started = std::thread::Builder::new().spawn(move || {
        // Whoever is interrupted while it reads a key raises SIGINT (console's way): a second signal, which ends us at once.
        let ours: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect();
        let _ = ours.thread_block();
        // Nobody may be waiting for it any more.
        let _ = sender.send(asking(&*theme(is_painted)));
    });
    if started.is_err() {
        // The system gives no more threads.
        return answered(question(&*theme(is_painted)));
    }
    loop {
        match answer.recv_timeout(LOOK) {
            Ok(answer) => return answered(answer),
            Err(RecvTimeoutError::Timeout) if !ui.is_given_up() => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new(Code::Internal, "the terminal cannot be asked"));
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(modes) = &modes {
                    let _ = tcsetattr(std::io::stderr(), OptionalActions::Now, modes);
                }
                let _ = Term::stderr().write_line("");
                return answered(Err(std::io::Error::from(ErrorKind::Interrupted).into()));
            }
        }
    }
}

fn theme(is_painted: bool) -> Box<dyn Theme> {
    if is_painted { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) }
}

fn answered<T>(answer: dialoguer::Result<T>) -> Result<T> {
    answer.map_err(|dialoguer::Error::IO(error)| {
        // A cursor that was hidden for a list stays hidden otherwise.
        let _ = Term::stderr().show_cursor();
        match error.kind() {
            ErrorKind::Interrupted => Failure::new(Code::Interrupted, "interrupted; nothing was changed"),
            ErrorKind::UnexpectedEof | ErrorKind::NotConnected => {
                Failure::new(Code::Usage, "nobody answered the question")
                    .hint("give the answer as an argument, or pass `--no-input`")
            }
            _ => Failure::from_io(error, Code::Internal, "the terminal cannot be asked"),
        }
    })
}
