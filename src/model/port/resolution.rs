//! What is to be done about disputes over ports: one rule for each strategy. Pure; nothing here looks or acts.

use crate::model::config::settings::{ResolveSettings, Strategy};
use crate::model::port::Port;
use crate::model::port::choice::Choice;
use crate::model::port::dispute::{Dispute, DisputeTrouble, Level, are_strays};
use crate::model::port::doubled::{self, Keeping};
use crate::model::port::holder::{Holder, Relation};
use crate::model::port::matter::Matter;
use crate::model::port::own_server::OwnServer;
use crate::model::port::tenant::Tenant;

/// Why nobody is ended where the user's policy says so.
pub(super) const BARRED: &str = "the policy has nobody ended (policy.kill)";

/// What is done about one dispute, or one part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolutionStep {
    pub port: Port,
    pub level: Level,
    /// What is wrong.
    pub reason: String,
    /// Whose port it is, and who holds it.
    pub matter: Matter,
    pub action: DisputeAction,
}

/// One action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisputeAction {
    /// The allocation gets another port; whoever holds this one is left alone.
    Move { tenant: Tenant },
    /// The holders end, all or none of them.
    Terminate {
        holders: Vec<Holder>,
        /// The worktree whose port it is: its own processes stay.
        of: Tenant,
        /// Whether somebody has to agree first.
        needs_agreement: bool,
    },
    /// A server of the worktree that no `wt up` started ends, and is started as the service.
    Restart { server: OwnServer, needs_agreement: bool },
    /// Nothing can be done by this strategy, for this reason.
    Leave { why: String },
}

/// Returns the steps that settle the disputes, in their order.
#[must_use]
pub fn steps(disputes: &[Dispute], strategy: Strategy, settings: ResolveSettings) -> Vec<ResolutionStep> {
    disputes
        .iter()
        .flat_map(|dispute| {
            let actions = match &dispute.trouble {
                _ if strategy == Strategy::Command => {
                    vec![DisputeAction::Leave { why: "the command of the configuration chooses".to_owned() }]
                }
                DisputeTrouble::Doubled { tenants } => part(tenants, settings),
                DisputeTrouble::Held { tenant, holders, is_shared } => {
                    let held = Held { tenant, holders, is_shared: *is_shared };
                    vec![held.settled(strategy, settings)]
                }
            };
            as_steps(dispute, actions)
        })
        .collect()
}

/// Returns the steps that a command chose for the dispute, within the same safety: whoever is ended was agreed to.
#[must_use]
pub fn chosen(dispute: &Dispute, choice: Choice, settings: ResolveSettings) -> Vec<ResolutionStep> {
    let leave = |why: &str| vec![DisputeAction::Leave { why: why.to_owned() }];
    let actions = match (choice, &dispute.trouble) {
        (Choice::Leave, _) => leave("the command left it"),
        (Choice::Move, DisputeTrouble::Doubled { tenants }) => part(tenants, settings),
        (Choice::Terminate, DisputeTrouble::Doubled { .. }) => {
            leave("two worktrees have the port: one of them can move, nobody is ended for it")
        }
        (Choice::Restart, _) => leave("only a server of the worktree itself is restarted"),
        (Choice::Move | Choice::Terminate, DisputeTrouble::Held { tenant, holders, is_shared }) => {
            let held = Held { tenant, holders, is_shared: *is_shared };
            vec![match (choice, held.terminated(settings)) {
                (Choice::Move, _) => held.moved(settings),
                (_, DisputeAction::Terminate { holders, of, .. }) => {
                    DisputeAction::Terminate { holders, of, needs_agreement: true }
                }
                (_, action) => action,
            }]
        }
    };
    as_steps(dispute, actions)
}

/// Returns the step that leaves the dispute as it is.
#[must_use]
pub fn left(dispute: &Dispute, why: &str) -> Vec<ResolutionStep> {
    as_steps(dispute, vec![DisputeAction::Leave { why: why.to_owned() }])
}

fn as_steps(dispute: &Dispute, actions: Vec<DisputeAction>) -> Vec<ResolutionStep> {
    let (level, reason) = dispute.level();
    let step = |action| {
        let tenant = match &action {
            DisputeAction::Move { tenant } | DisputeAction::Terminate { of: tenant, .. } => Some(tenant),
            // Where nobody of two gives way, the one who had it first speaks for them.
            DisputeAction::Restart { .. } | DisputeAction::Leave { .. } => dispute.tenants().first(),
        };
        let matter = Matter::of(tenant?, dispute);
        Some(ResolutionStep { port: dispute.port, level, reason: reason.clone(), matter, action })
    };
    actions.into_iter().filter_map(step).collect()
}

/// Returns those who move away without anybody's end, whatever a person configured: what may be done unasked.
#[must_use]
pub fn movers(dispute: &Dispute) -> Vec<&Tenant> {
    match &dispute.trouble {
        DisputeTrouble::Doubled { tenants } => match doubled::keeping(tenants) {
            Keeping::Moves { movers, .. } => {
                movers.into_iter().filter(|tenant| tenant.immovable().is_none()).collect()
            }
            Keeping::Person { .. } => Vec::new(),
        },
        DisputeTrouble::Held { tenant, is_shared, .. } => {
            let stays = *is_shared || tenant.immovable().is_some();
            if stays { Vec::new() } else { vec![tenant] }
        }
    }
}

fn part(tenants: &[Tenant], settings: ResolveSettings) -> Vec<DisputeAction> {
    match doubled::keeping(tenants) {
        Keeping::Moves { movers, .. } => movers.into_iter().map(|tenant| moved(tenant, settings)).collect(),
        Keeping::Person { why } => vec![DisputeAction::Leave { why: format!("a person must choose: {why}") }],
    }
}

fn moved(tenant: &Tenant, settings: ResolveSettings) -> DisputeAction {
    if let Some(why) = tenant.immovable() {
        let (service, name) = (&tenant.service, &tenant.worktree.name);
        return DisputeAction::Leave { why: format!("`{service}` of {name} {why} and is never moved") };
    }
    if !settings.allow_move {
        return DisputeAction::Leave {
            why: "the configuration allows no move (resolve.allow_move)".to_owned(),
        };
    }
    DisputeAction::Move { tenant: tenant.clone() }
}

/// A port of a worktree that others hold.
#[derive(Clone, Copy)]
struct Held<'a> {
    tenant: &'a Tenant,
    holders: &'a [Holder],
    is_shared: bool,
}

impl Held<'_> {
    fn settled(self, strategy: Strategy, settings: ResolveSettings) -> DisputeAction {
        let has_sibling = self.holders.iter().any(|holder| holder.relation == Relation::Sibling);
        match strategy {
            // Whom a command of the configuration chooses is not known here.
            Strategy::Conservative | Strategy::Command => self.moved(settings),
            Strategy::Aggressive => self.terminated(settings),
            Strategy::Intelligent if are_strays(self.holders) => match self.terminated(settings) {
                DisputeAction::Leave { .. } => self.moved(settings),
                action => action,
            },
            Strategy::Intelligent => match self.moved(settings) {
                // Where ours cannot give way and strangers need not be kept, somebody may still agree to end them.
                DisputeAction::Leave { .. } if !settings.preserve_foreign && !has_sibling => {
                    self.terminated(settings)
                }
                action => action,
            },
        }
    }

    /// Whoever runs on the port keeps it, as of a port that two have.
    fn moved(self, settings: ResolveSettings) -> DisputeAction {
        match moved(self.tenant, settings) {
            DisputeAction::Move { tenant } if self.is_shared => {
                let (service, name) = (&tenant.service, &tenant.worktree.name);
                let why = format!("the server of `{service}` of {name} runs on it, and is never moved");
                DisputeAction::Leave { why }
            }
            action => action,
        }
    }

    /// Strangers are never ended unless somebody agreed; what is ours as configured.
    fn terminated(self, settings: ResolveSettings) -> DisputeAction {
        if settings.is_killing_barred {
            return DisputeAction::Leave { why: BARRED.to_owned() };
        }
        let refused = self.holders.iter().find_map(|holder| Some((holder, holder.refusal?)));
        if let Some((holder, refusal)) = refused {
            return DisputeAction::Leave {
                why: format!("{} is left alone: {}", holder.named(), refusal.reason()),
            };
        }
        let is_ours = |holder: &Holder| matches!(holder.relation, Relation::Sibling | Relation::Stray);
        let stranger = self.holders.iter().find(|holder| !is_ours(holder));
        if let Some(stranger) = stranger.filter(|_| settings.preserve_foreign && settings.is_foreign_bound) {
            let why = format!(
                "{} is not ours, and the configuration keeps such (resolve.preserve_foreign)",
                stranger.named()
            );
            return DisputeAction::Leave { why };
        }
        DisputeAction::Terminate {
            holders: self.holders.to_vec(),
            of: self.tenant.clone(),
            needs_agreement: settings.confirm || stranger.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::sample::{claim, holding, settings, situation_of};
    use crate::model::process::killing::KillRefusal;

    const STRATEGIES: [Strategy; 3] = [Strategy::Conservative, Strategy::Aggressive, Strategy::Intelligent];

    fn actions(
        claims: &[Tenant],
        holders: &[Holder],
        strategy: Strategy,
        settings: ResolveSettings,
    ) -> Vec<String> {
        let shown = |step: ResolutionStep| match step.action {
            DisputeAction::Move { tenant } => format!("move {}", tenant.worktree.name),
            DisputeAction::Terminate { holders, needs_agreement, .. } => {
                format!("end {}{}", holders.len(), if needs_agreement { ", ask" } else { "" })
            }
            DisputeAction::Restart { .. } => "restart".to_owned(),
            DisputeAction::Leave { why } => format!("leave: {why}"),
        };
        steps(
            &Dispute::find(&situation_of(claims, holders)).map_or_else(Vec::new, |one| vec![one]),
            strategy,
            settings,
        )
        .into_iter()
        .map(shown)
        .collect()
    }

    #[test]
    fn of_a_doubled_port_the_younger_moves_whatever_the_strategy() {
        for strategy in STRATEGIES {
            let claims = [claim("young", 5000, 9), claim("old", 5000, 1), claim("middle", 5000, 5)];
            let held = [holding(None)];
            assert_eq!(actions(&claims, &[], strategy, settings()), ["move middle", "move young"]);
            assert_eq!(actions(&claims, &held, strategy, settings()), ["move middle", "move young"]);
            let of_young = [holding(Some("young"))];
            assert_eq!(actions(&claims, &of_young, strategy, settings()), ["move old", "move middle"]);
        }
    }

    #[test]
    fn what_is_pinned_or_locked_keeps_a_doubled_port_and_two_of_them_are_left() {
        let pinned = Tenant { pinned: true, ..claim("young", 5000, 9) };
        let locked = Tenant { locked: true, ..claim("old", 5000, 1) };
        for strategy in STRATEGIES {
            let one = [claim("old", 5000, 1), pinned.clone()];
            assert_eq!(actions(&one, &[], strategy, settings()), ["move old"]);
            let two = [locked.clone(), pinned.clone()];
            let left = actions(&two, &[], strategy, settings());
            assert!(left[0].starts_with("leave: a person must choose: ") && left.len() == 1, "{left:?}");
        }
    }

    #[test]
    fn what_a_command_chooses_is_done_within_the_same_safety() {
        let with = |claims: &[Tenant], holders: &[Holder], choice, settings| -> Vec<String> {
            let dispute = Dispute::find(&situation_of(claims, holders)).unwrap();
            let shown = |step: ResolutionStep| match step.action {
                DisputeAction::Move { .. } => "move",
                DisputeAction::Terminate { needs_agreement: true, .. } => "end, ask",
                DisputeAction::Terminate { .. } => "end",
                DisputeAction::Restart { .. } => "restart",
                DisputeAction::Leave { .. } => "leave",
            };
            chosen(&dispute, choice, settings).into_iter().map(shown).map(str::to_owned).collect()
        };
        let unasked = ResolveSettings { confirm: false, ..settings() };
        let bound = ResolveSettings { is_foreign_bound: true, ..unasked };
        let (mine, pinned) = (claim("a", 5000, 1), Tenant { pinned: true, ..claim("a", 5000, 1) });
        let stranger = [holding(None)];
        for (claims, choice, settings, done) in [
            (vec![mine.clone()], Choice::Move, unasked, "move"),
            (vec![pinned], Choice::Move, unasked, "leave"),
            (vec![mine.clone()], Choice::Leave, unasked, "leave"),
            (vec![mine.clone()], Choice::Restart, unasked, "leave"),
            (vec![mine.clone()], Choice::Terminate, unasked, "end, ask"),
            (vec![mine.clone()], Choice::Terminate, bound, "leave"),
            (vec![mine.clone(), claim("b", 5000, 2)], Choice::Move, unasked, "move"),
            (vec![mine, claim("b", 5000, 2)], Choice::Terminate, unasked, "leave"),
        ] {
            assert_eq!(with(&claims, &stranger, choice, settings), [done], "{choice:?} {claims:?}");
        }
    }

    #[test]
    fn a_stranger_is_evaded_and_only_the_aggressive_ends_it_once_somebody_agrees() {
        let (claims, held) = ([claim("a", 5000, 1)], [holding(None)]);
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
            let claims = [Tenant { pinned, ..claim("a", 5000, 1) }];
            for strategy in STRATEGIES {
                let done = actions(&claims, &[holding(None)], strategy, bound);
                assert!(done.iter().all(|action| !action.starts_with("end")), "{done:?}");
            }
            let sibling = actions(&claims, &[holding(Some("b"))], Strategy::Aggressive, bound);
            assert_eq!(sibling, ["end 1"], "what is ours is not foreign");
            let barred = ResolveSettings { is_killing_barred: true, ..settings() };
            let left = actions(&claims, &[holding(Some("b"))], Strategy::Aggressive, barred);
            assert!(left[0].contains("policy.kill"), "{left:?}");
        }
    }

    #[test]
    fn a_sibling_s_server_is_evaded_and_ended_only_by_the_aggressive() {
        let (claims, held) = ([claim("a", 5000, 1)], [holding(Some("b"))]);
        let unasked = ResolveSettings { confirm: false, ..settings() };
        assert_eq!(actions(&claims, &held, Strategy::Intelligent, settings()), ["move a"]);
        assert_eq!(actions(&claims, &held, Strategy::Aggressive, settings()), ["end 1, ask"]);
        assert_eq!(actions(&claims, &held, Strategy::Aggressive, unasked), ["end 1"]);
    }

    #[test]
    fn strays_of_ours_are_ended_by_the_intelligent_and_evaded_by_the_conservative() {
        let stray = Holder { relation: Relation::Stray, ..holding(None) };
        let (claims, held) = ([claim("a", 5000, 1)], [stray.clone()]);
        assert_eq!(actions(&claims, &held, Strategy::Conservative, settings()), ["move a"]);
        assert_eq!(actions(&claims, &held, Strategy::Intelligent, settings()), ["end 1, ask"]);
        let unasked = ResolveSettings { confirm: false, ..settings() };
        assert_eq!(actions(&claims, &held, Strategy::Intelligent, unasked), ["end 1"]);
        let mixed = [stray, holding(None)];
        assert_eq!(actions(&claims, &mixed, Strategy::Intelligent, settings()), ["move a"]);
    }

    #[test]
    fn what_cannot_move_is_left_and_said_and_ends_a_stranger_only_where_that_is_configured() {
        let held = [holding(None)];
        let pinned = [Tenant { pinned: true, ..claim("a", 5000, 1) }];
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
        let refused = Holder {
            refusal: Some(KillRefusal::Database),
            command: Some("postgres".to_owned()),
            ..holding(None)
        };
        let held = [holding(None), refused.clone()];
        let claims = [claim("a", 5000, 1)];
        let left = actions(&claims, &held, Strategy::Aggressive, settings());
        assert!(left[0].starts_with("leave: postgres (pid 42) is left alone"), "{left:?}");
        let stray = [Holder { relation: Relation::Stray, ..refused }];
        assert_eq!(actions(&claims, &stray, Strategy::Intelligent, settings()), ["move a"]);
    }
}
