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
}
