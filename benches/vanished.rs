//! How the time grows with records of worktrees that are gone: `cargo bench --bench vanished [-- RECORDS…]`. A command that
//! costs ten times as much for ten times the records is linear; `cat` of the registry stands beside it.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;

const WAYS: [(&str, &[&str]); 6] = [
    ("wt path", &["path", "here"]),
    ("wt list, first", &["list"]),
    ("wt list, to the end", &["list"]),
    ("wt list --all", &["list", "--all"]),
    ("wt validate", &["validate"]),
    ("wt validate --all --fix", &["validate", "--all", "--fix"]),
];

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let counts = if asked.is_empty() { vec![1000, 10_000, 100_000] } else { asked };
    println!("{:>9}  {:<24} {:>10}  {:>8}  {:>9}", "records", "way", "median", "growth", "over cat");
    let mut before: Vec<Duration> = Vec::new();
    for count in counts {
        let bench = Bench::new(count);
        fs::write(bench.registry(), &bench.text).unwrap();
        let cat = median(|| {
            let begin = Instant::now();
            drop(fs::read(bench.registry()).unwrap());
            begin.elapsed()
        });
        let mut now = Vec::new();
        for (at, (name, arguments)) in WAYS.iter().enumerate() {
            let time = median(|| {
                fs::write(bench.registry(), &bench.text).unwrap();
                let begin = Instant::now();
                bench.wt(arguments);
                // In passing a bounded number goes: the next commands go on.
                while name.ends_with("to the end")
                    && fs::metadata(bench.registry()).unwrap().len() > 1_000_000
                {
                    bench.wt(arguments);
                }
                begin.elapsed()
            });
            let growth = before.get(at).map_or(String::new(), |before: &Duration| {
                format!("{:.1}", time.as_secs_f64() / before.as_secs_f64())
            });
            println!(
                "{count:>9}  {name:<24} {time:>10.2?}  {growth:>8}  {:>9.1}",
                time.as_secs_f64() / cat.as_secs_f64()
            );
            now.push(time);
        }
        before = now;
    }
}

fn median(mut work: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| work()).collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

struct Bench {
    root: tempfile::TempDir,
    /// The registry with all records.
    text: String,
}

impl Bench {
    fn new(count: usize) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut bench = Self { root, text: String::new() };
        fs::create_dir_all(bench.path("repository")).unwrap();
        for arguments in [
            &["init", "-q", "-b", "main"][..],
            &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
        ] {
            bench.run(Command::new("git").args(arguments));
        }
        bench.wt(&["create", "here"]);
        let one = fs::read_to_string(bench.registry()).unwrap();
        let row = one.lines().find(|line| line.starts_with("{\"repository\":")).unwrap();
        let rows: Vec<String> = (0..count)
            .map(|number| {
                let named = row.replace("feature-here", &format!("feature-gone-{number}"));
                let named = named.replace("\"sequence\":", &format!("\"sequence\":{}", number + 1));
                let named =
                    named.replace("\"identifier\":\"here\"", &format!("\"identifier\":\"gone-{number}\""));
                named.replace("\"branch\":\"feature/here\"", &format!("\"branch\":\"feature/gone-{number}\""))
            })
            .collect();
        let mut text = one.replacen(row, &format!("{row},\n{}", rows.join(",\n")), 1);
        text = text.replacen("\"sequence\":", "\"sequence\":9000000", 1);
        bench.text = text;
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn registry(&self) -> PathBuf {
        self.path("state/registry.json")
    }

    fn wt(&self, arguments: &[&str]) {
        self.run(Command::new(env!("CARGO_BIN_EXE_wt")).args(arguments));
    }

    fn run(&self, command: &mut Command) {
        let folder: &Path = &self.path("repository");
        let command = command.current_dir(folder).env("HOME", self.root.path());
        let command = command.env("WT_STATE_DIR", self.path("state")).env_remove("XDG_CONFIG_HOME");
        let done = command.stdout(Stdio::null()).stdin(Stdio::null()).output().unwrap();
        // A validation that finds something says so by its status, and a failure by its words.
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.code().is_some() && !said.contains("error:"), "{command:?}: {said}");
    }
}
