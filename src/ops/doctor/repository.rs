//! The repository one stands in: whether git and libgit2 can do with it what is needed, and whether its hooks fire.

use super::sight::DoctorSight;
use crate::context::Context;
use crate::host::git::{GitSupport, Repository};
use crate::model::checks::configuration::unset_bare;
use crate::model::diagnosis::DoctorCheck;
use crate::ops::damaged;
use crate::ops::hooks::inspect;

/// Why nothing of a repository is looked at: there is none, or it cannot be opened.
pub fn without_one(sight: &DoctorSight<'_>) -> DoctorCheck {
    match &sight.trouble.repository {
        Some((message, hint)) => {
            let hint = hint.clone().unwrap_or_else(|| "git status".to_owned());
            DoctorCheck::error("repository", message.clone(), hint)
        }
        None => DoctorCheck::fine("repository", "not inside of one; in a repository more is looked at"),
    }
}

/// One damaged record makes every `git worktree list` and `add` fail.
pub fn worktrees(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    sight.repository().map(worktrees_of)
}

fn worktrees_of(repository: &Repository) -> DoctorCheck {
    const NAME: &str = "repository";
    if repository.is_bare_leaked() {
        let message = format!("core.bare is set, so git refuses to work in {}", repository.root().display());
        return DoctorCheck::error(NAME, message, unset_bare(repository.root()));
    }
    if let Err(failure) = repository.require_nameable() {
        let hint = failure.next_step().unwrap_or_default().to_owned();
        return DoctorCheck::error(NAME, failure.message().to_owned(), hint);
    }
    let output = repository.git().args(["worktree", "list", "--porcelain", "-z"]).run();
    let complaint = match output {
        Ok(output) if output.is_success() => {
            if let Some(said) = damaged_in_words(repository) {
                return DoctorCheck::warning(NAME, said, "wt validate");
            }
            return DoctorCheck::fine(NAME, repository.common_dir().display().to_string());
        }
        Ok(output) => output.complaint(),
        Err(failure) => failure.message().to_owned(),
    };
    let first = complaint.lines().last().unwrap_or_default().to_owned();
    let hint = if complaint.contains("repository version") || complaint.contains("extension") {
        "install a newer git: the repository's format needs one"
    } else {
        "wt validate --fix"
    };
    DoctorCheck::error(NAME, format!("git cannot list its worktrees: {first}"), hint)
}

/// The first of git's worktrees whose record is damaged.
fn damaged_in_words(repository: &Repository) -> Option<String> {
    repository.each_worktree().find_map(|worktree| {
        let damage = repository.damage(&worktree)?;
        let damage = Some(damage).filter(|damage| damaged::is_for_good(repository, &worktree, damage))?;
        let name = worktree.admin.as_deref().unwrap_or_default();
        Some(format!("worktree `{name}`: {}", damaged::in_words(&worktree, &damage)))
    })
}

pub fn checkout(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    sight.repository().map(checkout_of)
}

fn checkout_of(repository: &Repository) -> DoctorCheck {
    const NAME: &str = "checkout";
    if let Some(damage) = repository.unsound() {
        return DoctorCheck::error(NAME, damage, "git fsck");
    }
    let way = match repository.find_commit("HEAD") {
        Ok(Some(commit)) => repository.way(&commit),
        Ok(None) => return DoctorCheck::fine(NAME, "the repository has no commit yet"),
        Err(failure) => Err(failure),
    };
    match way {
        Ok(GitSupport::Engine) => DoctorCheck::fine(NAME, GitSupport::Engine.to_string()),
        // Right, and no faster than git.
        Ok(way) => DoctorCheck::fine(NAME, format!("by {way}; as fast as git")),
        Err(failure) => {
            DoctorCheck::error(NAME, failure.message(), failure.next_step().unwrap_or("git fsck").to_owned())
        }
    }
}

/// The main worktree's ports as the configuration names them, beside those that it has.
pub fn main_ports(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    const NAME: &str = "main-ports";
    let repository = sight.repository()?;
    let named = &sight.context.config.main.ports;
    if named.is_empty() || repository.is_bare() {
        return None;
    }
    let registry = sight.registry.as_ref().ok()?;
    let id = repository.find_id();
    let entry = id.iter().flat_map(|id| registry.living(id)).find(|entry| entry.is_main());
    let Some(entry) = entry else {
        let message = "`[main] ports` names ports of the main worktree, which is not on record yet";
        return Some(DoctorCheck::warning(NAME, message, "wt adopt --main"));
    };
    let has = entry.services();
    let differing = named.iter().find_map(|(service, port)| {
        let own = has.iter().find(|(known, _)| known == service).map(|(_, port)| *port);
        (own != Some(*port)).then_some((service, port, own))
    });
    let Some((service, port, own)) = differing else {
        return Some(DoctorCheck::fine(NAME, "the main worktree has the ports that `[main]` names"));
    };
    let owner = registry.find_owner(*port).map(|owner| {
        let (name, place) = (&owner.name, owner.repository.display());
        if owner.repository_id == entry.repository_id {
            format!(", that of `{name}`")
        } else {
            format!(", that of `{name}` of {place}")
        }
    });
    let owner = owner.unwrap_or_default();
    Some(match own {
        Some(own) => DoctorCheck::warning(
            NAME,
            format!("`{service}` of the main worktree has {own}; `[main]` names {port}{owner}"),
            "wt adopt --main",
        ),
        None => DoctorCheck::warning(
            NAME,
            format!("`{service}` of the main worktree has no port; `[main]` names {port}{owner}"),
            "wt adopt --main",
        ),
    })
}

pub fn hooks(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    sight.repository().map(|repository| hooks_of(sight.context, repository))
}

fn hooks_of(context: &Context, repository: &Repository) -> DoctorCheck {
    const NAME: &str = "hooks";
    let inspection = match inspect(context, repository) {
        Ok(inspection) => inspection,
        Err(failure) => return DoctorCheck::warning(NAME, failure.message(), "wt hooks status"),
    };
    if !inspection.wanted {
        return DoctorCheck::fine(NAME, "not installed");
    }
    if let Some(sight) = inspection.hooks.iter().find(|sight| !sight.firing.fires) {
        let why = sight.firing.state.reason().unwrap_or_else(|| "it does not fire".to_owned());
        let count = inspection.hooks.iter().filter(|sight| !sight.firing.fires).count();
        return DoctorCheck::warning(
            NAME,
            format!(
                "{} will not reach wt in `{}`: {why} ({count} of {} do not)",
                sight.hook.name(),
                sight.worktree,
                inspection.hooks.len()
            ),
            "wt hooks install",
        );
    }
    if inspection.is_outdated() {
        return DoctorCheck::warning(
            NAME,
            "installed hooks are not those of this version",
            "wt hooks install",
        );
    }
    DoctorCheck::fine(NAME, "installed, and each will fire")
}
