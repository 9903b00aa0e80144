//! Which ports worktrees had: a worktree that comes back gets its own again, and others are given them only when nothing
//! else is left.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::Entry;
use super::note::{Gone, ReleasedThen};
use super::repository::RepositoryId;
use crate::model::port::Port;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

/// The ports a branch had for a purpose before it was removed; it gets them back if they are free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    pub repository_id: RepositoryId,
    pub branch: Option<String>,
    pub purpose: Option<Purpose>,
    /// The worktree's name: tells detached worktrees of one purpose apart.
    pub name: String,
    pub ports: Vec<FormerPort>,
    #[serde(flatten)]
    pub then: ReleasedThen,
    #[serde(flatten)]
    pub gone: Gone,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One service's former port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerPort {
    pub service: ServiceName,
    pub port: Port,
    /// Whether somebody had asked for this very port.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Former {
    /// Returns the port that the service had.
    #[must_use]
    pub fn find_port(&self, service: &ServiceName) -> Option<Port> {
        self.ports.iter().find(|known| known.service == *service).map(|known| known.port)
    }

    /// Answers whether it is what this entry's worktree had.
    #[must_use]
    pub fn is_of(&self, entry: &Entry) -> bool {
        self.repository_id == entry.repository_id
            && self.purpose == entry.purpose
            && self.branch == entry.branch
            && (self.branch.is_some() || self.name == entry.name)
    }

    /// Answers whether the worktree of this entry was called so, whatever branch it was on.
    #[must_use]
    pub fn was_called_as(&self, entry: &Entry) -> bool {
        self.repository_id == entry.repository_id && self.purpose == entry.purpose && self.name == entry.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample;
    use crate::model::registry::table::Registry;

    #[test]
    fn former_ports_are_of_the_branch_or_of_a_detached_worktree_by_its_name() {
        let of = |entry: &Entry| {
            let mut registry = Registry::default();
            registry.remember_ports(entry);
            registry.former[0].clone()
        };
        let entry = sample::entry("a", 1, &[5000, 5001]);
        let detached = Entry { branch: None, ..entry.clone() };
        let (former, without_branch) = (of(&entry), of(&detached));
        let elsewhere = RepositoryId("s".to_owned());
        for (other, is_of, is_of_detached, was_called) in [
            (entry.clone(), true, false, true),
            (detached.clone(), false, true, true),
            (Entry { name: "b".to_owned(), ..entry.clone() }, true, false, false),
            (Entry { name: "b".to_owned(), ..detached }, false, false, false),
            (Entry { branch: Some("x".to_owned()), ..entry.clone() }, false, false, true),
            (Entry { purpose: None, ..entry.clone() }, false, false, false),
            (Entry { repository_id: elsewhere, ..entry }, false, false, false),
        ] {
            assert_eq!(
                (former.is_of(&other), without_branch.is_of(&other)),
                (is_of, is_of_detached),
                "{other:?}"
            );
            assert_eq!(former.was_called_as(&other), was_called, "{other:?}");
        }
        for (service, expected) in [("web", Some(5000)), ("port-2", Some(5001)), ("db", None)] {
            assert_eq!(former.find_port(&service.parse().unwrap()).map(Port::number), expected, "{service}");
        }
    }
}
