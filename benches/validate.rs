//! What a look at the records costs: `cargo bench --bench validate`. `wt validate`, with and without listeners, and
//! `git worktree list` take turns in one run, over 100 worktrees with 1,000 allocations.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "it makes repositories and starts git")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 31;

const WORKTREES: usize = 100;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let world = World { folder: folder.path() };
    fs::create_dir_all(world.folder.join("config/wt")).unwrap();
    // Below the ephemeral range, above what the built-in purposes have.
    fs::write(world.folder.join("config/wt/config.toml"), "[purpose.feature]\nports = \"12000-14999\"\n")
        .unwrap();
    fs::write(world.folder.join(".gitconfig"), "[user]\n\tname = A\n\temail = a@example.org\n").unwrap();
    let repository = world.folder.join("shop");
    world.run(world.folder, "git", &["init", "-q", "shop"]);
    for number in 0..200 {
        fs::write(repository.join(format!("file-{number}.txt")), format!("{number}\n")).unwrap();
    }
    world.run(&repository, "git", &["add", "-A"]);
    world.run(&repository, "git", &["commit", "-qm", "files"]);
    let wt = env!("CARGO_BIN_EXE_wt");
    for number in 0..WORKTREES {
        let name = format!("w{number}");
        world.run(&repository, wt, &["create", &name, "--ports=10", "--on-conflict", "retry", "-q"]);
    }
    let commands: [(&str, &[&str]); 3] =
        [("git", &["worktree", "list"]), (wt, &["validate"]), (wt, &["validate", "--verify-ports"])];
    let mut times = vec![Vec::new(); commands.len()];
    for round in 0..ROUNDS {
        for turn in 0..commands.len() {
            let at = (turn + round) % commands.len();
            times[at].push(world.time(&repository, commands[at].0, commands[at].1));
        }
    }
    for times in &mut times {
        times.sort_unstable();
    }
    println!("{:<28} {:>10} {:>10} {:>7}", "command", "median", "quickest", "ratio");
    let base = times[0][ROUNDS / 2].as_secs_f64();
    for ((program, words), times) in commands.iter().zip(&times) {
        let name = Path::new(program).file_name().unwrap().to_string_lossy();
        let (median, quickest) = (times[ROUNDS / 2], times[0]);
        let line = format!("{name} {}", words.join(" "));
        println!("{line:<28} {median:>10.2?} {quickest:>10.2?} {:>7.2}", median.as_secs_f64() / base);
    }
}

/// Where the commands run, with an environment of their own.
struct World<'a> {
    folder: &'a Path,
}

impl World<'_> {
    fn command(&self, folder: &Path, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", self.folder);
        command
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("WT_STATE_DIR", self.folder.join("state"));
        command
            .args(words)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn run(&self, folder: &Path, program: &str, words: &[&str]) {
        let status = self.command(folder, program, words).status().unwrap();
        assert!(status.success(), "{program} {words:?}");
    }

    fn time(&self, folder: &Path, program: &str, words: &[&str]) -> Duration {
        let mut command = self.command(folder, program, words);
        let start = Instant::now();
        let _ = command.status().unwrap();
        start.elapsed()
    }
}
