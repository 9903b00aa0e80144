//! The machine we run on, as everything else is handed it: environment, folders, clock, interrupt, name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::clock::Clock;
use super::dirs::Dirs;
use super::environment::Environment;
use super::interrupt::Interrupt;
use super::pause::Pause;
use crate::error::{Code, Failure, Result};
use crate::model::command_line::CommandLine;

/// The machine.
#[derive(Clone, Debug)]
pub struct Host {
    pub environment: Environment,
    pub clock: Clock,
    pub interrupt: Interrupt,
    /// The command line that we were started with.
    pub typed: CommandLine,
    /// The word of the command that runs: who did something, as events have it.
    pub command: String,
    home: Option<PathBuf>,
}

impl Host {
    /// The machine as the process's own environment shows it.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(Environment::read())
    }

    /// The machine with another environment.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        let home = environment.find_folder("HOME");
        Self {
            environment,
            clock: Clock,
            interrupt: Interrupt::default(),
            typed: CommandLine::default(),
            command: String::new(),
            home,
        }
    }

    /// The same, started with `words`, the program's own name first.
    #[must_use]
    pub fn typed(self, words: &[OsString]) -> Self {
        Self { typed: CommandLine::of(words), ..self }
    }

    /// The same, for the command `word`.
    #[must_use]
    pub fn running(self, word: &str) -> Self {
        Self { command: word.to_owned(), ..self }
    }

    /// Returns what a watch sleeps by.
    ///
    /// # Errors
    ///
    /// As [`Pause::new`].
    pub fn pause(&self) -> Result<Pause> {
        Pause::new(&self.interrupt)
    }

    /// Returns where our own files are.
    ///
    /// # Errors
    ///
    /// `usage` when no folder for them is to be had.
    pub fn dirs(&self) -> Result<Dirs> {
        Dirs::find(&self.environment)
    }

    /// Returns the user's home folder.
    #[must_use]
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Returns the user's configuration file, which need not exist.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        let xdg = self.environment.find_folder("XDG_CONFIG_HOME");
        let folder = xdg.or_else(|| self.home.as_ref().map(|home| home.join(".config")))?;
        Some(folder.join("wt").join("config.toml"))
    }

    /// Returns the machine's name (`uname(2)`): a missing folder proves nothing about another machine's worktrees.
    #[must_use]
    pub fn name(&self) -> String {
        rustix::system::uname().nodename().to_string_lossy().into_owned()
    }

    /// Returns the program that runs, absolute.
    ///
    /// # Errors
    ///
    /// `internal` where the system does not tell.
    pub fn program(&self) -> Result<PathBuf> {
        std::env::current_exe()
            .map_err(|error| Failure::from_io(error, Code::Internal, "our own program cannot be found"))
    }

    /// Returns the folder that the process stands in.
    ///
    /// # Errors
    ///
    /// `not_found` when it was deleted.
    #[expect(clippy::disallowed_methods, reason = "the context takes the folder from here")]
    pub fn current_folder(&self) -> Result<PathBuf> {
        std::env::current_dir().map_err(|error| {
            // The shell still knows what it was called.
            let name = std::env::var("PWD").map(|name| format!(" ({name})")).unwrap_or_default();
            Failure::from_io(error, Code::NotFound, format!("the current folder{name} is gone"))
                .hint(
                    "change to another folder, or name one with `-C DIR`; where it was a worktree, `wt restore` in \
                     its repository shows whether it can be had back",
                )
        })
    }

    /// Returns `text` as a path, a leading `~/` put for the home folder.
    ///
    /// # Errors
    ///
    /// `usage` when there is no home.
    pub fn expand_home(&self, text: &str) -> Result<PathBuf> {
        let Some(rest) = text.strip_prefix("~/") else { return Ok(PathBuf::from(text)) };
        match &self.home {
            Some(home) => Ok(home.join(rest)),
            None => Err(Failure::new(Code::Usage, format!("`{text}` needs HOME, which is not set"))),
        }
    }
}
