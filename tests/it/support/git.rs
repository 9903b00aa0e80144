//! Real repositories, made and asked by the real git.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use super::Sandbox;

impl Sandbox {
    /// Runs git in `folder`; panics when it fails; answers stdout without the last newline.
    #[track_caller]
    pub fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.try_git(folder, arguments);
        assert!(
            output.status.success(),
            "git {arguments:?} in {}\n{}{}",
            folder.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    pub fn try_git(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.program("git", folder).args(arguments).output().unwrap()
    }

    /// Makes a repository with one commit of a few kinds of files at `folder` of the sandbox.
    pub fn make_repository(&self, folder: &str) -> PathBuf {
        self.make_repository_with(folder, &["init", "-q", "-b", "main"])
    }

    /// The same, made by another `git init`.
    pub fn make_repository_with(&self, folder: &str, init: &[&str]) -> PathBuf {
        let path = self.path(folder);
        fs::create_dir_all(&path).unwrap();
        self.git(&path, init);
        write(&path, "README.md", "# A project\n");
        write(&path, "src/main.txt", "hello\n");
        write(&path, "src/deep/er/file.txt", "deep\n");
        write(&path, "run.sh", "#!/bin/sh\necho run\n");
        fs::set_permissions(path.join("run.sh"), PermissionsExt::from_mode(0o755)).unwrap();
        symlink("README.md", path.join("link")).unwrap();
        self.commit(&path, "first");
        path
    }

    /// Commits everything in `folder`; answers the commit.
    pub fn commit(&self, folder: &Path, message: &str) -> String {
        self.git(folder, &["add", "-A"]);
        self.git(folder, &["commit", "-q", "--allow-empty", "-m", message]);
        self.git(folder, &["rev-parse", "HEAD"])
    }

    /// Makes a bare clone of `from` and names it `name` in `from`, with everything fetched.
    pub fn add_remote(&self, from: &Path, name: &str) -> PathBuf {
        let remote = self.path(&format!("remotes/{name}.git"));
        fs::create_dir_all(remote.parent().unwrap()).unwrap();
        self.git(from, &["clone", "-q", "--bare", ".", &remote.to_string_lossy()]);
        self.git(from, &["remote", "add", name, &remote.to_string_lossy()]);
        self.git(from, &["fetch", "-q", name]);
        remote
    }

    pub fn has_branch(&self, repository: &Path, branch: &str) -> bool {
        let name = format!("refs/heads/{branch}");
        self.try_git(repository, &["show-ref", "--verify", "--quiet", &name]).status.success()
    }

    /// `git status --porcelain` of `folder`, our own `.env` not being there to see.
    pub fn status(&self, folder: &Path) -> String {
        self.git(folder, &["status", "--porcelain", "--untracked-files=all"])
    }

    /// Asserts that git finds nothing wrong with `repository`.
    #[track_caller]
    pub fn assert_sound(&self, repository: &Path) {
        self.git(repository, &["fsck", "--no-dangling", "--no-progress"]);
        self.git(repository, &["worktree", "list", "--porcelain"]);
    }
}

/// Writes a file and the folders above it.
pub fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
