//! How far worktrees are from where their branches began.

use crate::host::git::Repository;
use crate::model::branch_base::BaseView;
use crate::model::registry::entry::Entry;

/// Returns where the branch of a worktree began, and how far `head`, its commit, and that are apart now; `None` where the
/// record does not say. A branch counts as it is now, here or on a remote; anything else is the commit that it was.
#[must_use]
pub fn find(repository: &Repository, entry: &Entry, head: Option<&str>) -> Option<BaseView> {
    let base = entry.notes.base.read()?;
    let named = base.name.as_deref();
    let here = named.and_then(|name| repository.find_branch(name).ok().flatten());
    let remote = || named.and_then(|name| repository.find_tracking(name).ok().flatten());
    let now = here.or_else(|| remote().map(|remote| remote.commit));
    let now = now.as_deref().unwrap_or(&base.commit);
    let distance = head.and_then(|head| repository.ahead_behind(head, now).ok());
    Some(BaseView::of(base, distance))
}
