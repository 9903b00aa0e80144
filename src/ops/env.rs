//! The env block of a worktree: what it is made from, whose it is, and its variables as text.

use schemars::JsonSchema;
use serde::Serialize;

use super::carry;
use super::{find, foreign, sharing};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::exclude;
use crate::host::git::Repository;
use crate::model::branch::Head;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::repository_name;
use crate::model::service::ServiceName;
use crate::model::variables::{self, EnvFacts};
use crate::model::view::WorktreeView;
use crate::model::{compose_project, host_names, quoting};

/// The variables of an env block, in its order.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Variables {
    pub variables: serde_json::Map<String, serde_json::Value>,
}

impl Variables {
    /// Returns them as one object; of a name that stands twice the later value counts.
    #[must_use]
    pub fn of(variables: &[(String, String)]) -> Self {
        let named = variables.iter().map(|(name, value)| (name.clone(), value.clone().into()));
        Self { variables: named.collect() }
    }
}

/// Returns the variables of an entry, in order.
///
/// # Errors
///
/// `config_invalid`.
pub fn variables_of(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
) -> Result<Vec<(String, String)>> {
    variables::variables(&context.config, &facts_of(context, repository, entry))
}

/// Returns what templates know of an entry, the ports of shared services among it.
#[must_use]
pub fn facts_of(context: &Context, repository: &Repository, entry: &Entry) -> EnvFacts {
    let is_foreign = foreign::is_foreign(repository, entry);
    let mut facts = EnvFacts { is_foreign, ..facts(&repository.name(), &as_git_has_it(repository, entry)) };
    sharing::lay_over(context, entry, &mut facts.ports);
    facts
}

/// Returns the name under which Compose keeps an entry's containers.
#[must_use]
pub fn compose_project_of(repository: &Repository, entry: &Entry) -> String {
    facts(&repository.name(), entry).compose_project
}

/// The entry with the branch that is checked out now: `git branch -m` and `git switch` tell nobody. A rebase detaches HEAD
/// for a while and comes back: then the recorded one stays.
fn as_git_has_it(repository: &Repository, entry: &Entry) -> Entry {
    let mut now = entry.clone();
    if entry.admin.is_empty() && !entry.is_main() {
        return now;
    }
    match repository.read_head_alone(Some(entry.admin.as_str()).filter(|_| !entry.is_main())) {
        Ok(Head::Branch(name) | Head::Unborn(name)) => now.branch = Some(name),
        Ok(Head::Detached(_)) if repository.find_operation(&entry.admin).is_none() => now.branch = None,
        _ => {}
    }
    now
}

/// Returns the URL of a service, the usual one where its template cannot be rendered; `None` when it has none.
#[must_use]
pub fn url(
    context: &Context,
    repo_name: &str,
    entry: &Entry,
    service: &ServiceName,
    port: Port,
) -> Option<String> {
    let (config, facts) = (&context.config, facts(repo_name, entry));
    let host = host(context, entry, &facts);
    // Who only looks goes on with the usual one where the template is wrong: writing the block says it.
    variables::url_at(&host, config, &facts, service, port)
        .unwrap_or_else(|_| variables::usual_url(&host, config, service, port))
}

/// Returns the host that stands for a worktree in what people click.
fn host(context: &Context, entry: &Entry, facts: &EnvFacts) -> String {
    let written = &context.config.url.host;
    if !host_names::tells_apart(written) {
        return written.clone();
    }
    let known = context.hosts.get_or_init(|| {
        let registry = context.store().and_then(|store| store.read()).unwrap_or_default();
        let mut entries: Vec<&Entry> = registry.entries().filter(|entry| entry.is_living()).collect();
        entries.sort_by_key(|entry| entry.sequence);
        let facts_of = |entry: &Entry| self::facts(&repository_name::of_unopened(&entry.repository), entry);
        let hosts =
            entries.iter().map(|entry| (entry.sequence, host_names::rendered(written, &facts_of(entry))));
        host_names::told_apart(hosts)
    });
    known.get(&entry.sequence).cloned().unwrap_or_else(|| host_names::rendered(written, facts))
}

fn facts(repo_name: &str, entry: &Entry) -> EnvFacts {
    EnvFacts {
        repo_name: repo_name.to_owned(),
        name: entry.name.clone(),
        purpose: entry.purpose.as_ref().map(ToString::to_string).unwrap_or_default(),
        identifier: entry.identifier.clone(),
        branch: entry.branch.clone().unwrap_or_default(),
        compose_project: compose_project::find_chosen(entry)
            .map_or_else(|| compose_project::usual(repo_name, &entry.name), str::to_owned),
        is_foreign: false,
        ports: entry.services(),
    }
}

/// Takes our lines out of `info/exclude` for files in which no worktree of the repository has an env block any more, and none
/// has a copy that was carried: a line of ours may be all that ignores it.
///
/// # Errors
///
/// Fails when the file cannot be written or the registry cannot be read.
pub fn forget_exclude(context: &Context, repository: &Repository, id: &RepositoryId) -> Result<()> {
    exclude::remove(repository.common_dir(), &context.host.interrupt, |is_enough| {
        let registry = context.store()?.read()?;
        let blocks = registry.living(id).flat_map(Entry::block_files);
        // What was carried is read from a file for each worktree: only as long as some line is nobody's yet.
        let carried = registry.living(id).flat_map(|entry| carry::paths(context, entry));
        let _ = blocks.chain(carried).any(|file| is_enough(&file));
        Ok(())
    })
}

/// Has a worktree that had no env block be one with a block from now on, so that whatever changes later is followed.
///
/// # Errors
///
/// `usage` for the main worktree, which has one only where the configuration says so.
pub fn want_block(context: &Context, entry: Entry) -> Result<Entry> {
    if entry.env {
        return Ok(entry);
    }
    if entry.is_main() {
        let message = "the main worktree has an env block only where its configuration says so";
        return Err(Failure::new(Code::Usage, message).hint(
            "put `env = true` under `[main]`, then `wt adopt --main`; `wt env --print` shows the variables",
        ));
    }
    context.store()?.update(|registry| {
        if let Some(known) = registry.find_by_sequence(entry.sequence) {
            known.env = true;
        }
        Ok(())
    })?;
    Ok(Entry { env: true, ..entry })
}

/// Returns the recorded worktree called `wanted`; without a name the one that `-w` named, else the one we stand in.
///
/// # Errors
///
/// `not_found` also for a worktree that is not recorded.
pub fn require_entry(context: &Context, wanted: Option<&str>) -> Result<Entry> {
    let found = match wanted.or(context.worktree.as_deref()) {
        Some(wanted) => find::named(context, &*context.store()?.read()?, wanted)?,
        None => find::here(context)?,
    };
    found.require_entry("env block and no services")
}

/// Returns the record of a worktree that an answer of this very run is about: found by its number, no other worktree is read.
///
/// # Errors
///
/// `not_found` when the worktree is gone again.
pub fn require_entry_shown(context: &Context, shown: &WorktreeView) -> Result<Entry> {
    let registry = context.store()?.read()?;
    let mut living = registry.entries().filter(|entry| entry.is_living());
    match living.find(|entry| Some(entry.sequence) == shown.sequence) {
        Some(entry) => Ok(Entry { path: shown.path.clone(), ..entry.clone() }),
        None => require_entry(context, Some(&shown.name)),
    }
}

/// How variables are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvFormat {
    Dotenv,
    Sh,
    Json,
}

/// Returns the variables as text.
///
/// # Errors
///
/// `config_invalid` for a value that no env file can carry.
pub fn print(variables: &[(String, String)], format: EnvFormat) -> Result<String> {
    let mut text = String::new();
    for (name, value) in variables {
        let line = match format {
            EnvFormat::Dotenv => format!("{name}={}\n", quoting::quote(name, value)?.text),
            EnvFormat::Sh => format!("export {name}={}\n", quoting::quote_sh(value)),
            EnvFormat::Json => continue,
        };
        text.push_str(&line);
    }
    if format == EnvFormat::Json {
        text = format!("{}\n", serde_json::Value::Object(Variables::of(variables).variables));
    }
    Ok(text)
}
