//! Makes the copies aside, in a folder of our own inside of the worktree that gets them, on few threads. Nobody sees them
//! before they are whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirBuilder;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{CWD, Mode, openat};
use rustix::io::Errno;

use super::copy::{CarryCopier, CopyOutcome, Stop, Task};
use super::search::{CarryMatches, Item, PathKind};
use super::spot::FOLDER;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::processors::part_threads;
use crate::model::carry::left_out::{LeftOutMatches, LeftOutReason};
use crate::model::carry::record::CarriedPath;

/// What folders aside are called after; see [`files::draft_name`].
pub const ASIDE: &str = "carry";

/// Where the tree of copies is in the folder aside.
const TREE: &str = "tree";

/// So many files of one folder are one thread's at a time.
const SHARE: usize = 128;

/// More threads than this only wait for the disk.
const MOST_THREADS: usize = 4;

/// What is to be copied.
pub struct CopyWork<'a> {
    pub source: &'a Path,
    /// The folder aside; not there yet.
    pub aside: &'a Path,
    pub found: &'a CarryMatches,
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
    /// Told how many files of how many are copied.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What was copied.
#[derive(Debug, Default)]
pub struct Staged {
    pub rows: BTreeMap<String, CarriedPath>,
    pub files: usize,
    pub bytes: u64,
    /// Files whose blocks are shared with the source.
    pub reflinked: usize,
    pub leaving: LeftOutMatches,
}

impl Staged {
    fn extend(&mut self, mut other: Self) {
        self.rows.append(&mut other.rows);
        self.files += other.files;
        self.bytes += other.bytes;
        self.reflinked += other.reflinked;
        self.leaving.extend(other.leaving);
    }
}

/// Returns the tree of copies in a folder aside.
#[must_use]
pub fn tree(aside: &Path) -> PathBuf {
    aside.join(TREE)
}

/// Copies all that was found.
///
/// # Errors
///
/// `interrupted`, `disk_full`, `permission`; the folder aside is left for whoever undoes it.
pub fn stage(work: &CopyWork<'_>) -> Result<Staged> {
    let refused =
        |error| Failure::from_io(error, Code::Permission, format!("{} cannot be made", work.aside.display()));
    let tree = tree(work.aside);
    let mut maker = DirBuilder::new();
    maker.mode(0o700).recursive(true);
    maker.create(&tree).map_err(refused)?;
    // Whoever looks at the worktree meanwhile is to see nothing of it.
    files::make(&work.aside.join(".gitignore"), b"*\n", 0o600)?;
    let mut staged = Staged::default();
    let mut last: &str = "";
    for item in &work.found.items {
        match &item.kind {
            PathKind::Folder { .. } if item.topmost.is_some() => {
                maker.create(tree.join(&item.path)).map_err(refused)?;
                staged.rows.insert(item.path.clone(), CarriedPath::Folder);
            }
            PathKind::Folder { .. } => {}
            PathKind::Link { .. } | PathKind::File { .. } => {
                let folder = folder_of(&item.path);
                if folder != last {
                    maker.create(tree.join(folder)).map_err(refused)?;
                    last = folder;
                }
            }
        }
    }
    let copied = copy_all(work, &tree)?;
    staged.extend(copied);
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for path in staged.rows.keys() {
        // Those above a folder that is known are known too.
        if !folders.contains(folder_of(path)) {
            folders.extend(above(path).map(str::to_owned));
        }
    }
    for folder in folders {
        staged.rows.entry(folder).or_insert(CarriedPath::Folder);
    }
    Ok(staged)
}

/// The folders above a path.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Why no thread goes on.
enum Ended {
    Interrupted,
    Failed(PathBuf, std::io::Error),
}

fn copy_all(work: &CopyWork<'_>, tree: &Path) -> Result<Staged> {
    let items: Vec<&Item> =
        work.found.items.iter().filter(|item| !matches!(item.kind, PathKind::Folder { .. })).collect();
    let same_folder = |one: &&Item, other: &&Item| folder_of(&one.path) == folder_of(&other.path);
    let tasks: Vec<&[&Item]> = items.chunk_by(same_folder).flat_map(|of_one| of_one.chunks(SHARE)).collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (stop, ended) = (AtomicBool::new(false), Mutex::new(None));
    let run = || {
        let mut copier = CarryCopier::new();
        let mut staged = Staged::default();
        while !stop.load(Ordering::Relaxed) {
            let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            if let Err(why) = copy_some(work, tree, task, &mut copier, &mut staged) {
                stop.store(true, Ordering::Relaxed);
                ended.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
                break;
            }
            let now = done.fetch_add(task.len(), Ordering::Relaxed) + task.len();
            (work.progress)(now, items.len());
        }
        staged
    };
    let mut all = std::thread::scope(|scope| {
        let most = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let others = most.min(MOST_THREADS).min(tasks.len());
        // Where the system gives no more threads, those that there are do the work.
        let start = |_| std::thread::Builder::new().spawn_scoped(scope, run).ok();
        let threads: Vec<_> = (1..others).map_while(start).collect();
        part_threads();
        let mut own = run();
        for thread in threads {
            match thread.join() {
                Ok(staged) => own.extend(staged),
                // Its copies would be put in place and known to nobody.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        own
    });
    match ended.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => {}
        Some(Ended::Interrupted) => return Err(Failure::new(Code::Interrupted, "interrupted")),
        Some(Ended::Failed(path, error)) => {
            let message = format!("{} cannot be copied", path.display());
            return Err(Failure::from_io(error, Code::Permission, message)
                .hint("`--no-carry` makes the worktree without copies"));
        }
    }
    all.rows.retain(|_, row| !matches!(row, CarriedPath::Folder));
    Ok(all)
}

/// Copies files and links of one folder.
fn copy_some(
    work: &CopyWork<'_>,
    tree: &Path,
    items: &[&Item],
    copier: &mut CarryCopier,
    staged: &mut Staged,
) -> Result<(), Ended> {
    let Some(first) = items.first() else { return Ok(()) };
    let folder = folder_of(&first.path);
    let leave = |staged: &mut Staged, item: &Item, reason| {
        let topmost = item.topmost.and_then(|at| work.found.matches.get(at)).unwrap_or(&item.path).clone();
        let bytes = if let PathKind::File { size, .. } = item.kind { size } else { 0 };
        staged.leaving.note(&topmost, item.path.clone(), bytes, reason);
    };
    let to = open(&tree.join(folder)).map_err(|error| Ended::Failed(tree.join(folder), error.into()))?;
    let Ok(from) = open(&work.source.join(folder)) else {
        for item in items {
            leave(staged, item, LeftOutReason::Vanished);
        }
        return Ok(());
    };
    for item in items {
        if (work.interrupted)() {
            return Err(Ended::Interrupted);
        }
        let name = item.path.rsplit('/').next().unwrap_or_default();
        let is_single = item.topmost.is_some_and(|at| work.found.matches.get(at) == Some(&item.path));
        match &item.kind {
            PathKind::Folder { .. } => {}
            PathKind::Link { target } => {
                let made = tree.join(&item.path);
                symlink(target, &made).map_err(|error| Ended::Failed(made, error))?;
                staged.files += 1;
                staged.rows.insert(item.path.clone(), CarriedPath::Link { target: target.clone() });
            }
            PathKind::File { env, .. } => {
                let task = Task {
                    from: from.as_fd(),
                    to: to.as_fd(),
                    name,
                    env: *env,
                    is_single,
                    interrupted: work.interrupted,
                };
                match copier.copy(&task) {
                    Ok(CopyOutcome::Copied { row, bytes, is_shared }) => {
                        staged.files += 1;
                        staged.bytes += bytes;
                        staged.reflinked += usize::from(is_shared);
                        staged.rows.insert(item.path.clone(), row);
                    }
                    Ok(CopyOutcome::Nothing) => {}
                    // It says what is ignored beside it, and that was counted on.
                    Ok(CopyOutcome::Left(_)) if name == ".gitignore" => {
                        let gone = std::io::Error::other("it went away while it was copied");
                        return Err(Ended::Failed(work.source.join(&item.path), gone));
                    }
                    Ok(CopyOutcome::Left(reason)) => leave(staged, item, reason),
                    Err(Stop::Interrupted) => return Err(Ended::Interrupted),
                    Err(Stop::Failed(error)) => {
                        return Err(Ended::Failed(work.source.join(&item.path), error.into()));
                    }
                }
            }
        }
    }
    Ok(())
}

fn open(folder: &Path) -> Result<OwnedFd, Errno> {
    openat(CWD, folder, FOLDER, Mode::empty())
}

/// Answers whether a file of the source and one in `folder` can have the same blocks: it is tried.
#[must_use]
pub fn can_share(source: &Path, folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        let (Ok((source, _)), Ok(made)) = (files::open_plain(source), tempfile::tempfile_in(folder)) else {
            return false;
        };
        rustix::fs::ioctl_ficlone(&made, &source).is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (source, folder);
        false
    }
}
