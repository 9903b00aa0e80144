//! What a command is run with: the voice, the flags for all, and the way to the context.

use super::arguments::GlobalArguments;
use crate::ui::output::Ui;

/// What a command is run with.
#[derive(Debug)]
pub struct Session<'a> {
    pub ui: &'a Ui,
    pub global: &'a GlobalArguments,
}
