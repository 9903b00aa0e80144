//! What a claim costs beside a bare push of one ref to the same remote: `cargo bench --bench claims [-- ROUNDS]`. A create without
//! claims, one with a claim, and a push take turns in one run, over a bare repository beside the clone; trust the ratio.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse::<usize>().ok()).unwrap_or(31);
    let bench = Bench::new();
    let mut rows: Vec<[f64; 3]> = Vec::new();
    for round in 0..rounds {
        let create =
            |kind: &str| vec!["create".to_owned(), format!("{kind}-{round}"), "--no-hooks".to_owned()];
        let spec = format!("HEAD:refs/other/{round}");
        rows.push([
            bench.timed(env!("CARGO_BIN_EXE_wt"), &create("free"), "off"),
            bench.timed(env!("CARGO_BIN_EXE_wt"), &create("claimed"), "git"),
            bench.timed("git", &["push", "-q", "origin", &spec].map(str::to_owned), "off"),
        ]);
    }
    let median = |of: &dyn Fn(&[f64; 3]) -> f64| {
        let mut all: Vec<f64> = rows.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (claim, push) = (median(&|row| row[1] - row[0]), median(&|row| row[2]));
    println!("a create without claims {:>7.1} ms", median(&|row| row[0]));
    println!("a claim more            {claim:>7.1} ms");
    println!("a bare push of one ref  {push:>7.1} ms");
    println!("a claim to a push       {:>7.2}", claim / push);
}

/// A remote, and a clone of it.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let bench = Self { folder: folder.unwrap() };
        fs::create_dir(bench.shop()).unwrap();
        bench.git(&["init", "-q", "-b", "main"]);
        bench.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
        let remote = bench.folder.path().join("shop.git");
        bench.git(&["clone", "-q", "--bare", ".", remote.to_str().unwrap()]);
        bench.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
        bench
    }

    fn shop(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let home = self.folder.path().join("home");
        command.current_dir(self.shop()).env_clear().stdout(Stdio::null()).stderr(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home);
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "bench")
                .env(format!("GIT_{who}_EMAIL"), "bench@localhost");
        }
        command
    }

    fn git(&self, words: &[&str]) {
        assert!(self.command("git").args(words).status().unwrap().success(), "git {words:?}");
    }

    /// Runs it, and returns how many milliseconds it took.
    fn timed(&self, program: &str, words: &[String], claims: &str) -> f64 {
        let mut command = self.command(program);
        command.args(words).env("WT_TEAM_CLAIMS", claims).env("WT_TEAM_TIMEOUT", "20s");
        let began = Instant::now();
        assert!(command.status().unwrap().success(), "{program} {words:?}");
        began.elapsed().as_secs_f64() * 1000.0
    }
}
