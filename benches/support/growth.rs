//! What a growing ground needs more: records, branches and worktrees by the thousand, and what commands cost there.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

use super::ground::Ground;

/// What a command took, in seconds: of the processors, or on the clock.
pub struct Cost {
    pub command: String,
    pub seconds: f64,
    pub is_clock: bool,
}

impl Ground {
    /// Runs `wt`, which may find something to say, and fails at nothing.
    pub fn wt(&self, words: &[&str]) {
        let output = self.try_wt(words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some() && !said.contains("error:"), "{words:?}: {said}");
    }

    pub fn try_wt(&self, words: &[&str]) -> Output {
        self.run(Command::new(env!("CARGO_BIN_EXE_wt")).args(words))
    }

    /// The folders of the worktrees beside the main one.
    pub fn worktrees(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.root.path().join("main.worktrees")).unwrap().flatten();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        folders.retain(|folder| folder.join(".git").exists());
        folders.sort();
        folders
    }

    fn registry(&self) -> PathBuf {
        self.root.path().join("state/registry.json")
    }

    pub fn write_registry(&self, text: &str) {
        fs::write(self.registry(), text).unwrap();
    }

    /// The registry as it is, with so many records more.
    pub fn registry_of(&self, count: usize, repositories: usize) -> String {
        let one = fs::read_to_string(self.registry()).unwrap();
        let row =
            one.lines().find(|line| line.starts_with("{\"repository\":")).unwrap().trim_end_matches(',');
        let id = row.split("\"repository_id\":\"").nth(1).unwrap().split('"').next().unwrap();
        let living = self.root.path().join("living");
        let mut rows = row.to_owned();
        for number in 0..count {
            let name = format!("of-the-bench-{number}");
            let mut other = row.replace("feature-here", &name).replace("\"here\"", &format!("\"{name}\""));
            other = other.replace("feature/here", &format!("feature/{name}"));
            other = other.replace("\"sequence\":", &format!("\"sequence\":{}", number + 1));
            // Nobody has a port twice.
            other = without(&other, "\"allocations\":[", "]");
            match number % 10 {
                // Alive, and another repository's.
                0 | 1 => {
                    let folder = living.join(&name);
                    fs::create_dir_all(folder.join(".git")).unwrap();
                    other = other.replace(id, &format!("{:032x}", number % repositories + 1));
                    other = with_path(&other, &folder);
                }
                2..=5 => other = other.replace(id, &format!("{:032x}", number % repositories + 1)),
                _ => other = with_host(&other),
            }
            let _ = write!(rows, ",\n{other}");
        }
        one.replacen(row, &rows, 1).replacen("\"sequence\":", "\"sequence\":9000000", 1)
    }

    /// Makes so many branches at the one commit, a thousand in a folder.
    pub fn make_branches(&self, count: usize, is_packed: bool) {
        let git = self.main().join(".git");
        let commit = self.git(&["rev-parse", "HEAD"]);
        let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
        let name = |number: usize| format!("refs/heads/of-the-bench/{}/{}", number / 1000, number % 1000);
        let mut names: Vec<String> = (0..count).map(name).collect();
        if is_packed {
            names.push("refs/heads/main".to_owned());
            names.sort();
            let line = |lines: String, name: &String| lines + &commit + " " + name + "\n";
            let lines = names.iter().fold(String::new(), line);
            let head = "# pack-refs with: peeled fully-peeled sorted \n";
            fs::write(git.join("packed-refs"), format!("{head}{lines}")).unwrap();
            return;
        }
        for name in names {
            let file = git.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("{commit}\n")).unwrap();
        }
    }

    /// What a command costs that only looks: the least of so many runs.
    pub fn look(&self, rounds: usize, words: &[&str]) -> Cost {
        let runs = (0..rounds).map(|_| self.processor_time(words));
        let seconds = runs.min_by(f64::total_cmp).unwrap();
        Cost { command: words.join(" "), seconds, is_clock: false }
    }

    /// What a command costs that can run but once.
    pub fn once(&self, command: &str, words: &[&str]) -> Cost {
        Cost { command: command.to_owned(), seconds: self.processor_time(words), is_clock: false }
    }

    /// How long a command takes.
    pub fn timed(&self, command: &str, words: &[&str]) -> Cost {
        let begun = Instant::now();
        self.wt(words);
        Cost { command: command.to_owned(), seconds: begun.elapsed().as_secs_f64(), is_clock: true }
    }

    fn processor_time(&self, words: &[&str]) -> f64 {
        let before = of_children();
        self.wt(words);
        of_children() - before
    }
}

/// The processor time of all children that have ended, in seconds.
#[expect(clippy::cast_precision_loss, reason = "microseconds of one bench")]
fn of_children() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let micros = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    micros(usage.user_time()) + micros(usage.system_time())
}

/// The text without what stands between `begin` and the next `end`.
fn without(text: &str, begin: &str, end: &str) -> String {
    let Some((head, rest)) = text.split_once(begin) else { return text.to_owned() };
    let Some((_, tail)) = rest.split_once(end) else { return text.to_owned() };
    format!("{head}{begin}{end}{tail}")
}

fn with_path(row: &str, path: &Path) -> String {
    replaced(row, "\"path\":\"", &path.display().to_string())
}

fn with_host(row: &str) -> String {
    replaced(row, "\"host\":\"", "another-machine")
}

/// The row with another text in the place of what follows `key`.
fn replaced(row: &str, key: &str, text: &str) -> String {
    let Some((head, rest)) = row.split_once(key) else { return row.to_owned() };
    let Some((_, tail)) = rest.split_once('"') else { return row.to_owned() };
    format!("{head}{key}{text}\"{tail}")
}
