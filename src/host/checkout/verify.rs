//! What in a folder was provably made by a checkout, killed half-way perhaps, and what was not. It only looks.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::attributes;
use super::blobs::Blobs;
use super::plan::{self, Entry, Kind, Plan};
use super::request::open_library;
use crate::error::{Code, Failure, Result};
use crate::host::conversion::{Conversions, Outside};

/// How much of a file is compared at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Returns the paths in `folder`, relative to it, that a checkout of `commit` cannot have made: unknown names, and
/// files whose content is neither the commit's nor the beginning of it, as it is stored or as the rules `outside` have
/// it converted. The names in `allowed` are passed over at the
/// top. A folder that is not there holds nothing.
///
/// # Errors
///
/// `git_failed` when the commit cannot be read, `permission` when the folder cannot.
pub fn foreign_paths(
    common_dir: &Path,
    commit: &str,
    folder: &Path,
    outside: &Outside,
    allowed: &[&str],
) -> Result<Vec<PathBuf>> {
    let library = open_library(common_dir)?;
    let plan = plan::plan(&library, &plan::tree_of(&library, commit)?)?;
    let root = match folder.symlink_metadata() {
        Ok(root) if root.is_dir() => root,
        Ok(_) => return Ok(vec![PathBuf::new()]),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unlisted(error, folder)),
    };
    let known = known_paths(&plan);
    let conversions = attributes::read(&library, &plan, outside)?;
    let blobs = Blobs::open(&library)?;
    let mut search = Search { folder, device: root.dev(), known, blobs, conversions, foreign: Vec::new() };
    search.look_into(Path::new(""), allowed)?;
    search.foreign.sort();
    Ok(search.foreign)
}

/// What the commit has at a path.
enum Known<'a> {
    Folder,
    Entry(&'a Entry),
}

fn known_paths(plan: &Plan) -> HashMap<&OsStr, Known<'_>> {
    let folders = plan.folders.iter().skip(1).map(|folder| (folder.path.as_slice(), Known::Folder));
    let entries = plan.entries.iter().map(|entry| (entry.path.as_slice(), Known::Entry(entry)));
    folders.chain(entries).map(|(path, known)| (OsStr::from_bytes(path), known)).collect()
}

struct Search<'a> {
    folder: &'a Path,
    /// The file system of the folder: what is mounted below it is nobody's to delete.
    device: u64,
    known: HashMap<&'a OsStr, Known<'a>>,
    blobs: Blobs<'a>,
    conversions: Conversions,
    foreign: Vec<PathBuf>,
}

impl Search<'_> {
    fn look_into(&mut self, inner: &Path, allowed: &[&str]) -> Result<()> {
        let folder = self.folder.join(inner);
        let mut folders = Vec::new();
        for found in fs::read_dir(&folder).map_err(|error| unlisted(error, &folder))? {
            let found = found.map_err(|error| unlisted(error, &folder))?;
            let name = found.file_name();
            if allowed.iter().any(|allowed| name == OsStr::new(allowed)) {
                continue;
            }
            let path = inner.join(name);
            let stat = match found.metadata() {
                Ok(stat) => stat,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(unlisted(error, &found.path())),
            };
            match self.known.get(path.as_os_str()) {
                Some(Known::Folder) if stat.is_dir() && stat.dev() == self.device => folders.push(path),
                Some(Known::Entry(entry)) if self.is_ours(entry, &stat) => {}
                _ => self.foreign.push(path),
            }
        }
        folders.into_iter().try_for_each(|path| self.look_into(&path, &[]))
    }

    /// Answers whether a checkout can have made what stands at the entry's path; whatever cannot be read is not ours.
    fn is_ours(&self, entry: &Entry, stat: &Metadata) -> bool {
        let path = self.folder.join(OsStr::from_bytes(&entry.path));
        let content = || self.blobs.read(entry.id, &entry.path);
        match entry.kind {
            Kind::File | Kind::Executable => {
                let conversion = self.conversions.of(&entry.path);
                // As it is stored it can be ours too, from before a rule was made, and nothing of it would be lost.
                let is_beginning_of = |blob: &[u8]| {
                    is_beginning(&path, stat, blob)
                        || (!conversion.is_identity()
                            && is_beginning(&path, stat, &conversion.apply(blob, entry.id)))
                };
                stat.is_file() && content().is_ok_and(|blob| is_beginning_of(blob.data()))
            }
            Kind::Link => {
                let target = fs::read_link(&path);
                let is_same = |target: PathBuf| {
                    content().is_ok_and(|blob| blob.data() == target.as_os_str().as_bytes())
                };
                stat.is_symlink() && target.is_ok_and(is_same)
            }
            Kind::Submodule => {
                let is_empty = || fs::read_dir(&path).is_ok_and(|mut inside| inside.next().is_none());
                stat.is_dir() && stat.dev() == self.device && is_empty()
            }
        }
    }
}

/// Answers whether a file holds the beginning of `content`, or all of it.
fn is_beginning(path: &Path, stat: &Metadata, content: &[u8]) -> bool {
    let is_no_longer = u64::try_from(content.len()).is_ok_and(|length| stat.len() <= length);
    is_no_longer && compare(path, content).unwrap_or(false)
}

fn compare(path: &Path, mut content: &[u8]) -> std::io::Result<bool> {
    // A path that became a link or a pipe meanwhile neither leads elsewhere nor makes us wait.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let mut file: File = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            return Ok(true);
        }
        match content.split_at_checked(length) {
            Some((start, rest)) if start == &piece[..length] => content = rest,
            _ => return Ok(false),
        }
    }
}

fn unlisted(error: std::io::Error, path: &Path) -> Failure {
    Failure::from_io(error, Code::Permission, format!("{} cannot be looked through", path.display()))
}
