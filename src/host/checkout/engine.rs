//! A commit's tree becomes a folder and an index: several threads, each with its own handle on the object database.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use git2::Repository;

use super::index;
use super::plan::{Plan, plan};
use super::writer::{self, Writer, Written};
use crate::error::{Code, Failure, Result};
use crate::host::clock::Clock;

/// How many items a thread takes at a time: they lie in the same folder and, often, near each other in the pack.
const BATCH: usize = 32;

/// Below this many items per thread a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 64;

/// What is to be checked out, and where.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub common_dir: &'a Path,
    /// In hexadecimal.
    pub commit: &'a str,
    /// Exists and is empty, `.git` aside.
    pub folder: &'a Path,
    /// git's folder of the worktree, where the index goes.
    pub admin: &'a Path,
    /// At most so many threads.
    pub workers: usize,
    /// Looked at between files: true when the user wants us to stop.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
    /// Told how many of all items are written; from several threads.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What a checkout wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    pub items: usize,
    pub folders: usize,
}

/// Writes the tree of the commit, then its index.
///
/// # Errors
///
/// `interrupted`, `disk_full`, `permission`, `path_not_empty`, `git_failed`; what was written so far stays for the undo.
pub fn checkout(request: &Request<'_>) -> Result<Report> {
    let repository = open(request.common_dir)?;
    let plan = plan(&repository, request.commit)?;
    let root = writer::open_root(request.folder)?;
    writer::make_folders(&root, &plan)?;
    let written = write_all(request, &plan, &root, &repository)?;
    require_going_on(request)?;
    index::write(&repository, request.admin, &plan, &written)?;
    Ok(Report { items: plan.items.len(), folders: plan.folders.len() })
}

fn require_going_on(request: &Request<'_>) -> Result<()> {
    if (request.interrupted)() { Err(Failure::new(Code::Interrupted, "interrupted")) } else { Ok(()) }
}

fn open(common_dir: &Path) -> Result<Repository> {
    Repository::open(common_dir).map_err(|error| {
        Failure::new(
            Code::GitFailed,
            format!("{} cannot be opened: {}", common_dir.display(), error.message()),
        )
    })
}

/// The state that the threads share.
struct Shared<'a> {
    request: &'a Request<'a>,
    plan: &'a Plan,
    root: &'a OwnedFd,
    next: AtomicUsize,
    done: AtomicUsize,
    stop: AtomicBool,
    /// Seconds and nanoseconds of the modification time of all files.
    time: (i64, i64),
    written: Mutex<Vec<Written>>,
    failure: Mutex<Option<Failure>>,
}

fn write_all(
    request: &Request<'_>,
    plan: &Plan,
    root: &OwnedFd,
    repository: &Repository,
) -> Result<Vec<Written>> {
    let now = Clock.now();
    let shared = Shared {
        request,
        plan,
        root,
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        time: (now.as_second() - 2, i64::from(now.subsec_nanosecond()).max(0)),
        written: Mutex::new(vec![Written { stat: None }; plan.items.len()]),
        failure: Mutex::new(None),
    };
    let threads = request.workers.clamp(1, 1 + plan.items.len() / WORTH_A_THREAD);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| match open(request.common_dir) {
                Ok(own) => work(&shared, &own),
                Err(failure) => fail(&shared, failure),
            });
        }
        work(&shared, repository);
    });
    if let Some(failure) = shared.failure.into_inner().unwrap_or_default() {
        return Err(failure);
    }
    shared.written.into_inner().map_err(|_| Failure::new(Code::Internal, "a thread of the checkout panicked"))
}

fn work(shared: &Shared<'_>, repository: &Repository) {
    if let Err(failure) = work_on_batches(shared, repository) {
        fail(shared, failure);
    }
}

fn fail(shared: &Shared<'_>, failure: Failure) {
    shared.stop.store(true, Ordering::Relaxed);
    if let Ok(mut first) = shared.failure.lock() {
        first.get_or_insert(failure);
    }
}

fn work_on_batches(shared: &Shared<'_>, repository: &Repository) -> Result<()> {
    let odb = repository.odb().map_err(|error| Failure::new(Code::GitFailed, error.message().to_owned()))?;
    let mut writer = Writer::new(shared.root, shared.plan, shared.time.0, shared.time.1);
    let total = shared.plan.items.len();
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let first = shared.next.fetch_add(BATCH, Ordering::Relaxed);
        if first >= total {
            return Ok(());
        }
        for item in &shared.plan.items[first..total.min(first + BATCH)] {
            if shared.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            require_going_on(shared.request)?;
            batch.push(writer.write(&odb, item)?);
        }
        if let Ok(mut written) = shared.written.lock() {
            written[first..first + batch.len()].copy_from_slice(&batch);
        }
        let done = shared.done.fetch_add(batch.len(), Ordering::Relaxed) + batch.len();
        batch.clear();
        (shared.request.progress)(done, total);
    }
}
