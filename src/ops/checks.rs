//! Every check there is, for `wt doctor` and `wt validate`, in the order in which both tell of them. A new check is one
//! row: what the doctor says of the thing, what `validate` finds about it, or both beside each other.

use crate::model::checks::claims as claims_found;
use crate::model::checks::{
    carry, configuration, duplicates, env, git, hooks, listeners, ports, registry, unfinished,
};
use crate::model::diagnosis::DoctorCheck;
use crate::model::facts::{Facts, RegistrySight};
use crate::model::finding::Finding;
use crate::ops::doctor::claims;
use crate::ops::doctor::{DoctorSight, machine, records, repository};

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This machine, and what is kept on it: looked at everywhere.
    Machine,
    /// A repository: the doctor looks at the one that it stands in.
    Repository,
    /// Recorded worktrees: only where the registry can be read.
    Worktree,
}

/// One thing that is looked at.
pub struct Check {
    pub scope: Scope,
    /// Its row of `wt doctor`; none where there is nothing to say of it.
    pub doctor: Option<fn(&DoctorSight<'_>) -> Option<DoctorCheck>>,
    /// What `wt validate` finds about it.
    pub validate: &'static [fn(&Facts) -> Vec<Finding>],
}

/// The checks.
pub const ALL: &[Check] = &[
    told(Scope::Machine, machine::program),
    told(Scope::Machine, machine::git),
    both(Scope::Machine, records::configuration, &[configuration::faults]),
    told(Scope::Machine, records::state_folder),
    both(Scope::Machine, records::registry, &[registry::unreadable, registry::rows]),
    told(Scope::Machine, records::trash),
    told(Scope::Machine, records::lost),
    told(Scope::Machine, records::teardowns),
    both(Scope::Machine, machine::ephemeral, &[configuration::ephemeral]),
    told(Scope::Machine, machine::ipv6),
    told(Scope::Machine, machine::names),
    told(Scope::Machine, machine::listeners),
    told(Scope::Machine, machine::airplay),
    both(Scope::Repository, repository::worktrees, &[configuration::bare_leaks]),
    told(Scope::Repository, repository::checkout),
    both(Scope::Repository, repository::hooks, &[hooks::hooks]),
    told(Scope::Repository, repository::main_ports),
    found(Scope::Worktree, &[duplicates::worktrees, duplicates::ports]),
    found(Scope::Worktree, &[ports::invalid, ports::out_of_range, ports::shared]),
    found(Scope::Worktree, &[git::presence, git::unregistered, git::damaged, git::branches]),
    found(Scope::Worktree, &[unfinished::records, unfinished::half_made]),
    found(Scope::Worktree, &[env::blocks, env::surroundings]),
    found(Scope::Worktree, &[configuration::own]),
    found(Scope::Worktree, &[carry::drift]),
    found(Scope::Worktree, &[claims_found::of_worktrees, claims_found::of_remotes, claims_found::of_ports]),
    told(Scope::Machine, claims::branches),
    told(Scope::Machine, claims::shared_host),
    found(Scope::Worktree, &[listeners::stale, listeners::conflicts, listeners::drift]),
];

/// Returns everything that `wt validate` finds in the facts.
#[must_use]
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let is_readable = facts.registry == RegistrySight::Whole;
    let asked = ALL.iter().filter(|check| check.scope != Scope::Worktree || is_readable);
    asked.flat_map(|check| check.validate).flat_map(|find| find(facts)).collect()
}

/// A check that the doctor tells of, and that has no finding.
const fn told(scope: Scope, look: fn(&DoctorSight<'_>) -> Option<DoctorCheck>) -> Check {
    Check { scope, doctor: Some(look), validate: &[] }
}

/// A check of `validate` alone.
const fn found(scope: Scope, validate: &'static [fn(&Facts) -> Vec<Finding>]) -> Check {
    Check { scope, doctor: None, validate }
}

/// A check of both.
const fn both(
    scope: Scope,
    look: fn(&DoctorSight<'_>) -> Option<DoctorCheck>,
    validate: &'static [fn(&Facts) -> Vec<Finding>],
) -> Check {
    Check { scope, doctor: Some(look), validate }
}
