//! What carrying costs beside `cp -r`: `cargo bench --bench carry [-- FILES BYTES]`, by default 10,000 files of 200 MB. All
//! ways take turns in one run, in a temporary folder (`TMPDIR`, else `/dev/shm` where it is): let it lie on XFS or btrfs to
//! see blocks shared. What carrying costs is a create with it less one without.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "it makes files and starts programs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 11;

/// How many files a folder has.
const IN_FOLDER: usize = 100;

struct Bench {
    folder: tempfile::TempDir,
    /// Nothing is named there to be carried.
    plain: PathBuf,
    main: PathBuf,
}

impl Bench {
    fn new(files: usize, bytes: usize) -> Self {
        let memory = Path::new("/dev/shm");
        let is_free = std::env::var_os("TMPDIR").is_none() && memory.is_dir();
        let folder = if is_free { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let bench = Self { plain: folder.path().join("plain"), main: folder.path().join("main"), folder };
        for repository in [&bench.plain, &bench.main] {
            fs::create_dir(repository).unwrap();
            bench.run(repository, "git", &["init", "-q", "-b", "main"]);
            fs::write(repository.join(".gitignore"), "/data/\n").unwrap();
            for number in 0..20 {
                fs::write(repository.join(format!("file{number}")), "x").unwrap();
            }
        }
        fs::write(bench.main.join(".worktreeinclude"), "/data/\n").unwrap();
        fs::write(bench.main.join(".wt.toml"), "[carry]\nbytes = true\n").unwrap();
        for repository in [&bench.plain, &bench.main] {
            let name = ["-c", "user.name=B", "-c", "user.email=b@example.com"];
            bench.run(repository, "git", &["add", "."]);
            bench.run(repository, "git", &[&name[..], &["commit", "-qm", "first"]].concat());
        }
        for number in 0..files {
            let folder = bench.main.join(format!("data/{}", number / IN_FOLDER));
            if number % IN_FOLDER == 0 {
                fs::create_dir_all(&folder).unwrap();
            }
            let byte = u8::try_from(number % 251).unwrap();
            fs::write(folder.join(format!("{number}.js")), vec![byte; bytes / files]).unwrap();
        }
        bench
    }

    fn run(&self, folder: &Path, program: &str, words: &[&str]) {
        let mut command = Command::new(program);
        command.args(words).current_dir(folder).stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("WT_STATE_DIR", self.folder.path().join("state"));
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{program} {words:?}: {output:?}");
    }

    /// Runs a way, and takes back what it made.
    fn time(&self, repository: &Path, program: &str, words: &[&str]) -> Duration {
        let begin = Instant::now();
        self.run(repository, program, words);
        let time = begin.elapsed();
        if program == "cp" {
            fs::remove_dir_all(self.folder.path().join("copy")).unwrap();
        } else {
            self.run(repository, program, &["remove", "--force", "x"]);
            self.run(repository, program, &["--yes", "prune"]);
            fs::remove_dir_all(repository.with_extension("worktrees").join(".wt-trash")).unwrap();
            self.run(repository, "git", &["branch", "-qD", "feature/x"]);
        }
        time
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (files, bytes) =
        (numbers.first().copied().unwrap_or(10_000), numbers.get(1).copied().unwrap_or(200_000_000));
    let bench = Bench::new(files, bytes);
    let wt = env!("CARGO_BIN_EXE_wt");
    let copy = ["-r", "--reflink=auto", "data", "../copy"];
    let bytes_alone = ["-r", "--reflink=never", "data", "../copy"];
    let ways: [(&str, &Path, &str, &[&str]); 6] = [
        ("cp -r --reflink=auto", &bench.main, "cp", &copy),
        ("cp -r --reflink=never", &bench.main, "cp", &bytes_alone),
        ("wt create, carrying", &bench.main, wt, &["create", "x", "--no-env"]),
        ("wt create --no-carry", &bench.main, wt, &["create", "x", "--no-env", "--no-carry"]),
        ("wt create, nothing to carry", &bench.plain, wt, &["create", "x", "--no-env"]),
        ("the same, --no-carry", &bench.plain, wt, &["create", "x", "--no-env", "--no-carry"]),
    ];
    let mut times = vec![Vec::new(); ways.len()];
    for round in 0..=ROUNDS {
        for turn in 0..ways.len() {
            let at = (turn + round) % ways.len();
            let (_, repository, program, words) = ways[at];
            let time = bench.time(repository, program, words);
            if round > 0 {
                times[at].push(time);
            }
        }
    }
    println!("{files} files, {bytes} bytes, in {}", bench.folder.path().display());
    println!("{:<28} {:>10} {:>8}", "way", "median", "ratio");
    // Pair by pair: what slows a round down slows all ways of it.
    let pairs = |of: &dyn Fn(usize) -> f64| {
        let mut ratios: Vec<f64> = (0..ROUNDS).map(of).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ROUNDS / 2]
    };
    let seconds = |way: usize, round: usize| times[way][round].as_secs_f64();
    for (way, (name, ..)) in ways.iter().enumerate() {
        let mut sorted = times[way].clone();
        sorted.sort_unstable();
        let ratio = pairs(&|round| seconds(way, round) / seconds(0, round));
        println!("{name:<28} {:>10.1?} {ratio:>8.2}", sorted[ROUNDS / 2]);
    }
    let carrying = |round| seconds(2, round) - seconds(3, round);
    println!(
        "carrying alone: {:.2} of `cp -r --reflink=auto`, {:.2} of `cp -r --reflink=never`",
        pairs(&|round| carrying(round) / seconds(0, round)),
        pairs(&|round| carrying(round) / seconds(1, round))
    );
    println!("nothing to carry: {:.3} of --no-carry", pairs(&|round| seconds(4, round) / seconds(5, round)));
}
