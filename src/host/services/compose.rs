//! One service of a compose file, through the `docker` command: started, followed, looked at, stopped. No engine is spoken to
//! in any other way.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::error::{Code, Failure, Result};
use crate::host::interrupt::Interrupt;
use crate::host::process::spawn;
use crate::model::services::compose::{self, Container};

/// How often it is looked whether a command has ended, or whether we were told to stop.
const LOOK: Duration = Duration::from_millis(50);

/// A service of the compose file in `folder`; which project it belongs to is in the environment (`COMPOSE_PROJECT_NAME`).
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    pub name: &'a str,
    pub folder: &'a Path,
}

impl Service<'_> {
    /// Starts it without what it depends on; answers whether that went well. What docker says goes to our own stdout and stderr.
    ///
    /// # Errors
    ///
    /// `not_found` where there is no `docker`, or no Compose in it.
    pub fn up(&self, interrupt: &Interrupt) -> Result<bool> {
        self.require_compose()?;
        let mut child = self.start(&["up", "--detach", "--no-deps", "--no-color", "--", self.name])?;
        let is_well = waited(&mut child, interrupt).map_err(|error| unusable(&error))?;
        // What still starts while it is stopped would be left running.
        let status = child.wait().map_err(|error| unusable(&error))?;
        Ok(is_well && status.success())
    }

    /// Copies what it writes from `since` (RFC 3339) on to our own stdout, until it ends or we are told to stop.
    ///
    /// # Errors
    ///
    /// As [`Service::up`].
    pub fn follow(&self, since: &str, interrupt: &Interrupt) -> Result<()> {
        let words = ["logs", "--follow", "--no-log-prefix", "--no-color", "--since", since, "--", self.name];
        let mut child = self.start(&words)?;
        let ended = waited(&mut child, interrupt).map_err(|error| unusable(&error))?;
        if !ended {
            // Ours, and only a reader. It may have ended by itself in the meantime.
            let _ = child.kill();
            let _ = child.wait();
        }
        nap();
        Ok(())
    }

    /// Stops it; after `seconds` the engine kills it. Answers whether that went well.
    ///
    /// # Errors
    ///
    /// As [`Service::up`].
    pub fn stop(&self, seconds: u64) -> Result<bool> {
        let seconds = seconds.to_string();
        let mut child = self.start(&["stop", "--timeout", &seconds, "--", self.name])?;
        child.wait().map(|status| status.success()).map_err(|error| unusable(&error))
    }

    /// Returns how its container is.
    ///
    /// # Errors
    ///
    /// As [`Service::up`]; `internal` where docker fails or says something else.
    pub fn container(&self) -> Result<Container> {
        let mut command = self.command(&["ps", "--all", "--format", "json", "--", self.name]);
        let output: Output = command.output().map_err(|error| unusable(&error))?;
        if !output.status.success() {
            self.require_compose()?;
            self.require_engine()?;
            let said = first_words(&output);
            return Err(Failure::new(Code::Internal, format!("`docker compose ps` failed and said: {said}"))
                .hint("see whether `docker compose ps` works in the worktree"));
        }
        compose::read(&String::from_utf8_lossy(&output.stdout))
            .map_err(|reason| Failure::new(Code::Internal, reason))
    }

    /// Fails where docker has no Compose: without it `docker compose up` only stumbles over the first flag.
    fn require_compose(&self) -> Result<()> {
        let output = self.command(&["version"]).output().map_err(|error| unusable(&error))?;
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
    pub fn require_engine(&self) -> Result<()> {
        let mut command = self.docker();
        command.args(["version", "--format", "{{.Server.Version}}"]);
        let output = command.output().map_err(|error| unusable(&error))?;
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
fn first_words(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it says nothing").to_owned()
}

/// Waits until it ends, and answers whether that was well; false as soon as we are told to stop.
fn waited(child: &mut Child, interrupt: &Interrupt) -> io::Result<bool> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if interrupt.is_raised() {
            return Ok(false);
        }
        nap();
    }
}

#[expect(clippy::disallowed_methods, reason = "a wait for a child, a moment at a time")]
fn nap() {
    std::thread::sleep(LOOK);
}

fn unusable(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        return Failure::new(Code::NotFound, "there is no `docker` command")
            .hint("install Docker with its Compose plugin, or give the service a `run` of its own");
    }
    Failure::new(Code::Internal, format!("`docker` cannot be run: {error}"))
}
