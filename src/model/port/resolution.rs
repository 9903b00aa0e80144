//! What is to be done about disputes over ports: one rule for each strategy. Pure; nothing here looks or acts.

use crate::model::config::settings::{ResolveSettings, Strategy};
use crate::model::port::Port;
use crate::model::port::dispute::{Dispute, Holding, Level, Standing, Trouble};
use crate::model::port::doubled::{self, Settlement};
use crate::model::port::tenant::Contender;

/// What is done about one dispute, or one part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub port: Port,
    pub level: Level,
    /// What is wrong.
    pub reason: String,
    pub action: Action,
}

/// One action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The allocation gets another port; whoever holds this one is left alone.
    Move { claim: Contender },
    /// The holders end, all or none of them.
    Terminate {
        holders: Vec<Holding>,
        /// The worktree whose port it is: its own processes stay.
        of: Contender,
        /// Whether somebody has to agree first.
        needs_agreement: bool,
    },
    /// Nothing can be done by this strategy, for this reason.
    Leave { why: String },
}

/// Returns the steps that settle the disputes, in their order.
#[must_use]
pub fn steps(disputes: &[Dispute], strategy: Strategy, settings: ResolveSettings) -> Vec<Step> {
    disputes
        .iter()
        .flat_map(|dispute| {
            let (level, reason) = dispute.level();
            let actions = match &dispute.trouble {
                Trouble::Doubled { claims, .. } => part(claims, settings),
                Trouble::Held { claim, holders, .. } => vec![settle(claim, holders, strategy, settings)],
            };
            actions.into_iter().map(move |action| Step {
                port: dispute.port,
                level,
                reason: reason.clone(),
                action,
            })
        })
        .collect()
}

fn part(claims: &[Contender], settings: ResolveSettings) -> Vec<Action> {
    match doubled::settle(claims) {
        Settlement::Moves { movers, .. } => movers.into_iter().map(|claim| moved(claim, settings)).collect(),
        Settlement::Person { why } => vec![Action::Leave { why: format!("a person must choose: {why}") }],
    }
}

fn moved(claim: &Contender, settings: ResolveSettings) -> Action {
    if let Some(why) = claim.immovable() {
        let (service, name) = (&claim.service, &claim.worktree.name);
        return Action::Leave { why: format!("`{service}` of {name} {why} and is never moved") };
    }
    if !settings.allow_move {
        return Action::Leave { why: "the configuration allows no move (resolve.allow_move)".to_owned() };
    }
    Action::Move { claim: claim.clone() }
}

fn settle(claim: &Contender, holders: &[Holding], strategy: Strategy, settings: ResolveSettings) -> Action {
    let are_strays = holders.iter().all(|holder| holder.standing() == Standing::Stray);
    match strategy {
        Strategy::Conservative => moved(claim, settings),
        Strategy::Aggressive => terminated(claim, holders, settings),
        Strategy::Intelligent if are_strays => match terminated(claim, holders, settings) {
            Action::Leave { .. } => moved(claim, settings),
            action => action,
        },
        Strategy::Intelligent => match moved(claim, settings) {
            // Where ours cannot give way and strangers need not be kept, somebody may still agree to end them.
            Action::Leave { .. } if !settings.preserve_foreign => terminated(claim, holders, settings),
            action => action,
        },
    }
}

/// Strangers are never ended unless somebody agreed; what is ours as configured.
fn terminated(claim: &Contender, holders: &[Holding], settings: ResolveSettings) -> Action {
    if let Some((holder, refusal)) = holders.iter().find_map(|holder| Some((holder, holder.refusal?))) {
        return Action::Leave { why: format!("{} is left alone: {}", holder.named(), refusal.reason()) };
    }
    let stranger = holders.iter().find(|holder| holder.standing() == Standing::Stranger);
    if let Some(stranger) = stranger.filter(|_| settings.preserve_foreign && settings.is_foreign_bound) {
        let why = format!(
            "{} is not ours, and the configuration keeps such (resolve.preserve_foreign)",
            stranger.named()
        );
        return Action::Leave { why };
    }
    let are_ours = holders.iter().all(|holder| holder.standing() != Standing::Stranger);
    Action::Terminate {
        holders: holders.to_vec(),
        of: claim.clone(),
        needs_agreement: settings.confirm || !are_ours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::dispute::disputes;
    use crate::model::port::dispute::tests::{claim, holding};
    use crate::model::process::killing::Refusal;

    const STRATEGIES: [Strategy; 3] = [Strategy::Conservative, Strategy::Aggressive, Strategy::Intelligent];

    fn settings() -> ResolveSettings {
        ResolveSettings {
            strategy: Strategy::Intelligent,
            allow_move: true,
            preserve_foreign: true,
            is_foreign_bound: false,
            max_alternatives: 10,
            confirm: true,
        }
    }

    fn actions(
        claims: &[Contender],
        holdings: &[Holding],
        strategy: Strategy,
        settings: ResolveSettings,
    ) -> Vec<String> {
        let shown = |step: Step| match step.action {
            Action::Move { claim } => format!("move {}", claim.worktree.name),
            Action::Terminate { holders, needs_agreement, .. } => {
                format!("end {}{}", holders.len(), if needs_agreement { ", ask" } else { "" })
            }
            Action::Leave { why } => format!("leave: {why}"),
        };
        steps(&disputes(claims, holdings), strategy, settings).into_iter().map(shown).collect()
    }

    #[test]
    fn of_a_doubled_port_the_younger_moves_whatever_the_strategy() {
        for strategy in STRATEGIES {
            let claims = [claim("young", 5000, 9), claim("old", 5000, 1), claim("middle", 5000, 5)];
            let held = [holding(5000, None)];
            assert_eq!(actions(&claims, &[], strategy, settings()), ["move middle", "move young"]);
            assert_eq!(actions(&claims, &held, strategy, settings()), ["move middle", "move young"]);
            let of_young = [holding(5000, Some("young"))];
            assert_eq!(actions(&claims, &of_young, strategy, settings()), ["move old", "move middle"]);
        }
    }

    #[test]
    fn what_is_pinned_or_locked_keeps_a_doubled_port_and_two_of_them_are_left() {
        let pinned = Contender { pinned: true, ..claim("young", 5000, 9) };
        let locked = Contender { locked: true, ..claim("old", 5000, 1) };
        for strategy in STRATEGIES {
            let one = [claim("old", 5000, 1), pinned.clone()];
            assert_eq!(actions(&one, &[], strategy, settings()), ["move old"]);
            let two = [locked.clone(), pinned.clone()];
            let left = actions(&two, &[], strategy, settings());
            assert!(left[0].starts_with("leave: a person must choose: ") && left.len() == 1, "{left:?}");
        }
    }

    #[test]
    fn a_stranger_is_evaded_and_only_the_aggressive_ends_it_once_somebody_agrees() {
        let (claims, held) = ([claim("a", 5000, 1)], [holding(5000, None)]);
        let with = |strategy| actions(&claims, &held, strategy, settings());
        assert_eq!(with(Strategy::Conservative), ["move a"]);
        assert_eq!(with(Strategy::Intelligent), ["move a"]);
        assert_eq!(with(Strategy::Aggressive), ["end 1, ask"]);
        for preserve_foreign in [false, true] {
            let unasked = ResolveSettings { confirm: false, preserve_foreign, ..settings() };
            assert_eq!(actions(&claims, &held, Strategy::Aggressive, unasked), ["end 1, ask"]);
        }
    }

    #[test]
    fn strangers_that_the_user_keeps_are_ended_by_no_strategy() {
        let bound = ResolveSettings { is_foreign_bound: true, confirm: false, ..settings() };
        for pinned in [false, true] {
            let claims = [Contender { pinned, ..claim("a", 5000, 1) }];
            for strategy in STRATEGIES {
                let done = actions(&claims, &[holding(5000, None)], strategy, bound);
                assert!(done.iter().all(|action| !action.starts_with("end")), "{done:?}");
            }
            let sibling = actions(&claims, &[holding(5000, Some("b"))], Strategy::Aggressive, bound);
            assert_eq!(sibling, ["end 1"], "what is ours is not foreign");
        }
    }

    #[test]
    fn a_sibling_s_server_is_evaded_and_ended_only_by_the_aggressive() {
        let (claims, held) = ([claim("a", 5000, 1)], [holding(5000, Some("b"))]);
        let unasked = ResolveSettings { confirm: false, ..settings() };
        assert_eq!(actions(&claims, &held, Strategy::Intelligent, settings()), ["move a"]);
        assert_eq!(actions(&claims, &held, Strategy::Aggressive, settings()), ["end 1, ask"]);
        assert_eq!(actions(&claims, &held, Strategy::Aggressive, unasked), ["end 1"]);
    }

    #[test]
    fn strays_of_ours_are_ended_by_the_intelligent_and_evaded_by_the_conservative() {
        let stray = Holding { is_stray: true, ..holding(5000, None) };
        let (claims, held) = ([claim("a", 5000, 1)], [stray.clone()]);
        assert_eq!(actions(&claims, &held, Strategy::Conservative, settings()), ["move a"]);
        assert_eq!(actions(&claims, &held, Strategy::Intelligent, settings()), ["end 1, ask"]);
        let unasked = ResolveSettings { confirm: false, ..settings() };
        assert_eq!(actions(&claims, &held, Strategy::Intelligent, unasked), ["end 1"]);
        let mixed = [stray, holding(5000, None)];
        assert_eq!(actions(&claims, &mixed, Strategy::Intelligent, settings()), ["move a"]);
    }

    #[test]
    fn what_cannot_move_is_left_and_said_and_ends_a_stranger_only_where_that_is_configured() {
        let held = [holding(5000, None)];
        let pinned = [Contender { pinned: true, ..claim("a", 5000, 1) }];
        let fixed = ResolveSettings { allow_move: false, ..settings() };
        for strategy in [Strategy::Conservative, Strategy::Intelligent] {
            let left = actions(&pinned, &held, strategy, settings());
            assert!(left[0].starts_with("leave: ") && left[0].contains("pinned"), "{left:?}");
            let left = actions(&[claim("a", 5000, 1)], &held, strategy, fixed);
            assert!(left[0].contains("allow_move"), "{left:?}");
        }
        let open = ResolveSettings { preserve_foreign: false, confirm: false, ..settings() };
        assert_eq!(actions(&pinned, &held, Strategy::Intelligent, open), ["end 1, ask"]);
        assert!(actions(&pinned, &held, Strategy::Conservative, open)[0].starts_with("leave: "));
    }

    #[test]
    fn one_holder_that_is_refused_keeps_all_of_them() {
        let refused = Holding {
            refusal: Some(Refusal::Database),
            command: "postgres".to_owned(),
            ..holding(5000, None)
        };
        let held = [holding(5000, None), refused.clone()];
        let claims = [claim("a", 5000, 1)];
        let left = actions(&claims, &held, Strategy::Aggressive, settings());
        assert!(left[0].starts_with("leave: postgres (pid 42) is left alone"), "{left:?}");
        let stray = [Holding { is_stray: true, ..refused }];
        assert_eq!(actions(&claims, &stray, Strategy::Intelligent, settings()), ["move a"]);
    }
}
