//! The repositories that are looked at, each with the configuration that counts there.

use std::collections::HashMap;
use std::path::PathBuf;

use super::report::Request;
use crate::context::Context;
use crate::host::git::Repository;
use crate::model::config::problem::Problem;
use crate::model::finding::FixTarget;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::ops::ground;
use crate::ops::recorded_repositories::others;

/// The repositories asked about.
#[derive(Debug)]
pub struct Grounds<'a> {
    here: Option<&'a Context>,
    others: Vec<Context>,
    /// Which of the contexts is which repository's, the one we stand in being the first.
    places: HashMap<RepositoryId, usize>,
    /// What is wrong with their configurations.
    pub problems: Vec<Problem>,
}

impl<'a> Grounds<'a> {
    /// The repository we stand in, and where all are asked about every one that the registry knows and that can be reached.
    #[must_use]
    pub fn new(context: &'a Context, registry: Option<&Registry>, request: &Request) -> Self {
        let here = context.repository.is_some().then_some(context);
        let problems = request.config_problems.clone();
        let places = here.and_then(id_of).map(|id| (id, 0)).into_iter().collect();
        let mut grounds = Self { here, others: Vec::new(), places, problems };
        let Some(registry) = registry.filter(|_| request.all) else { return grounds };
        for known in others(context, registry) {
            if let Some((other, problems)) = known.ground(context) {
                let place = grounds.contexts().count();
                grounds.places.insert(known.id.clone(), place);
                grounds.others.push(other);
                grounds.problems.extend(problems);
            }
        }
        grounds
    }

    /// Returns each repository's context, the one we stand in first.
    pub fn contexts(&self) -> impl Iterator<Item = &Context> {
        self.here.into_iter().chain(&self.others)
    }

    /// Returns the context of the repository with that id.
    #[must_use]
    pub fn find(&self, id: &RepositoryId) -> Option<&Context> {
        self.contexts().nth(*self.places.get(id)?)
    }

    /// Returns the repositories' folders.
    #[must_use]
    pub fn roots(&self) -> Vec<PathBuf> {
        let repositories = self.contexts().filter_map(|context| context.repository.as_ref());
        repositories.map(|repository| repository.root().to_path_buf()).collect()
    }
}

/// Returns the id of a context's repository.
#[must_use]
pub fn id_of(context: &Context) -> Option<RepositoryId> {
    context.repository.as_ref().and_then(Repository::find_id)
}

/// Opens the repository that a fix is about, where it is not one of those asked about.
#[must_use]
pub fn open_for(context: &Context, target: &FixTarget) -> Option<Context> {
    ground::open(context, &target.repository_path, &target.repository).map(|(context, _)| context)
}
