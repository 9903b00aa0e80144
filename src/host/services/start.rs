//! Starts the supervisor: this program again, with nothing of the shell that it was called from.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::host::process::spawn;

/// A supervisor that was started.
#[derive(Debug)]
pub struct Started(Child);

impl Started {
    /// Answers whether it ended well; `None` while it runs.
    pub fn find_end(&mut self) -> Option<bool> {
        self.0.try_wait().ok().flatten().map(|status| status.success())
    }
}

/// Starts it with `arguments` and what it says going to `log`; `variables` are added to our own environment.
///
/// # Errors
///
/// Those of starting a process.
#[expect(clippy::disallowed_methods, reason = "a child that starts here has git's variables scrubbed")]
pub fn start(
    arguments: &[OsString],
    folder: &Path,
    variables: &[(String, String)],
    log: File,
) -> io::Result<Started> {
    let mut command = Command::new(std::env::current_exe()?);
    spawn::scrub(&mut command);
    command.args(arguments).current_dir(folder);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().map(Started)
}
