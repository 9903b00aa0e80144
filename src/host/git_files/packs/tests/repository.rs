//! A temporary repository with a history, and all that git reads from it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use git2::{ObjectType, Oid};

use crate::host::git_files::packs::reader::Object;
use crate::host::git_files::packs::{PackFault, Packs, Reader};

pub(super) struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    pub(super) fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(repository.path("main")).unwrap();
        repository.git(&["init", "-q", "-b", "main"]);
        repository.git(&["config", "gc.auto", "0"]);
        repository
    }

    /// Several commits of files that change a little each time, which packs well, and a tag.
    pub(super) fn with_history() -> Self {
        let repository = Self::new();
        for commit in 0..12_u64 {
            for file in 0..6_u64 {
                let mut text = String::new();
                for line in 0..(20 + file * 90) {
                    let changed = if (line * 7 + file) % 12 == commit { commit } else { 0 };
                    writeln!(text, "line {line} of file {file}: {}", line * line * 31 + changed).unwrap();
                }
                repository.write(&format!("folder-{}/file-{file}", file % 2), text.as_bytes());
            }
            repository.write("empty", b"");
            repository.write("random", &random(3000, commit));
            repository.git(&["add", "-A"]);
            repository.git(&["commit", "-q", "-m", "subject"]);
        }
        repository.git(&["tag", "-a", "-m", "a tag", "v1"]);
        repository
    }

    pub(super) fn packed(arguments: &[&str]) -> Self {
        let repository = Self::with_history();
        repository.git(arguments);
        repository
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(super) fn objects(&self) -> PathBuf {
        self.path("main/.git/objects")
    }

    #[expect(clippy::disallowed_methods, reason = "files of a temporary folder")]
    pub(super) fn write(&self, name: &str, content: &[u8]) {
        let path = self.path("main").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(super) fn git(&self, arguments: &[&str]) -> Vec<u8> {
        self.git_in(&self.path("main"), arguments, b"")
    }

    #[expect(clippy::disallowed_methods, reason = "the real git makes what is tested")]
    pub(super) fn git_in(&self, folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = Command::new("git");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Test")
                .env(format!("GIT_{who}_EMAIL"), "test@example.com");
        }
        command.current_dir(folder).args(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut to_git = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || std::io::Write::write_all(&mut to_git, input).unwrap());
            child.wait_with_output().unwrap()
        });
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Returns every object that git knows, as git reads it.
    pub(super) fn truth(&self) -> BTreeMap<Oid, (ObjectType, Vec<u8>)> {
        let output = self.git(&["cat-file", "--batch", "--batch-all-objects"]);
        let mut rest = output.as_slice();
        let mut truth = BTreeMap::new();
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
            let header = std::str::from_utf8(&rest[..end]).unwrap();
            let [id, kind, size] = header.split(' ').collect::<Vec<_>>()[..] else { panic!("{header}") };
            let size: usize = size.parse().unwrap();
            let content = rest[end + 1..end + 1 + size].to_vec();
            rest = &rest[end + size + 2..];
            truth.insert(Oid::from_str(id).unwrap(), (ObjectType::from_str(kind).unwrap(), content));
        }
        truth
    }

    /// Returns the paths of files in the folder of packs with that extension.
    pub(super) fn packs(&self, extension: &str) -> Vec<PathBuf> {
        let entries = self.objects().join("pack").read_dir().unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
    }
}

/// Reads an object by its name.
pub(super) fn read(packs: &Packs, reader: &mut Reader, id: Oid) -> Option<Result<Object, PackFault>> {
    Some(reader.read(id, packs.position(id)?))
}

/// Returns bytes that cannot be compressed.
pub(super) fn random(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}
