//! What `wt list --size` costs beside `du -s`: `cargo bench --bench size [-- WORKTREES FILES]`, by default 20 worktrees of
//! 50,000 files each, nine tenths of them in `node_modules`. Both take turns in one run, in a temporary folder (`TMPDIR`, else
//! `/dev/shm` where it is).
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "it makes files and starts programs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;

/// How many files a folder has.
const IN_FOLDER: usize = 20;

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (worktrees, files) =
        (numbers.first().copied().unwrap_or(20), numbers.get(1).copied().unwrap_or(50_000));
    let memory = Path::new("/dev/shm");
    let is_free = std::env::var_os("TMPDIR").is_none() && memory.is_dir();
    let folder = if is_free { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let main = folder.path().join("main");
    fs::create_dir(&main).unwrap();
    let run = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).current_dir(&main).stdin(Stdio::null()).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("HOME", folder.path()).env("WT_STATE_DIR", folder.path().join("state"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{program} {words:?}: {output:?}");
    };
    run("git", &["init", "-q", "-b", "main"]);
    fs::write(main.join(".gitignore"), "node_modules/\n").unwrap();
    fill(&main, "src", files / 10);
    run("git", &["add", "."]);
    run("git", &["-c", "user.name=B", "-c", "user.email=b@example.com", "commit", "-qm", "first"]);
    let wt = env!("CARGO_BIN_EXE_wt");
    let mut folders: Vec<PathBuf> = vec![main.clone()];
    fill(&main, "node_modules", files - files / 10);
    for number in 1..worktrees {
        run(wt, &["create", &number.to_string(), "--no-env"]);
        let folder = folder.path().join(format!("main.worktrees/feature-{number}"));
        fill(&folder, "node_modules", files - files / 10);
        folders.push(folder);
    }
    let names: Vec<&str> = folders.iter().map(|folder| folder.to_str().unwrap()).collect();
    let of_du = [&["-s", "--"], &names[..]].concat();
    let ways: [(&str, &str, &[&str]); 3] =
        [("du -s", "du", &of_du), ("wt list --size", wt, &["list", "--size"]), ("wt list", wt, &["list"])];
    let mut times = vec![Vec::new(); ways.len()];
    for round in 0..=ROUNDS {
        for turn in 0..ways.len() {
            let at = (turn + round) % ways.len();
            let begin = Instant::now();
            run(ways[at].1, ways[at].2);
            if round > 0 {
                times[at].push(begin.elapsed());
            }
        }
    }
    let medians: Vec<Duration> = times
        .into_iter()
        .map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        })
        .collect();
    println!("{worktrees} worktrees of {files} files in {}", folder.path().display());
    for ((name, ..), median) in ways.iter().zip(&medians) {
        println!("{name:<16} {median:>10.1?} {:>6.2}", median.as_secs_f64() / medians[0].as_secs_f64());
    }
}

fn fill(root: &Path, name: &str, files: usize) {
    for number in 0..files {
        let folder = root.join(format!("{name}/{}/{}", number / IN_FOLDER / 30, number / IN_FOLDER));
        if number % IN_FOLDER == 0 {
            fs::create_dir_all(&folder).unwrap();
        }
        fs::write(folder.join(format!("{number}.js")), "x").unwrap();
    }
}
