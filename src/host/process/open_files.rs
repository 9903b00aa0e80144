//! How many files a process may have open (`RLIMIT_NOFILE`, getrlimit(2)): who supervises much needs more than what it starts
//! should see. Programs that use `select(2)`, or close all that might be open, rely on the soft limit being small.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// The hidden word that makes `wt` run a command with the soft limit that follows it.
pub const WORD: &str = "exec-with-open-files";

/// What such a `wt` exits with where the command cannot be run.
pub const CANNOT_RUN: u8 = 127;

/// How many files a process may open before it is refused more; `None` where there is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftLimit(Option<u64>);

/// Raises our own soft limit to the hard one and returns what it was.
#[must_use]
pub fn raise() -> SoftLimit {
    let limit = getrlimit(Resource::Nofile);
    // Where the system refuses we go on with what there is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    SoftLimit(limit.current)
}

/// Returns how many files what we start may have open at most, where that is fewer than `count`.
#[must_use]
pub fn find_shortage(count: u64) -> Option<u64> {
    getrlimit(Resource::Nofile).maximum.filter(|maximum| *maximum < count)
}

/// Answers whether `error` says that we, or the machine, have no room for another open file: nothing about what was to be
/// opened.
#[must_use]
pub fn is_lack(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

impl SoftLimit {
    /// Makes it our own soft limit.
    ///
    /// # Errors
    ///
    /// Those of setrlimit(2): it is above the hard one.
    pub fn set(self) -> io::Result<()> {
        let limit = getrlimit(Resource::Nofile);
        Ok(setrlimit(Resource::Nofile, Rlimit { current: self.0, ..limit })?)
    }

    /// Returns the words that have the program `own`, which must be `wt`, run `words` with this limit.
    #[must_use]
    pub fn words(self, own: &Path, words: &[OsString]) -> Vec<OsString> {
        let number = self.0.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let before = [own.as_os_str().to_owned(), WORD.into(), number.into()];
        before.into_iter().chain(words.iter().cloned()).collect()
    }
}

/// Becomes what `words`, those after [`WORD`], say: a limit, a program, its arguments. Returns only when that failed, with
/// what to say about it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this process becomes the command")]
pub fn become_command(words: &[OsString]) -> String {
    let [limit, program, arguments @ ..] = words else { return "names no command".to_owned() };
    // It was ours before, so that it cannot be refused; without it the command is no worse off.
    let _ = limit_of(limit).set();
    refusal(program, &Command::new(program).args(arguments).exec())
}

fn limit_of(word: &OsStr) -> SoftLimit {
    SoftLimit(word.to_str().and_then(|word| word.parse().ok()))
}

/// Says why a program cannot be run.
#[must_use]
pub fn refusal(program: &OsStr, error: &io::Error) -> String {
    let name = program.to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotFound => format!("`{name}` cannot be run: there is no such command"),
        _ => format!("`{name}` cannot be run: {error}"),
    }
}
