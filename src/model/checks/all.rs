//! Every check there is, in the order in which findings are shown. A new check is one row in [`ALL`].

use super::{carry, configuration, duplicates, env, git, hooks, listeners, ports, registry, unfinished};
use crate::model::facts::{Facts, RegistrySight};
use crate::model::finding::Finding;

/// A check: what it finds in the facts.
pub type Check = fn(&Facts) -> Vec<Finding>;

/// Checks that make sense whatever the registry is.
const ALWAYS: &[Check] = &[
    registry::unreadable,
    configuration::faults,
    configuration::ephemeral,
    configuration::bare_leaks,
    hooks::hooks,
];

/// Checks of a registry that can be read.
const ALL: &[Check] = &[
    registry::rows,
    duplicates::worktrees,
    duplicates::ports,
    ports::invalid,
    ports::out_of_range,
    git::presence,
    git::unregistered,
    git::branches,
    unfinished::records,
    unfinished::half_made,
    env::blocks,
    env::surroundings,
    configuration::own,
    carry::drift,
    listeners::stale,
    listeners::conflicts,
    listeners::drift,
];

/// Returns everything that is found.
#[must_use]
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let readable = if facts.registry == RegistrySight::Whole { ALL } else { &[] };
    ALWAYS.iter().chain(readable).flat_map(|check| check(facts)).collect()
}
