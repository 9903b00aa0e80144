//! What a running server knows: where it stands, its token, what is open without it, and how to look around.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Semaphore, broadcast};

use super::forward::Pool;
use super::guard::AnswerPlace;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::config::problem::Problem;
use crate::model::port::Port;
use crate::model::short_names::ShortNames;
use crate::ops::forwarding::Book;

/// How many words of a change wait for a reader before it is too slow.
const BACKLOG: usize = 1024;

/// How many actions are done at once: fewer than there are threads, so that somebody who looks is answered.
const TURNS: usize = 4;

/// Looks around in a folder, in the one we were started in where none is named: what operations are handed, and what is wrong
/// with the configuration.
pub type LookAround = Box<dyn Fn(Option<&Path>) -> Result<(Context, Vec<Problem>)> + Send + Sync>;

/// What is shown without the token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    pub health: bool,
    pub metrics: bool,
}

/// What a server shows, and lets be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub open: Open,
    /// Whether whoever has the token may also act.
    pub acts: bool,
    /// Whether what runs on the team's other hosts is shown.
    pub team: bool,
}

/// A server.
pub struct ServerSite {
    pub place: AnswerPlace,
    /// The names that lead to services.
    pub book: Book,
    /// Connections to services that wait for the next request.
    pub pool: Pool,
    pub token: String,
    pub shown: Shown,
    look: LookAround,
    /// How many may act at once.
    pub turns: Arc<Semaphore>,
    words: broadcast::Sender<Word>,
}

/// What a reader of the stream is told.
#[derive(Clone, Debug)]
pub enum Word {
    /// The records or a service changed. With the events that were logged since the last word: their sequences and lines.
    Changed(Arc<[(u64, Arc<str>)]>),
}

impl fmt::Debug for ServerSite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Site").field("place", &self.place).finish_non_exhaustive()
    }
}

impl ServerSite {
    /// A server at `place`.
    #[must_use]
    pub fn new(place: AnswerPlace, token: String, shown: Shown, book: Book, look: LookAround) -> Self {
        let words = broadcast::Sender::new(BACKLOG);
        let (pool, turns) = (Pool::default(), Arc::new(Semaphore::new(TURNS)));
        Self { place, book, pool, token, shown, look, turns, words }
    }

    /// Answers whether it answers on that port itself.
    #[must_use]
    pub fn is_at(&self, port: Port) -> bool {
        self.place == AnswerPlace::Port(port)
    }

    /// Returns the address of the dashboard; `None` on a socket in the file system.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        match self.place {
            AnswerPlace::Port(port) => Some(format!("http://127.0.0.1:{port}/")),
            AnswerPlace::Socket => None,
        }
    }

    /// Looks around in `folder`, in the one we were started in where none is named.
    ///
    /// # Errors
    ///
    /// `config_invalid` for a configuration that cannot be read at all.
    pub fn look_around(&self, folder: Option<&Path>) -> Result<(Context, Vec<Problem>)> {
        (self.look)(folder)
    }

    /// Looks around from no repository: reports are about all of them.
    ///
    /// # Errors
    ///
    /// As [`ServerSite::look_around`].
    pub fn everywhere(&self) -> Result<(Context, Vec<Problem>)> {
        let (context, problems) = self.look_around(None)?;
        Ok((Context { repository: None, ..context }, problems))
    }

    /// Looks around in the main worktree of the repository of that short name.
    ///
    /// # Errors
    ///
    /// `not_found` where there is none; as [`ServerSite::look_around`].
    pub fn at(&self, repository: &str) -> Result<(Context, Vec<Problem>)> {
        let (context, _) = self.everywhere()?;
        let registry = context.store()?.read()?;
        let names = ShortNames::of(&registry);
        let known =
            names.find(repository).and_then(|id| registry.repositories.iter().find(|known| known.id == *id));
        let Some(known) = known else {
            let message = format!("there is no repository `{repository}` on record");
            return Err(Failure::new(Code::NotFound, message));
        };
        self.look_around(Some(&known.path))
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
