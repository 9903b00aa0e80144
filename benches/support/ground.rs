//! A repository of its own, with a home and a registry of its own, in which commands are measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub struct Ground {
    /// The folder that has all of it.
    pub root: tempfile::TempDir,
}

impl Ground {
    /// One with so many small files, on tmpfs where there is one.
    pub fn new(files: usize) -> Self {
        let memory = Path::new("/dev/shm");
        match std::env::var_os("TMPDIR") {
            None if memory.is_dir() => Self::in_folder(memory, files),
            _ => Self::in_folder(&std::env::temp_dir(), files),
        }
    }

    /// The same in a folder of somebody's choice.
    pub fn in_folder(parent: &Path, files: usize) -> Self {
        let ground = Self { root: tempfile::tempdir_in(parent).unwrap() };
        fs::create_dir_all(ground.main()).unwrap();
        for number in 0..files {
            let folder = ground.main().join(format!("part-{}/module-{}", number / 1440, number / 12));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("file-{number}.rs")), format!("line of file {number}\n")).unwrap();
        }
        // Below the ephemeral ports, and enough of them.
        let config = ground.root.path().join(".config/wt");
        fs::create_dir_all(&config).unwrap();
        fs::write(config.join("config.toml"), "[purpose.feature]\nports = \"20000-32000\"\n").unwrap();
        ground.git(&["init", "-q", "-b", "main"]);
        ground.git(&["config", "gc.auto", "0"]);
        ground.git(&["add", "-A"]);
        ground.git(&["commit", "-q", "-m", "first"]);
        ground.git(&["gc", "-q"]);
        ground
    }

    pub fn main(&self) -> PathBuf {
        self.root.path().join("main")
    }

    /// Runs git, which has to succeed.
    pub fn git(&self, words: &[&str]) -> Output {
        let output = self.run(Command::new("git").args(words));
        assert!(output.status.success(), "{words:?}: {output:?}");
        output
    }

    /// Runs it in the main worktree, with a home and a state folder of the ground's own.
    pub fn run(&self, command: &mut Command) -> Output {
        self.prepared(command).output().unwrap()
    }

    /// The same command, not run yet.
    pub fn prepared<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Bench");
            command.env(format!("GIT_{who}_EMAIL"), "bench@example.com");
        }
        command.env("HOME", self.root.path()).env("WT_STATE_DIR", self.root.path().join("state"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null()).current_dir(self.main())
    }
}
