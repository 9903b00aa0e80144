//! Files onto disk by several threads, each path opened from the root downwards: no link is followed, nothing that
//! stands there is opened or replaced, and every entry's stat data is brought home for the index.

use std::cell::OnceCell;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use rustix::fs::Timespec;

use super::copy::CheckoutCopier;
use super::folders::{FolderMaking, Folders};
use super::objects::Objects;
use super::place::{self, ContentSources, Placed};
use super::plan::{CheckoutKind, Plan};
use super::sibling::Sibling;
use crate::error::{Code, Failure, Result};
use crate::host::git_files::conversion::{Conversion, Conversions};
use crate::host::git_files::index::StatData;
use crate::host::git_files::packs::Packs;
use crate::host::processors;

/// A batch ends with its folder once it has so many entries: two threads that make files in one folder wait for each
/// other in the kernel.
const SHORT_BATCH: usize = 8;
/// And with so many in any case.
const LONG_BATCH: usize = 64;
/// More threads than so many for each core only take memory, whatever `checkout.workers` says.
const MOST_A_CORE: usize = 8;
/// Fewer entries than this are not worth a second thread.
const WORTH_A_THREAD: usize = 24;

/// What the threads work on.
pub(super) struct WriteWork<'a> {
    pub(super) plan: &'a Plan,
    pub(super) common_dir: &'a Path,
    pub(super) root: &'a OwnedFd,
    /// Whose files may be copied.
    pub(super) sibling: Option<&'a Sibling>,
    /// What becomes of contents.
    pub(super) conversions: &'a Conversions,
    /// What every file's modification time is set to.
    pub(super) time: Timespec,
    pub(super) interrupted: &'a (dyn Fn() -> bool + Sync),
    pub(super) progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Shared by the threads of one checkout.
struct Shared<'a> {
    work: &'a WriteWork<'a>,
    packs: OnceLock<Packs>,
    batches: Vec<Range<usize>>,
    next: AtomicUsize,
    done: AtomicUsize,
    copied: AtomicUsize,
    converted: AtomicUsize,
    stopped: AtomicBool,
    failure: Mutex<Option<Failure>>,
    made: Vec<FolderMaking>,
}

/// What was written.
pub(super) struct WrittenFiles {
    /// Each entry's, in the plan's order.
    pub(super) stats: Vec<StatData>,
    /// How many files are copies of the sibling's.
    pub(super) copied: usize,
    /// How many were given other bytes than their objects have.
    pub(super) converted: usize,
}

/// Writes every entry of the plan.
pub(super) fn write(work: &WriteWork, workers: usize) -> Result<WrittenFiles> {
    let total = work.plan.entries.len();
    let batches = batches(work.plan);
    let most = MOST_A_CORE * std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = workers.min(most).min(batches.len()).min(total.div_ceil(WORTH_A_THREAD)).max(1);
    let shared = Shared {
        work,
        packs: OnceLock::new(),
        batches,
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        copied: AtomicUsize::new(0),
        converted: AtomicUsize::new(0),
        stopped: AtomicBool::new(false),
        failure: Mutex::new(None),
        made: work.plan.folders.iter().map(|_| FolderMaking::default()).collect(),
    };
    let written: Vec<(usize, Vec<StatData>)> = std::thread::scope(|scope| {
        // Where the system gives no more threads, those that there are do the work.
        let start = |_| std::thread::Builder::new().spawn_scoped(scope, || shared.work()).ok();
        let others: Vec<_> = (1..threads).map_while(start).collect();
        if !others.is_empty() {
            processors::part_threads();
        }
        let mut written = shared.work();
        for other in others {
            match other.join() {
                Ok(more) => written.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        written
    });
    if let Some(failure) = shared.failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(failure);
    }
    let mut stats = vec![StatData::default(); total];
    for (start, batch) in written {
        stats[start..start + batch.len()].copy_from_slice(&batch);
    }
    let (copied, converted) = (shared.copied.into_inner(), shared.converted.into_inner());
    Ok(WrittenFiles { stats, copied, converted })
}

impl Shared<'_> {
    /// Works until nothing is left to do, in the tree's order, or another thread has failed.
    fn work(&self) -> Vec<(usize, Vec<StatData>)> {
        let library = OnceCell::new();
        let (common_dir, packs) = (self.work.common_dir, &self.packs);
        self.take_batches(&Objects { common_dir, library: &library, packs, blobs: OnceCell::new() })
    }

    fn take_batches(&self, objects: &Objects) -> Vec<(usize, Vec<StatData>)> {
        let work = self.work;
        let mut hand = Hand {
            objects,
            folders: Folders::new(work.plan, work.root, &self.made),
            sibling: work.sibling.map(|sibling| (sibling, Folders::existing(work.plan, &sibling.root))),
            copier: CheckoutCopier::new(),
        };
        let mut written = Vec::new();
        while !self.stopped.load(Ordering::Relaxed) {
            let Some(batch) = self.batches.get(self.next.fetch_add(1, Ordering::Relaxed)) else { break };
            match self.write_batch(batch.clone(), &mut hand) {
                Ok(stats) => written.push((batch.start, stats)),
                Err(failure) => self.stop(failure),
            }
        }
        written
    }

    fn write_batch(&self, batch: Range<usize>, hand: &mut Hand) -> Result<Vec<StatData>> {
        let mut stats = Vec::with_capacity(batch.len());
        let (size, mut copied, mut converted) = (batch.len(), 0, 0);
        for at in batch {
            if (self.work.interrupted)() {
                return Err(Failure::new(Code::Interrupted, "interrupted"));
            }
            if self.stopped.load(Ordering::Relaxed) {
                return Ok(stats);
            }
            let placed = hand.place(self.work, at)?;
            copied += usize::from(placed.is_copied);
            converted += usize::from(placed.is_converted);
            stats.push(placed.stat);
        }
        self.copied.fetch_add(copied, Ordering::Relaxed);
        self.converted.fetch_add(converted, Ordering::Relaxed);
        let done = self.done.fetch_add(size, Ordering::Relaxed) + size;
        (self.work.progress)(done, self.work.plan.entries.len());
        Ok(stats)
    }

    /// The first failure is told; later ones mostly follow from it.
    fn stop(&self, failure: Failure) {
        self.stopped.store(true, Ordering::Relaxed);
        let mut first = self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        first.get_or_insert(failure);
    }
}

/// What one thread works with.
struct Hand<'a, 'r> {
    objects: &'a Objects<'r>,
    folders: Folders<'a>,
    sibling: Option<(&'a Sibling, Folders<'a>)>,
    copier: CheckoutCopier,
}

impl Hand<'_, '_> {
    fn place(&mut self, work: &WriteWork, at: usize) -> Result<Placed> {
        let entry = &work.plan.entries[at];
        let conversion = match entry.kind {
            CheckoutKind::File | CheckoutKind::Executable => work.conversions.of(&entry.path),
            CheckoutKind::Link | CheckoutKind::Submodule => Conversion::default(),
        };
        let sibling = match &mut self.sibling {
            // A copy's bytes are held against the object's name, which converted ones do not bear.
            Some((sibling, folders)) if conversion.is_identity() => sibling
                .find(at)
                // A folder that is gone from the sibling has nothing to copy.
                .and_then(|known| Some((folders.open(entry.folder).ok()?, known))),
            _ => None,
        };
        let opened = self.folders.open(entry.folder);
        let folder = opened.map_err(|error| place::refused(error, &work.plan.folders[entry.folder].path))?;
        let sources = ContentSources { objects: self.objects, sibling, copier: &mut self.copier, conversion };
        place::place(folder, entry, sources, work.time)
    }
}

/// Parts the entries into batches that keep folders together.
fn batches(plan: &Plan) -> Vec<Range<usize>> {
    let entries = &plan.entries;
    let mut batches = Vec::new();
    let mut start = 0;
    for end in 1..=entries.len() {
        let is_folder_over = entries.get(end).is_none_or(|entry| entry.folder != entries[end - 1].folder);
        let length = end - start;
        if length >= LONG_BATCH || (is_folder_over && length >= SHORT_BATCH) || end == entries.len() {
            batches.push(start..end);
            start = end;
        }
    }
    batches
}
