//! Where somebody chooses: the keys of their terminal, its size, and their browser.

use std::io;

use super::previews::Previews;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::browser;
use crate::host::terminal::{self, Happened, Keyboard};

/// The terminal; dropped, it is as it was.
#[derive(Debug)]
pub struct Desk {
    keyboard: Keyboard,
}

impl Desk {
    /// Takes the terminal that stdin is.
    ///
    /// # Errors
    ///
    /// `internal` where it cannot be asked or set.
    pub fn take() -> Result<Self> {
        Ok(Self { keyboard: Keyboard::take().map_err(unreadable)? })
    }

    /// Sleeps until something happens, also until a preview was found.
    ///
    /// # Errors
    ///
    /// `internal` where the terminal cannot be read.
    pub fn wait(&mut self, previews: &mut Previews) -> Result<Happened> {
        self.keyboard.wait(&mut previews.bell).map_err(unreadable)
    }

    /// Gives the terminal back until the shell goes on with us.
    ///
    /// # Errors
    ///
    /// `internal` where it cannot be set.
    pub fn suspend(&self) -> Result<()> {
        self.keyboard.suspend().map_err(unreadable)
    }
}

/// Returns rows and columns of the terminal that is drawn on.
#[must_use]
pub fn size() -> (usize, usize) {
    terminal::size()
}

/// Opens `url` in the person's browser.
///
/// # Errors
///
/// `not_found` where there is no such program, `permission` where it cannot be started.
pub fn open(context: &Context, url: &str) -> Result<()> {
    browser::open(&context.host.environment, url).map_err(|error| {
        let code = if error.kind() == io::ErrorKind::NotFound { Code::NotFound } else { Code::Permission };
        Failure::new(code, format!("{url} cannot be opened: {error}"))
    })
}

fn unreadable(error: io::Error) -> Failure {
    Failure::from_io(error, Code::Internal, "the terminal cannot be read")
}
