//! Colour, where it is wanted: a mark on words that also read without it.

use std::fmt::Display;

use console::Style;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorWish {
    /// On a terminal, unless the environment says no.
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorWish {
    /// Answers whether to colour a stream; `is_welcome` says that the environment has nothing against it.
    #[must_use]
    pub fn is_on(self, is_terminal: bool, is_welcome: bool) -> bool {
        match self {
            Self::Auto => is_terminal && is_welcome,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// A brush that paints, or does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// A brush that paints only when `is_on`.
    #[must_use]
    pub fn new(is_on: bool) -> Self {
        Self { is_on }
    }

    /// Paints what went wrong.
    pub fn error(self, text: impl Display) -> String {
        self.with(&Style::new().red().bold(), text)
    }

    /// Paints what deserves a look.
    pub fn warning(self, text: impl Display) -> String {
        self.with(&Style::new().yellow().bold(), text)
    }

    /// Paints the next step.
    pub fn hint(self, text: impl Display) -> String {
        self.with(&Style::new().cyan(), text)
    }

    /// Paints what was done.
    pub fn done(self, text: impl Display) -> String {
        self.with(&Style::new().green().bold(), text)
    }

    /// Paints what stands out.
    pub fn strong(self, text: impl Display) -> String {
        self.with(&Style::new().bold(), text)
    }

    /// Paints what stands back.
    pub fn faint(self, text: impl Display) -> String {
        self.with(&Style::new().dim(), text)
    }

    fn with(self, style: &Style, text: impl Display) -> String {
        style.clone().force_styling(self.is_on).apply_to(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brush_that_is_off_changes_nothing() {
        assert_eq!(Paint::new(false).error("x"), "x");
        assert_eq!(Paint::new(true).error("x"), "\u{1b}[31m\u{1b}[1mx\u{1b}[0m");
    }

    #[test]
    fn always_paints_into_a_pipe_and_never_wins_over_a_terminal() {
        assert!(ColorWish::Always.is_on(false, false));
        assert!(!ColorWish::Never.is_on(true, true));
        assert!(!ColorWish::Auto.is_on(true, false));
    }
}
