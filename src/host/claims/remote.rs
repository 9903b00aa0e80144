//! The git children that push, ask and read claims: they run no hooks, never ask anybody, and end at a given moment.

use std::path::PathBuf;
use std::time::Instant;

use super::patience::Patience;
use crate::error::{Code, Failure, Result};
use crate::host::clock::Clock;
use crate::host::git::{Git, GitOutput};
use crate::host::interrupt::Interrupt;

/// One remote of one repository.
#[derive(Debug)]
pub struct Remote {
    pub git_dir: PathBuf,
    /// Where a URL that is relative counts from.
    pub folder: PathBuf,
    pub name: String,
    /// The program for ssh that git's configuration names.
    pub ssh: Option<String>,
    pub interrupt: Interrupt,
    pub patience: Patience,
}

/// What one ref is to become.
#[derive(Clone, Copy, Debug)]
pub struct RefChange<'a> {
    pub reference: &'a str,
    /// `None`: gone.
    pub commit: Option<&'a str>,
    /// What it has to be before; `None`: not there.
    pub expected: Option<&'a str>,
}

/// What a push of one ref came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    /// The remote said no, in its words.
    Refused(String),
    /// Nobody answered in time.
    Silent,
    /// It failed before the remote could say anything about the ref.
    Failed(String),
}

/// What is said where nobody answered in time.
pub const SILENCE: &str = "no answer in time";

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

    /// Runs a child for as long as we are patient; `None` where it was ended then.
    fn run(&self, git: Git<'_>) -> Result<Option<GitOutput>> {
        let run = |until: Instant| {
            let is_over = || self.interrupt.is_raised() || Clock.instant() >= until;
            match git.interrupted_by(&is_over).run() {
                Ok(output) => Ok(Some(output)),
                Err(failure) if failure.code() == Code::Interrupted && !self.interrupt.is_raised() => {
                    Ok(None)
                }
                Err(failure) => Err(failure),
            }
        };
        self.patience.spend(run).unwrap_or(Ok(None))
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

    /// Changes refs, each where it is as expected; with `atomic` all of them or none. Answers in their order.
    ///
    /// # Errors
    ///
    /// `interrupted`; `git_failed` where git cannot be started.
    pub fn push(&self, changes: &[RefChange<'_>], atomic: bool) -> Result<Vec<Answer>> {
        let lease = |change: &RefChange<'_>| {
            let expected = change.expected.unwrap_or_default();
            format!("--force-with-lease={}:{expected}", change.reference)
        };
        let spec =
            |change: &RefChange<'_>| format!("{}:{}", change.commit.unwrap_or_default(), change.reference);
        let words =
            ["-c", "push.followTags=false", "-c", "push.gpgSign=false", "push", "--porcelain", "--no-verify"];
        let git = self.git().args(words).args(["--recurse-submodules=no"]);
        let git = if atomic { git.args(["--atomic"]) } else { git };
        let git = git.args(changes.iter().map(lease)).args(["--", self.name.as_str()]);
        let Some(output) = self.run(git.args(changes.iter().map(spec)))? else {
            return Ok(vec![Answer::Silent; changes.len()]);
        };
        let said = output.text();
        let failed = last_line(&output.complaint());
        let answer = |change: &RefChange<'_>| {
            if output.is_success() { Answer::Done } else { answer_of(&said, change.reference, &failed) }
        };
        Ok(changes.iter().map(answer).collect())
    }

    /// Returns the commits of the refs that match one of `patterns`, by their names.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where nobody answers.
    pub fn list(&self, patterns: &[&str]) -> Result<Vec<(String, String)>> {
        let output = self.run(self.git().args(["ls-remote", "--", &self.name]).args(patterns))?;
        let output = self.answered(output)?;
        let text = output.text();
        let line =
            |line: &str| line.split_once('\t').map(|(commit, name)| (name.to_owned(), commit.to_owned()));
        Ok(text.lines().filter_map(line).collect())
    }

    /// Returns the commits of `references` as git stores them, in their order. Those that are not here are brought here,
    /// under no name.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where nobody answers.
    pub fn read(&self, references: &[(String, String)]) -> Result<Vec<Option<String>>> {
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.stored(references)?;
        let is_missing = |(_, text): &(&(String, String), &Option<String>)| text.is_none();
        let missing: Vec<&str> =
            references.iter().zip(&known).filter(is_missing).map(|((name, _), _)| name.as_str()).collect();
        if missing.is_empty() {
            return Ok(known);
        }
        let usual = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--refmap=",
        ];
        let fetch = self.git().args(["-c", "gc.auto=0"]).args(usual).args(["--", &self.name]).args(missing);
        let output = self.run(fetch)?;
        self.answered(output)?;
        self.stored(references)
    }

    /// The commits that are here, by one child for all of them (git-cat-file(1), `--batch`).
    fn stored(&self, references: &[(String, String)]) -> Result<Vec<Option<String>>> {
        let names: String = references.iter().flat_map(|(_, commit)| [commit.as_str(), "\n"]).collect();
        let output = self.git().args(["cat-file", "--batch"]).input(names.into_bytes()).run()?;
        let mut rest = output.stdout.as_slice();
        let read = references.iter().map(|_| {
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            rest = &rest[end + 1..];
            let size: usize = head.rsplit(' ').next()?.parse().ok().filter(|_| !head.ends_with("missing"))?;
            let text = rest.get(..size).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            rest = rest.get(size + 1..).unwrap_or_default();
            text
        });
        Ok(read.collect())
    }

    fn answered(&self, output: Option<GitOutput>) -> Result<GitOutput> {
        match output {
            Some(output) if output.is_success() => Ok(output),
            Some(output) => Err(self.unreachable(&last_line(&output.complaint()), "failed")),
            None => Err(self.unreachable(SILENCE, "timeout")),
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

/// What git's answer of a push (git-push(1), `--porcelain`) says of one ref: `!\tFROM:TO\tWHY`, `*\tFROM:TO\t…`.
fn answer_of(said: &str, reference: &str, failed: &str) -> Answer {
    let words = said.lines().find_map(|line| {
        let mut words = line.splitn(3, '\t');
        let (flag, names, why) = (words.next()?, words.next()?, words.next()?);
        (names.rsplit(':').next() == Some(reference)).then_some((flag, why))
    });
    match words {
        Some(("!", why)) => Answer::Refused(why.to_owned()),
        Some(_) => Answer::Done,
        None => Answer::Failed(failed.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ref_of_a_push_has_its_own_answer() {
        let said = "To /srv/shop.git\n!\tabc:refs/wt/a\t[rejected] (stale info)\n*\tabc:refs/wt/b\t[new reference]\n\
                    -\t:refs/wt/c\t[deleted]\nDone";
        assert_eq!(answer_of(said, "refs/wt/a", "x"), Answer::Refused("[rejected] (stale info)".to_owned()));
        assert_eq!(answer_of(said, "refs/wt/b", "x"), Answer::Done);
        assert_eq!(answer_of(said, "refs/wt/c", "x"), Answer::Done);
        assert_eq!(answer_of(said, "refs/wt/d", "x"), Answer::Failed("x".to_owned()));
    }
}
