//! Another repository as if we stood in it: with the configuration that counts there. Whoever is asked about several takes each
//! from `recorded_repositories`, and its ground from here.

use std::path::Path;

use crate::context::Context;
use crate::host::git::Repository;
use crate::model::config::problem::Problem;
use crate::model::config::settings::Config;
use crate::model::registry::repository::RepositoryId;
use crate::ops::{config, origin};

/// Opens the repository of that id, which was recorded at `path`, and returns what is wrong with its own configuration beside;
/// `None` where it cannot be found.
#[must_use]
pub fn open(context: &Context, path: &Path, id: &RepositoryId) -> Option<(Context, Vec<Problem>)> {
    of(context, origin::find_by_id(context, path, id)?)
}

/// Returns what it is to stand in `repository`, and what is wrong with its own configuration beside; `None` where a file of
/// that cannot be read at all.
#[must_use]
pub fn of(context: &Context, repository: Repository) -> Option<(Context, Vec<Problem>)> {
    let (config, problems) = config::load_other(&context.host, Some(repository.root())).ok()?;
    // What is wrong with the user's own file was found once, where we stand.
    let own = repository.root().display().to_string();
    let problems: Vec<Problem> =
        problems.into_iter().filter(|problem| problem.origin.to_string().starts_with(&own)).collect();
    Some((standing(context, repository, config, problems.is_empty()), problems))
}

/// The same for whoever only looks: where its configuration cannot be read at all the defaults count. Beside it is what is wrong.
#[must_use]
pub fn to_look_at(context: &Context, repository: Repository) -> (Context, Option<String>) {
    let (config, problem) = config::of_other_repository(&context.host, Some(repository.root()));
    (standing(context, repository, config, problem.is_none()), problem)
}

fn standing(context: &Context, repository: Repository, config: Config, is_config_whole: bool) -> Context {
    let folder = repository.root().to_path_buf();
    Context {
        is_config_whole,
        registry: context.registry.clone(),
        ..Context::new(context.host.clone(), config, folder, Some(repository))
    }
}
