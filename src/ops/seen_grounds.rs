//! The repositories of the registry for whoever looks at records of several: each is opened once, when the first record of it is
//! shown.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::recorded_repositories::{RecordedRepository, others};
use crate::context::Context;
use crate::host::git::Repository;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;

/// The repositories of the registry, as they are looked at.
pub struct SeenGrounds<'a> {
    context: &'a Context,
    /// That of the repository we stand in.
    own: Option<RepositoryId>,
    others: HashMap<&'a RepositoryId, (RecordedRepository<'a>, OnceCell<Option<Context>>)>,
}

impl<'a> SeenGrounds<'a> {
    /// None is opened yet.
    #[must_use]
    pub fn new(context: &'a Context, registry: &'a Registry) -> Self {
        let others = others(context, registry).into_iter();
        Self {
            context,
            own: context.repository.as_ref().and_then(Repository::find_id),
            others: others.map(|known| (known.id, (known, OnceCell::new()))).collect(),
        }
    }

    /// Returns what it is to stand in the repository with that id; `None` where it is nowhere any more.
    #[must_use]
    pub fn find(&self, id: &RepositoryId) -> Option<&Context> {
        if self.own.as_ref() == Some(id) {
            return Some(self.context);
        }
        let (known, ground) = self.others.get(id)?;
        ground.get_or_init(|| known.sight(self.context).map(|(there, _)| there)).as_ref()
    }
}
