//! A temporary repository, and two worktrees of one commit: git's own and ours.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Result;
use crate::host::git_files::checkout::{Report, Request, SiblingCandidate, checkout, verify};

pub(super) struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(sandbox.main()).unwrap();
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// What of `folder` a checkout of `commit` cannot have made, by the rules of nobody.
    pub(super) fn foreign_paths(&self, commit: &str, folder: &Path, allowed: &[&str]) -> Vec<PathBuf> {
        let outside = crate::host::git_files::conversion::Outside::default();
        verify::foreign_paths(&self.common_dir(), commit, folder, &outside, allowed).unwrap()
    }

    pub(super) fn main(&self) -> PathBuf {
        self.path("main")
    }

    pub(super) fn common_dir(&self) -> PathBuf {
        self.main().join(".git")
    }

    /// Writes a file of the main worktree; a name is bytes.
    #[expect(clippy::disallowed_methods, reason = "files of a temporary folder")]
    pub(super) fn write(&self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) {
        let path = self.main().join(OsStr::from_bytes(name.as_ref()));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(super) fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "subject"]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.main(), arguments)
    }

    pub(super) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        self.git_fed(folder, arguments, b"")
    }

    #[expect(clippy::disallowed_methods, reason = "the real git makes what is tested")]
    pub(super) fn git_fed(&self, folder: &Path, arguments: &[&str], input: &[u8]) -> String {
        let mut command = Command::new("git");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_OPTIONAL_LOCKS", "0");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Test")
                .env(format!("GIT_{who}_EMAIL"), "test@example.com");
        }
        command.current_dir(folder).args(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Stores a tree of `(mode, name, object)` without any check; returns a commit with it.
    pub(super) fn commit_of_tree(&self, items: &[(&str, &[u8], &str)]) -> String {
        let tree = self.tree(items);
        self.git(&["commit-tree", "-m", "evil", &tree])
    }

    pub(super) fn tree(&self, items: &[(&str, &[u8], &str)]) -> String {
        let mut bytes = Vec::new();
        for (mode, name, object) in items {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend((0..40).step_by(2).map(|at| u8::from_str_radix(&object[at..at + 2], 16).unwrap()));
        }
        let arguments = ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"];
        self.git_fed(&self.main(), &arguments, &bytes)
    }

    pub(super) fn blob(&self, content: &[u8]) -> String {
        self.git_fed(&self.main(), &["hash-object", "-w", "--stdin"], content)
    }

    /// Registers a worktree without files or index; returns its folder and git's folder of it.
    pub(super) fn register(&self, name: &str, commit: &str) -> (PathBuf, PathBuf) {
        let folder = self.path(name);
        let path = folder.to_str().unwrap();
        self.git(&["worktree", "add", "-q", "--no-checkout", "--detach", path, commit]);
        let admin = self.common_dir().join("worktrees").join(name);
        assert!(!admin.join("index").exists());
        (folder, admin)
    }

    /// Checks out ourselves.
    pub(super) fn checkout(&self, name: &str, commit: &str, workers: usize) -> Result<Report> {
        let (folder, admin) = self.register(name, commit);
        self.checkout_into(&folder, &admin, commit, workers)
    }

    /// Checks out ourselves, beside the main worktree.
    pub(super) fn checkout_beside_main(&self, name: &str, commit: &str, workers: usize) -> Result<Report> {
        let (folder, admin) = self.register(name, commit);
        self.checkout_beside(&[self.main_as_sibling()], &folder, &admin, commit, workers)
    }

    pub(super) fn main_as_sibling(&self) -> SiblingCandidate {
        let commit = Some(self.git(&["rev-parse", "HEAD"]));
        SiblingCandidate { folder: self.main(), admin: self.common_dir(), commit }
    }

    pub(super) fn checkout_into(
        &self,
        folder: &Path,
        admin: &Path,
        commit: &str,
        workers: usize,
    ) -> Result<Report> {
        self.checkout_beside(&[], folder, admin, commit, workers)
    }

    pub(super) fn checkout_beside(
        &self,
        siblings: &[SiblingCandidate],
        folder: &Path,
        admin: &Path,
        commit: &str,
        workers: usize,
    ) -> Result<Report> {
        checkout(&Request {
            common_dir: &self.common_dir(),
            commit,
            folder,
            admin,
            siblings: &|| Box::new(siblings.iter().cloned()),
            outside: &crate::host::git_files::conversion::Outside::default(),
            workers,
            interrupted: &|| false,
            progress: &|_, _| {},
        })
    }
}

/// Returns all that a folder holds but for `.git` at its top: mode and content, or a link's target, by path.
pub(super) fn contents(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for entry in root.join(&inner).read_dir().unwrap() {
            let entry = entry.unwrap();
            let path = inner.join(entry.file_name());
            if path == Path::new(".git") {
                continue;
            }
            let stat = entry.metadata().unwrap();
            let content = if stat.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if stat.is_symlink() {
                entry.path().read_link().unwrap().as_os_str().as_bytes().to_vec()
            } else {
                std::fs::read(entry.path()).unwrap()
            };
            found.insert(path, (stat.mode(), content));
        }
    }
    found
}
