//! Another repository as if we stood in it: with the configuration that counts there.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use crate::context::Context;
use crate::host::git::Repository;
use crate::model::config::problem::Problem;
use crate::model::registry::repository::RepositoryId;
use crate::ops::config::{self, LayerSources};

/// Opens the repository at `path`, and returns what is wrong with its own configuration beside; `None` where another one or
/// none stands there.
#[must_use]
pub fn open(context: &Context, path: &Path, id: &RepositoryId) -> Option<(Context, Vec<Problem>)> {
    let repository = Repository::discover(path).ok().filter(|found| found.find_id().as_ref() == Some(id))?;
    of(context, repository.heeding(&context.host.interrupt))
}

/// Returns what it is to stand in `repository`, and what is wrong with its own configuration beside; `None` where a file of
/// that cannot be read at all.
#[must_use]
pub fn of(context: &Context, repository: Repository) -> Option<(Context, Vec<Problem>)> {
    let root = repository.root().to_path_buf();
    let variables: Vec<(String, String)> =
        context.host.environment.ours().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let user_file = context.host.config_file();
    let sources = LayerSources {
        user_file: user_file.as_deref(),
        repository_root: Some(&root),
        config_flag: None,
        variables: &variables,
        flags: &[],
        host: Some(&context.host),
    };
    let (config, problems) = config::load_leniently(&sources).ok()?;
    // What is wrong with the user's own file was found once, where we stand.
    let own = root.display().to_string();
    let problems: Vec<Problem> =
        problems.into_iter().filter(|problem| problem.origin.to_string().starts_with(&own)).collect();
    let config = config.shared_where(!repository.is_bare());
    Some((
        Context {
            worktree: None,
            host: context.host.clone(),
            config,
            folder: root,
            repository: Some(repository),
            config_file: None,
            is_config_whole: problems.is_empty(),
            registry: context.registry.clone(),
            hosts: OnceCell::new(),
            shared: OnceLock::new(),
            network_claims: OnceLock::new(),
            claimed: Mutex::default(),
            claimed_ports: Mutex::default(),
            takes_over: false,
        },
        problems,
    ))
}
