//! The programs that are held against each other, and turns that they take.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::sources::write_sources;

/// One program, under the name that hooks call it by.
pub struct Side {
    folder: tempfile::TempDir,
}

impl Side {
    pub fn new(program: &Path) -> Self {
        let side = Self { folder: tempfile::tempdir().unwrap() };
        symlink(program.canonicalize().unwrap(), side.program()).unwrap();
        side
    }

    pub fn program(&self) -> PathBuf {
        self.folder.path().join("wt")
    }

    /// The command, with this program first on PATH.
    pub fn command(&self, program: impl AsRef<Path>, words: &[&str]) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(program.as_ref());
        command.args(words).env("PATH", format!("{}:{path}", self.folder.path().display()));
        // A range of its own: what listens on a developer's machine is not what is measured.
        command.env("WT_PORTS_CONFLICT_POLICY", "retry");
        command
    }

    /// Runs the program on a ground, where it has to succeed.
    pub fn wt(&self, ground: &Ground, words: &[&str]) -> Output {
        let output = ground.run(&mut self.command(self.program(), words));
        assert!(output.status.success(), "{words:?}: {output:?}");
        output
    }

    /// How long it takes on a ground.
    pub fn time(&self, ground: &Ground, words: &[&str]) -> Duration {
        let begun = Instant::now();
        self.wt(ground, words);
        begun.elapsed()
    }

    /// A ground with so many worktrees of the program's making, each with these services' ports.
    pub fn ground(&self, worktrees: usize, ports: &str) -> Ground {
        let ground = Ground::new(300);
        for number in 0..worktrees {
            let mut words = vec!["create".to_owned(), format!("w{number}")];
            words.extend((!ports.is_empty()).then(|| format!("--ports={ports}")));
            self.wt(&ground, &words.iter().map(String::as_str).collect::<Vec<_>>());
        }
        ground
    }
}

impl Ground {
    /// A repository of sources, in two versions, packed; without the files themselves where nothing is to be copied.
    pub fn of_sources(files: usize, has_sibling: bool) -> Self {
        let ground = Self::new(1);
        ground.fill_with_sources(files, has_sibling);
        ground
    }

    pub fn fill_with_sources(&self, files: usize, has_sibling: bool) {
        for version in 0..2 {
            write_sources(&self.main(), files, version);
            self.git(&["add", "-A"]);
            self.git(&["commit", "-q", "-m", "version"]);
        }
        self.git(&["gc", "-q", "--prune=now"]);
        if !has_sibling {
            self.git(&["rm", "-r", "-q", "."]);
        }
    }

    /// A path beside the main worktree.
    pub fn beside(&self, name: &str) -> String {
        self.root.path().join(name).to_str().unwrap().to_owned()
    }

    /// Times git.
    pub fn time_git(&self, words: &[&str]) -> Duration {
        let begun = Instant::now();
        self.git(words);
        begun.elapsed()
    }
}

/// Lets all ways take turns, each round beginning with another, and answers the median of each, in seconds. The first round
/// does not count.
pub fn in_turns(rounds: usize, ways: &mut [Box<dyn FnMut(usize) -> Duration + '_>]) -> Vec<f64> {
    let mut times = vec![Vec::new(); ways.len()];
    for round in 0..=rounds {
        for turn in 0..ways.len() {
            let way = (turn + round) % ways.len();
            let time = ways[way](round);
            if round > 0 {
                times[way].push(time);
            }
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    times.into_iter().map(median).collect()
}
