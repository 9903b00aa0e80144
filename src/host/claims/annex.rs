//! The repository that claims have for themselves, beside the user's: what is pushed is made here, and what the remote has is
//! brought here, so that nothing of it ever comes into the user's objects, refs or settings. All of it can be made again.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use sha1::{Digest, Sha1};

use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::git::Git;
use crate::model::hex::hex;

/// Its name inside of the repository's folder of ours.
const FOLDER: &str = "claims.git";

/// The longest object that may be a claim: its words take about 700 bytes.
pub(super) const MOST_BYTES: usize = 64 << 10;

/// How many objects the folder of one first byte may have before all are made anew: 10,000 in all.
const MOST_OBJECTS: usize = 40;

/// The repository of claims.
#[derive(Clone, Debug)]
pub struct Annex {
    folder: PathBuf,
    /// The folder of the user's repository, whose settings count.
    common_dir: PathBuf,
    /// How the user's repository names objects, where that is not SHA-1.
    format: Option<String>,
}

impl Annex {
    /// The one below `wt_dir` of the repository at `common_dir`, whose objects are named by `format`.
    #[must_use]
    pub fn of(wt_dir: &Path, common_dir: &Path, format: Option<String>) -> Self {
        let format = format.filter(|format| format != "sha1");
        Self { folder: wt_dir.join(FOLDER), common_dir: common_dir.to_path_buf(), format }
    }

    /// Returns its git folder.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.folder
    }

    /// Makes it, or what is missing of it.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`.
    pub fn make(&self) -> Result<()> {
        let config = self.config();
        if files::read_plain(&self.folder.join("config")).is_ok_and(|known| known == config.as_bytes()) {
            return Ok(());
        }
        for folder in ["objects", "refs"] {
            files::make_folders(&self.folder.join(folder))?;
        }
        files::replace(&self.folder.join("HEAD"), b"ref: refs/heads/none\n", 0o600)?;
        files::replace(&self.folder.join("config"), config.as_bytes(), 0o600)
    }

    /// Takes all objects away where there are many: to be called while nobody else is at them.
    pub fn tidy(&self) {
        let is_full = |folder: &str| {
            let entries = self.folder.join("objects").join(folder).read_dir();
            entries.is_ok_and(|entries| entries.take(MOST_OBJECTS + 1).count() > MOST_OBJECTS)
        };
        if is_full("17") || is_full("pack") {
            // What cannot be taken away now is the next time.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    /// The settings of the user's repository, but for what would let a remote or a hook of it change something here.
    fn config(&self) -> String {
        let path = |name: &str| quoted(&self.common_dir.join(name));
        let (version, extensions) = match &self.format {
            Some(format) => (1, format!("[extensions]\n\tobjectFormat = {format}\n")),
            None => (0, String::new()),
        };
        format!(
            "[include]\n\tpath = {}\n\tpath = {}\n[core]\n\trepositoryformatversion = {version}\n\tbare = true\n\
             \tlogAllRefUpdates = false\n\thooksPath = /dev/null\n{extensions}[gc]\n\tauto = 0\n[maintenance]\n\
             \tauto = false\n[push]\n\tfollowTags = false\n\tgpgSign = false\n[fetch]\n\tunpackLimit = 100000\n\
             \tprune = false\n\twriteCommitGraph = false\n\tfsckObjects = false\n[transfer]\n\tunpackLimit = 100000\n",
            path("config"),
            path("config.worktree"),
        )
    }

    /// Writes an object, and returns its name.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`, `git_failed`.
    pub fn write(&self, kind: &str, text: &str) -> Result<String> {
        self.make()?;
        if self.format.is_some() {
            let words = ["hash-object", "-t", kind, "-w", "--stdin"];
            let git_dir = format!("--git-dir={}", self.folder.display());
            return Ok(Git::new(&self.folder).args([git_dir]).args(words).input(text).require()?.text());
        }
        let object = format!("{kind} {}\0{text}", text.len());
        let name = hex(&Sha1::digest(object.as_bytes()));
        let path = self.path_of(&name);
        if path.is_file() {
            return Ok(name);
        }
        let mut compressor = Compressor::new(CompressionLvl::fastest());
        let mut bytes = vec![0; compressor.zlib_compress_bound(object.len())];
        let length = compressor
            .zlib_compress(object.as_bytes(), &mut bytes)
            .map_err(|error| Failure::new(Code::Internal, format!("a claim cannot be packed: {error}")))?;
        if let Some(folder) = path.parent() {
            files::make_folders(folder)?;
        }
        files::draft(&path, &bytes[..length], 0o444, false)?.put()?;
        Ok(name)
    }

    /// Returns the commit called `name` as git stores it; `None` where it is not here, or is nothing that a claim can be.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<String> {
        if name.len() < 40 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let (file, _) = files::open_plain(&self.path_of(name)).ok()?;
        let mut packed = Vec::new();
        file.take(MOST_BYTES as u64).read_to_end(&mut packed).ok()?;
        let mut bytes = vec![0; MOST_BYTES];
        let length = Decompressor::new().zlib_decompress(&packed, &mut bytes).ok()?;
        let end = bytes[..length].iter().position(|byte| *byte == 0)?;
        bytes[..end]
            .starts_with(b"commit ")
            .then(|| String::from_utf8_lossy(&bytes[end + 1..length]).into_owned())
    }

    /// Answers whether git has kept objects in a pack, whatever it was told: they are not read here.
    #[must_use]
    pub fn has_packs(&self) -> bool {
        let entries = self.folder.join("objects/pack").read_dir().into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().as_encoded_bytes().ends_with(b".pack"))
    }

    /// Answers whether an object called so is here.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.path_of(name).is_file()
    }

    fn path_of(&self, name: &str) -> PathBuf {
        let (folder, file) = name.split_at_checked(2).unwrap_or(("", name));
        self.folder.join("objects").join(folder).join(file)
    }

    /// Returns the commits that could not be brought here by themselves: each is asked for last, and alone.
    #[must_use]
    pub fn suspects(&self) -> Vec<String> {
        let text = files::read_plain_text(&self.folder.join("suspects")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Notes which could not be.
    pub fn suspect(&self, commits: &[String]) {
        let path = self.folder.join("suspects");
        if commits.is_empty() {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {}
                _ => return,
            }
        }
        // Where it cannot be written they are asked for together with all others again.
        let _ = files::replace(&path, (commits.join("\n") + "\n").as_bytes(), 0o600);
    }

    /// Takes away what a fetch that was ended left behind.
    pub fn drop_remains(&self) {
        for entry in self.folder.join("objects/pack").read_dir().into_iter().flatten().flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(b"tmp_") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// A path in quotes, as git's configuration has it (git-config(1), "Syntax").
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_named_as_git_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let annex = Annex::of(folder.path(), folder.path(), None);
        let tree = annex.write("tree", "").unwrap();
        assert_eq!(tree, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        let text = format!("tree {tree}\n\nClaim\n\n{{}}\n");
        let commit = annex.write("commit", &text).unwrap();
        assert_eq!(annex.read(&commit), Some(text));
        assert_eq!(annex.read(&tree), None, "no commit");
        assert_eq!(annex.read("../../config"), None);
        let huge = annex.write("commit", &"x".repeat(MOST_BYTES)).unwrap();
        assert_eq!(annex.read(&huge), None, "nothing that a claim can be");
    }
}
