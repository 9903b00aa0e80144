//! What creating a worktree costs beside `git worktree add`: `cargo bench --bench create [-- FILES… --svg FILE]`.
//! Both sides take turns in one run, in a temporary folder (`TMPDIR`, else `/dev/shm` where it is); trust the ratios.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[path = "support/drawing.rs"]
mod drawing;
#[path = "support/sources.rs"]
mod sources;

use sources::write_sources;

use wt::door::{Request, SiblingCandidate, checkout};

fn main() {
    let mut sizes = Vec::new();
    let mut picture = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--svg" => picture = arguments.next(),
            number => sizes.extend(number.parse::<usize>()),
        }
    }
    if sizes.is_empty() {
        sizes = vec![300, 1000, 5000, 25_000];
    }
    if worktrunk().is_none() {
        println!("SKIPPED: worktrunk; name its binary in WT_BENCH_WORKTRUNK");
    }
    println!(
        "create: time until the prompt is back; status: the first `git status` afterwards; both: their sum"
    );
    println!(
        "{:>6}  {:<26} {:>10} {:>9} {:>7} {:>7} {:>7} {:>9}",
        "files", "way", "median", "a file", "create", "status", "both", "memory"
    );
    let mut bars = Vec::new();
    for files in sizes {
        let rounds = (6000 / files).clamp(7, 31);
        bars.extend(compare(&Bench::new(files), files, rounds));
    }
    if let Some(path) = picture {
        fs::write(path, drawing::bars(&bars)).unwrap();
    }
}

/// Another tool of the same name, where somebody says where it is.
fn worktrunk() -> Option<PathBuf> {
    std::env::var_os("WT_BENCH_WORKTRUNK").map(PathBuf::from).filter(|path| path.is_file())
}

type Way<'a> = (&'static str, Box<dyn Fn(usize) -> Made + 'a>);

fn compare(bench: &Bench, files: usize, rounds: usize) -> Vec<drawing::Bar> {
    let commit = bench.git(&bench.main(), &["rev-parse", "HEAD"]);
    let (main, alone) = (bench.main(), bench.alone());
    let siblings = bench.siblings(&commit);
    let mut ways: Vec<Way> = vec![
        ("git worktree add", Box::new(|round| bench.by_git(round))),
        ("wt create, no sibling", Box::new(|round| bench.by_wt(&alone, round, &[]))),
        ("wt create", Box::new(|round| bench.by_wt(&main, round, &[]))),
        ("wt create --ports", Box::new(|round| bench.by_wt(&main, round, &["--ports"]))),
        ("checkout alone, no sibling", Box::new(|round| bench.by_engine(round, &commit, &[]))),
        ("checkout alone", Box::new(|round| bench.by_engine(round, &commit, &siblings))),
    ];
    if let Some(program) = worktrunk() {
        ways.push(("worktrunk", Box::new(move |round| bench.by_worktrunk(&program, round))));
    }
    let mut created = vec![Vec::new(); ways.len()];
    let mut looked = vec![Vec::new(); ways.len()];
    let mut both = vec![Vec::new(); ways.len()];
    let mut memory = vec![0; ways.len()];
    for round in 0..=rounds {
        for turn in 0..ways.len() {
            let way = (turn + round) % ways.len();
            let made = ways[way].1(round);
            let status = bench.first_status(&made.folder);
            if round > 0 {
                created[way].push(made.time);
                looked[way].push(status);
                both[way].push(made.time + status);
            }
            memory[way] = memory[way].max(made.memory);
            bench.forget(&made.folder);
        }
    }
    let medians = |all: Vec<Vec<Duration>>| -> Vec<Duration> { all.into_iter().map(median).collect() };
    let (created, looked, both) = (medians(created), medians(looked), medians(both));
    let ratio = |all: &[Duration], way: usize| all[way].as_secs_f64() / all[0].as_secs_f64();
    for (way, (name, _)) in ways.iter().enumerate() {
        println!(
            "{files:>6}  {name:<26} {:>10.2?} {:>9.2?} {:>7.2} {:>7.2} {:>7.2} {:>9}",
            created[way],
            created[way] / u32::try_from(files).unwrap(),
            ratio(&created, way),
            ratio(&looked, way),
            ratio(&both, way),
            if memory[way] == 0 { "-".to_owned() } else { format!("{} MiB", memory[way] / 1024) },
        );
    }
    let shown = ways.iter().enumerate().filter(|(_, (name, _))| !name.starts_with("checkout"));
    let bar = |(way, (name, _)): (usize, &Way)| drawing::Bar {
        group: format!("{files} files"),
        name: (*name).to_owned(),
        ratio: ratio(&created, way),
        label: format!("{:.1?}", created[way]),
    };
    shown.map(bar).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A worktree, how long it took, and the most memory that a process took for it, in KiB (0: not measured).
struct Made {
    folder: PathBuf,
    time: Duration,
    memory: usize,
}

/// Runs a command that makes `folder`; in the first round, whose times do not count, by way of `time` where that is
/// there: it tells the peak of memory.
fn timed(mut command: Command, folder: PathBuf, round: usize) -> Made {
    let report = folder.with_extension("memory");
    if round == 0 && Path::new("/usr/bin/time").exists() {
        let mut wrapped = Command::new("/usr/bin/time");
        wrapped.args(["-f", "%M", "-o"]).arg(&report).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        wrapped.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
        command = wrapped;
    }
    let start = Instant::now();
    let output = command.output().unwrap();
    let time = start.elapsed();
    assert!(output.status.success() && folder.is_dir(), "{output:?}");
    let memory = fs::read_to_string(&report).ok().and_then(|text| text.trim().parse().ok());
    Made { folder, time, memory: memory.unwrap_or(0) }
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
        fs::create_dir_all(bench.main()).unwrap();
        bench.git(&bench.main(), &["init", "-q", "-b", "main"]);
        // git would pack in the background, into the measurement.
        bench.git(&bench.main(), &["config", "gc.auto", "0"]);
        bench.git(&bench.main(), &["config", "maintenance.auto", "false"]);
        // Two versions of every file: packed, one of them becomes a delta.
        for version in 0..2 {
            write_sources(&bench.main(), files, version);
            bench.git(&bench.main(), &["add", "-A"]);
            bench.git(&bench.main(), &["commit", "-q", "-m", "version"]);
        }
        bench.git(&bench.main(), &["gc", "-q", "--prune=now"]);
        bench.git(bench.folder.path(), &["clone", "-q", "--no-checkout", "main", "alone"]);
        bench.git(&bench.alone(), &["config", "gc.auto", "0"]);
        bench
    }

    fn main(&self) -> PathBuf {
        self.folder.path().join("main")
    }

    /// The same history, with nothing checked out that could be copied.
    fn alone(&self) -> PathBuf {
        self.folder.path().join("alone")
    }

    fn siblings(&self, commit: &str) -> [SiblingCandidate; 1] {
        let commit = Some(commit.to_owned());
        [SiblingCandidate { folder: self.main(), admin: self.main().join(".git"), commit }]
    }

    fn isolated(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
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

    fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.isolated("git").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn by_git(&self, round: usize) -> Made {
        let folder = self.folder.path().join(format!("git-{round}"));
        let (branch, path) = (format!("git/{round}"), folder.to_str().unwrap());
        let mut command = self.isolated("git");
        command.args(["worktree", "add", "-q", "-b", &branch, path]).current_dir(self.main());
        timed(command, folder, round)
    }

    /// It chooses the folder itself, unless it is told in a configuration of its own.
    fn by_worktrunk(&self, program: &Path, round: usize) -> Made {
        let branch = format!("trunk-{round}");
        let config = self.folder.path().join("worktrunk.toml");
        fs::write(&config, "worktree-path = \"../{{ branch }}\"\n").unwrap();
        let mut command = self.isolated(program);
        command.env("WORKTRUNK_CONFIG_PATH", config);
        command.args(["switch", "--create", &branch, "--no-verify", "--yes"]).current_dir(self.main());
        timed(command, self.folder.path().join(branch), round)
    }

    fn by_wt(&self, repository: &Path, round: usize, flags: &[&str]) -> Made {
        let name = repository.file_name().unwrap().to_str().unwrap();
        let folder = self.folder.path().join(format!("wt-{name}-{round}{}", flags.concat()));
        let mut command = self.isolated(env!("CARGO_BIN_EXE_wt"));
        let identifier = format!("r{round}{}", flags.concat());
        // A range of its own: what listens on a developer's machine is not what is measured.
        command.env("WT_PURPOSE_FEATURE_PORTS", "23100-23899").env("WT_PORTS_CONFLICT_POLICY", "retry");
        command.args(["create", &identifier, "--no-input", "-q", "--path"]).arg(&folder).args(flags);
        command.current_dir(repository);
        timed(command, folder, round)
    }

    /// Times files and index alone, within this process.
    fn by_engine(&self, round: usize, commit: &str, siblings: &[SiblingCandidate]) -> Made {
        let name = format!("engine-{round}-{}", siblings.len());
        let folder = self.folder.path().join(&name);
        let arguments = ["worktree", "add", "-q", "--no-checkout", "--detach", folder.to_str().unwrap()];
        self.git(&self.main(), &arguments);
        let common_dir = self.main().join(".git");
        let start = Instant::now();
        checkout(&Request {
            common_dir: &common_dir,
            commit,
            folder: &folder,
            admin: &common_dir.join("worktrees").join(&name),
            siblings: &|| Box::new(siblings.iter().cloned()),
            outside: &wt::door::Outside::default(),
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            interrupted: &|| false,
            progress: &|_, _| {},
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
        Made { time: start.elapsed(), folder, memory: 0 }
    }

    fn first_status(&self, folder: &Path) -> Duration {
        let start = Instant::now();
        let changes = self.git(folder, &["status", "--porcelain"]);
        let time = start.elapsed();
        assert_eq!(changes, "", "{}", folder.display());
        time
    }

    fn forget(&self, folder: &Path) {
        fs::remove_dir_all(folder).unwrap();
        self.git(&self.main(), &["worktree", "prune"]);
        self.git(&self.alone(), &["worktree", "prune"]);
        // What went away behind its back would otherwise be released within the next measurement.
        let mut list = self.isolated(env!("CARGO_BIN_EXE_wt"));
        assert!(list.arg("list").current_dir(self.main()).output().unwrap().status.success());
        let mut list = self.isolated(env!("CARGO_BIN_EXE_wt"));
        assert!(list.arg("list").current_dir(self.alone()).output().unwrap().status.success());
    }
}
