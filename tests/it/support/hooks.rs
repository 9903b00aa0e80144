//! git's hooks, put where git looks for them, and `wt` on the PATH for them to find.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::Sandbox;

impl Sandbox {
    /// Puts `wt` on the PATH of every later command, and our hooks into `repository`, by hand.
    pub fn install_hooks(&mut self, repository: &Path) {
        self.put_wt_on_path();
        let folder = PathBuf::from(self.git(repository, &["rev-parse", "--git-common-dir"]));
        write_hooks(&repository.join(folder).join("hooks"));
    }

    /// Puts the folder of the binary under test in front of the PATH.
    pub fn put_wt_on_path(&mut self) {
        let folder = Path::new(env!("CARGO_BIN_EXE_wt")).parent().unwrap().display();
        let path = std::env::var("PATH").unwrap();
        self.set("PATH", format!("{folder}:{path}"));
    }
}

/// Writes our hooks into `folder`.
pub fn write_hooks(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for hook in ["post-checkout", "pre-push"] {
        let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks").join(hook);
        let path = folder.join(hook);
        fs::write(&path, fs::read(shim).unwrap()).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
}

/// The lines of stderr that `wt` said; asserts that it said one at most.
#[track_caller]
pub fn said(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("wt: ")).collect();
    assert!(lines.len() <= 1, "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    lines.first().copied().unwrap_or_default().to_owned()
}

/// The hooks as they are installed, each with its text.
pub const SHIMS: [(&str, &str); 2] = [
    ("post-checkout", include_str!("../../../hooks/post-checkout")),
    ("pre-push", include_str!("../../../hooks/pre-push")),
];

/// What the stand-in for `wt` does after it noted how it was called.
pub const PASSES: &str = "exit 0";

/// How a program begins that passes for ours when a hook tries it.
pub const PROVEN: &str =
    "#!/bin/sh\nif [ \"$*\" = 'hook probe' ]; then echo 'wt of git worktrees'; exit; fi\n";

impl Sandbox {
    /// Puts a stand-in for `wt` in front of the PATH, which passes for it: it notes arguments and input, then does `then`.
    pub fn put_stand_in_on_path(&mut self, then: &str) {
        let bin = self.path("bin");
        fs::create_dir_all(&bin).unwrap();
        let log = self.path("called");
        let text = format!("{PROVEN}{{ echo \"$*\"; cat; }} >> '{}'\n{then}\n", log.display());
        write_program(&bin.join("wt"), &text);
        self.put_on_path(&bin);
    }

    /// Puts `folder` in front of the PATH as it was for the tests themselves.
    pub fn put_on_path(&mut self, folder: &Path) {
        let path = std::env::var("PATH").unwrap();
        self.set("PATH", format!("{}:{path}", folder.display()));
    }

    /// What the stand-in noted, which is forgotten.
    pub fn calls(&self) -> String {
        let log = self.path("called");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(log);
        text
    }

    /// `wt hooks …`, in the repository, by the real binary.
    pub fn hooks(&self, word: &str) -> super::Run {
        self.wt(&["hooks", word])
    }

    /// The usual repository's hook file.
    pub fn hook(&self, name: &str) -> PathBuf {
        self.repo().join(".git/hooks").join(name)
    }
}

/// Writes a file that may be executed.
pub fn write_program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// The folder of a git that reads hooks from its configuration (2.54 and later): `WT_TEST_NEW_GIT`, or where one is
/// usually built. Says so where there is none.
pub fn find_new_git() -> Option<PathBuf> {
    let named = std::env::var_os("WT_TEST_NEW_GIT").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| PathBuf::from("/opt/git-new/bin"));
    if folder.join("git").exists() {
        return Some(folder);
    }
    super::skip("no git 2.54 here; WT_TEST_NEW_GIT=FOLDER names the folder of one");
    None
}

/// A sandbox with our hooks in its repository.
pub fn hooked() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.install_hooks(&repo);
    sandbox
}

/// Runs git, which must succeed, and returns what it said.
#[track_caller]
pub fn git(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> Output {
    let output = sandbox.try_git(folder, arguments);
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Makes a worktree by plain git on a new branch; returns its folder and what git said.
#[track_caller]
pub fn add(sandbox: &Sandbox, folder: &str, branch: &str) -> (PathBuf, Output) {
    let path = sandbox.path(folder);
    let output =
        git(sandbox, &sandbox.repo(), &["worktree", "add", "-q", "-b", branch, path.to_str().unwrap()]);
    (path, output)
}
