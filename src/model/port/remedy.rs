//! The next command for a port that two parties claim: none that would be refused, and none that ends a sibling's server.

use super::Port;
use super::dispute::{Dispute, DisputeTrouble};
use super::doubled::{self, Keeping};
use super::holder::Relation;
use super::resolution::{DisputeAction, steps};
use crate::model::advised::{Advised, wt};
use crate::model::config::settings::{ResolveSettings, Strategy};

/// What settles a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// `wt ports resolve`, as configured or by that strategy.
    Resolve(Option<Strategy>),
    /// A person chooses who gives the port up.
    Choose,
    /// `wt ports kill`.
    End,
    /// No command does: `wt ports owner` tells more.
    Tell,
}

impl Remedy {
    /// Returns the command; `None` where a person chooses among several.
    #[must_use]
    pub fn command(self, port: Port) -> Option<Advised> {
        match self {
            Self::Resolve(None) => Some(wt("ports resolve", &[])),
            Self::Resolve(Some(strategy)) => Some(wt("ports resolve --strategy {}", &[&strategy.as_str()])),
            Self::Choose => None,
            Self::End => Some(wt("ports kill {}", &[&port])),
            Self::Tell => Some(wt("ports owner {}", &[&port])),
        }
    }
}

/// Returns what settles the dispute.
#[must_use]
pub fn remedy(dispute: &Dispute, settings: ResolveSettings) -> Remedy {
    let does = |strategy: Strategy| {
        let all = steps(std::slice::from_ref(dispute), strategy, settings);
        all.iter().any(|step| !matches!(step.action, DisputeAction::Leave { .. }))
    };
    let is_persons = || match &dispute.trouble {
        DisputeTrouble::Doubled { tenants } => matches!(doubled::keeping(tenants), Keeping::Person { .. }),
        DisputeTrouble::Held { .. } => false,
    };
    if is_persons() {
        Remedy::Choose
    } else if settings.strategy == Strategy::Command
        || does(settings.strategy) && !ends_sibling(dispute, settings.strategy, settings)
    {
        Remedy::Resolve(None)
    } else if does(Strategy::Conservative) {
        Remedy::Resolve(Some(Strategy::Conservative))
    } else {
        otherwise(dispute, settings)
    }
}

/// Returns what helps where `wt ports resolve` does nothing, or was run and the dispute is left all the same.
#[must_use]
pub fn otherwise(dispute: &Dispute, settings: ResolveSettings) -> Remedy {
    let DisputeTrouble::Held { holders, is_shared, .. } = &dispute.trouble else { return Remedy::Choose };
    let is_spared = |relation: Relation| relation == Relation::Sibling;
    if holders.iter().any(|holder| is_spared(holder.relation) || holder.refusal.is_some()) {
        return Remedy::Tell;
    }
    if !is_shared {
        return Remedy::End;
    }
    // `wt ports kill` would end the worktree's own server too.
    let all = steps(std::slice::from_ref(dispute), Strategy::Aggressive, settings);
    let ends = all.iter().any(|step| matches!(step.action, DisputeAction::Terminate { .. }));
    if ends { Remedy::Resolve(Some(Strategy::Aggressive)) } else { Remedy::Tell }
}

fn ends_sibling(dispute: &Dispute, strategy: Strategy, settings: ResolveSettings) -> bool {
    let all = steps(std::slice::from_ref(dispute), strategy, settings);
    all.iter().any(|step| match &step.action {
        DisputeAction::Terminate { holders, .. } => {
            holders.iter().any(|holder| holder.relation == Relation::Sibling)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::holder::Holder;
    use crate::model::port::sample::{claim, holding, settings, situation_of};
    use crate::model::port::tenant::Tenant;
    use crate::model::process::killing::KillRefusal;

    fn of(tenants: &[Tenant], holders: &[Holder], settings: ResolveSettings) -> Remedy {
        remedy(&Dispute::find(&situation_of(tenants, holders)).unwrap(), settings)
    }

    fn by(strategy: Strategy) -> ResolveSettings {
        ResolveSettings { strategy, ..settings() }
    }

    #[test]
    fn a_held_port_is_settled_as_configured_unless_that_does_nothing_or_ends_a_sibling() {
        let own = [claim("a", 5000, 1)];
        let pinned = [Tenant { pinned: true, ..claim("a", 5000, 1) }];
        let (stranger, sibling) = (holding(None), holding(Some("b")));
        let unseen = Holder { refusal: Some(KillRefusal::Unseen), ..stranger.clone() };
        let barred = ResolveSettings { is_killing_barred: true, ..settings() };
        let shared = [holding(Some("a")), stranger.clone()];
        let conservative = Remedy::Resolve(Some(Strategy::Conservative));
        for (tenants, holders, settings, expected) in [
            (&own, std::slice::from_ref(&stranger), settings(), Remedy::Resolve(None)),
            (&own, std::slice::from_ref(&stranger), by(Strategy::Aggressive), Remedy::Resolve(None)),
            (&own, std::slice::from_ref(&sibling), by(Strategy::Aggressive), conservative),
            (&own, std::slice::from_ref(&unseen), by(Strategy::Aggressive), conservative),
            (&own, std::slice::from_ref(&stranger), by(Strategy::Command), Remedy::Resolve(None)),
            (&pinned, std::slice::from_ref(&sibling), by(Strategy::Aggressive), Remedy::Tell),
            (&pinned, std::slice::from_ref(&stranger), settings(), Remedy::End),
            (&pinned, std::slice::from_ref(&unseen), settings(), Remedy::Tell),
            (&own, &shared, settings(), Remedy::Resolve(Some(Strategy::Aggressive))),
            (&own, &shared, barred, Remedy::Tell),
        ] {
            assert_eq!(of(tenants, holders, settings), expected, "{tenants:?} {holders:?} {settings:?}");
        }
    }

    #[test]
    fn a_doubled_port_is_settled_by_a_move_or_by_a_person() {
        let both = [claim("a", 5000, 1), claim("b", 5000, 2)];
        let pinned = both.clone().map(|tenant| Tenant { pinned: true, ..tenant });
        let unmoved = ResolveSettings { allow_move: false, ..settings() };
        for (tenants, settings, expected) in [
            (&both, settings(), Remedy::Resolve(None)),
            (&both, unmoved, Remedy::Choose),
            (&pinned, settings(), Remedy::Choose),
            (&pinned, by(Strategy::Command), Remedy::Choose),
        ] {
            assert_eq!(of(tenants, &[], settings), expected, "{tenants:?} {settings:?}");
        }
    }

    #[test]
    fn each_remedy_is_one_command_but_for_a_persons_choice() {
        let port = Port::new(5000).unwrap();
        for (remedy, expected) in [
            (Remedy::Resolve(None), Some("wt ports resolve")),
            (Remedy::Resolve(Some(Strategy::Conservative)), Some("wt ports resolve --strategy conservative")),
            (Remedy::Choose, None),
            (Remedy::End, Some("wt ports kill 5000")),
            (Remedy::Tell, Some("wt ports owner 5000")),
        ] {
            assert_eq!(remedy.command(port).map(|command| command.to_string()).as_deref(), expected);
        }
    }
}
