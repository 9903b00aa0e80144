//! The git child: arguments in, output out, every variable that could point it at another repository removed,
//! killed when the user interrupts. A missing git is a failure that says so.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::os::fd::BorrowedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::error::{Code, Failure, Result};
use crate::host::interrupt::Interrupt;
use crate::host::process::child::{self, Ended};
use crate::model::quoting::word_sh;

/// What `git rev-parse --local-env-vars` names (git 2.47), and what makes a child read other refs or objects. Settings
/// given for one command (`GIT_CONFIG_COUNT`, `git -c`) name no repository: they count for git, and so for us.
pub(super) const LOCAL_VARIABLES: [&str; 22] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DEFAULT_HASH",
    "GIT_DIR",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REFERENCE_BACKEND",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// What a finished git child left behind.
#[derive(Clone, Debug)]
pub struct GitOutput {
    /// The exit status; 128 + signal when a signal ended it.
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl GitOutput {
    /// Answers whether git exited with 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == 0
    }

    /// Returns stdout as text, without the newline at its end.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }

    /// Returns git's own complaint, without the newline at its end.
    #[must_use]
    pub fn complaint(&self) -> String {
        String::from_utf8_lossy(&self.stderr).trim_end().to_owned()
    }
}

/// The signals that a terminal, its end or a shutdown send to everyone.
const INTERRUPTS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// One git child, not yet started.
pub struct Git<'a> {
    program: OsString,
    folder: PathBuf,
    arguments: Vec<OsString>,
    input: Option<Vec<u8>>,
    index_file: Option<PathBuf>,
    /// Where new objects go, and where the repository's are.
    scratch: Option<(PathBuf, PathBuf)>,
    hold: Option<BorrowedFd<'a>>,
    interrupt: Interrupt,
    interrupted: Option<&'a dyn Fn() -> bool>,
    stdout_to_stderr: bool,
    optional_locks: bool,
    asks_nobody: bool,
    fetches_nothing: bool,
}

impl<'a> Git<'a> {
    /// A git child that will run in `folder`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self::program(OsStr::new("git"), folder)
    }

    /// A hook of git's, started as git starts it: the file itself, its folder the worktree, no variable that names a
    /// repository.
    #[must_use]
    pub(super) fn hook(file: &Path, folder: &Path) -> Self {
        Self::program(file.as_os_str(), folder)
    }

    fn program(program: &OsStr, folder: &Path) -> Self {
        Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            arguments: Vec::new(),
            input: None,
            index_file: None,
            scratch: None,
            hold: None,
            interrupt: Interrupt::default(),
            interrupted: None,
            stdout_to_stderr: false,
            optional_locks: false,
            asks_nobody: false,
            fetches_nothing: false,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I, S>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Feeds `bytes` to stdin, which is empty otherwise.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Works on another index file than the worktree's own.
    #[must_use]
    pub fn index_file(mut self, path: &Path) -> Self {
        self.index_file = Some(path.to_owned());
        self
    }

    /// Writes new objects into the folder `to` and reads those in `from` too, fetching none that are missing.
    #[must_use]
    pub(super) fn scratch_objects(mut self, to: &Path, from: &Path) -> Self {
        self.scratch = Some((to.to_owned(), from.to_owned()));
        self
    }

    /// Lets the child inherit an open file: a lock on it lives as long as the child, even when we are killed.
    #[must_use]
    pub fn hold(mut self, file: BorrowedFd<'a>) -> Self {
        self.hold = Some(file);
        self
    }

    /// Ends the child once a signal comes after its start.
    #[must_use]
    pub fn heeding(mut self, interrupt: &Interrupt) -> Self {
        self.interrupt = interrupt.clone();
        self
    }

    /// Ends the child once the closure answers true, too.
    #[must_use]
    pub fn interrupted_by(mut self, interrupted: &'a dyn Fn() -> bool) -> Self {
        self.interrupted = Some(interrupted);
        self
    }

    /// Sends what the child says to our stderr, as git does with its hooks: stdout is for answers.
    #[must_use]
    pub fn talk(mut self) -> Self {
        self.stdout_to_stderr = true;
        self
    }

    /// Lets a reading command refresh the index on the way (`GIT_OPTIONAL_LOCKS`); off otherwise.
    #[must_use]
    pub fn optional_locks(mut self) -> Self {
        self.optional_locks = true;
        self
    }

    /// Has nobody be asked for a password, a passphrase or a host's key, on a terminal or beside it: then it fails.
    #[must_use]
    pub fn asking_nobody(mut self) -> Self {
        self.asks_nobody = true;
        self
    }

    /// Has objects that are missing be missing, also where a remote has promised them (partial clones).
    #[must_use]
    pub fn fetching_nothing(mut self) -> Self {
        self.fetches_nothing = true;
        self
    }

    /// Runs to the end, whatever the exit status. Fails with `git_failed` when git cannot start,
    /// with `interrupted` when it was killed for that.
    pub fn run(self) -> Result<GitOutput> {
        let is_signalled = self.interrupt.from_now();
        let child = self.spawn()?;
        self.collect(child, &is_signalled)
    }

    /// Runs to the end and fails with `git_failed` and git's own words unless the exit status is 0.
    pub fn require(self) -> Result<GitOutput> {
        let words: Vec<_> = self.arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let folder = self.folder.clone();
        let output = self.run()?;
        if output.is_success() {
            return Ok(output);
        }
        let command = words.join(" ");
        Err(Failure::new(Code::GitFailed, format!("`git {command}` failed: {}", output.complaint()))
            .hint(format!("try it yourself: git -C {} {command}", word_sh(&folder.to_string_lossy())))
            .detail("status", output.status))
    }

    fn spawn(&self) -> Result<Child> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where git is started, variables scrubbed"
        )]
        let mut command = Command::new(&self.program);
        for name in LOCAL_VARIABLES {
            command.env_remove(name);
        }
        if !self.stdout_to_stderr {
            // We read what it says; a hook that talks to the user keeps the user's language.
            command.env("LC_ALL", "C").env_remove("LANGUAGE");
        }
        if !std::io::stdin().is_terminal() {
            command.env("GIT_TERMINAL_PROMPT", "0");
        }
        if self.asks_nobody {
            command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "").env("SSH_ASKPASS", "");
            command.env("SSH_ASKPASS_REQUIRE", "never").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        }
        if !self.optional_locks && !self.stdout_to_stderr {
            command.env("GIT_OPTIONAL_LOCKS", "0");
        }
        if let Some(path) = &self.index_file {
            // Written as a split one, it would have a shared part beside the worktree's own index, whose own shared part would
            // be taken for an old one, and deleted.
            command.env("GIT_INDEX_FILE", path).args(["-c", "core.splitIndex=false"]);
        }
        if let Some((to, from)) = &self.scratch {
            command.env("GIT_OBJECT_DIRECTORY", to).env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted(from));
        }
        if self.fetches_nothing || self.scratch.is_some() {
            command.env("GIT_NO_LAZY_FETCH", "1");
        }
        command.args(&self.arguments).current_dir(&self.folder);
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        if self.stdout_to_stderr {
            command.stdout(std::io::stderr()).stderr(Stdio::inherit());
        } else {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        let inherited = self.hold.map(Inherited::open).transpose()?;
        let child = command.spawn();
        drop(inherited);
        child.map_err(|error| {
            if !self.folder.is_dir() {
                return Failure::from_io(
                    error,
                    Code::GitFailed,
                    format!("cannot enter {}", self.folder.display()),
                );
            }
            Failure::from_io(error, Code::GitFailed, "cannot start git")
                .hint("install git, or put its folder on PATH: `git --version` must answer")
        })
    }

    fn collect(self, mut child: Child, is_signalled: &dyn Fn() -> bool) -> Result<GitOutput> {
        let is_unwanted = || is_signalled() || self.interrupted.is_some_and(|interrupted| interrupted());
        let ended = child::end_of(&mut child, self.input, &is_unwanted)
            .map_err(|error| Failure::from_io(error, Code::GitFailed, "lost the git child"))?;
        let Some(Ended { status, stdout, stderr }) = ended else { return Err(stopped()) };
        let died_of_it = !self.stdout_to_stderr && died_of_an_interrupt(status);
        if died_of_it || (!status.success() && is_unwanted()) {
            return Err(stopped());
        }
        let status = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Ok(GitOutput { status, stdout, stderr })
    }
}

/// A path in a list that `:` divides; git reads one in quotes as C writes strings (git(1)).
fn quoted(path: &Path) -> OsString {
    use std::os::unix::ffi::OsStringExt;

    let mut text = OsString::from("\"");
    let bytes = path.as_os_str().as_encoded_bytes();
    let escaped: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| if b"\"\\".contains(byte) { vec![b'\\', *byte] } else { vec![*byte] })
        .collect();
    text.push(OsString::from_vec(escaped));
    text.push("\"");
    text
}

/// A file that children inherit while this lives.
struct Inherited<'a>(BorrowedFd<'a>, FdFlags);

impl<'a> Inherited<'a> {
    fn open(file: BorrowedFd<'a>) -> Result<Self> {
        let failed = |error: rustix::io::Errno| {
            Failure::from_io(error.into(), Code::Internal, "cannot hand the lock to the git child")
        };
        let flags = fcntl_getfd(file).map_err(failed)?;
        fcntl_setfd(file, flags - FdFlags::CLOEXEC).map_err(failed)?;
        Ok(Self(file, flags))
    }
}

impl Drop for Inherited<'_> {
    fn drop(&mut self) {
        // Nothing sensible is left to do: the flag only decides what later children inherit.
        let _ = fcntl_setfd(self.0, self.1);
    }
}

/// A terminal sends its signal to the whole group: a child that died by it is the interrupt. What a hook dies of is told as
/// the hook's.
fn died_of_an_interrupt(status: ExitStatus) -> bool {
    status.signal().is_some_and(|signal| INTERRUPTS.contains(&signal))
}

fn stopped() -> Failure {
    Failure::new(Code::Interrupted, "interrupted while git was running")
}
