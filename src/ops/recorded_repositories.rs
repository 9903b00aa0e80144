//! The repositories that the registry knows, each once, opened where it is now and with the configuration that counts there:
//! the one way for a command that is asked about all of them.

use std::collections::HashMap;
use std::path::Path;

use crate::context::Context;
use crate::host::git::Repository;
use crate::model::config::problem::Problem;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::ops::{ground, origin};

/// A repository of the registry's.
pub struct RecordedRepository<'a> {
    pub id: &'a RepositoryId,
    /// Its living records, in the registry's order.
    pub entries: Vec<&'a Entry>,
    /// Where it may be: where its worktrees' records say, then where it was itself seen last.
    pub places: Vec<&'a Path>,
}

impl RecordedRepository<'_> {
    /// Opens it; `None` where it is at none of its places any more.
    #[must_use]
    pub fn open(&self, context: &Context) -> Option<Repository> {
        origin::find_at(context, self.places.iter().copied(), self.id)
    }

    /// Opens it to act in it, with what is wrong with its own configuration beside; `None` where it, or its configuration, cannot
    /// be read.
    #[must_use]
    pub fn ground(&self, context: &Context) -> Option<(Context, Vec<Problem>)> {
        ground::of(context, self.open(context)?)
    }

    /// Opens it to look at it, with what is wrong with its configuration beside; `None` where it is nowhere any more.
    #[must_use]
    pub fn sight(&self, context: &Context) -> Option<(Context, Option<String>)> {
        Some(ground::to_look_at(context, self.open(context)?))
    }
}

/// Returns every repository of the registry but the one we stand in, in the order in which they were first recorded; those
/// without a living record last.
#[must_use]
pub fn others<'a>(context: &Context, registry: &'a Registry) -> Vec<RecordedRepository<'a>> {
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let mut found: Vec<RecordedRepository<'a>> = Vec::new();
    let mut at: HashMap<&RepositoryId, usize> = HashMap::new();
    let living = registry.entries().filter(|entry| entry.is_living());
    let of_entries = living.map(|entry| (&entry.repository_id, &*entry.repository, Some(entry)));
    let of_records = registry.repositories.iter().map(|record| (&record.id, &*record.path, None));
    for (id, place, entry) in of_entries.chain(of_records).filter(|(id, ..)| Some(*id) != own.as_ref()) {
        let index = *at.entry(id).or_insert_with(|| {
            found.push(RecordedRepository { id, entries: Vec::new(), places: Vec::new() });
            found.len() - 1
        });
        let Some(known) = found.get_mut(index) else { continue };
        known.entries.extend(entry);
        if !known.places.contains(&place) {
            known.places.push(place);
        }
    }
    found
}
