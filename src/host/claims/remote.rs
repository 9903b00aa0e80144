//! The git children that push, ask and read claims: they run no hooks, never ask anybody, and end at a given moment.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::error::{Code, Failure, Result};
use crate::host::clock::Clock;
use crate::host::git::{Git, GitOutput};
use crate::host::interrupt::Interrupt;

/// One remote of one repository.
#[derive(Clone, Debug)]
pub struct Remote {
    pub git_dir: PathBuf,
    /// Where a URL that is relative counts from.
    pub folder: PathBuf,
    pub name: String,
    /// The program for ssh that git's configuration names.
    pub ssh: Option<String>,
    pub interrupt: Interrupt,
}

/// What a push of one ref came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    /// The remote said no, in its words.
    Refused(String),
    /// Nobody answered, or in no way that tells.
    None(String),
}

impl Remote {
    fn git(&self) -> Git<'_> {
        Git::new(&self.folder)
            .args([format!("--git-dir={}", self.git_dir.display())])
            .args([
                "-c",
                &format!("core.sshCommand={} -o BatchMode=yes", self.ssh.as_deref().unwrap_or("ssh")),
            ])
            .asking_nobody()
    }

    /// Runs a child until `deadline`; `None` where it was ended then.
    fn run(&self, git: Git<'_>, deadline: Instant) -> Result<Option<GitOutput>> {
        let is_over = || self.interrupt.is_raised() || Clock.instant() >= deadline;
        match git.interrupted_by(&is_over).run() {
            Ok(output) => Ok(Some(output)),
            Err(failure) if failure.code() == Code::Interrupted && !self.interrupt.is_raised() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Writes an object into the repository, and returns its name.
    ///
    /// # Errors
    ///
    /// `git_failed`.
    pub fn write_object(&self, kind: &str, bytes: &str) -> Result<String> {
        let words = ["hash-object", "-t", kind, "-w", "--stdin"];
        Ok(self.git().args(words).input(bytes.as_bytes()).require()?.text())
    }

    /// Makes `reference` be `commit` (`None`: be gone) where it is `expected` (`None`: is not there).
    ///
    /// # Errors
    ///
    /// `interrupted`; `git_failed` where git cannot be started.
    pub fn push(
        &self,
        reference: &str,
        commit: Option<&str>,
        expected: Option<&str>,
        deadline: Instant,
    ) -> Result<Answer> {
        let lease = format!("--force-with-lease={reference}:{}", expected.unwrap_or_default());
        let spec = format!("{}:{reference}", commit.unwrap_or_default());
        let words =
            ["-c", "push.followTags=false", "-c", "push.gpgSign=false", "push", "--porcelain", "--no-verify"];
        let more = ["--recurse-submodules=no", lease.as_str(), "--", self.name.as_str(), spec.as_str()];
        let Some(output) = self.run(self.git().args(words).args(more), deadline)? else {
            return Ok(Answer::None("no answer in time".to_owned()));
        };
        if output.is_success() {
            return Ok(Answer::Done);
        }
        let refused = output.text().lines().find(|line| line.starts_with('!')).map(str::to_owned);
        Ok(match refused {
            Some(line) => Answer::Refused(line.rsplit('\t').next().unwrap_or_default().to_owned()),
            None => Answer::None(last_line(&output.complaint())),
        })
    }

    /// Returns the commits of the refs that match `pattern`, by their names.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where nobody answers.
    pub fn list(&self, pattern: &str, deadline: Instant) -> Result<Vec<(String, String)>> {
        let output = self.run(self.git().args(["ls-remote", "--", &self.name, pattern]), deadline)?;
        let output = self.answered(output)?;
        let text = output.text();
        let line =
            |line: &str| line.split_once('\t').map(|(commit, name)| (name.to_owned(), commit.to_owned()));
        Ok(text.lines().filter_map(line).collect())
    }

    /// Brings the objects of `references` here, under no name, and returns the commits as git stores them.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where nobody answers.
    pub fn read(&self, references: &[(String, String)], deadline: Instant) -> Result<Vec<String>> {
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let usual = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--refmap=",
        ];
        let names = references.iter().map(|(name, _)| name);
        let fetch = self.git().args(["-c", "gc.auto=0"]).args(usual).args(["--", &self.name]).args(names);
        let output = self.run(fetch, deadline)?;
        self.answered(output)?;
        let read = references.iter().map(|(_, commit)| {
            let output = self.git().args(["cat-file", "commit", commit]).run()?;
            Ok(output.text())
        });
        read.collect()
    }

    fn answered(&self, output: Option<GitOutput>) -> Result<GitOutput> {
        match output {
            Some(output) if output.is_success() => Ok(output),
            Some(output) => Err(self.unreachable(&last_line(&output.complaint()), "failed")),
            None => Err(self.unreachable("no answer in time", "timeout")),
        }
    }

    /// The failure of whoever could not ask.
    #[must_use]
    pub fn unreachable(&self, why: &str, reason: &str) -> Failure {
        let name = &self.name;
        Failure::new(Code::ClaimsUnreachable, format!("the claims on `{name}` cannot be reached: {why}"))
            .hint(
                "try again; `WT_TEAM_OFFLINE=allow` goes on without them and settles later, `WT_TEAM_CLAIMS=off` does \
                 without",
            )
            .detail("reason", reason)
            .detail("remote", name.clone())
    }
}

/// Returns the line that tells: git's own last one.
fn last_line(complaint: &str) -> String {
    let mut lines = complaint.lines().filter(|line| !line.trim().is_empty());
    let telling = lines.clone().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    telling.or_else(|| lines.next_back()).unwrap_or("git said nothing").to_owned()
}

/// Returns when a wait of `time` that begins now is over.
#[must_use]
pub fn deadline(time: Duration) -> Instant {
    Clock.instant() + time
}
