//! What a cleaning would delete. Reads only.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::choice;
use super::report::{Cleaned, LeftFolder, Report, Request};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::disk::{self, Cache, CountedPlace};
use crate::host::files;
use crate::host::git::Repository;
use crate::host::place::HostSurroundings;
use crate::host::process::bound;
use crate::host::process::uses::Uses;
use crate::model::branch::Head;
use crate::model::cache::{self, Stays};
use crate::ops::find::FoundWorktree;
use crate::ops::rows::canonical;
use crate::ops::services::down;
use crate::ops::setup;

/// What is to be deleted of one worktree.
#[derive(Debug)]
pub(super) struct CleanTarget {
    pub found: FoundWorktree,
    /// Its folder, without links.
    pub folder: PathBuf,
    pub caches: Vec<Cache>,
}

/// What is to be deleted.
#[derive(Debug, Default)]
pub struct Plan {
    pub(super) targets: Vec<CleanTarget>,
    left: Vec<LeftFolder>,
    warnings: Vec<String>,
}

impl Plan {
    /// Answers whether there is nothing to delete.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.iter().all(|target| target.caches.is_empty())
    }

    /// Says what would be deleted.
    #[must_use]
    pub fn report(&self) -> Report {
        let cleaned =
            self.targets.iter().flat_map(|target| target.caches.iter().map(|cache| target.cleaned(cache)));
        Report { cleaned: cleaned.collect(), ..self.rest() }
    }

    /// Says what stays alone.
    pub(super) fn rest(&self) -> Report {
        Report { left: self.left.clone(), warnings: self.warnings.clone(), ..Report::default() }
    }
}

impl CleanTarget {
    /// Returns the answer's row about a cache.
    pub(super) fn cleaned(&self, cache: &Cache) -> Cleaned {
        let beside = self.folder.join(cache.path.parent().unwrap_or(Path::new("")));
        let name = cache.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        Cleaned {
            worktree: self.found.name.clone(),
            path: cache.path.clone(),
            bytes: cache.bytes,
            back_with: cache::back_with(name, |file| beside.join(file).is_file()),
        }
    }

    /// Returns the answer's row about a folder that holds several caches, of which git ignores none.
    fn left_with(&self, path: &Path, caches: usize) -> LeftFolder {
        let bytes = files::size_of_tree(&self.folder.join(path));
        LeftFolder { caches: Some(caches), bytes: Some(bytes), ..self.left(path, Stays::NotIgnored, None) }
    }

    /// Returns the answer's row about a cache that stays.
    pub(super) fn left(&self, path: &Path, reason: Stays, pid: Option<u32>) -> LeftFolder {
        LeftFolder {
            worktree: self.found.name.clone(),
            path: path.to_path_buf(),
            reason,
            caches: None,
            bytes: None,
            pid,
        }
    }
}

/// Looks for what is to be deleted.
///
/// # Errors
///
/// `not_found`, `ambiguous`, `locked`; `branch_not_found` where merged branches are asked for and the default one is not known.
pub fn plan(context: &Context, request: &Request) -> Result<Plan> {
    let repository = context.require_repository()?;
    let chosen = choice::choose(context, repository, request)?;
    let mounts = HostSurroundings::read();
    let worktrees: Vec<PathBuf> =
        repository.worktrees()?.into_iter().map(|worktree| canonical(&worktree.path)).collect();
    let places: Vec<CountedPlace> = chosen.iter().map(|found| place(repository, &found.path)).collect();
    let interrupt = &context.host.interrupt;
    let caches = &context.config.remove.caches;
    let counted = disk::count(&places, caches, mounts.mounts(), &worktrees, &|| interrupt.is_raised());
    interrupt.check()?;
    let mut plan = Plan { warnings: context.config.uncounted().collect(), ..Plan::default() };
    for ((found, place), counted) in chosen.into_iter().zip(places).zip(counted) {
        let Some(mut counted) = counted else { continue };
        if !choice::is_idle(context, repository, &found, counted.newest, request)? {
            continue;
        }
        let caches = std::mem::take(&mut counted.caches);
        let mut target = CleanTarget { found, folder: place.path, caches: Vec::new() };
        if caches.is_empty() && counted.staying.is_empty() {
            plan.targets.push(target);
            continue;
        }
        let tracked = tracked(repository, &target.found)?;
        // What git tracks is no cache that anybody would miss in the list.
        let is_news =
            |(path, why): &&(PathBuf, Stays)| *why != Stays::NotIgnored || !is_tracked(&tracked, path);
        let (unignored, staying): (Vec<_>, Vec<_>) =
            counted.staying.iter().filter(is_news).partition(|(_, why)| *why == Stays::NotIgnored);
        plan.left.extend(staying.into_iter().map(|(path, why)| target.left(path, *why, None)));
        let unignored: Vec<PathBuf> = unignored.into_iter().map(|(path, _)| path.clone()).collect();
        plan.left.extend(cache::folded(&unignored, |path| is_tracked(&tracked, path)).into_iter().map(
            |(path, count)| match count {
                1 => target.left(&path, Stays::NotIgnored, None),
                count => target.left_with(&path, count),
            },
        ));
        let uses = Uses::below(&target.folder);
        let at_work = at_work(context, &target.found, &target.folder)?;
        for cache in caches {
            let holder = uses.find(&target.folder.join(&cache.path)).map(|pid| (Stays::InUse, Some(pid)));
            let tracked = is_tracked(&tracked, &cache.path).then_some((Stays::Tracked, None));
            match holder.or(at_work).or(tracked) {
                Some((why, pid)) => plan.left.push(target.left(&cache.path, why, pid)),
                None => target.caches.push(cache),
            }
        }
        plan.targets.push(target);
    }
    Ok(plan)
}

/// Returns a worktree as it is counted.
pub(super) fn place(repository: &Repository, path: &Path) -> CountedPlace {
    let path = canonical(path);
    CountedPlace { ignores: repository.ignores(&path, &[]), path }
}

/// What keeps all caches of a worktree: something of its own runs, or a container works with its folder.
pub(super) fn at_work(
    context: &Context,
    found: &FoundWorktree,
    folder: &Path,
) -> Result<Option<(Stays, Option<u32>)>> {
    if let Some(entry) = &found.entry {
        if setup::is_at_work(context, entry) {
            return Ok(Some((Stays::Setup, None)));
        }
        if !down::running(context, entry)?.is_empty() {
            return Ok(Some((Stays::InUse, None)));
        }
    }
    Ok(bound::find(folder).map(|pid| (Stays::InUse, Some(pid))))
}

/// The paths that the worktree tracks, in order.
pub(super) fn tracked(repository: &Repository, found: &FoundWorktree) -> Result<Vec<Vec<u8>>> {
    let admin = found.worktree.as_ref().and_then(|worktree| worktree.admin.as_deref());
    let git_dir =
        admin.map_or_else(|| repository.common_dir().to_path_buf(), |admin| repository.admin_dir(admin));
    let has_commit =
        found.worktree.as_ref().is_some_and(|worktree| !matches!(worktree.head, Head::Unborn(_)));
    // Without an index git calls everything untracked that the commit has.
    if has_commit && git_dir.join("index").symlink_metadata().is_err() {
        let message =
            format!("git has no index of {}, so nobody can tell what it tracks", found.path.display());
        return Err(Failure::new(Code::GitFailed, message).hint("`git reset` there makes it anew"));
    }
    repository.tracked_paths_of(admin, &found.path)
}

/// Answers whether a folder, or something in it, is among `tracked`.
pub(super) fn is_tracked(tracked: &[Vec<u8>], path: &Path) -> bool {
    let folder = path.as_os_str().as_bytes();
    let inside = [folder, b"/"].concat();
    let at = tracked.partition_point(|known| known.as_slice() < inside.as_slice());
    let is_inside = tracked.get(at).is_some_and(|known| known.starts_with(&inside));
    is_inside || tracked.binary_search_by(|known| known.as_slice().cmp(folder)).is_ok()
}
