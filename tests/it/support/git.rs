//! Real repositories, made and asked by the real git.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

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
        let path = self.path(folder);
        if !self.is_usual() || path.exists() {
            return self.make_by_git(folder);
        }
        // The ids and bytes are the same each time, so that git makes them once. The index names inodes, and is made anew.
        let mut is_first = false;
        let made = MADE.get_or_init(|| {
            is_first = true;
            Copied::of(&self.make_by_git(folder).join(".git"))
        });
        if !is_first {
            write_usual(&path);
            made.write(&path.join(".git"));
            self.git(&path, &["add", "-A"]);
        }
        path
    }

    fn make_by_git(&self, folder: &str) -> PathBuf {
        self.make_repository_with(folder, &["init", "-q", "-b", "main"])
    }

    /// The same, made by another `git init`.
    pub fn make_repository_with(&self, folder: &str, init: &[&str]) -> PathBuf {
        let path = self.path(folder);
        fs::create_dir_all(&path).unwrap();
        self.git(&path, init);
        write_usual(&path);
        self.git(&path, &["add", "-A"]);
        self.git(&path, &["commit", "-q", "-m", "first"]);
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

/// The git folder of the usual repository, as git made it in this run.
static MADE: OnceLock<Copied> = OnceLock::new();

/// What a folder holds, but for an index: folders have no bytes.
struct Copied(Vec<(PathBuf, Permissions, Option<Vec<u8>>)>);

impl Copied {
    fn of(folder: &Path) -> Self {
        let mut found = Vec::new();
        let mut waiting = vec![PathBuf::new()];
        while let Some(inner) = waiting.pop() {
            for entry in fs::read_dir(folder.join(&inner)).unwrap() {
                let entry = entry.unwrap();
                let (path, facts) = (inner.join(entry.file_name()), entry.metadata().unwrap());
                if facts.is_dir() {
                    found.push((path.clone(), facts.permissions(), None));
                    waiting.push(path);
                } else if path != Path::new("index") {
                    found.push((path, facts.permissions(), Some(fs::read(entry.path()).unwrap())));
                }
            }
        }
        Self(found)
    }

    fn write(&self, folder: &Path) {
        fs::create_dir(folder).unwrap();
        for (path, permissions, bytes) in &self.0 {
            let path = folder.join(path);
            match bytes {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::create_dir(&path).unwrap(),
            }
            fs::set_permissions(&path, permissions.clone()).unwrap();
        }
    }
}

/// The files of the usual repository.
fn write_usual(path: &Path) {
    write(path, "README.md", "# A project\n");
    write(path, "src/main.txt", "hello\n");
    write(path, "src/deep/er/file.txt", "deep\n");
    write(path, "run.sh", "#!/bin/sh\necho run\n");
    fs::set_permissions(path.join("run.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    symlink("README.md", path.join("link")).unwrap();
}

/// Writes a file and the folders above it.
pub fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Makes everything in the folder an hour old.
pub fn age(folder: &Path) {
    let hour = std::time::Duration::from_hours(1);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in paths.chain([folder.to_path_buf()]) {
        let before = fs::metadata(&path).unwrap().modified().unwrap() - hour;
        fs::File::open(&path).unwrap().set_modified(before).unwrap();
    }
}
