//! The names that a shell may complete: read from the registry, git's admin folders and refs, and the configuration.
//!
//! It is asked at every press of Tab: it starts no child, writes nothing, and finds nothing where something cannot be read.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::context::Context;
use crate::model::config::schema;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::visible;
use crate::ops::{elsewhere, restore};

/// At most so many refs are offered: nobody reads more, and a repository may have a hundred thousand.
const MOST_REFS: usize = 2000;

/// What kind of name a place of the command line takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A worktree, by its name or its identifier.
    Worktree,
    /// The same, or one of another repository.
    Anywhere,
    /// A removed worktree that can come back.
    Restorable,
    /// A local branch, or one of a remote.
    Branch,
    Purpose,
    Service,
    /// A port that is allocated in this repository.
    Port,
    /// A key of the configuration.
    Key,
}

/// A name, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Completion {
    pub name: String,
    pub about: String,
}

impl Completion {
    fn new(name: impl Into<String>, about: impl Into<String>) -> Self {
        Self { name: name.into(), about: about.into() }
    }
}

/// Returns the names of that kind that begin with `typed` and that people can see.
#[must_use]
pub fn candidates(context: &Context, kind: CompletionKind, typed: &str) -> Vec<Completion> {
    let found = match kind {
        CompletionKind::Worktree => worktrees(context),
        CompletionKind::Anywhere => anywhere(context, typed),
        CompletionKind::Restorable => restorable(context),
        CompletionKind::Branch => branches(context),
        CompletionKind::Purpose => purposes(context),
        CompletionKind::Service => services(context),
        CompletionKind::Port => ports(context),
        CompletionKind::Key => schema::leaves().map(|key| Completion::new(key, "")).collect(),
    };
    let is_seen = |text: &str| text.chars().all(visible::is_harmless);
    let offered = |candidate: &Completion| {
        let name = candidate.name.as_str();
        !name.is_empty() && name.starts_with(typed) && !name.starts_with('-') && is_seen(name)
    };
    let mut found: Vec<Completion> = found.into_iter().filter(offered).collect();
    for candidate in &mut found {
        if !is_seen(&candidate.about) {
            candidate.about.clear();
        }
    }
    found
}

/// Those of this repository, and once a word is begun those of all others.
fn anywhere(context: &Context, typed: &str) -> Vec<Completion> {
    let mut found = worktrees(context);
    if !typed.is_empty() || context.repository.is_none() {
        let own = context.repository.as_ref().and_then(crate::host::git::Repository::find_id);
        let names = elsewhere::names(&registry(context), own.as_ref());
        found.extend(names.into_iter().map(|name| Completion::new(name, "")));
    }
    found
}

fn registry(context: &Context) -> Arc<Registry> {
    context.store().and_then(|store| store.read()).unwrap_or_default()
}

/// Names first, then the identifiers, each with its branch. git's records are not read whole: there may be hundreds of them,
/// and somebody waits.
fn worktrees(context: &Context) -> Vec<Completion> {
    let Some(repository) = &context.repository else { return Vec::new() };
    let registry = registry(context);
    let id = repository.find_id();
    let mut living: Vec<&Entry> = id.iter().flat_map(|id| registry.living(id)).collect();
    let by_admin: HashMap<&str, usize> =
        living.iter().enumerate().map(|(at, entry)| (entry.admin.as_str(), at)).collect();
    let (mut names, mut identifiers, mut listed) = (Vec::new(), Vec::new(), HashSet::new());
    for (admin, branch) in repository.names_with_branches() {
        let about = branch.unwrap_or_default();
        if let Some(at) = by_admin.get(admin.as_str()) {
            listed.insert(*at);
            names.push(Completion::new(living[*at].name.clone(), about.clone()));
            identifiers.push(Completion::new(living[*at].identifier.clone(), about));
        } else {
            names.push(Completion::new(admin, about));
        }
    }
    let mut at = 0..;
    living.retain(|_| at.next().is_some_and(|at| !listed.contains(&at)));
    for entry in living {
        let about = || entry.branch.clone().unwrap_or_default();
        names.push(Completion::new(entry.name.clone(), about()));
        identifiers.push(Completion::new(entry.identifier.clone(), about()));
    }
    let mut seen = BTreeSet::new();
    names.into_iter().chain(identifiers).filter(|candidate| seen.insert(candidate.name.clone())).collect()
}

fn restorable(context: &Context) -> Vec<Completion> {
    let found = restore::restorable(context).map(|list| list.restorable).unwrap_or_default();
    found
        .into_iter()
        .map(|removed| Completion::new(removed.name, removed.branch.unwrap_or_default()))
        .collect()
}

fn branches(context: &Context) -> Vec<Completion> {
    let Some(repository) = &context.repository else { return Vec::new() };
    let local = repository.branches().unwrap_or_default();
    local.into_iter().take(MOST_REFS).map(|(name, _)| Completion::new(name, "branch")).collect()
}

fn purposes(context: &Context) -> Vec<Completion> {
    let known = context.config.purposes.iter();
    known
        .map(|(purpose, settings)| {
            let ranges = settings.ports.0.iter().map(ToString::to_string).collect::<Vec<_>>();
            Completion::new(purpose.to_string(), ranges.join(", "))
        })
        .collect()
}

/// Those of the configuration, then what else has a port here.
fn services(context: &Context) -> Vec<Completion> {
    let configured = context.config.services.keys().map(ToString::to_string);
    let id = context.repository.as_ref().and_then(crate::host::git::Repository::find_id);
    let registry = registry(context);
    let living = id.iter().flat_map(|id| registry.living(id));
    let allocated = living.flat_map(|entry| &entry.allocations).map(|known| known.service.to_string());
    let mut seen = BTreeSet::new();
    let names = configured.chain(allocated).filter(|name| seen.insert(name.clone()));
    names.map(|name| Completion::new(name, "service")).collect()
}

fn ports(context: &Context) -> Vec<Completion> {
    let id = context.repository.as_ref().and_then(crate::host::git::Repository::find_id);
    let registry = registry(context);
    let living = id.iter().flat_map(|id| registry.living(id));
    let taken = living.flat_map(|entry| {
        entry.allocations.iter().filter_map(|known| {
            let port = known.find_port()?;
            Some(Completion::new(port.to_string(), format!("{} of {}", known.service, entry.name)))
        })
    });
    taken.collect()
}
