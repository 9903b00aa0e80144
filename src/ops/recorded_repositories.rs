//! The repositories that the registry knows, each once and opened where it is now: the one way for a command that is asked
//! about all of them. `ground` has the configuration that counts there.

use std::collections::HashMap;
use std::path::Path;

use crate::context::Context;
use crate::host::git::Repository;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;

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
        self.places.iter().find_map(|place| {
            let found = Repository::discover(place).ok()?;
            (found.find_id().as_ref() == Some(self.id)).then(|| found.heeding(&context.host.interrupt))
        })
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
