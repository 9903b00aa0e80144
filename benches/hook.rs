//! What our post-checkout hook adds to `git checkout` when there is nothing to do: `cargo bench --bench hook`. No hook, an
//! empty `sh` hook, and ours take turns in one run, in a recorded worktree, with a registry of 1,000 allocations.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "it makes repositories and starts git")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use wt::door::{
    Allocation, Dirs, Entry, EntryState, Environment, Interrupt, Notes, Port, Registry, Repository, Store,
};

const ROUNDS: usize = 301;

/// A hook that runs `wt` and nothing else: what is ours without what the shim does for safety.
const ALONE: &str = "#!/bin/sh\nexec wt hook post-checkout \"$@\" </dev/null\n";

fn main() {
    println!(
        "{:>9}  {:<9} {:>9} {:>6} {:>10}   {:>9} {:>10}",
        "worktrees", "hook", "median", "ratio", "more", "quickest", "more"
    );
    for worktrees in [100, 1000] {
        let bench = Bench::new(worktrees, 1000 / worktrees);
        let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/post-checkout");
        let hooks = [
            ("none", None),
            ("empty sh", Some("#!/bin/sh\n".to_owned())),
            ("wt alone", Some(ALONE.to_owned())),
            ("ours", Some(fs::read_to_string(shim).unwrap())),
        ];
        let folders: Vec<PathBuf> =
            hooks.iter().map(|(name, text)| bench.hooks(name, text.as_deref())).collect();
        let mut times = vec![Vec::new(); hooks.len()];
        for round in 0..ROUNDS {
            for turn in 0..hooks.len() {
                let at = (turn + round) % hooks.len();
                times[at].push(bench.checkout(&folders[at]));
            }
        }
        for times in &mut times {
            times.sort_unstable();
        }
        // The quickest tenth is what it costs where nobody else wants the processors.
        let [median, quickest] =
            [2, 10].map(|part| times.iter().map(|times| times[times.len() / part]).collect::<Vec<_>>());
        for (at, (name, _)) in hooks.iter().enumerate() {
            let more = |times: &[Duration]| (times[at].as_secs_f64() - times[1].as_secs_f64()) * 1000.0;
            println!(
                "{worktrees:>9}  {name:<9} {:>9.2?} {:>6.2} {:>+7.2} ms   {:>9.2?} {:>+7.2} ms",
                median[at],
                median[at].as_secs_f64() / median[1].as_secs_f64(),
                more(&median),
                quickest[at],
                more(&quickest),
            );
        }
    }
}

/// A repository with one linked worktree that is recorded, among many others.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(worktrees: u16, ports: u16) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let bench = Self { folder: folder.unwrap() };
        let main = bench.path("main");
        fs::create_dir(&main).unwrap();
        bench.git(&main, &["init", "-q", "-b", "main"]);
        fs::write(main.join("file"), "a\n").unwrap();
        bench.git(&main, &["add", "-A"]);
        bench.git(&main, &["commit", "-q", "-m", "first"]);
        bench.git(
            &main,
            &["worktree", "add", "-q", "-b", "feature/0", bench.path("feature-0").to_str().unwrap()],
        );
        let variable = ("WT_STATE_DIR".into(), bench.path("state").into_os_string());
        let dirs = Dirs::find(&Environment::from_iter([variable])).unwrap();
        let store: Store<Registry> = Store::open(dirs, Duration::from_secs(10), Interrupt::default());
        let repository = Repository::discover(&main).unwrap();
        let record = repository.record().unwrap();
        store
            .update(|registry| {
                for number in 0..worktrees {
                    let entry = bench.entry(&repository, number, ports);
                    fs::create_dir_all(&entry.path).unwrap();
                    registry.insert(entry);
                }
                registry.remember_repository(record.clone());
                Ok(())
            })
            .unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a folder with that hook in it.
    fn hooks(&self, name: &str, text: Option<&str>) -> PathBuf {
        let folder = self.path(&format!("hooks {name}"));
        fs::create_dir(&folder).unwrap();
        if let Some(text) = text {
            let hook = folder.join("post-checkout");
            fs::write(&hook, text).unwrap();
            fs::set_permissions(hook, PermissionsExt::from_mode(0o755)).unwrap();
        }
        folder
    }

    fn checkout(&self, hooks: &Path) -> Duration {
        let setting = format!("core.hooksPath={}", hooks.display());
        let worktree = self.path("feature-0");
        let begin = Instant::now();
        self.git(&worktree, &["-c", &setting, "checkout", "-q", "feature/0"]);
        begin.elapsed()
    }

    fn git(&self, folder: &Path, arguments: &[&str]) {
        let wt = Path::new(env!("CARGO_BIN_EXE_wt")).parent().unwrap();
        let path = format!("{}:{}", wt.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("git");
        command.env_clear().env("PATH", path).env("HOME", self.folder.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("WT_STATE_DIR", self.path("state"));
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Bench")
                .env(format!("GIT_{who}_EMAIL"), "bench@example.com");
        }
        let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "there is nothing to say: {output:?}");
    }

    fn entry(&self, repository: &Repository, number: u16, ports: u16) -> Entry {
        let name = format!("feature-{number}");
        let port = |offset: u16| Port::new(10_000 + number * ports + offset).unwrap();
        let service = |offset: u16| format!("service-{offset}").parse().unwrap();
        Entry {
            repository: repository.root().to_path_buf(),
            repository_id: repository.require_id().unwrap(),
            admin: name.clone(),
            path: self.folder.path().canonicalize().unwrap().join(&name),
            branch: Some(format!("feature/{number}")),
            purpose: "feature".parse().ok(),
            identifier: number.to_string(),
            name,
            state: EntryState::Active,
            created_at: Timestamp::UNIX_EPOCH,
            created_by: "wt".to_owned(),
            host: String::new(),
            place: None,
            sequence: 0,
            env: true,
            env_files: Vec::new(),
            allocations: (0..ports)
                .map(|offset| Allocation::new(port(offset), service(offset), Timestamp::UNIX_EPOCH))
                .collect(),
            notes: Notes::default(),
            extra: serde_json::Map::new(),
        }
    }
}
