//! What removing a worktree costs beside `git worktree remove`, until the prompt returns: `cargo bench --bench remove
//! [-- FILES…]`; and what the look for lost work costs beside `git status`. The sides take turns in one run.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wt::door::Repository;

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![1000, 5000, 25_000] } else { asked };
    println!("{:>7}  {:<28} {:>10}  {:>10}  {:>6}", "files", "way", "median", "per file", "ratio");
    for files in sizes {
        let bench = Bench::new(files);
        let rounds = (25_000 / files).clamp(5, 15);
        let ways: [(&str, &[&str]); 3] = [
            ("git worktree remove", &["git", "worktree", "remove"]),
            ("wt remove", &["wt", "remove", "-q"]),
            ("wt remove --force", &["wt", "remove", "-q", "--force"]),
        ];
        let mut times = vec![Vec::new(); ways.len()];
        let (mut status, mut look) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            for turn in 0..ways.len() {
                let way = (turn + round) % ways.len();
                let folder = bench.add(round * ways.len() + way);
                if turn == 0 {
                    // What git read again because it was as young as the index is done with.
                    bench.run(&folder, &["git", "status"]);
                    status.push(bench.run(&folder, &["git", "status"]));
                    look.push(look_for_work(&folder));
                }
                let words: Vec<&str> = ways[way].1.iter().copied().chain(folder.to_str()).collect();
                let time = bench.run(&bench.main(), &words);
                assert!(!folder.exists());
                if round > 0 {
                    times[way].push(time);
                }
                bench.clear();
            }
        }
        let medians: Vec<Duration> = times.into_iter().map(median).collect();
        for ((name, _), time) in ways.iter().zip(&medians) {
            show(files, name, *time, medians[0]);
        }
        let status = median(status);
        show(files, "git status", status, status);
        show(files, "the look for lost work", median(look), status);
    }
}

fn show(files: usize, name: &str, time: Duration, against: Duration) {
    println!(
        "{files:>7}  {name:<28} {time:>10.2?}  {:>10.2?}  {:>6.3}",
        time / u32::try_from(files).unwrap(),
        time.as_secs_f64() / against.as_secs_f64(),
    );
}

fn look_for_work(folder: &Path) -> Duration {
    let begin = Instant::now();
    let changes = Repository::discover(folder).and_then(|found| found.changes(folder, true));
    let time = begin.elapsed();
    assert!(changes.is_ok_and(|changes| changes.is_clean()));
    time
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A repository of its own, with a home and a registry of its own.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(files: usize) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match std::env::var_os("TMPDIR") {
            None if memory.is_dir() => tempfile::tempdir_in(memory),
            _ => tempfile::tempdir(),
        };
        let bench = Self { folder: folder.unwrap() };
        let main = bench.main();
        fs::create_dir_all(&main).unwrap();
        bench.run(&main, &["git", "init", "-q", "-b", "main"]);
        bench.run(&main, &["git", "config", "gc.auto", "0"]);
        for number in 0..files {
            let folder = main.join(format!("part-{}/module-{}", number / 144, number / 12));
            fs::create_dir_all(&folder).unwrap();
            let text = format!("line of file {number}\n").repeat(20 + number * 7 % 200);
            fs::write(folder.join(format!("file-{number}.rs")), text).unwrap();
        }
        bench.run(&main, &["git", "add", "-A"]);
        bench.run(&main, &["git", "commit", "-q", "-m", "first"]);
        bench.run(&main, &["git", "gc", "-q"]);
        bench
    }

    fn main(&self) -> PathBuf {
        self.folder.path().join("main")
    }

    fn add(&self, number: usize) -> PathBuf {
        let folder = self.folder.path().join(format!("worktree-{number}"));
        let path = folder.to_str().unwrap();
        self.run(&self.main(), &["git", "worktree", "add", "-q", "--detach", path, "main"]);
        folder
    }

    /// The memory holds only so many removed worktrees.
    fn clear(&self) {
        for folder in ["state", ".wt-trash", "main/.git/wt/trash"] {
            let _ = fs::remove_dir_all(self.folder.path().join(folder));
        }
    }

    /// Runs a program to its end and returns how long it took.
    fn run(&self, folder: &Path, words: &[&str]) -> Duration {
        let program = if words[0] == "wt" { env!("CARGO_BIN_EXE_wt") } else { words[0] };
        let mut command = Command::new(program);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path()).env("WT_STATE_DIR", self.folder.path().join("state"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null());
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Bench")
                .env(format!("GIT_{who}_EMAIL"), "bench@example.com");
        }
        command.args(&words[1..]).current_dir(folder);
        let begin = Instant::now();
        let output = command.output().unwrap();
        let time = begin.elapsed();
        assert!(output.status.success(), "{words:?}: {output:?}");
        time
    }
}
