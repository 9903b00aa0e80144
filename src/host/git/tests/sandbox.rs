//! A temporary folder with a repository that the real git made, deaf to the user's own configuration.

use std::path::{Path, PathBuf};

use crate::host::git::Repository;

/// A temporary folder with a repository `main` in it, one commit on the branch `main`.
pub(super) struct Sandbox {
    pub(super) folder: tempfile::TempDir,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    /// Makes the repository with further arguments for `git init`.
    pub(super) fn with(arguments: &[&str]) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        let main = sandbox.path("main");
        let main = main.to_str().unwrap();
        sandbox.git_in(sandbox.folder.path(), &[&["init", "-q", "-b", "main"], arguments, &[main]].concat());
        sandbox.git(&["config", "user.name", "Test"]);
        sandbox.git(&["config", "user.email", "test@example.com"]);
        sandbox.commit("file", "content\n");
        sandbox
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(super) fn repository(&self) -> Repository {
        Repository::discover(&self.path("main")).unwrap()
    }

    pub(super) fn commit(&self, file: &str, content: &str) -> String {
        write(&self.path("main").join(file), content);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", file]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.path("main"), arguments)
    }

    pub(super) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let (text, is_success) = self.try_git(folder, arguments);
        assert!(is_success, "git {arguments:?}: {text}");
        text
    }

    #[expect(clippy::disallowed_methods, reason = "the real git makes what is tested")]
    pub(super) fn try_git(&self, folder: &Path, arguments: &[&str]) -> (String, bool) {
        let mut command = std::process::Command::new("git");
        for name in crate::host::git::command::LOCAL_VARIABLES {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env_remove("XDG_CONFIG_HOME").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_EDITOR", "true").env("GIT_SEQUENCE_EDITOR", "true");
        let output = command.args(arguments).current_dir(folder).output().unwrap();
        let said = if output.status.success() { output.stdout } else { output.stderr };
        (String::from_utf8_lossy(&said).trim_end().to_owned(), output.status.success())
    }
}

#[expect(clippy::disallowed_methods, reason = "files of a temporary folder")]
pub(super) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
