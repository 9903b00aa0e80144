//! What a look at all worktrees costs beside git: `cargo bench --bench list [-- WORKTREES…]`. `wt list` takes turns with
//! `git worktree list`, and `wt list --status` with `git status` in each worktree, one by one.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FILES: usize = 200;

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let counts = if asked.is_empty() { vec![10, 100, 500] } else { asked };
    println!("{:>9}  {:<26} {:>10}  {:>12}  {:>6}", "worktrees", "way", "median", "per worktree", "ratio");
    for count in counts {
        let bench = Bench::new(count);
        let rounds = (1500 / count).clamp(7, 51);
        let ways: [(&str, &dyn Fn()); 6] = [
            ("git worktree list", &|| drop(bench.git(&bench.main(), &["worktree", "list"]))),
            ("wt list", &|| bench.wt(&["list"])),
            ("git status in each", &|| bench.status_of_each(false)),
            ("wt list --status", &|| bench.wt(&["list", "--status"])),
            // A file that is ignored in each worktree, one that is changed and one that is new in every tenth.
            ("git status in each, dirty", &|| bench.status_of_each(true)),
            ("wt list --status, dirty", &|| bench.wt(&["list", "--status"])),
        ];
        let mut times = vec![Vec::new(); ways.len()];
        for pair in 0..ways.len() / 2 {
            if pair == 2 {
                bench.soil();
            }
            for round in 0..=rounds {
                for turn in 0..2 {
                    let way = pair * 2 + (turn + round) % 2;
                    let begin = Instant::now();
                    ways[way].1();
                    if round > 0 {
                        times[way].push(begin.elapsed());
                    }
                }
            }
        }
        let medians: Vec<Duration> = times.into_iter().map(median).collect();
        for (way, (name, _)) in ways.iter().enumerate() {
            println!(
                "{count:>9}  {name:<26} {:>10.2?}  {:>12.2?}  {:>6.2}",
                medians[way],
                medians[way] / u32::try_from(count).unwrap(),
                medians[way].as_secs_f64() / medians[way / 2 * 2].as_secs_f64(),
            );
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A repository with recorded worktrees, a home and a registry of its own.
struct Bench {
    folder: tempfile::TempDir,
    worktrees: Vec<PathBuf>,
}

impl Bench {
    fn new(count: usize) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match std::env::var_os("TMPDIR") {
            None if memory.is_dir() => tempfile::tempdir_in(memory),
            _ => tempfile::tempdir(),
        };
        let folder = folder.unwrap();
        let worktrees = (0..count).map(|number| folder.path().join(format!("worktree-{number}"))).collect();
        let bench = Self { folder, worktrees };
        let main = bench.main();
        fs::create_dir_all(&main).unwrap();
        bench.git(&main, &["init", "-q", "-b", "main"]);
        bench.git(&main, &["config", "gc.auto", "0"]);
        for number in 0..FILES {
            let folder = main.join(format!("part-{}/module-{}", number / 144, number / 12));
            fs::create_dir_all(&folder).unwrap();
            let text = format!("line of file {number}\n").repeat(20 + number * 7 % 200);
            fs::write(folder.join(format!("file-{number}.rs")), text).unwrap();
        }
        fs::write(main.join(".gitignore"), "target/\nnode_modules/\n*.o\n.env\n").unwrap();
        bench.git(&main, &["add", "-A"]);
        bench.git(&main, &["commit", "-q", "-m", "first"]);
        bench.git(&main, &["gc", "-q"]);
        for (number, worktree) in bench.worktrees.iter().enumerate() {
            let (branch, path) = (format!("feature/{number}"), worktree.to_str().unwrap());
            bench.git(&main, &["worktree", "add", "-q", "-b", &branch, path]);
        }
        bench.wt(&["adopt"]);
        bench
    }

    fn main(&self) -> PathBuf {
        self.folder.path().join("main")
    }

    fn soil(&self) {
        for (number, worktree) in self.worktrees.iter().enumerate() {
            fs::write(worktree.join(".env"), "PORT=1\n").unwrap();
            if number % 10 == 0 {
                fs::write(worktree.join("part-0/module-0/file-0.rs"), "changed\n").unwrap();
                fs::write(worktree.join("part-0/new.rs"), "new\n").unwrap();
            }
        }
    }

    fn status_of_each(&self, is_dirty: bool) {
        for (number, worktree) in self.worktrees.iter().enumerate() {
            let said = self.git(worktree, &["status", "--porcelain"]);
            assert_eq!(said.lines().count(), if is_dirty && number % 10 == 0 { 2 } else { 0 }, "{said}");
        }
    }

    fn wt(&self, arguments: &[&str]) {
        let mut command = self.isolated(env!("CARGO_BIN_EXE_wt"));
        if arguments == ["adopt"] {
            command.arg("adopt").args(&self.worktrees);
        } else {
            command.args(arguments);
        }
        let output = command.current_dir(self.main()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.isolated("git").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn isolated(&self, program: &str) -> Command {
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
        command
    }
}
