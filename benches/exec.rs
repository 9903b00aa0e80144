//! What `wt exec` adds to the commands that it runs: `cargo bench --bench exec`. `true` in each of 50 worktrees, two at a
//! time, by `wt exec --all -j 2` and by `xargs -P 2`, taking turns in one run.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "it makes repositories and starts programs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const WORKTREES: u32 = 50;
const ROUNDS: usize = 31;

fn main() {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let main = folder.path().join("main");
    fs::create_dir(&main).unwrap();
    let run = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(&main)
            .env("HOME", folder.path())
            .env("WT_STATE_DIR", folder.path().join("state"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{program} {words:?}: {output:?}");
    };
    let (wt, name) = (env!("CARGO_BIN_EXE_wt"), ["-c", "user.name=B", "-c", "user.email=b@example.com"]);
    run("git", &["init", "-q", "-b", "main"]);
    run("git", &[&name[..], &["commit", "-q", "--allow-empty", "-m", "first"]].concat());
    let folders: Vec<PathBuf> =
        (0..WORKTREES).map(|number| folder.path().join(format!("main.worktrees/feature-{number}"))).collect();
    for number in 0..WORKTREES {
        run(wt, &["create", &number.to_string(), "--ports", "--on-conflict", "retry"]);
    }
    let list = folder.path().join("list");
    let lines: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    fs::write(&list, lines.join("\n")).unwrap();
    let plain = format!("xargs -P 2 -I {{}} env -C {{}} true < {}", list.display());
    let ways: [(&str, &str, &[&str]); 2] = [
        ("xargs -P 2 … env -C FOLDER true", "sh", &["-c", &plain]),
        ("wt exec --all -j 2 -- true", wt, &["exec", "--all", "-j", "2", "--", "true"]),
    ];
    let mut times = vec![Vec::new(); ways.len()];
    for round in 0..ROUNDS {
        for turn in 0..ways.len() {
            let at = (turn + round) % ways.len();
            let begin = Instant::now();
            run(ways[at].1, ways[at].2);
            times[at].push(begin.elapsed());
        }
    }
    println!("{:<34} {:>9} {:>12} {:>10}", "way", "median", "a worktree", "more");
    let medians: Vec<Duration> = times
        .into_iter()
        .map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        })
        .collect();
    for ((way, ..), median) in ways.iter().zip(&medians) {
        let more = (median.as_secs_f64() - medians[0].as_secs_f64()) * 1000.0 / f64::from(WORKTREES);
        println!("{way:<34} {median:>9.1?} {:>12.2?} {more:>+7.2} ms", *median / WORKTREES);
    }
}
