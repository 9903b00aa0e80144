//! One service of a compose file, through the `docker` command: started, followed, looked at, stopped. No engine is spoken to
//! in any other way.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Code, Failure, Result};
use crate::host::interrupt::Interrupt;
use crate::host::process::child::{self, Ended};
use crate::host::process::spawn;
use crate::model::services::compose::{self, Container};

/// How long is paused between two readings of a container's log.
const PAUSE: Duration = Duration::from_millis(50);

/// How long docker may take to stop a container, beyond the time that the container has.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service of the compose file in `folder`; which project it belongs to is in the environment (`COMPOSE_PROJECT_NAME`).
#[derive(Clone, Copy, Debug)]
pub struct ComposeService<'a> {
    pub name: &'a str,
    pub folder: &'a Path,
}

impl ComposeService<'_> {
    /// Starts it without what it depends on; answers whether that went well. What docker says goes to our own stdout and stderr.
    ///
    /// # Errors
    ///
    /// `not_found` where there is no `docker`, or no Compose in it.
    pub fn up(&self, interrupt: &Interrupt) -> Result<bool> {
        self.require_compose(interrupt)?;
        let mut child = self.start(&["up", "--detach", "--no-deps", "--no-color", "--", self.name])?;
        // Told to stop, docker gives the start up: what still starts while it is stopped would be left running.
        let ended =
            child::end_of(&mut child, None, &interrupt.from_now()).map_err(|error| unusable(&error))?;
        Ok(ended.is_some_and(|ended| ended.status.success()))
    }

    /// Copies what it writes from `since` (RFC 3339) on to our own stdout, until it ends or we are told to stop.
    ///
    /// # Errors
    ///
    /// As [`ComposeService::up`].
    pub fn follow(&self, since: &str, interrupt: &Interrupt) -> Result<()> {
        let words = ["logs", "--follow", "--no-log-prefix", "--no-color", "--since", since, "--", self.name];
        let mut child = self.start(&words)?;
        child::end_of(&mut child, None, &|| interrupt.is_raised()).map_err(|error| unusable(&error))?;
        nap();
        Ok(())
    }

    /// Stops it; after `seconds` the engine kills it. Answers whether that went well; an engine that does not answer a while
    /// later is given up.
    ///
    /// # Errors
    ///
    /// As [`ComposeService::up`].
    pub fn stop(&self, seconds: u64) -> Result<bool> {
        let until = Instant::now() + Duration::from_secs(seconds) + PATIENCE;
        let seconds = seconds.to_string();
        let mut child = self.start(&["stop", "--timeout", &seconds, "--", self.name])?;
        let ended = child::end_of(&mut child, None, &|| Instant::now() >= until);
        Ok(ended.map_err(|error| unusable(&error))?.is_some_and(|ended| ended.status.success()))
    }

    /// Returns how its container is.
    ///
    /// # Errors
    ///
    /// As [`ComposeService::up`]; `internal` where docker fails or says something else.
    pub fn container(&self, interrupt: &Interrupt) -> Result<Container> {
        let output = asked(self.command(&["ps", "--all", "--format", "json", "--", self.name]), interrupt)?;
        if !output.status.success() {
            self.require_compose(interrupt)?;
            self.require_engine(interrupt)?;
            let said = first_words(&output);
            return Err(Failure::new(Code::Internal, format!("`docker compose ps` failed and said: {said}"))
                .hint("see whether `docker compose ps` works in the worktree"));
        }
        compose::read(&String::from_utf8_lossy(&output.stdout))
            .map_err(|reason| Failure::new(Code::Internal, reason))
    }

    /// Fails where docker has no Compose: without it `docker compose up` only stumbles over the first flag.
    fn require_compose(&self, interrupt: &Interrupt) -> Result<()> {
        let output = asked(self.command(&["version"]), interrupt)?;
        // What a signal to all of us ended said nothing about it.
        if output.status.success() || output.status.code().is_none() {
            return Ok(());
        }
        let message = "docker has no Compose plugin: `docker compose version` fails";
        Err(Failure::new(Code::NotFound, message).hint(
            "install it (https://docs.docker.com/compose/install/), or give the service a `run` of its own",
        ))
    }

    /// Fails where nobody answers docker.
    ///
    /// # Errors
    ///
    /// `service_failed`, with docker's own words.
    pub fn require_engine(&self, interrupt: &Interrupt) -> Result<()> {
        let mut command = self.docker();
        command.args(["version", "--format", "{{.Server.Version}}"]);
        let output = asked(command, interrupt)?;
        if output.status.success() {
            return Ok(());
        }
        let message = format!("the Docker engine does not answer: {}", first_words(&output));
        Err(Failure::new(Code::ServiceFailed, message).hint(
            "start it (`systemctl start docker`, or Docker Desktop); `docker version` shows both sides",
        ))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.docker();
        command.arg("compose").args(words);
        command
    }

    #[expect(clippy::disallowed_methods, reason = "a child that starts here has git's variables scrubbed")]
    fn docker(&self) -> Command {
        let mut command = Command::new("docker");
        command.current_dir(self.folder).stdin(Stdio::null());
        spawn::scrub(&mut command);
        command
    }

    fn start(&self, words: &[&str]) -> Result<Child> {
        self.command(words).spawn().map_err(|error| unusable(&error))
    }
}

/// What it said was wrong; an advice to ask for help is none.
fn first_words(output: &Ended) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it says nothing").to_owned()
}

/// Returns what the command says; a signal from now on ends it, and is the interrupt.
fn asked(mut command: Command, interrupt: &Interrupt) -> Result<Ended> {
    let is_unwanted = interrupt.from_now();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| unusable(&error))?;
    let ended = child::end_of(&mut child, None, &is_unwanted).map_err(|error| unusable(&error))?;
    ended.ok_or_else(|| Failure::new(Code::Interrupted, "interrupted while docker was running"))
}

#[expect(clippy::disallowed_methods, reason = "a log that ends at once is not asked for without a pause")]
fn nap() {
    std::thread::sleep(PAUSE);
}

fn unusable(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        return Failure::new(Code::NotFound, "there is no `docker` command")
            .hint("install Docker with its Compose plugin, or give the service a `run` of its own");
    }
    Failure::new(Code::Internal, format!("`docker` cannot be run: {error}"))
}
