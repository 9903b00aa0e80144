//! The git children that push, ask and read claims: they run no hooks, never ask anybody, and end at a given moment.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::annex::{Annex, MOST_BYTES};
use super::patience::Patience;
use crate::error::{Code, Failure, Result};
use crate::host::clock::Clock;
use crate::host::git::{Git, GitOutput, RemotePlace};
use crate::host::interrupt::Interrupt;
use crate::model::claim_change::{Answer, RefChange, SILENCE, TRY_AGAIN};
use crate::model::claim_ref::{self, without_user};

/// One remote of one repository.
#[derive(Clone, Debug)]
pub struct Remote {
    pub annex: Annex,
    /// Where a URL that is relative counts from.
    pub folder: PathBuf,
    pub name: String,
    /// Its URL as the settings have it: what is pushed there is given back there, whatever they say later.
    pub address: String,
    pub place: RemotePlace,
    /// The program for ssh that git's configuration names.
    pub ssh: Option<String>,
    pub interrupt: Interrupt,
    pub patience: Patience,
}

/// How long one ref that could not be read with the others is waited for by itself.
const ALONE: Duration = Duration::from_secs(1);

impl Remote {
    fn git(&self) -> Git<'_> {
        Git::new(&self.folder)
            .args([format!("--git-dir={}", self.annex.git_dir().display())])
            .args([
                "-c",
                &format!("core.sshCommand={} -o BatchMode=yes", self.ssh.as_deref().unwrap_or("ssh")),
            ])
            .asking_nobody()
    }

    /// The same remote where it is known by `address` alone, with patience of its own.
    #[must_use]
    pub fn at(&self, address: &str) -> Self {
        let (name, patience) = (address.to_owned(), self.patience.afresh());
        let place = RemotePlace::Named;
        Self { name, address: address.to_owned(), place, patience, ..self.clone() }
    }

    /// Returns what git is told to ask.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where what is pushed would not be seen by those who ask.
    fn asked(&self) -> Result<&str> {
        match &self.place {
            RemotePlace::Named => Ok(&self.name),
            RemotePlace::At(address) => Ok(address),
            RemotePlace::Apart { asked, pushed } => {
                let pushed: Vec<String> = pushed.iter().map(|url| without_user(url)).collect();
                let (asked, pushed) = (without_user(asked), pushed.join(", "));
                let why =
                    format!("it is asked at {asked}, and pushes go to {pushed}, which nobody would see");
                Err(self.unreachable(&why, "two_addresses").hint(
                    "`team.remote` is to name a remote that is asked and pushed to at one address: without `pushurl`, or \
                     `url.*.pushInsteadOf` that leads elsewhere",
                ))
            }
        }
    }

    /// Runs a child for as long as we are patient; `None` where it was ended then.
    fn run(&self, git: Git<'_>) -> Result<Option<GitOutput>> {
        self.run_within(git, None)
    }

    fn run_within(&self, git: Git<'_>, most: Option<Duration>) -> Result<Option<GitOutput>> {
        self.annex.make()?;
        let run = |until: Instant| {
            let until = most.map_or(until, |most| until.min(Clock.instant() + most));
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

    /// Makes a commit that says `words`, and returns its name.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`, `git_failed`.
    pub fn write<T: Serialize>(&self, title: &str, at: Timestamp, words: &T) -> Result<String> {
        let tree = self.annex.write("tree", "")?;
        self.annex.write("commit", &claim_ref::commit(&tree, title, at, words))
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
        self.asked()?;
        // A mirror pushes all or nothing.
        let git = self.git().args(["-c", &format!("remote.{}.mirror=false", self.name)]);
        let git = git.args(["push", "--porcelain", "--no-verify", "--recurse-submodules=no"]);
        let git = if atomic { git.args(["--atomic"]) } else { git };
        let git = git.args(changes.iter().map(lease)).args(["--", self.name.as_str()]);
        let Some(output) = self.run(git.args(changes.iter().map(spec)))? else {
            return Ok(vec![Answer::default(); changes.len()]);
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
        let output = self.run(self.git().args(["ls-remote", "--", self.asked()?]).args(patterns))?;
        let output = self.answered(output)?;
        let text = output.text();
        let line =
            |line: &str| line.split_once('\t').map(|(commit, name)| (name.to_owned(), commit.to_owned()));
        Ok(text.lines().filter_map(line).collect())
    }

    /// Returns what the commits of `references` say, in their order; `None` for what is no claim, and for what
    /// could not be brought here. One ref that leads to very much, or to nothing, stands in the way of no other.
    ///
    /// # Errors
    ///
    /// `interrupted`; `claims_unreachable` where pushes go elsewhere.
    pub fn read(&self, references: &[(String, String)]) -> Result<Vec<Option<String>>> {
        let missing: Vec<&(String, String)> =
            references.iter().filter(|(_, commit)| !self.annex.has(commit)).collect();
        if !missing.is_empty() {
            let known = self.annex.suspects();
            let (alone, together): (Vec<_>, Vec<_>) =
                missing.into_iter().partition(|(_, commit)| known.contains(commit));
            let half = self.patience.left() / 2;
            let mut suspects = Vec::new();
            let is_whole = together.is_empty() || self.fetch(&together, half)?;
            let each = alone.into_iter().chain(together.into_iter().filter(|_| !is_whole));
            for one in each {
                // Those that nobody could be asked about any more are as doubtful as before.
                if !self.fetch(&[one], ALONE)? {
                    suspects.push(one.1.clone());
                }
            }
            if suspects != known {
                self.annex.suspect(&suspects);
            }
        }
        let said = |text: String| claim_ref::said(&text).map(str::to_owned);
        let mut texts: Vec<Option<String>> =
            references.iter().map(|(_, commit)| self.annex.read(commit).and_then(said)).collect();
        if texts.iter().any(Option::is_none) && self.annex.has_packs() {
            for ((_, commit), text) in references.iter().zip(&mut texts).filter(|(_, text)| text.is_none()) {
                *text = self.unpacked(commit)?.and_then(said);
            }
        }
        Ok(texts)
    }

    /// Has git read a commit that it keeps in a pack, as it did for older programs in partial clones.
    fn unpacked(&self, commit: &str) -> Result<Option<String>> {
        let ask = |words: &[&str]| self.run_within(self.git().fetching_nothing().args(words), Some(ALONE));
        let checked =
            |output: Option<GitOutput>| output.filter(GitOutput::is_success).map(|output| output.text());
        let size = checked(ask(&["cat-file", "-s", commit])?).and_then(|size| size.parse::<usize>().ok());
        if size.is_none_or(|size| size > MOST_BYTES) {
            return Ok(None);
        }
        Ok(checked(ask(&["cat-file", "commit", commit])?))
    }

    /// Brings commits here, without what came before them; false where that did not work.
    fn fetch(&self, references: &[&(String, String)], within: Duration) -> Result<bool> {
        let usual = [
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            // A clone that leaves objects out would have them kept in a pack, and marked as to be fetched.
            "--no-filter",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--refmap=",
        ];
        let names = references.iter().map(|(name, _)| name.as_str());
        let output =
            self.run_within(self.git().args(usual).args(["--", self.asked()?]).args(names), Some(within))?;
        if output.is_none() {
            self.annex.drop_remains();
        }
        Ok(output.is_some_and(|output| output.is_success()))
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
        let name = without_user(&self.name);
        Failure::new(Code::ClaimsUnreachable, format!("the claims on `{name}` cannot be reached: {why}"))
            .hint(TRY_AGAIN)
            .detail("reason", reason)
            .detail("remote", name)
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
        // git's words for one of several that were to go together, and for a remote that has no such push (git-push(1),
        // `--atomic`).
        Some(("!", why)) if why.contains("atomic") => Answer::Entangled,
        Some(("!", why)) => Answer::Refused(why.to_owned()),
        Some(_) => Answer::Done,
        None if failed.contains("atomic") => Answer::NotAtOnce,
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
        let failed = "!\tabc:refs/wt/a\t[rejected] (atomic push failed)";
        assert_eq!(answer_of(failed, "refs/wt/a", "x"), Answer::Entangled);
        let failed = "fatal: the receiving end does not support --atomic push";
        assert_eq!(answer_of("", "refs/wt/a", failed), Answer::NotAtOnce);
    }
}
