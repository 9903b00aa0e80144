//! The screen that the picker is drawn on: another one than the shell's, which comes back in every case.

use super::frame::{Picture, frame};
use crate::ui::output::Ui;

/// Another screen (DECSET 1049), and pasted text marked as such (2004).
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?2004h";

const LEAVE: &str = "\u{1b}[?2004l\u{1b}[?25h\u{1b}[0m\u{1b}[?1049l";

/// The screen; dropped, the shell's own is there again with its cursor.
#[derive(Debug)]
pub struct Stage<'a> {
    ui: &'a Ui,
}

impl<'a> Stage<'a> {
    /// Takes the terminal that stderr is.
    #[must_use]
    pub fn enter(ui: &'a Ui) -> Self {
        ui.pass_on(ENTER.as_bytes());
        Self { ui }
    }

    /// Shows the picture, in one piece.
    pub fn draw(&self, picture: &Picture<'_>, size: (usize, usize)) {
        self.ui.pass_on(frame(picture, size).as_bytes());
    }

    /// Gives the screen back for a while.
    pub fn leave(&self) {
        self.ui.pass_on(LEAVE.as_bytes());
    }

    /// Takes it again.
    pub fn enter_again(&self) {
        self.ui.pass_on(ENTER.as_bytes());
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}
