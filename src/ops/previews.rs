//! Previews made beside the picker by one thread, the one that is wanted last first. It ends with the picker, and whatever
//! it started ends with it.

use std::collections::HashMap;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::list::{self, Request};
use super::preview;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::services::signals::Bell;
use crate::model::picker::PickerPreview;
use crate::model::view::WorktreeView;

/// How long the end of the thread is waited for. A child of git that it waits for is ended; a file system that does not answer
/// keeps nobody.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the thread tells.
enum Told {
    /// The rows with the state of their services.
    Rows(Vec<WorktreeView>),
    Preview(PathBuf, Option<PickerPreview>),
    Ended,
}

/// The thread, and what it found so far.
#[derive(Debug)]
pub struct Previews {
    wanted: Option<Sender<PathBuf>>,
    told: Receiver<Told>,
    is_unwanted: Arc<AtomicBool>,
    pub(super) bell: Bell,
    /// What was found, and what is being looked for.
    known: HashMap<PathBuf, Option<PickerPreview>>,
}

impl Previews {
    /// Starts the thread, which looks around by itself with `context`.
    ///
    /// # Errors
    ///
    /// `internal` where the system gives no thread.
    pub fn begin(
        context: impl FnOnce() -> Option<Context> + Send + 'static,
        request: Request,
    ) -> Result<Self> {
        let refused = |error| Failure::from_io(error, Code::Internal, "the previews cannot be begun");
        let (bell, ringer) = Bell::with_ringer().map_err(refused)?;
        let (wanted, asked) = channel();
        let (teller, told) = channel();
        let is_unwanted = Arc::new(AtomicBool::new(false));
        let worker = Worker { asked, teller, ringer, is_unwanted: Arc::clone(&is_unwanted) };
        let work = move || worker.work(context, request);
        std::thread::Builder::new().name("previews".to_owned()).spawn(work).map_err(refused)?;
        Ok(Self { wanted: Some(wanted), told, is_unwanted, bell, known: HashMap::new() })
    }

    /// Has the worktree at `path` looked at, once.
    pub fn want(&mut self, path: &Path) {
        if !self.known.contains_key(path) {
            self.known.insert(path.to_path_buf(), None);
            if let Some(wanted) = &self.wanted {
                let _ = wanted.send(path.to_path_buf());
            }
        }
    }

    /// Forgets what was found of `path`.
    pub fn forget(&mut self, path: &Path) {
        self.known.remove(path);
    }

    /// Returns what is known of `path`.
    #[must_use]
    pub fn find(&self, path: &Path) -> Option<&PickerPreview> {
        self.known.get(path)?.as_ref()
    }

    /// Takes in what was found since; returns the rows, where they are news.
    pub fn take(&mut self) -> Option<Vec<WorktreeView>> {
        let mut rows = None;
        for told in self.told.try_iter() {
            match told {
                Told::Rows(news) => rows = Some(news),
                Told::Preview(path, preview) => {
                    self.known.insert(path, preview);
                }
                Told::Ended => {}
            }
        }
        rows
    }
}

impl Drop for Previews {
    fn drop(&mut self) {
        self.is_unwanted.store(true, Ordering::Relaxed);
        self.wanted = None;
        loop {
            match self.told.recv_timeout(PATIENCE) {
                Ok(Told::Ended) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

struct Worker {
    asked: Receiver<PathBuf>,
    teller: Sender<Told>,
    ringer: UnixStream,
    is_unwanted: Arc<AtomicBool>,
}

impl Worker {
    fn work(mut self, context: impl FnOnce() -> Option<Context>, request: Request) {
        if let Some(context) = context() {
            if let Ok(report) = list::list(&context, request) {
                self.tell(Told::Rows(report.worktrees));
            }
            while let Ok(first) = self.asked.recv() {
                // Whoever runs down the rows wants the one where they stop first.
                let mut waiting: Vec<PathBuf> = std::iter::once(first).chain(self.asked.try_iter()).collect();
                while let Some(path) = waiting.pop() {
                    if self.is_unwanted.load(Ordering::Relaxed) {
                        break;
                    }
                    let unwanted = Arc::clone(&self.is_unwanted);
                    let found = preview::preview(&context, &path, &|| unwanted.load(Ordering::Relaxed));
                    self.tell(Told::Preview(path, found));
                    waiting.extend(self.asked.try_iter());
                }
            }
        }
        let _ = self.teller.send(Told::Ended);
    }

    fn tell(&mut self, told: Told) {
        // A bell that is full rings already; nobody may be left to hear it.
        let _ = self.teller.send(told);
        let _ = self.ringer.write(&[1]);
    }
}
