//! What is seen of one recorded worktree: its folder, git's record of it, its env block.

use std::path::Path;

use crate::context::Context;
use crate::host::git::{GitWorktree, Repository};
use crate::host::place::HostSurroundings;
use crate::model::carry::drift::Drift;
use crate::model::facts::{EnvSeen, EnvSight, Instead, OwnConfig, SeenWorktree};
use crate::model::presence::Presence;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::env_survey::{self, EnvFile, EnvFileState};
use crate::ops::vanished::Lookout;
use crate::ops::{carry, heal, own_config};

/// Looks at the worktree of `entry`.
#[must_use]
pub fn see(ground: &Context, lookout: &Lookout<'_>, here: &HostSurroundings, entry: &Entry) -> SeenWorktree {
    let worktree = lookout.find_worktree(entry);
    let presence = lookout.presence(entry);
    let repository = lookout.repository();
    let is_active = entry.state == EntryState::Active;
    let (foreign, needs_repair) = match (&presence, repository) {
        (Presence::There, Some(repository)) if is_active => stands_there(repository, worktree, entry),
        (Presence::There, None) if is_active => {
            let what = format!("its repository {} cannot be reached", entry.repository.display());
            (Some(Instead::Else(what)), false)
        }
        _ => (None, false),
    };
    let is_readable = is_active && presence == Presence::There && foreign.is_none() && !needs_repair;
    let (env, env_doubled) = match repository.filter(|_| is_readable && entry.env) {
        Some(repository) => block(ground, repository, entry),
        None => (Vec::new(), Vec::new()),
    };
    SeenWorktree {
        presence,
        foreign,
        needs_repair,
        head: worktree.map(|worktree| worktree.head.clone()),
        had_commits: repository.is_some_and(|repository| repository.had_commits(&entry.admin)),
        operation: repository.and_then(|repository| repository.find_operation(&entry.admin)),
        locked: worktree.is_some_and(|worktree| worktree.lock.is_some() && !worktree.initializing),
        busy: !heal::is_left_behind(ground, entry),
        env,
        env_doubled,
        carry_drift: if is_readable { carry::drift(ground, entry) } else { Drift::default() },
        own_config: repository
            .filter(|_| is_readable)
            .and_then(|repository| own_config::find_edited(ground, repository, &entry.path))
            .map(|edited| OwnConfig {
                file: edited.file,
                counts: edited.counts,
                is_foreign: edited.is_foreign,
            }),
        ranges: ranges(ground, entry),
        shared: if entry.is_main() { Vec::new() } else { ground.config.shared_ports() },
        stale_after: ground.config.stale_after,
        network_visible: entry
            .place
            .as_ref()
            .is_none_or(|place| !place.is_other_network(&here.place_of_what_is_there())),
    }
}

/// What stands at the path instead of the worktree, if anything; and whether only git's links are broken.
fn stands_there(
    repository: &Repository,
    worktree: Option<&GitWorktree>,
    entry: &Entry,
) -> (Option<Instead>, bool) {
    let path = &entry.path;
    let said = |what: &str| (Some(Instead::Else(what.to_owned())), false);
    if entry.is_main() {
        let is_it = repository.is_main_worktree(path);
        return if is_it { (None, false) } else { said("it is not the repository's main worktree any more") };
    }
    let named = repository.find_admin_named_by(path);
    if named.as_deref() == Some(entry.admin.as_str()) {
        return match worktree {
            Some(_) if repository.require_recorded(path, false).is_ok() => (None, false),
            // git's own record names another folder: an older one, before somebody moved it by hand.
            Some(_) => (None, true),
            None => said("git has no record of it any more: it was pruned"),
        };
    }
    match kind_of(path) {
        Kind::Linked if named.is_none() && mentions(repository, path, entry) && worktree.is_some() => {
            (None, true)
        }
        Kind::Linked => match named.filter(|other| repository.has_worktree(other)) {
            Some(other) => (Some(Instead::Sibling(other)), false),
            None => said("a worktree of something else stands there"),
        },
        Kind::Repository => said("a repository of its own stands there"),
        Kind::Folder => said("a folder without a `.git` file stands there"),
        Kind::Other => said("something that is no folder stands there"),
    }
}

enum Kind {
    Linked,
    Repository,
    Folder,
    Other,
}

fn kind_of(path: &Path) -> Kind {
    if !path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Kind::Other;
    }
    match path.join(".git").symlink_metadata() {
        Ok(found) if found.is_file() => Kind::Linked,
        Ok(_) => Kind::Repository,
        Err(_) => Kind::Folder,
    }
}

/// Its `.git` file names the right worktree of a repository that is no longer where the file says.
fn mentions(repository: &Repository, path: &Path, entry: &Entry) -> bool {
    let is_it = repository.find_admin_mentioned_by(path).is_some_and(|admin| admin == entry.admin);
    is_it && Repository::discover(path).is_err()
}

fn block(ground: &Context, repository: &Repository, entry: &Entry) -> (Vec<EnvSeen>, Vec<String>) {
    let survey = match env_survey::survey(ground, repository, entry) {
        Ok(survey) => survey,
        Err(failure) => {
            let path = entry.block_files().swap_remove(0);
            let sight = EnvSight::Broken(failure.message().to_owned());
            return (vec![EnvSeen { path, sight, is_tracked: false }], Vec::new());
        }
    };
    let seen = survey.files.iter().map(|file| {
        let checked = file.checked(&entry.path);
        let sight = match (&file.trouble, checked.state) {
            (Some(trouble), _) => EnvSight::Broken(trouble.message().to_owned()),
            (None, EnvFileState::Current) => EnvSight::Current,
            (None, EnvFileState::NoFolder) => EnvSight::NoFolder,
            (None, EnvFileState::Missing) => EnvSight::Missing,
            (None, EnvFileState::Drifted) if file.lines.is_none() => EnvSight::Left,
            (None, EnvFileState::Drifted) => {
                EnvSight::Drifted { missing: checked.expected.len(), surplus: checked.found.len() }
            }
        };
        EnvSeen { path: file.target.path.clone(), sight, is_tracked: file.target.is_tracked }
    });
    (seen.collect(), survey.files.iter().flat_map(EnvFile::doubled).collect())
}

fn ranges(
    ground: &Context,
    entry: &Entry,
) -> Vec<(crate::model::service::ServiceName, crate::model::port::PortRanges)> {
    // The ports of the main worktree are chosen by people, wherever they lie.
    let Some(purpose) = entry.purpose.as_ref().filter(|_| !entry.is_main()) else { return Vec::new() };
    let of = entry
        .allocations
        .iter()
        .map(|known| (known.service.clone(), ground.config.ranges_for(purpose, &known.service)));
    of.filter(|(_, ranges)| !ranges.is_empty()).collect()
}
