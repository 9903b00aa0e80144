//! The terminal as something that keys are read from one by one: raw while it is held, as it was before in every case.

use std::io::{self, stdin};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use crate::host::services::signals::Bell;
use crate::model::picker::{Decoder, PressedKey};

/// How long the rest of a key may take that has begun: over a slow line an arrow comes in pieces.
const REST: Duration = Duration::from_millis(50);

/// What happened since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    pub keys: Vec<PressedKey>,
    /// Somebody wants us to end, or the terminal is gone.
    pub is_ended: bool,
    /// The terminal has another size, or we were stopped and go on.
    pub is_changed: bool,
}

/// stdin as a keyboard; dropped, the terminal is as it was.
#[derive(Debug)]
pub struct Keyboard {
    usual: Termios,
    endings: Bell,
    changes: Bell,
    decoder: Decoder,
}

impl Keyboard {
    /// Takes the terminal that stdin is.
    ///
    /// # Errors
    ///
    /// Those of asking and setting it, as where stdin is none.
    pub fn take() -> io::Result<Self> {
        let usual = tcgetattr(stdin())?;
        let (endings, changes) = (Bell::of_endings()?, Bell::of_terminals()?);
        let keyboard = Self { usual, endings, changes, decoder: Decoder::default() };
        keyboard.make_raw()?;
        Ok(keyboard)
    }

    fn make_raw(&self) -> io::Result<()> {
        let mut raw = self.usual.clone();
        raw.make_raw();
        Ok(tcsetattr(stdin(), OptionalActions::Flush, &raw)?)
    }

    /// Sleeps until something happens, also until `bell` rings.
    ///
    /// # Errors
    ///
    /// Those of waiting and reading.
    pub fn wait(&mut self, bell: &mut Bell) -> io::Result<Happened> {
        let time = self.decoder.is_pending().then(|| Timespec::try_from(REST).unwrap_or_default());
        let stdin = stdin();
        let sources = [stdin.as_fd(), self.endings.as_fd(), self.changes.as_fd(), bell.as_fd()];
        let mut asked = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN));
        match poll(&mut asked, time.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let seen = asked[0].revents();
        let mut happened = Happened {
            is_ended: self.endings.rang(),
            is_changed: self.changes.rang(),
            ..Happened::default()
        };
        bell.rang();
        if seen.intersects(PollFlags::IN) {
            let mut buffer = [0; 256];
            match rustix::io::read(stdin.as_fd(), &mut buffer) {
                Ok(0) | Err(Errno::IO) => happened.is_ended = true,
                Ok(count) => happened.keys = self.decoder.feed(&buffer[..count]),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        } else if seen.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            happened.is_ended = true;
        } else if time.is_some() && !happened.is_changed {
            happened.keys.extend(self.decoder.flush());
        }
        Ok(happened)
    }

    /// Gives the terminal back and stands still, as Ctrl-Z has every program do; returns once we go on.
    ///
    /// # Errors
    ///
    /// Those of setting the terminal.
    pub fn suspend(&self) -> io::Result<()> {
        self.restore();
        // Nobody may be there to go on with us: then we are not stopped either.
        let _ = kill_current_process_group(Signal::TSTP);
        self.make_raw()
    }

    fn restore(&self) {
        let _ = tcsetattr(stdin(), OptionalActions::Drain, &self.usual);
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Returns rows and columns of the terminal that stderr is, else the usual ones.
#[must_use]
pub fn size() -> (usize, usize) {
    let size = tcgetwinsize(io::stderr()).ok().filter(|size| size.ws_row > 0 && size.ws_col > 0);
    size.map_or((24, 80), |size| (usize::from(size.ws_row), usize::from(size.ws_col)))
}
