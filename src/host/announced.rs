//! A service that is announced on the local network by Avahi: for as long as a child of ours says so, which ends with us.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, Stdio};

use super::environment::Environment;
use super::process::spawn::{SpawnWish, command};

/// Has a child get a signal when we end, however that is.
const WITH_US: [&str; 3] = ["setpriv", "--pdeathsig", "TERM"];

/// Announces one service, and waits for the daemon where there is none yet.
const PUBLISH: &str = "avahi-publish";
const FLAGS: [&str; 2] = ["-f", "-s"];

/// An announcement that stands until it is dropped.
#[derive(Debug)]
pub struct Announced(Child);

impl Announced {
    /// Announces what `arguments` say.
    ///
    /// # Errors
    ///
    /// `NotFound` where `avahi-publish` is not there, or `setpriv`, without which it would outlive us.
    pub fn begin(environment: &Environment, arguments: &[String]) -> io::Result<Self> {
        let find = |name| environment.find_program(name).ok_or(io::ErrorKind::NotFound);
        let (setpriv, publish) = (find(WITH_US[0])?, find(PUBLISH)?);
        let mut words: Vec<OsString> = WITH_US[1..].iter().map(OsString::from).collect();
        words.push(publish.into_os_string());
        words.extend(FLAGS.iter().map(OsString::from));
        words.extend(arguments.iter().map(OsString::from));
        let wish = SpawnWish {
            program: setpriv.as_os_str(),
            arguments: &words,
            folder: Path::new("/"),
            variables: &[],
            stdout_to_stderr: false,
        };
        let mut command = command(&wish);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Self)
    }

    /// Answers whether nobody announces it any more.
    pub fn is_over(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        // The daemon takes back what a client announced that is gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
