//! The trial's repository and what its checks ask.

use serde_json::Value;

use crate::host::net::probe::{Probe, probe};
use crate::host::trial::{EndedTrial, Trial, TrialChild};
use crate::model::port::Port;
use crate::model::quoting::word_sh;

/// How many ports the trial has.
const PORTS: u16 = 10;

/// Where a row of free ports is looked for.
const LOOKED_AT: std::ops::Range<u16> = 21_000..31_000;

/// What was promised, and what was got instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub expected: String,
    pub got: String,
}

pub(super) type TrialResult = Result<(), Difference>;

/// The place, with a repository `shop`.
pub(super) struct Lab<'a> {
    pub trial: &'a Trial,
    pub first: u16,
}

impl<'a> Lab<'a> {
    /// Makes the repository and the configuration.
    pub(super) fn prepare(trial: &'a Trial, program: &str) -> Result<Self, Difference> {
        let first = free_row().ok_or_else(|| difference("ten free ports in a row", "there are none"))?;
        let lab = Self { trial, first };
        let config = format!(
            "[purpose.feature]\nports = \"{first}-{}\"\n\n[service.web]\nrun = {}\nrestart = \"always\"\n",
            first + PORTS - 1,
            toml_text(&format!("{} selftest --listen {{{{ port }}}}", word_sh(program)))
        );
        lab.put("config/wt/config.toml", &config)?;
        lab.put("shop/README", "for a trial\n")?;
        for number in 0..300 {
            lab.put(&format!("shop/file-{number}"), &format!("{number}\n"))?;
        }
        for words in [
            &["init", "-q"][..],
            &["checkout", "-q", "-b", "main"],
            &["add", "."],
            &["commit", "-q", "-m", "begin"],
        ] {
            let ended = lab
                .trial
                .run("git", "shop", words)
                .map_err(|error| difference("git runs", &error.to_string()))?;
            if ended.status != Some(0) {
                return Err(difference(&format!("git {}", words.join(" ")), &ended.stderr));
            }
        }
        Ok(lab)
    }

    fn put(&self, file: &str, text: &str) -> TrialResult {
        self.trial
            .put(file, text)
            .map_err(|error| difference(&format!("{file} is written"), &error.to_string()))
    }

    /// Stops what may run, and waits until the supervisors have gone too.
    pub(super) fn leave(&self) -> TrialResult {
        for name in ["feature-one", "feature-two"] {
            // One that was never made has nothing to stop.
            let _ = self.trial.wt("shop", &["down", "--worktree", name, "--quiet"]);
        }
        let has_ended = self.trial.until(|| self.trial.processes().is_empty());
        expect(
            has_ended,
            "every process of the test ends by itself",
            &format!("{:?} run", self.trial.processes()),
        )
    }

    /// Returns the `index`-th port.
    pub(super) fn port(&self, index: u16) -> u16 {
        self.first + index
    }

    /// Runs `wt --json` in the main worktree, and expects that exit status.
    pub(super) fn wt(&self, words: &[&str], status: i32) -> Result<Value, Difference> {
        let shown = format!("`wt {}` exits {status}", words.join(" "));
        let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
        let ended = self.trial.wt("shop", &words).map_err(|error| difference(&shown, &error.to_string()))?;
        if ended.status != Some(status) {
            return Err(difference(&shown, &told(&ended)));
        }
        serde_json::from_str(&ended.stdout).map_err(|_| difference("an answer in JSON", &told(&ended)))
    }

    /// Has a stranger listen on a port.
    pub(super) fn hold(&self, folder: &str, port: u16) -> Result<TrialChild, Difference> {
        let text = port.to_string();
        let expected = format!("somebody listens on {port}");
        let mut started = self
            .trial
            .start(folder, &["selftest", "--listen", &text])
            .map_err(|error| difference(&expected, &error.to_string()))?;
        started.await_word();
        expect(!started.has_ended() && !is_free(port), &expected, "nobody does")?;
        Ok(started)
    }

    /// Returns the service as `wt status` shows it.
    pub(super) fn web(&self) -> Result<(String, u32), Difference> {
        let status = self.wt(&["status", "--worktree", "feature-one"], 0)?;
        let web = &status["services"][0];
        let pid = web["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or_default();
        Ok((web["state"].as_str().unwrap_or_default().to_owned(), pid))
    }

    /// Returns the port that a worktree has by the registry.
    pub(super) fn port_of(&self, worktree: &str) -> Result<Option<u16>, Difference> {
        let list = self.wt(&["list"], 0)?;
        let rows = list["worktrees"].as_array().map(Vec::as_slice).unwrap_or_default();
        let row = rows.iter().find(|row| row["name"] == worktree);
        Ok(row.and_then(|row| u16::try_from(row["ports"][0]["port"].as_u64()?).ok()))
    }

    /// Answers whether there is nothing of a worktree: no record, no folder, no branch.
    pub(super) fn is_untouched(&self, name: &str) -> Result<bool, Difference> {
        let list = self.wt(&["list"], 0)?;
        let rows = list["worktrees"].as_array().map(Vec::as_slice).unwrap_or_default();
        let branch = format!("refs/heads/feature/{name}");
        let asked = self.trial.run("git", "shop", &["show-ref", "--verify", "--quiet", &branch]);
        let is_recorded = rows.iter().any(|row| row["name"] == format!("feature-{name}"));
        Ok(!is_recorded
            && !self.trial.path(&folder(name)).exists()
            && asked.is_ok_and(|ended| ended.status != Some(0)))
    }
}

/// The folder of a worktree.
pub(super) fn folder(name: &str) -> String {
    format!("shop.worktrees/feature-{name}")
}

pub(super) fn difference(expected: &str, got: &str) -> Difference {
    Difference { expected: expected.to_owned(), got: got.trim().to_owned() }
}

pub(super) fn expect(is_so: bool, expected: &str, got: &str) -> TrialResult {
    if is_so { Ok(()) } else { Err(difference(expected, got)) }
}

pub(super) fn is_free(port: u16) -> bool {
    Port::new(port).is_some_and(|port| matches!(probe(port), Ok(Probe::Free)))
}

fn free_row() -> Option<u16> {
    let mut rows = LOOKED_AT.step_by(usize::from(PORTS));
    rows.find(|first| (0..PORTS).all(|index| is_free(first + index)))
}

fn told(ended: &EndedTrial) -> String {
    let status = ended.status.map_or_else(|| "a signal".to_owned(), |status| format!("exit {status}"));
    format!("{status}: {}{}", ended.stdout.trim(), ended.stderr.trim())
}

fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
