//! The env block of a worktree: which lines belong in it, and whether they are there. `env_files` writes it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::find;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::{config_files, env_file, exclude};
use crate::model::advised::wt;
use crate::model::branch::Head;
use crate::model::config::layers::Source;
use crate::model::config::settings::Config;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::service::ServiceName;
use crate::model::variables::{self, EnvFacts};
use crate::model::{compose_project, env_block, quoting, template};

/// The built-in template of the block's lines.
pub const TEMPLATE: &str = include_str!("../../templates/env");

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Current,
    Missing,
    Drifted,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Checked {
    pub name: String,
    pub path: PathBuf,
    pub state: State,
    /// Lines that should be there and are not.
    pub expected: Vec<String>,
    /// Lines that are there and should not be.
    pub found: Vec<String>,
    /// What the user's own lines say about names of ours.
    #[serde(skip)]
    pub doubled: Vec<String>,
}

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

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    value: &'a str,
    /// `NAME=value`, quoted.
    #[serde(rename = "line")]
    text: String,
}

#[derive(Serialize)]
struct TemplateValues<'a> {
    variables: Vec<Line<'a>>,
    ports: serde_json::Map<String, serde_json::Value>,
    name: &'a str,
    purpose: &'a str,
    identifier: &'a str,
    branch: &'a str,
    repo_name: &'a str,
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
    variables::variables(&context.config, &facts_of(repository, entry))
}

/// Returns what templates know of an entry.
#[must_use]
pub fn facts_of(repository: &Repository, entry: &Entry) -> EnvFacts {
    facts(&repository.name(), &as_git_has_it(repository, entry))
}

/// The entry with the branch that is checked out now: `git branch -m` and `git switch` tell nobody. A rebase detaches HEAD
/// for a while and comes back: then the recorded one stays.
fn as_git_has_it(repository: &Repository, entry: &Entry) -> Entry {
    let mut now = entry.clone();
    if entry.admin.is_empty() {
        return now;
    }
    match repository.read_head(Some(&entry.admin)) {
        Ok(Head::Branch(name) | Head::Unborn(name)) => now.branch = Some(name),
        Ok(Head::Detached(_)) if repository.find_operation(&entry.admin).is_none() => now.branch = None,
        _ => {}
    }
    now
}

/// Returns the URL of a service, the usual one where its template cannot be rendered; `None` when it has none.
#[must_use]
pub fn url(
    config: &Config,
    repo_name: &str,
    entry: &Entry,
    service: &ServiceName,
    port: Port,
) -> Option<String> {
    // Who only looks goes on with the usual one where the template is wrong: writing the block says it.
    variables::url(config, &facts(repo_name, entry), service, port)
        .unwrap_or_else(|_| variables::usual_url(config, service, port))
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
        ports: entry.services(),
    }
}

/// Takes our line out of `info/exclude` once no worktree of the repository has an env block any more.
///
/// # Errors
///
/// Fails when the file cannot be written or the registry cannot be read.
pub fn forget_exclude(context: &Context, repository: &Repository, id: &RepositoryId) -> Result<()> {
    exclude::remove(repository.common_dir(), &context.host.interrupt, || {
        Ok(!context.store()?.read()?.living(id).any(|entry| entry.env))
    })
}

/// Compares the block in the worktree with what it should be.
///
/// # Errors
///
/// `config_invalid`, also for a block that lost a marker; `permission`.
pub fn check(context: &Context, repository: &Repository, entry: &Entry) -> Result<Checked> {
    let (expected, variables, _) = lines(context, repository, entry)?;
    let bytes = env_file::read(&entry.path)?.unwrap_or_default();
    env_block::remove(&bytes)?;
    let found = env_block::lines(&bytes);
    let state = match &found {
        None => State::Missing,
        Some(found) if *found == expected => State::Current,
        Some(_) => State::Drifted,
    };
    let found = found.unwrap_or_default();
    let only = |these: &[String], those: &[String]| {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    Ok(Checked {
        name: entry.name.clone(),
        path: entry.path.join(env_file::NAME),
        state,
        expected: only(&expected, &found),
        found: only(&found, &expected),
        doubled: doubled(&bytes, &variables)?,
    })
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
    let mut entry = found.entry.ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            format!("worktree `{}` is not recorded, so it has no env block and no services", found.name),
        )
        .hint(if found.is_main {
            "that is the main worktree; ports, env block and services belong to those that `wt create` makes: \
             `wt create ID --ports`, then `wt switch ID`"
                .to_owned()
        } else {
            format!("`{adopt}` records it", adopt = wt("adopt {}", &[&found.path.display()]))
        })
    })?;
    entry.path = found.path;
    Ok(entry)
}

pub(super) type Lines = (Vec<String>, Vec<(String, String)>, Vec<String>);

/// Returns the lines of the block, the variables they set, and what there is to say about them.
pub(super) fn lines(context: &Context, repository: &Repository, entry: &Entry) -> Result<Lines> {
    let facts = facts_of(repository, entry);
    let variables = variables::variables(&context.config, &facts)?;
    let mut warnings = Vec::new();
    let mut rendered = Vec::new();
    for (name, value) in &variables {
        let quoted = quoting::quote(name, value)?;
        if quoted.disputed {
            warnings.push(format!(
                "{name} has quotes and `$` in it: `sh` reads it right, other readers of `.env` may not"
            ));
        }
        rendered.push(Line { name, value, text: format!("{name}={}", quoted.text) });
    }
    let values = TemplateValues {
        variables: rendered,
        ports: facts
            .ports
            .iter()
            .map(|(service, port)| (service.to_string(), port.number().into()))
            .collect(),
        name: &facts.name,
        purpose: &facts.purpose,
        identifier: &facts.identifier,
        branch: &facts.branch,
        repo_name: &facts.repo_name,
    };
    let text = match &context.config.env.template {
        Some(own) if !is_of_repository(repository, &repository.root().join(own)) => {
            return Err(Failure::new(
                Code::ConfigInvalid,
                format!("`env.template` names {own}, which is not a file of the repository"),
            )
            .hint("give a path relative to the main worktree"));
        }
        Some(own) => template::render(
            "env.template",
            &config_files::require_layer(&repository.root().join(own), Source::others())?.text,
            &values,
        )?,
        None => template::render("templates/env", TEMPLATE, &values)?,
    };
    let lines =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect();
    Ok((lines, variables, warnings))
}

/// Answers whether `path` is a plain file beneath the main worktree, links resolved: a repository's configuration may read
/// no other, and nothing of git's, whose own configuration may have passwords.
fn is_of_repository(repository: &Repository, path: &std::path::Path) -> bool {
    match (path.canonicalize(), repository.root().canonicalize(), repository.common_dir().canonicalize()) {
        (Ok(path), Ok(root), Ok(git)) => {
            let is_of_git = |part: &std::ffi::OsStr| part.eq_ignore_ascii_case(".git");
            let is_own = |below: &std::path::Path| !below.iter().any(is_of_git);
            path.strip_prefix(&root).is_ok_and(is_own) && !path.starts_with(git) && path.is_file()
        }
        _ => false,
    }
}

/// Names that the user's own lines set to another value: whichever line is read last wins, and that may be theirs.
pub(super) fn doubled(bytes: &[u8], variables: &[(String, String)]) -> Result<Vec<String>> {
    let own = env_block::remove(bytes)?;
    let read = dotenvy::from_read_iter(own.as_slice()).filter_map(std::result::Result::ok);
    let differing =
        read.filter(|(name, value)| variables.iter().any(|(ours, set)| ours == name && set != value));
    Ok(differing
        .map(|(name, value)| format!("your own line in `.env` sets {name} to `{value}` too"))
        .collect())
}

/// How variables are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Dotenv,
    Sh,
    Json,
}

/// Returns the variables as text.
///
/// # Errors
///
/// `config_invalid` for a value that no env file can carry.
pub fn print(variables: &[(String, String)], format: Format) -> Result<String> {
    let mut text = String::new();
    for (name, value) in variables {
        let line = match format {
            Format::Dotenv => format!("{name}={}\n", quoting::quote(name, value)?.text),
            Format::Sh => format!("export {name}={}\n", quoting::quote_sh(value)),
            Format::Json => continue,
        };
        text.push_str(&line);
    }
    if format == Format::Json {
        text = format!("{}\n", serde_json::Value::Object(Variables::of(variables).variables));
    }
    Ok(text)
}

/// The refusal to write into an `.env` that the repository itself keeps.
pub fn env_tracked(context: &Context) -> Failure {
    let typed = &context.host.typed;
    let without = typed.clone().with(&["--no-env"]);
    let without = if typed.is_of("create") { format!("`{without}`, or ") } else { String::new() };
    Failure::new(Code::EnvTracked, "`.env` is tracked by git in the commit to be checked out")
        .hint(format!("{without}take it out of the repository: `git rm --cached .env`"))
}
