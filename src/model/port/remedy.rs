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
