//! Where one stands who does something in another worktree than the one that was asked about.

use crate::context::Context;
use crate::host::git::Repository;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::ops::{ground, sharing};

/// Returns the main worktree, and a context as if we stood in it, where all of these services serve all worktrees and `entry` is
/// another one.
#[must_use]
pub fn of_shared(context: &Context, entry: &Entry, services: &[ServiceName]) -> Option<(Entry, Context)> {
    let are_shared = services.iter().all(|service| context.config.is_shared(service));
    if entry.is_main() || services.is_empty() || !are_shared {
        return None;
    }
    let registry = context.store().and_then(|store| store.read()).ok()?;
    let main = sharing::find_main(&registry, &entry.repository_id)?.clone();
    let there = standing_in(context, &main)?;
    Some((main, there))
}

/// As if we stood in the worktree, with the configuration that counts there.
pub(super) fn standing_in(context: &Context, entry: &Entry) -> Option<Context> {
    let here = context.repository.as_ref();
    let is_here = here.and_then(Repository::find_id).as_ref() == Some(&entry.repository_id);
    let root = here.filter(|_| is_here).map_or(&*entry.repository, Repository::root);
    let (there, _) = ground::open(context, root, &entry.repository_id)?;
    let there = if is_here {
        Context {
            config: context.config.clone(),
            config_file: context.config_file.clone(),
            is_config_whole: context.is_config_whole,
            ..there
        }
    } else {
        there
    };
    Some(there.of_worktree(Some(&entry.name)))
}
