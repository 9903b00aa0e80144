//! The worktree that is meant by whoever only looks, goes there or runs something: one of this repository, else
//! `REPOSITORY/NAME`, else a whole name that only one worktree of the registered repositories has; `-` is the last one.
//!
//! Nothing that removes, renames or takes away asks this room.

use std::path::{Path, PathBuf};

use super::find::{self, FoundWorktree, shown};
use super::{last, origin, rows};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::repository_name;
use crate::model::resolve::{self, NamedWorktree, Naming, Resolution};
use crate::model::sign::{self, Sign};

/// A repository that the registry knows, by where it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRepository {
    pub id: RepositoryId,
    pub root: PathBuf,
    /// What its folder is called.
    pub name: String,
}

/// A worktree that was found, and where.
#[derive(Clone, Debug)]
pub struct FoundElsewhere {
    pub found: FoundWorktree,
    /// The repository that it belongs to, where that is not the one we stand in.
    pub home: Option<KnownRepository>,
}

impl FoundElsewhere {
    /// Returns its name as it is told apart from those of this repository.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.home {
            Some(home) => format!("{}/{}", home.name, self.found.name),
            None => self.found.name.clone(),
        }
    }
}

/// Finds the worktree that `wanted` means.
///
/// # Errors
///
/// `not_found`, and `ambiguous` with the folders as candidates; `not_a_repository` outside of one, where nothing else fits.
pub fn anywhere(
    context: &Context,
    registry: &Registry,
    wanted: &str,
    naming: Naming,
) -> Result<FoundElsewhere> {
    if Sign::find(wanted) == Some(Sign::Last) {
        let path = last::find(context)?;
        return at(context, registry, &path).ok_or_else(|| {
            let message = format!("the last worktree of this terminal is gone: {}", path.display());
            Failure::new(Code::NotFound, message).hint("`wt list --all` shows those that are there")
        });
    }
    let failure = match find::called(context, registry, wanted, naming) {
        Ok(found) => return Ok(FoundElsewhere { found, home: None }),
        Err(failure) => failure,
    };
    if !matches!(failure.code(), Code::NotFound | Code::NotARepository) || Sign::find(wanted).is_some() {
        return Err(failure);
    }
    let homes = homes(registry);
    let found = match in_repository(context, registry, &homes, wanted) {
        found if found.is_empty() => by_whole_name(context, registry, &homes, wanted),
        found => found,
    };
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (None, _) => Err(failure),
        (Some(one), None) => Ok(one),
        (Some(one), Some(two)) => {
            let all = [one, two].into_iter().chain(found);
            let paths: Vec<String> = all.map(|spot| spot.found.path.display().to_string()).collect();
            Err(Failure::new(Code::Ambiguous, format!("`{}` may mean {}", shown(wanted), paths.join(", ")))
                .hint("give REPOSITORY/NAME, or its folder")
                .detail("candidates", paths))
        }
    }
}

/// Returns every recorded worktree of every repository but `own`, as `REPOSITORY/NAME`.
#[must_use]
pub fn names(registry: &Registry, own: Option<&RepositoryId>) -> Vec<String> {
    let homes = homes(registry);
    let others = homes.iter().filter(|home| Some(&home.id) != own);
    let named = others
        .flat_map(|home| registry.living(&home.id).map(|entry| format!("{}/{}", home.name, entry.name)));
    named.collect()
}

/// Finds the worktree whose folder is `path`, in whichever repository.
fn at(context: &Context, registry: &Registry, path: &Path) -> Option<FoundElsewhere> {
    let own = context.repository.as_ref();
    let here = own.and_then(|own| row_at(own, registry, path));
    if let Some(found) = here {
        return Some(FoundElsewhere { found, home: None });
    }
    let repository = Repository::discover(path).ok()?.heeding(&context.host.interrupt);
    let found = row_at(&repository, registry, path)?;
    // git's own record is enough: nobody needs to be registered to be gone back to.
    let id = repository.find_id().unwrap_or_else(|| RepositoryId(String::new()));
    let home = KnownRepository { id, root: repository.root().to_path_buf(), name: repository.name() };
    Some(FoundElsewhere { found, home: Some(home) })
}

fn row_at(repository: &Repository, registry: &Registry, path: &Path) -> Option<FoundWorktree> {
    let path = rows::canonical(path);
    let rows = rows::rows(repository, registry).ok()?;
    let row = rows.into_iter().find(|row| rows::canonical(row.path()) == path)?;
    row.path().is_dir().then(|| row.into())
}

/// Every registered repository once, under where it was seen last.
fn homes(registry: &Registry) -> Vec<KnownRepository> {
    let recorded = registry.repositories.iter().map(|record| (&record.id, &record.path));
    let living = registry.entries().filter(|entry| entry.is_living());
    let mut homes: Vec<KnownRepository> = Vec::new();
    for (id, root) in recorded.chain(living.map(|entry| (&entry.repository_id, &entry.repository))) {
        if homes.iter().all(|known| known.id != *id) {
            homes.push(KnownRepository {
                id: id.clone(),
                root: root.clone(),
                name: repository_name::of_unopened(root),
            });
        }
    }
    homes
}

fn open(context: &Context, home: &KnownRepository) -> Option<Repository> {
    origin::find_at(context, [&*home.root].into_iter(), &home.id)
}

/// The worktrees that `REPOSITORY/NAME` names, also of this repository.
fn in_repository(
    context: &Context,
    registry: &Registry,
    homes: &[KnownRepository],
    wanted: &str,
) -> Vec<FoundElsewhere> {
    let Some((repository, name)) = sign::parts(wanted) else { return Vec::new() };
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let mut spots = Vec::new();
    for home in homes.iter().filter(|home| repository_name::may_be(&home.root, repository)) {
        let Some(found) = open(context, home).filter(|found| found.name() == repository) else { continue };
        let home = KnownRepository { name: found.name(), ..home.clone() };
        let is_own = Some(&home.id) == own.as_ref();
        if Sign::find(name) == Some(Sign::Main) {
            let main = find::main(&found, registry).ok();
            spots.extend(main.map(|found| FoundElsewhere { found, home: (!is_own).then_some(home) }));
            continue;
        }
        let Ok(mut rows) = rows::rows(&found, registry) else { continue };
        let candidates: Vec<NamedWorktree> =
            rows.iter().map(|row| rows::candidate(row, registry, &found)).collect();
        let mut fitting = match resolve::resolve(name, &candidates, &home.root, Naming::Whole) {
            Resolution::One(one) => vec![one],
            Resolution::Many(many) => many,
            Resolution::None { .. } => Vec::new(),
        };
        // From the end, so that no position changes before it is used.
        fitting.sort_unstable_by(|one, other| other.cmp(one));
        for position in fitting {
            let found = rows.remove(position).into();
            spots.push(FoundElsewhere { found, home: (!is_own).then(|| home.clone()) });
        }
    }
    spots
}

/// The recorded worktrees of other repositories that are called so, and the main one of a repository that is.
fn by_whole_name(
    context: &Context,
    registry: &Registry,
    homes: &[KnownRepository],
    wanted: &str,
) -> Vec<FoundElsewhere> {
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let others: Vec<&KnownRepository> = homes.iter().filter(|home| Some(&home.id) != own.as_ref()).collect();
    let mut known: Vec<(NamedWorktree, &KnownRepository)> = Vec::new();
    for home in &others {
        if repository_name::may_be(&home.root, wanted) || home.root == context.folder.join(wanted) {
            let name = wanted.to_owned();
            let path = home.root.clone();
            known.push((NamedWorktree { name, identifier: None, branch: None, path }, home));
        }
        known.extend(registry.living(&home.id).map(|entry| {
            let candidate = NamedWorktree {
                name: entry.name.clone(),
                identifier: Some(entry.identifier.clone()),
                branch: entry.branch.clone(),
                path: entry.path.clone(),
            };
            (candidate, *home)
        }));
    }
    let candidates: Vec<NamedWorktree> = known.iter().map(|(candidate, _)| candidate.clone()).collect();
    let fitting = match resolve::resolve(wanted, &candidates, &context.folder, Naming::Whole) {
        Resolution::One(one) => vec![one],
        Resolution::Many(many) => many,
        Resolution::None { .. } => Vec::new(),
    };
    let mut spots = Vec::new();
    for (candidate, home) in fitting.iter().filter_map(|position| known.get(*position)) {
        // A record may be older than what stands there now.
        let Some(repository) = open(context, home) else { continue };
        let Some(found) = row_at(&repository, registry, &candidate.path) else { continue };
        let is_called =
            !found.is_main || repository.name() == wanted || found.path == context.folder.join(wanted);
        if is_called {
            spots.push(FoundElsewhere {
                found,
                home: Some(KnownRepository { name: repository.name(), ..(*home).clone() }),
            });
        }
    }
    spots
}
