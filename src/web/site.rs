//! What a running server knows: where it stands, its token, what is open without it, and how to look around.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::broadcast;

use super::guard::Place;
use crate::context::Context;
use crate::error::Result;
use crate::model::config::problem::Problem;

/// How many words of a change wait for a reader before it is too slow.
const BACKLOG: usize = 1024;

/// Looks around in a folder, in the one we were started in where none is named: what operations are handed, and what is wrong
/// with the configuration.
pub type Viewpoint = Box<dyn Fn(Option<&Path>) -> Result<(Context, Vec<Problem>)> + Send + Sync>;

/// What is shown without the token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    pub health: bool,
    pub metrics: bool,
}

/// A server.
pub struct Site {
    pub place: Place,
    pub token: String,
    pub open: Open,
    look: Viewpoint,
    words: broadcast::Sender<Word>,
}

/// What a reader of the stream is told.
#[derive(Clone, Debug)]
pub enum Word {
    /// An event: its sequence, and the line of the log.
    Event(u64, Arc<str>),
    /// The records or a service changed.
    Changed,
}

impl fmt::Debug for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Site").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Site {
    /// A server at `place`.
    #[must_use]
    pub fn new(place: Place, token: String, open: Open, look: Viewpoint) -> Self {
        Self { place, token, open, look, words: broadcast::Sender::new(BACKLOG) }
    }

    /// Looks around in `folder`, in the one we were started in where none is named.
    ///
    /// # Errors
    ///
    /// `config_invalid` for a configuration that cannot be read at all.
    pub fn look(&self, folder: Option<&Path>) -> Result<(Context, Vec<Problem>)> {
        (self.look)(folder)
    }

    /// Tells all readers.
    pub fn tell(&self, word: Word) {
        // Without readers nobody hears it.
        let _ = self.words.send(word);
    }

    /// Returns what hears each word from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Word> {
        self.words.subscribe()
    }
}
