//! Has the env block follow the record, also when others change the record meanwhile: whoever writes the block looks
//! afterwards whether it still says what the registry says, so that the last one to write has written the truth.

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::registry::entry::Entry;
use crate::ops::env::{self, Written};

/// How often the block is written at most: others have their own turn, and the last of them ends it.
const MOST: usize = 20;

/// Writes the env block of `entry`, again for as long as its allocations change; the entry's path is kept.
///
/// # Errors
///
/// What stops the env block.
pub fn follow(context: &Context, repository: &Repository, entry: &Entry) -> Result<Written> {
    let mut entry = entry.clone();
    let mut written = env::write(context, repository, &entry)?;
    for _ in 1..MOST {
        let registry = context.store()?.read()?;
        let now = registry.entries().find(|known| known.sequence == entry.sequence && known.is_living());
        let differs = |now: &&Entry| now.services() != entry.services() || now.branch != entry.branch;
        let Some(now) = now.filter(differs) else { break };
        entry.allocations.clone_from(&now.allocations);
        entry.branch.clone_from(&now.branch);
        let again = env::write(context, repository, &entry)?;
        written = Written { changed: written.changed || again.changed, ..again };
    }
    Ok(written)
}
