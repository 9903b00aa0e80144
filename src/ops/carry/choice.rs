//! What of the source is copied: what the lists name, less what must not be, or would cost too much.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::plan::Plan;
use crate::context::Context;
use crate::error::Result;
use crate::host::carry::search::{CarryMatches, CarrySearch, PathKind, search};
use crate::host::carry::{links, stage};
use crate::host::git::Repository;
use crate::model::carry::left_out::LeftOutReason;
use crate::model::env_files;

/// What is said of patterns that take forever.
const SLOW: &str = "the patterns of `.worktreeinclude` or `carry.copy` take too long to match, so nothing is carried; write fewer lines \
                    and stars";

/// Looks for all that `plan` names, for the worktree `admin` at `target`. What stands there already is among it.
///
/// # Errors
///
/// `interrupted`, `git_failed`, `permission`.
pub fn find(
    context: &Context,
    repository: &Repository,
    plan: &Plan,
    target: &Path,
    admin: &str,
    warnings: &mut Vec<String>,
) -> Result<CarryMatches> {
    let interrupted = || context.host.interrupt.is_raised();
    let ignored = repository.changes_unless(&plan.source, true, &interrupted)?.ignored;
    let tracked = repository.tracked_paths(admin, target)?;
    let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
    let source = real(plan.source.clone());
    let others: Vec<PathBuf> =
        repository.worktrees()?.into_iter().map(|worktree| real(worktree.path)).collect();
    let others: Vec<PathBuf> =
        others.into_iter().filter(|path| *path != source && !path.as_os_str().is_empty()).collect();
    let mut asked: Vec<Vec<u8>> = ignored.iter().map(|path| path.clone().into_bytes()).collect();
    asked.retain(|path| is_askable(target, &tracked, path));
    let named = env_files::named(&context.config);
    let is_env = |path: &str| env_files::may_hold_block(path, &named);
    let mut found = search(&CarrySearch {
        source: &source,
        target,
        ignored: &ignored,
        wish: &plan.lists,
        ignores: &repository.ignores(target, &asked),
        tracked: &tracked,
        others: &others,
        is_env: &is_env,
        interrupted: &interrupted,
    })?;
    if found.is_given_up {
        warnings.push(SLOW.to_owned());
    }
    links::redirect(&mut found, &source, target, &others);
    Ok(found)
}

/// Answers whether git can be asked whether a path is ignored: it fails as a whole for one below a link or in a submodule.
fn is_askable(target: &Path, tracked: &[Vec<u8>], path: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(path) else { return false };
    let above = text.match_indices('/').map(|(at, _)| &text[..at]);
    let is_barred = |folder: &str| {
        tracked.binary_search_by(|known| known.as_slice().cmp(folder.as_bytes())).is_ok()
            || target.join(folder).is_symlink()
    };
    !above.into_iter().any(is_barred)
}

/// Leaves out the matches of which every byte would have to be copied, and there are too many.
pub fn leave_large(context: &Context, found: &mut CarryMatches, source: &Path, target: &Path) {
    let settings = &context.config.carry;
    if settings.bytes {
        return;
    }
    let mut sizes: HashMap<usize, (u64, u64, String)> = HashMap::new();
    for item in &found.items {
        if let (Some(topmost), PathKind::File { size, device, .. }) = (item.topmost, &item.kind) {
            let sum = sizes.entry(topmost).or_insert_with(|| (0, *device, item.path.clone()));
            sum.0 = sum.0.saturating_add(*size);
        }
    }
    let mut shares: HashMap<u64, bool> = HashMap::new();
    let mut large: Vec<(usize, u64)> = Vec::new();
    for (topmost, (bytes, device, path)) in sizes {
        let can_share = || stage::can_share(&source.join(path), target);
        if bytes > settings.max_bytes && !*shares.entry(device).or_insert_with(can_share) {
            large.push((topmost, bytes));
        }
    }
    large.sort_unstable();
    for (topmost, bytes) in large {
        found.leave_match(topmost, bytes, LeftOutReason::TooLarge);
    }
}
