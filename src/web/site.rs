//! What a running server knows: where it stands, its token, what is open without it, and how to look around.

use std::fmt;
use std::path::Path;

use tokio::sync::broadcast;

use super::guard::Place;
use crate::context::Context;
use crate::error::Result;
use crate::model::config::problem::Problem;

/// How many words of a change wait for a reader before it is too slow.
const BACKLOG: usize = 64;

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
    changes: broadcast::Sender<()>,
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
        Self { place, token, open, look, changes: broadcast::Sender::new(BACKLOG) }
    }

    /// Looks around in `folder`, in the one we were started in where none is named.
    ///
    /// # Errors
    ///
    /// `config_invalid` for a configuration that cannot be read at all.
    pub fn look(&self, folder: Option<&Path>) -> Result<(Context, Vec<Problem>)> {
        (self.look)(folder)
    }

    /// Tells all readers of a change.
    pub fn tell(&self) {
        // Without readers nobody hears it.
        let _ = self.changes.send(());
    }

    /// Returns what hears of each change from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<()> {
        self.changes.subscribe()
    }
}
