//! The one answer about a port: who has it, who holds it, the relation of each holder, and the words for all of that. Every
//! command that speaks of a port asks this one.

use super::Port;
use super::doubled;
use super::holder::{Background, Holder, Relation, holders};
use super::listener::{Listener, WorktreeKey};
use super::tenant::Tenant;

/// How many holders are named before the others are counted.
const NAMED: usize = 3;

/// What is known of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    pub port: Port,
    /// Who has it, the oldest first.
    pub tenants: Vec<Tenant>,
    pub holders: Vec<Holder>,
    /// The container that publishes it.
    pub container: Option<String>,
}

impl Situation {
    /// Returns the situation of `port`, which these `tenants` have and these `sockets` hold.
    #[must_use]
    pub fn of(
        port: Port,
        mut tenants: Vec<Tenant>,
        sockets: &[Listener],
        background: &Background<'_>,
    ) -> Self {
        tenants.sort_by_key(|tenant| (tenant.allocated_at, tenant.sequence));
        let has_port = |key: &WorktreeKey| tenants.iter().any(|tenant| tenant.worktree == *key);
        let holders = holders(sockets, background, &has_port);
        for tenant in &mut tenants {
            tenant.runs = holders.iter().any(|holder| holder.is_of(&tenant.worktree));
        }
        Self { port, tenants, holders, container: background.container.map(str::to_owned) }
    }

    /// Returns the same as that worktree sees it: of a port that two have, the other's server is a sibling's.
    #[must_use]
    pub fn seen_from(&self, worktree: &WorktreeKey) -> Self {
        let mut seen = self.clone();
        for holder in &mut seen.holders {
            if let Some(of) = &holder.belongs_to {
                holder.relation = if of == worktree { Relation::Own } else { Relation::Sibling };
            }
        }
        seen
    }

    /// Returns those of its tenants that dispute it where there are several.
    pub fn contenders(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter().filter(|tenant| tenant.settled)
    }

    /// Returns the holders that are not of a worktree that has the port, the gravest first. Beside the worktree's own server
    /// only those count to which `localhost` may lead.
    #[must_use]
    pub fn intruders(&self) -> Vec<&Holder> {
        let is_served = self.is_served();
        let counts = |holder: &&Holder| holder.relation != Relation::Own && (!is_served || holder.is_near());
        let mut found: Vec<&Holder> = self.holders.iter().filter(counts).collect();
        found.sort_by_key(|holder| (!holder.is_listening(), std::cmp::Reverse(holder.relation)));
        found
    }

    /// Answers whether a process of a worktree that has the port listens on it.
    #[must_use]
    pub fn is_served(&self) -> bool {
        self.holders.iter().any(|holder| holder.relation == Relation::Own && holder.is_listening())
    }

    /// Says who holds it and is not of its worktree: `held by python3 (pid 4242, /srv/demo), a stranger`; `None` where
    /// nobody does.
    #[must_use]
    pub fn held_by_others(&self) -> Option<String> {
        let intruders = self.intruders();
        let mut named: Vec<String> = Vec::new();
        for holder in &intruders {
            let by = match &self.container {
                Some(container) if holder.relation == Relation::Container => {
                    format!("published by a container (`{container}`)")
                }
                _ => format!("held by {}", holder.told_with_its_socket()),
            };
            if !named.contains(&by) {
                named.push(by);
            }
        }
        let more = named.len().saturating_sub(NAMED);
        named.truncate(NAMED);
        let said = named.join(" and ");
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let too =
            if self.is_served() { "; its own server listens too, and requests reach either" } else { "" };
        (!intruders.is_empty()).then(|| format!("{said}{more}{too}"))
    }

    /// Says who has it, and who of several keeps it; `None` where nobody has it.
    #[must_use]
    pub fn had_by(&self) -> Option<String> {
        let contenders: Vec<Tenant> = self.contenders().cloned().collect();
        if contenders.len() > 1 {
            return Some(doubled::told(&contenders, &doubled::keeping(&contenders)));
        }
        let named: Vec<String> = self.tenants.iter().map(Tenant::named).collect();
        (!named.is_empty()).then(|| format!("allocated to {}", named.join(" and ")))
    }
}

#[cfg(test)]
mod tests;
