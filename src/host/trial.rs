//! A place of its own for trying the program out: folders, environment, a repository, children. Whatever it started ends with
//! it, and its folder goes.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::clock::Clock;
use super::environment::Environment;
use super::files;
use super::interrupt::Interrupt;

/// How long anything may take that is waited for.
const LIMIT: Duration = Duration::from_secs(20);

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);

/// A child that ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedTrial {
    /// `None` where a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The place.
#[derive(Debug)]
pub struct Trial {
    folder: TempDir,
    root: PathBuf,
    program: PathBuf,
    path: OsString,
    clock: Clock,
    interrupt: Interrupt,
}

impl Trial {
    /// Makes the folders.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn begin(
        environment: &Environment,
        program: PathBuf,
        clock: Clock,
        interrupt: Interrupt,
    ) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("wt-selftest-").tempdir()?;
        let root = folder.path().canonicalize()?;
        for name in ["home", "config/wt", "state", "run", "shop"] {
            fs::create_dir_all(root.join(name))?;
        }
        let path = environment.find("PATH").map(OsString::from).unwrap_or_default();
        Ok(Self { folder, root, program, path, clock, interrupt })
    }

    /// Returns a path below the place.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Writes a file below the place.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn put(&self, relative: &str, text: &str) -> io::Result<()> {
        files::replace(&self.path(relative), text.as_bytes(), 0o600)
            .map_err(|failure| io::Error::other(failure.message().to_owned()))
    }

    /// Runs our own program in a folder below the place.
    ///
    /// # Errors
    ///
    /// Those of starting it.
    pub fn wt(&self, folder: &str, words: &[&str]) -> io::Result<EndedTrial> {
        Ok(ended(&self.command(&self.program, folder, words).output()?))
    }

    /// Runs another program there.
    ///
    /// # Errors
    ///
    /// Those of starting it.
    pub fn run(&self, program: &str, folder: &str, words: &[&str]) -> io::Result<EndedTrial> {
        Ok(ended(&self.command(Path::new(program), folder, words).output()?))
    }

    /// Starts our own program, which goes on until it is dropped.
    ///
    /// # Errors
    ///
    /// Those of starting it.
    pub fn start(&self, folder: &str, words: &[&str]) -> io::Result<TrialChild> {
        let mut command = self.command(&self.program, folder, words);
        Ok(TrialChild(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?))
    }

    #[expect(clippy::disallowed_methods, reason = "its environment is made anew, with nothing of git's")]
    fn command(&self, program: &Path, folder: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(words).current_dir(self.path(folder)).env_clear().stdin(Stdio::null());
        command.env("PATH", &self.path).env("LC_ALL", "C.UTF-8").env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, below) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(name, self.path(below));
        }
        for person in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{person}_NAME"), "selftest")
                .env(format!("GIT_{person}_EMAIL"), "selftest@localhost");
        }
        command
    }

    /// Waits until `is_so` answers true; false where it does not in time, or the user gave up.
    pub fn until(&self, mut is_so: impl FnMut() -> bool) -> bool {
        let until = Instant::now() + LIMIT;
        loop {
            if is_so() {
                return true;
            }
            if Instant::now() > until || self.clock.wait(LOOK, &self.interrupt).is_err() {
                return false;
            }
        }
    }

    /// Answers whether a file below the place has `text` in it, now.
    #[must_use]
    pub fn says(&self, relative: &str, text: &str) -> bool {
        fs::read_to_string(self.path(relative)).is_ok_and(|found| found.contains(text))
    }

    /// Deletes a folder below the place, as a person would by hand.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn delete(&self, relative: &str) -> io::Result<()> {
        fs::remove_dir_all(self.path(relative))
    }

    /// Ends what still runs of the place, and takes its folder away. Returns how many processes had to be ended.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be deleted.
    pub fn end(self) -> io::Result<usize> {
        let mut left = 0;
        // Whoever is ended may just have started another one.
        for _ in 0..10 {
            let found = self.processes();
            if found.is_empty() {
                break;
            }
            left += found.len();
            found.into_iter().for_each(kill);
        }
        self.folder.close()?;
        Ok(left)
    }

    /// Returns the processes whose environment is that of the place.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let mark = [b"XDG_STATE_HOME=".as_slice(), self.path("state").as_os_str().as_bytes()].concat();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_ours = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark)
        };
        pids.filter(|pid| *pid != std::process::id()).filter(is_ours).collect()
    }
}

fn ended(output: &std::process::Output) -> EndedTrial {
    EndedTrial {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Kills a process of the trial.
pub fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Whoever has ended needs none.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// A child that goes on; dropped, it is killed.
#[derive(Debug)]
pub struct TrialChild(Child);

impl TrialChild {
    /// Returns its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Waits for the first thing it says.
    pub fn await_word(&mut self) {
        let mut byte = [0];
        if let Some(stdout) = self.0.stdout.as_mut() {
            // One that ended says nothing, and whoever looks at it sees that.
            let _ = stdout.read(&mut byte);
        }
    }

    /// Answers whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Kills it, and waits for its end.
    pub fn kill(&mut self) {
        // Either it has ended already, or it does now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for TrialChild {
    fn drop(&mut self) {
        self.kill();
    }
}
