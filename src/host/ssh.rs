//! The ssh child: it asks nobody, ends at a given moment, and is ended with us.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::error::{Code, Failure, Result};
use crate::host::clock::Clock;
use crate::host::interrupt::Interrupt;
use crate::host::process::child::{self, Ended};
use crate::model::quoting::word_sh;
use crate::model::ssh_address::SshAddress;

/// The most that is read of one answer, in bytes.
const MOST: usize = 64 << 20;

/// How one host is reached.
#[derive(Clone, Debug)]
pub struct Ssh {
    /// The program and its options, as they are configured.
    pub words: Vec<String>,
    pub name: String,
    pub address: SshAddress,
}

impl Ssh {
    fn command(&self, options: &[String], within: Duration) -> Command {
        let (program, more) =
            self.words.split_first().map_or(("ssh", &[][..]), |(one, more)| (one.as_str(), more));
        #[expect(clippy::disallowed_methods, reason = "the one place where ssh is started")]
        let mut command = Command::new(program);
        let seconds = within.as_secs().max(1);
        command.args(more).args(["-T", "-o", "BatchMode=yes", "-o", &format!("ConnectTimeout={seconds}")]);
        command.args(options);
        if let Some(port) = self.address.port {
            command.args(["-p".to_owned(), port.to_string()]);
        }
        if let Some(user) = &self.address.user {
            command.args(["-l", user]);
        }
        command.args(["--", &self.address.host]).stdin(Stdio::null());
        command.env("SSH_ASKPASS_REQUIRE", "never").env("LC_ALL", "C.UTF-8");
        command
    }

    /// The command that reaches the host, as it is typed.
    fn typed(&self) -> String {
        let mut words: Vec<String> = self.words.iter().map(|word| word_sh(word)).collect();
        words.extend(self.address.port.map(|port| format!("-p {port}")));
        words.extend(self.address.user.iter().map(|user| format!("-l {user}")));
        words.push(self.address.host.clone());
        words.join(" ")
    }

    fn unstarted(&self, error: std::io::Error) -> Failure {
        let program = self.words.first().map_or("ssh", String::as_str);
        Failure::from_io(error, Code::HostUnreachable, format!("cannot start {program}"))
            .hint("install an ssh client, or name another one: `team.ssh`")
    }

    /// The failure of whoever could not reach the host.
    #[must_use]
    pub fn unreachable(&self, why: &str) -> Failure {
        Failure::new(Code::HostUnreachable, format!("{} does not answer: {why}", self.name))
            .hint(format!("look what ssh says itself: `{}`", self.typed()))
            .detail("host", self.name.clone())
    }

    /// Has `wt` there run with `words`, and returns what it answered on stdout.
    ///
    /// # Errors
    ///
    /// `host_unreachable`; `interrupted`.
    pub fn ask(&self, words: &[&str], within: Duration, interrupt: &Interrupt) -> Result<Vec<u8>> {
        let program = self.address.program.as_deref().unwrap_or("wt");
        let all: Vec<String> = std::iter::once(program).chain(words.iter().copied()).map(word_sh).collect();
        let mut command = self.command(&[], within);
        command.arg(OsString::from(all.join(" "))).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.unstarted(error))?;
        let started = Clock.instant();
        let is_over = || interrupt.is_raised() || Clock.since(started) >= within;
        let ended = match child::end_within(&mut child, None, MOST, &is_over) {
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                return Err(self.unreachable(&format!("its answer is more than {} MiB", MOST >> 20)));
            }
            ended => {
                ended.map_err(|error| Failure::from_io(error, Code::HostUnreachable, "lost the ssh child"))?
            }
        };
        interrupt.check()?;
        let Some(Ended { status, stdout, stderr }) = ended else {
            return Err(self.unreachable(&format!("no answer in {}s", within.as_secs_f32())));
        };
        // An answer that is a failure is an answer: the envelope says so.
        if !stdout.is_empty() || status.success() {
            return Ok(stdout);
        }
        let said = String::from_utf8_lossy(&stderr);
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("ssh said nothing").trim();
        Err(self.unreachable(last))
    }

    /// Forwards ports of the loopback here (first) to ports there (second), until the answer is dropped.
    ///
    /// # Errors
    ///
    /// `host_unreachable`.
    pub fn forward(&self, ports: &[(u16, u16)], within: Duration) -> Result<Tunnel> {
        let usual = [
            "ExitOnForwardFailure=yes",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=3",
            "ControlPath=none",
        ];
        let mut options = vec!["-N".to_owned()];
        options.extend(usual.iter().flat_map(|option| ["-o".to_owned(), (*option).to_owned()]));
        for (here, there) in ports {
            options.extend(["-L".to_owned(), format!("127.0.0.1:{here}:localhost:{there}")]);
        }
        let mut command = self.command(&options, within);
        // What it has to say while it forwards is for the user.
        command.stdout(Stdio::null()).stderr(Stdio::inherit());
        let child = command.spawn().map_err(|error| self.unstarted(error))?;
        Ok(Tunnel(child))
    }
}

/// An ssh that forwards; it is ended with this.
#[derive(Debug)]
pub struct Tunnel(Child);

impl Tunnel {
    /// Answers whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Returns its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        if !self.has_ended() {
            child::stop(&mut self.0);
        }
    }
}
