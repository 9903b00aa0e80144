//! A port that two parties claim, as it is to be settled: one port with two allocations, or an allocated port that a process
//! holds which is not of its worktree.

use schemars::JsonSchema;
use serde::Serialize;

use super::Port;
use super::holder::{Holder, Relation};
use super::situation::Situation;
use super::tenant::Tenant;
use crate::model::registry::repository::RepositoryId;

/// How bad a conflict is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    /// Returns the word used in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The parties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisputeTrouble {
    /// One port, several allocations; the oldest first.
    Doubled { tenants: Vec<Tenant> },
    /// Held by processes that are not of the worktree; `is_shared` when a server of the worktree listens too.
    Held { tenant: Tenant, holders: Vec<Holder>, is_shared: bool },
}

/// A port that two parties claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    pub port: Port,
    pub trouble: DisputeTrouble,
    /// What it follows from.
    pub situation: Situation,
}

impl Dispute {
    /// Returns the dispute over the port, if there is one. A doubled port is one dispute, whoever holds it: that is settled
    /// first.
    #[must_use]
    pub fn find(situation: &Situation) -> Option<Self> {
        let tenants: Vec<Tenant> = situation.contenders().cloned().collect();
        let trouble = match &tenants[..] {
            [] => return None,
            [tenant] => {
                let holders: Vec<Holder> = situation.intruders().into_iter().cloned().collect();
                if holders.is_empty() || !tenant.visible {
                    return None;
                }
                DisputeTrouble::Held { tenant: tenant.clone(), holders, is_shared: situation.is_served() }
            }
            _ => DisputeTrouble::Doubled { tenants },
        };
        Some(Self { port: situation.port, trouble, situation: situation.clone() })
    }

    /// Returns how bad it is, with the reason.
    #[must_use]
    pub fn level(&self) -> (Level, String) {
        let had = || self.situation.had_by().unwrap_or_default();
        let held = || self.situation.held_by_others().unwrap_or_default();
        match &self.trouble {
            DisputeTrouble::Doubled { .. } if self.situation.holders.is_empty() => (Level::High, had()),
            DisputeTrouble::Doubled { .. } => (Level::Critical, format!("{}; a server listens", had())),
            DisputeTrouble::Held { is_shared: true, .. } => (Level::Critical, held()),
            DisputeTrouble::Held { holders, .. } if are_strays(holders) => (Level::Medium, held()),
            DisputeTrouble::Held { .. } => (Level::High, held()),
        }
    }

    /// Returns those who have the port.
    #[must_use]
    pub fn tenants(&self) -> &[Tenant] {
        match &self.trouble {
            DisputeTrouble::Doubled { tenants } => tenants,
            DisputeTrouble::Held { tenant, .. } => std::slice::from_ref(tenant),
        }
    }

    /// Answers whether a worktree of `repository` has part in it.
    #[must_use]
    pub fn concerns(&self, repository: &RepositoryId) -> bool {
        self.tenants().iter().any(|tenant| tenant.worktree.repository == *repository)
    }
}

/// Answers whether all of them are strays of ours.
#[must_use]
pub fn are_strays(holders: &[Holder]) -> bool {
    holders.iter().all(|holder| holder.relation == Relation::Stray)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::sample::{claim, situation, socket};

    fn dispute(tenants: &[Tenant], of: &[Option<&str>]) -> Option<Dispute> {
        Dispute::find(&situation(tenants, &of.iter().map(|of| socket(*of)).collect::<Vec<_>>()))
    }

    #[test]
    fn a_port_that_only_its_own_worktree_holds_or_nobody_is_no_dispute() {
        let a = claim("a", 5000, 1);
        assert_eq!(dispute(std::slice::from_ref(&a), &[]), None);
        assert_eq!(dispute(std::slice::from_ref(&a), &[Some("a")]), None);
        assert_eq!(dispute(&[], &[None]), None);
        let elsewhere = Tenant { visible: false, ..a.clone() };
        assert_eq!(dispute(&[elsewhere], &[None]), None, "another network's listeners");
        let half_made = Tenant { settled: false, ..claim("b", 5000, 2) };
        assert_eq!(dispute(&[a, half_made], &[]), None, "it is finished or undone first");
    }

    #[test]
    fn the_oldest_claim_of_a_doubled_port_stands_first() {
        let found = dispute(&[claim("young", 5000, 9), claim("old", 5000, 1)], &[]).unwrap();
        let names: Vec<&str> = found.tenants().iter().map(|one| one.worktree.name.as_str()).collect();
        assert_eq!(names, ["old", "young"]);
        assert!(Level::None < Level::Low && Level::High < Level::Critical);
    }

    #[test]
    fn a_dispute_is_as_bad_as_what_is_at_stake_and_concerns_those_who_have_the_port() {
        let [a, b] = ["a", "b"].map(|name| claim(name, 5000, 1));
        let mut of_other = claim("c", 5000, 2);
        of_other.worktree.repository = RepositoryId("s".to_owned());
        for (tenants, sockets, level) in [
            (vec![a.clone()], &[None][..], Level::High),
            (vec![a.clone(), b.clone()], &[], Level::High),
            (vec![a.clone(), b], &[None], Level::Critical),
        ] {
            let found = dispute(&tenants, sockets).unwrap();
            assert_eq!(found.level().0, level, "{tenants:?} {sockets:?}");
            assert_eq!(found.tenants().len(), tenants.len());
            let concerns = ["r", "s"].map(|id| found.concerns(&RepositoryId(id.to_owned())));
            assert_eq!(concerns, [true, false]);
        }
        let mut stranger = socket(None);
        stranger.owners[0].pid = 43;
        let shared = situation(std::slice::from_ref(&a), &[socket(Some("a")), stranger]);
        assert_eq!(Dispute::find(&shared).unwrap().level().0, Level::Critical);
        let both = dispute(&[a, of_other], &[]).unwrap();
        assert!(["r", "s"].iter().all(|id| both.concerns(&RepositoryId((*id).to_owned()))));
    }

    #[test]
    fn strays_alone_are_less_bad_than_strangers() {
        let stray = Holder { relation: Relation::Stray, ..crate::model::port::sample::holding(None) };
        let stranger = crate::model::port::sample::holding(None);
        for (holders, expected) in [
            (vec![stray.clone()], Level::Medium),
            (vec![stray, stranger.clone()], Level::High),
            (vec![stranger], Level::High),
        ] {
            let tenants = [claim("a", 5000, 1)];
            let situation = crate::model::port::sample::situation_of(&tenants, &holders);
            let found = Dispute::find(&situation).unwrap();
            assert_eq!((found.level().0, are_strays(&holders)), (expected, expected == Level::Medium));
        }
    }

    #[test]
    fn a_level_is_called_as_it_is_written() {
        for level in [Level::None, Level::Low, Level::Medium, Level::High, Level::Critical] {
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
    }
}
