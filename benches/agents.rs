//! What an agent's session, a prompt and the picker cost: `cargo bench --bench agents`. In a repository of 5,000 files, whole
//! processes; the picker on a terminal of its own, until its first picture is whole.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

const FILES: usize = 5000;
const WORKTREES: usize = 20;
const ROUNDS: usize = 21;

/// How long the picker is watched while nobody presses a key.
const IDLE: Duration = Duration::from_secs(5);

/// What ends a picture (synchronized output, DECSET 2026).
const WHOLE: &str = "\u{1b}[?2026l";

fn main() {
    let bench = Bench::new();
    println!("{:<44} {:>9} {:>9} {:>9}", "what", "median", "quickest", "promised");
    let known = bench.folder("w1");
    let enter = ["agent", "enter", "--as", "claude", "--cwd"];
    bench.show("wt agent enter, recorded", 30, |_| bench.time(&enter, &known));
    bench.show("wt agent enter, new, two ports", 100, |round| {
        let folder = bench.path(&format!("new-{round}"));
        let words = ["worktree", "add", "-q", "-b", &format!("worktree-{round}")];
        bench.run(Command::new("git").args(words).arg(&folder), &bench.path("repository"));
        let (time, said) = bench.timed(&enter, &folder);
        assert!(said.contains("web: ") && said.contains("api: "), "{said}");
        time
    });
    bench.show("wt prompt", 10, |_| {
        let (time, said) = bench.timed_in(&["prompt"], &known);
        assert!(said.starts_with("feature-w1 web:"), "{said}");
        time
    });
    bench.pulls();
    bench.picker();
}

struct Bench {
    root: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let bench = Self { root: root.unwrap() };
        let repository = bench.path("repository");
        fs::create_dir_all(&repository).unwrap();
        bench.git(&["init", "-q", "-b", "main"]);
        for number in 0..FILES {
            let folder = repository.join(format!("folder-{}", number % 50));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(number.to_string()), format!("{number}\n").repeat(100)).unwrap();
        }
        let config = "[purpose.feature]\nservices = [\"web\", \"api\"]\n";
        fs::write(repository.join(".wt.toml"), config).unwrap();
        bench.git(&["add", "."]);
        bench.git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]);
        for number in 0..WORKTREES {
            bench.time_in(&["create", &format!("w{number}"), "--ports"], &repository);
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.path("repository.worktrees").join(format!("feature-{id}"))
    }

    fn show(&self, what: &str, promised: u32, mut once: impl FnMut(usize) -> Duration) {
        once(ROUNDS);
        let mut times: Vec<Duration> = (0..ROUNDS).map(&mut once).collect();
        times.sort_unstable();
        let (median, quickest) = (times[ROUNDS / 2], times[ROUNDS / 10]);
        println!("{what:<44} {median:>9.2?} {quickest:>9.2?} {promised:>6} ms");
    }

    /// A pull request beside the fetch that it needs; its remote stands in a folder.
    fn pulls(&self) {
        let own = self.path("own.git");
        self.git(&["clone", "-q", "--bare", ".", &own.to_string_lossy()]);
        self.git(&["remote", "add", "origin", &own.to_string_lossy()]);
        self.git(&["fetch", "-q", "origin"]);
        let tree = "HEAD^{tree}";
        let made =
            ["-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", tree, "-p", "HEAD", "-m", "x"];
        let mut command = Command::new("git");
        let output =
            self.of(command.args(made), &self.path("repository")).stderr(Stdio::inherit()).output().unwrap();
        let commit = String::from_utf8(output.stdout).unwrap();
        let spec = format!("{}:refs/pull/7/head", commit.trim());
        self.git(&["push", "-q", "origin", &spec]);
        let repository = self.path("repository");
        let mut fetches = 0;
        self.show("wt create pr:7, with its one fetch", 0, |_| {
            let log = self.path("trace");
            let _ = fs::remove_file(&log);
            let begin = Instant::now();
            let mut command = Command::new(env!("CARGO_BIN_EXE_wt"));
            self.run(command.args(["create", "pr:7"]).env("GIT_TRACE", &log), &repository);
            let time = begin.elapsed();
            fetches = fs::read_to_string(&log).unwrap().matches("built-in: git upload-pack").count();
            self.time_in(&["remove", "review-pr-7", "--delete-branch"], &repository);
            time
        });
        println!("{:<44} {fetches:>9}", "fetches of one create");
    }

    /// The picker: until its first picture, what it takes while nobody does anything, and what it leaves.
    fn picker(&self) {
        self.show("wt switch, the first picture", 50, |_| {
            let mut picker = Picker::start(self);
            let time = picker.until_whole();
            picker.leave();
            time
        });
        let mut picker = Picker::start(self);
        picker.until_whole();
        sleep(Duration::from_secs(2));
        let before = picker.ticks();
        sleep(IDLE);
        let used = picker.ticks() - before;
        // A tick is ten milliseconds (USER_HZ, proc(5)).
        let share = f64::from(u32::try_from(used).unwrap()) / IDLE.as_secs_f64();
        println!("{:<44} {share:>7.2} %", "the picker, idle, of one core");
        picker.leave();
        let left = self.processes();
        println!("{:<44} {left:>9}", "processes that are left");
    }

    /// Processes whose environment has our state folder.
    fn processes(&self) -> usize {
        let wanted = format!("WT_STATE_DIR={}", self.path("state").display());
        let found = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).split('\0').any(|variable| variable == wanted)
        });
        found.count()
    }

    fn time(&self, words: &[&str], folder: &Path) -> Duration {
        self.timed(words, folder).0
    }

    fn time_in(&self, words: &[&str], folder: &Path) -> Duration {
        self.timed_in(words, folder).0
    }

    /// With the folder as the last word.
    fn timed(&self, words: &[&str], folder: &Path) -> (Duration, String) {
        let (at, pid) = (folder.to_string_lossy(), std::process::id().to_string());
        let words = [words, &[&*at, "--pid", &pid]].concat();
        self.timed_in(&words, &self.path("repository"))
    }

    fn timed_in(&self, words: &[&str], folder: &Path) -> (Duration, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wt"));
        let command = self.of(command.args(words), folder).stderr(Stdio::null());
        let begin = Instant::now();
        let output = command.output().unwrap();
        let time = begin.elapsed();
        assert!(output.status.success(), "{command:?}");
        (time, String::from_utf8(output.stdout).unwrap())
    }

    fn git(&self, words: &[&str]) {
        self.run(Command::new("git").args(words), &self.path("repository"));
    }

    fn run(&self, command: &mut Command, folder: &Path) {
        let done = self.of(command, folder).stdout(Stdio::null()).status().unwrap();
        assert!(done.success(), "{command:?}");
    }

    fn of<'a>(&self, command: &'a mut Command, folder: &Path) -> &'a mut Command {
        let command = command.current_dir(folder).env("HOME", self.root.path());
        let command = command.env("WT_STATE_DIR", self.path("state")).env("PATH", "/usr/bin:/bin");
        command.env_remove("XDG_CONFIG_HOME").env("TERM", "xterm-256color").stdin(Stdio::null())
    }
}

struct Picker {
    child: std::process::Child,
    terminal: File,
    begin: Instant,
}

impl Picker {
    fn start(bench: &Bench) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = rustix::termios::Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = || Stdio::from(open(name.as_c_str(), flags, Mode::empty()).unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_wt"));
        bench.of(&mut command, &bench.path("repository"));
        command.arg("switch").stdin(slave()).stdout(slave()).stderr(slave());
        let begin = Instant::now();
        let child = command.spawn().unwrap();
        Self { child, terminal: File::from(master), begin }
    }

    fn until_whole(&mut self) -> Duration {
        let mut seen = String::new();
        let mut buffer = vec![0; 65536];
        while !seen.contains(WHOLE) {
            let count = self.terminal.read(&mut buffer).unwrap();
            seen += &String::from_utf8_lossy(&buffer[..count]);
        }
        self.begin.elapsed()
    }

    /// Its own time on the processors, and that of its children.
    fn ticks(&self) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields = text.rsplit_once(") ").unwrap().1.split(' ');
        fields.skip(11).take(4).map(|field| field.parse::<u64>().unwrap()).sum()
    }

    fn leave(mut self) {
        let mut terminal = self.terminal.try_clone().unwrap();
        // What it draws must go somewhere.
        let reader = std::thread::spawn(move || std::io::copy(&mut terminal, &mut std::io::sink()));
        self.terminal.write_all(b"\x03").unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(130));
        drop(self);
        let _ = reader.join();
    }
}
