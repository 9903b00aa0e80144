//! What is healed, followed, released and cleaned up when: decided by the occasion on which somebody comes, in one table. A
//! look does nothing of it, and a policy that lets one only look makes every occasion one.

use super::{heal, main_worktree, run, sweep, vanished};
use crate::context::Context;

/// The occasion on which somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A look, a dry run.
    Look,
    /// Most commands.
    Command,
    /// A command about all worktrees.
    Listing,
    /// Services are to be started.
    Start,
    /// A push, a round of the monitor.
    Watch,
    /// What a dead process left is in the way of somebody: of a repair, of a create that waits for another one, of an agent's
    /// session that is to be recorded.
    Obstacle,
    /// A checkout, with what a glance in passing saw.
    Checkout { heals: bool, releases: bool },
    /// Something was removed: a vanished worktree that was named is put away first, with all that is known about it.
    Removal,
    /// Worktrees were pruned, vanished ones too.
    Prune,
}

/// What an occasion calls for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Duties {
    /// What dead processes left is finished or undone.
    heals: bool,
    /// The records of worktrees that git moved follow them.
    follows: bool,
    /// The records of what is proven gone are released; whoever looks for what vanished sees what moved.
    releases: bool,
    /// The record of the main worktree follows `[main]`.
    joins: bool,
    /// The clean-up of the trash is started where it is due.
    cleans_up: Option<sweep::Occasion>,
}

impl Arrival {
    fn duties(self) -> Duties {
        let none = Duties::default();
        match self {
            Self::Look => none,
            Self::Command => Duties { heals: true, follows: true, ..none },
            Self::Listing => {
                let cleans_up = Some(sweep::Occasion::Passing);
                Duties { heals: true, releases: true, cleans_up, ..none }
            }
            Self::Start => Duties { joins: true, ..Self::Listing.duties() },
            Self::Obstacle => Duties { heals: true, ..none },
            Self::Watch => Duties { heals: true, releases: true, ..none },
            Self::Checkout { heals, releases } => Duties { heals, releases, ..none },
            Self::Removal => Duties { releases: true, cleans_up: Some(sweep::Occasion::Removal), ..none },
            Self::Prune => Duties { cleans_up: Some(sweep::Occasion::Removal), ..none },
        }
    }
}

/// What there is to say about what was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    pub said: Vec<String>,
    pub warnings: Vec<String>,
}

/// Does what the occasion calls for. It never fails, and says what could not be done.
#[must_use]
pub fn arrive(context: &Context, arrival: Arrival) -> Arrived {
    let mut arrived = Arrived::default();
    if context.config.policy.is_read_only() {
        return arrived;
    }
    let duties = arrival.duties();
    if duties.heals {
        arrived.said.extend(heal::heal(context));
    }
    if duties.follows {
        vanished::follow_moves(context);
    }
    if duties.releases {
        arrived.said.extend(vanished::release::release(context));
    }
    if let Some(occasion) = duties.cleans_up {
        arrived.warnings = clean_up(context, occasion);
    }
    if duties.joins {
        arrived.warnings.extend(main_worktree::follow(context));
    }
    arrived
}

/// Starts the clean-up of the trash where there is something to clean, and does not wait for it.
fn clean_up(context: &Context, occasion: sweep::Occasion) -> Vec<String> {
    if !sweep::may_be_due(context) {
        return Vec::new();
    }
    let Ok(registry) = context.store().and_then(|store| store.read()) else { return Vec::new() };
    let need = sweep::need(context, &registry, occasion);
    let mut warnings: Vec<String> = need.doubt.into_iter().collect();
    if need.is_due {
        let folder = context.repository.as_ref().map_or(&*context.folder, |repository| repository.root());
        warnings.extend(run::sweep_later(folder).err().map(|failure| failure.message().to_owned()));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_does_nothing_and_only_what_is_about_all_worktrees_releases() {
        assert_eq!(Arrival::Look.duties(), Duties::default());
        assert_eq!(Arrival::Checkout { heals: false, releases: false }.duties(), Duties::default());
        assert!(!Arrival::Command.duties().releases && Arrival::Command.duties().follows);
        assert_eq!(Arrival::Obstacle.duties(), Duties { heals: true, ..Duties::default() });
        for arrival in [Arrival::Listing, Arrival::Start, Arrival::Watch, Arrival::Removal] {
            assert!(arrival.duties().releases, "{arrival:?}");
        }
    }
}
