//! What a checkout is asked for, what it reports, and its steps in order. The index is written last: it is what says
//! that the files are whole.

use schemars::JsonSchema;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags, Timespec};
use rustix::time::{ClockId, clock_gettime};

use super::plan::{CheckoutEntry, CheckoutKind, Plan};
use super::sibling::{self, Candidates};
use super::{attributes, index, plan, writer};
use crate::error::{Code, Failure, Result};
use crate::host::git_files::checkout::objects::open_library;
use crate::host::git_files::conversion::Outside;
use crate::host::git_files::index::StatData;

/// One commit that shall become files in one folder.
pub struct Request<'a> {
    /// The folder that all worktrees share, as git calls it (gitrepository-layout(5)).
    pub common_dir: &'a Path,
    /// The commit in hexadecimal.
    pub commit: &'a str,
    /// The worktree's folder: it exists, and holds nothing that the commit holds too.
    pub folder: &'a Path,
    /// git's own folder of the worktree; the file `index` is written into it.
    pub admin: &'a Path,
    /// Worktrees of the same repository whose files may be copied, those first that are most likely to be of use. No more
    /// of them are asked for than are looked at.
    pub siblings: &'a dyn Fn() -> Candidates<'a>,
    /// The rules outside the commit for what becomes of contents.
    pub outside: &'a Outside,
    /// How many threads write; 0 counts as one for each core.
    pub workers: usize,
    /// Looked at between files: true when the user wants us to stop.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
    /// Told how many files of how many are written; called now and then, from any of the threads.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What a checkout wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, serde::Serialize)]
pub struct Report {
    /// Files and symbolic links.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Folders below the root, those of submodules too.
    pub folders: usize,
    /// The files among them that are copies of those in `sibling`; the others come from the object database.
    pub copied: usize,
    /// The files whose lines were ended in another way, or that had `$Id$` expanded.
    pub converted: usize,
    /// The worktree that was copied from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sibling: Option<String>,
}

/// Writes the files of a commit, then its index. What was written before a failure stays for the caller to undo.
///
/// # Errors
///
/// `git_failed` for a bad name or an object that cannot be read, `path_not_empty` for a path that is taken,
/// `disk_full`, `permission`, `interrupted`.
pub fn checkout(request: &Request) -> Result<Report> {
    let library = open_library(request.common_dir)?;
    let tree = plan::tree_of(&library, request.commit)?;
    let plan = plan::plan(&library, &tree)?;
    let conversions = attributes::read(&library, &plan, request.outside)?;
    let sibling = sibling::choose(&library, (request.commit, &tree), &plan, (request.siblings)());
    let root = open_root(request.folder)?;
    let work = writer::WriteWork {
        plan: &plan,
        common_dir: request.common_dir,
        root: &root,
        sibling: sibling.as_ref(),
        conversions: &conversions,
        time: time_of_files(),
        interrupted: request.interrupted,
        progress: request.progress,
    };
    let written = writer::write(&work, workers(request.workers))?;
    if (request.interrupted)() {
        return Err(Failure::new(Code::Interrupted, "interrupted"));
    }
    index::write(request.admin, &plan, &written.stats)?;
    let report = report(&plan, &written.stats);
    let sibling = sibling.filter(|_| written.copied > 0);
    let sibling = sibling.map(|sibling| sibling.folder.to_string_lossy().into_owned());
    Ok(Report { copied: written.copied, converted: written.converted, sibling, ..report })
}

fn open_root(folder: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(folder, flags, Mode::empty()).map_err(|error| {
        let message = format!("{} cannot be opened", folder.display());
        Failure::from_io(error.into(), Code::GitFailed, message)
    })
}

/// Two seconds ago: a file as young as the index is one that git's first status must read again, for the file may
/// have changed since (git's Documentation/technical/racy-git). Not longer ago, because builds compare times.
fn time_of_files() -> Timespec {
    let now = clock_gettime(ClockId::Realtime);
    Timespec { tv_sec: now.tv_sec - 2, tv_nsec: now.tv_nsec }
}

fn workers(wanted: usize) -> usize {
    match wanted {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        wanted => wanted,
    }
}

fn report(plan: &Plan, placed: &[StatData]) -> Report {
    let is_file = |entry: &&CheckoutEntry| entry.kind != CheckoutKind::Submodule;
    let files = plan.entries.iter().filter(is_file).count();
    let written = plan.entries.iter().zip(placed).filter(|(entry, _)| is_file(entry));
    Report {
        files,
        bytes: written.map(|(_, stat)| stat.size).sum(),
        folders: plan.folders.len() - 1 + plan.entries.len() - files,
        ..Report::default()
    }
}
