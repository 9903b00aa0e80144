//! Questions, asked on stderr and only where somebody is there to answer. Ctrl-C is an answer: stop.

use std::io::ErrorKind;

use console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Select};

use super::escape;
use super::output::Ui;
use crate::error::{Code, Failure, Result};

/// Asks yes or no; Enter is no.
///
/// # Errors
///
/// `interrupted` on Ctrl-C.
pub fn confirm(ui: &Ui, question: &str) -> Result<bool> {
    let theme = theme(ui);
    let question = escape::line(question);
    answered(Confirm::with_theme(&*theme).with_prompt(&*question).default(false).interact_on(&Term::stderr()))
}

/// Asks which of `choices`; returns its index.
///
/// # Errors
///
/// `interrupted` on Ctrl-C.
pub fn select(ui: &Ui, question: &str, choices: &[String], default: usize) -> Result<usize> {
    let theme = theme(ui);
    let question = escape::line(question);
    let choices: Vec<_> = choices.iter().map(|choice| escape::line(choice)).collect();
    let select = Select::with_theme(&*theme).with_prompt(&*question).items(&choices).default(default);
    answered(select.interact_on(&Term::stderr()))
}

/// Asks for a line of text, again until `check` agrees; an empty answer is `None`.
///
/// # Errors
///
/// `interrupted` on Ctrl-C.
pub fn text(ui: &Ui, question: &str, check: impl Fn(&str) -> Result<(), String>) -> Result<Option<String>> {
    let theme = theme(ui);
    let input = Input::<String>::with_theme(&*theme)
        .with_prompt(escape::line(question))
        .allow_empty(true)
        .validate_with(|typed: &String| if typed.trim().is_empty() { Ok(()) } else { check(typed.trim()) });
    let typed = answered(input.interact_text_on(&Term::stderr()))?;
    let typed = typed.trim();
    Ok((!typed.is_empty()).then(|| typed.to_owned()))
}

fn theme(ui: &Ui) -> Box<dyn Theme> {
    if ui.talk_is_painted() { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) }
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
