//! What a press of Tab costs: `cargo bench --bench complete`. In a repository with 500 worktrees, 19 others beside it, what
//! the shells' functions run takes turns with `git worktree list` and `git for-each-ref`.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const WORKTREES: usize = 500;
const OTHERS: usize = 19;
const ROUNDS: usize = 51;

/// What is typed, its last word being asked for; without words it is git that is asked.
const WAYS: [(&str, &[&str]); 9] = [
    ("git worktree list", &[]),
    ("git for-each-ref", &[]),
    ("wt s", &["wt", "s"]),
    ("wt remove", &["wt", "remove", ""]),
    ("wt path feature-w1", &["wt", "path", "feature-w1"]),
    ("wt create x --branch", &["wt", "create", "x", "--branch", ""]),
    ("wt restore", &["wt", "restore", ""]),
    ("wt ports release", &["wt", "ports", "release", ""]),
    ("wt up", &["wt", "up", ""]),
];

fn main() {
    let bench = Bench::new();
    let mut times = vec![Vec::new(); WAYS.len()];
    for round in 0..=ROUNDS {
        for turn in 0..WAYS.len() {
            let way = (turn + round) % WAYS.len();
            let begin = Instant::now();
            bench.ask(way);
            if round > 0 {
                times[way].push(begin.elapsed());
            }
        }
    }
    println!("{:<22} {:>9} {:>6}   {:>9} {:>6}", "typed", "median", "ratio", "quickest", "ratio");
    let sorted = times.into_iter().map(|mut times: Vec<Duration>| {
        times.sort_unstable();
        // The quickest tenth is what it costs where nobody else wants the processors.
        [times[times.len() / 2], times[times.len() / 10]]
    });
    let sorted: Vec<[Duration; 2]> = sorted.collect();
    for ((name, _), [median, quickest]) in WAYS.iter().zip(&sorted) {
        let ratio = |at: usize, time: &Duration| time.as_secs_f64() / sorted[0][at].as_secs_f64();
        println!(
            "{name:<22} {median:>9.2?} {:>6.2}   {quickest:>9.2?} {:>6.2}",
            ratio(0, median),
            ratio(1, quickest)
        );
    }
}

struct Bench {
    root: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let bench = Self { root: root.unwrap() };
        for number in 0..=OTHERS {
            let repository = bench.repository(number);
            fs::create_dir_all(&repository).unwrap();
            for arguments in [
                &["init", "-q", "-b", "main"][..],
                &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
            ] {
                bench.run(Command::new("git").args(arguments), &repository);
            }
            // Every tenth has ports, as far as the ranges reach.
            for worktree in 0..if number == 0 { WORKTREES } else { 5 } {
                let name = format!("w{worktree}");
                let ports: &[&str] = if worktree % 10 == 0 { &["--ports"] } else { &[] };
                bench.run(Self::wt().args(["create", &name]).args(ports), &repository);
            }
        }
        for worktree in 0..20 {
            let name = format!("gone{worktree}");
            bench.run(Self::wt().args(["create", &name]), &bench.repository(0));
            bench.run(Self::wt().args(["remove", &name]), &bench.repository(0));
        }
        bench
    }

    fn repository(&self, number: usize) -> PathBuf {
        self.root.path().join(format!("repository-{number}"))
    }

    fn wt() -> Command {
        Command::new(env!("CARGO_BIN_EXE_wt"))
    }

    fn ask(&self, way: usize) {
        let (name, words) = WAYS[way];
        let mut command = match words.len() {
            0 => Command::new("git"),
            _ => Self::wt(),
        };
        if words.is_empty() {
            command.args(name.split(' ').skip(1));
        } else {
            let index = (words.len() - 1).to_string();
            command.args(["__complete", "--shell", "bash", "--index", &index, "--"]).args(words);
        }
        let output = self.of(&mut command, &self.repository(0)).stderr(Stdio::null()).output().unwrap();
        // A completion never fails; what it is worth are its words.
        assert!(output.status.success() && !output.stdout.is_empty(), "{command:?}");
    }

    fn run(&self, command: &mut Command, folder: &Path) {
        let done = self.of(command, folder).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(done.success(), "{command:?}");
    }

    fn of<'a>(&self, command: &'a mut Command, folder: &Path) -> &'a mut Command {
        let command = command.current_dir(folder).env("HOME", self.root.path());
        let command = command.env("WT_STATE_DIR", self.root.path().join("state"));
        command.env_remove("XDG_CONFIG_HOME").stdin(Stdio::null())
    }
}
