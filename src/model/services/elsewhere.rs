//! A server of the worktree that listens on a service's port and that no `wt up` started: it counts as that service, and is
//! neither supervised nor ended unless somebody asks for that.

use std::collections::BTreeSet;

use crate::model::port::Port;
use crate::model::port::listener::{Listener, WorktreeKey};
use crate::model::port::occupancy::{Occupancy, occupancy};
use crate::model::service::ServiceName;

/// One service that is served like that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    pub service: ServiceName,
    pub port: Port,
    pub pid: u32,
}

impl Elsewhere {
    /// Returns what is said beside its state.
    #[must_use]
    pub fn words(&self) -> String {
        format!("started elsewhere, pid {}", self.pid)
    }

    /// Says that it is left; `command` ends it.
    #[must_use]
    pub fn is_left(&self, command: &str) -> String {
        let Self { service, pid, .. } = self;
        format!("`{service}` is served by pid {pid}, which no `wt up` started: left alone; {command}")
    }
}

/// Returns the process of the worktree `key` that serves the port whose sockets are `sockets`, where none of the
/// `supervised` processes has part in that. A stranger beside it makes it a conflict instead.
#[must_use]
pub fn server(sockets: &[Listener], key: &WorktreeKey, supervised: &BTreeSet<u32>) -> Option<u32> {
    let Occupancy::Ours { pid, beside: None, .. } = occupancy(sockets, key) else { return None };
    let mut owners = sockets.iter().filter(|socket| socket.listening).flat_map(|socket| socket.owners.iter());
    let is_supervised = owners.any(|owner| supervised.contains(&owner.pid));
    (!is_supervised).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::listener::Owner;
    use crate::model::port::sample::{self, key};

    fn socket(listening: bool, owners: &[(u32, Option<&str>)]) -> Listener {
        let owner = |(pid, worktree): &(u32, Option<&str>)| {
            let one = sample::socket(*worktree).owners.remove(0);
            Owner { pid: *pid, ..one }
        };
        Listener { listening, owners: owners.iter().map(owner).collect(), ..sample::socket(None) }
    }

    #[test]
    fn only_a_listener_of_this_worktree_that_nobody_supervises_counts() {
        let ours = socket(true, &[(7, Some("a"))]);
        for (what, sockets, supervised, expected) in [
            ("nobody", vec![], &[][..], None),
            ("our own", vec![ours.clone()], &[], Some(7)),
            ("a supervised one", vec![ours.clone()], &[7], None),
            ("one that shares a socket", vec![socket(true, &[(7, Some("a")), (9, Some("a"))])], &[9], None),
            ("one that is only bound", vec![socket(false, &[(7, Some("a"))])], &[], None),
            ("a sibling's", vec![socket(true, &[(7, Some("b"))])], &[], None),
            ("a stranger's", vec![socket(true, &[(7, None)])], &[], None),
            ("a stranger beside ours", vec![ours, socket(true, &[(8, None)])], &[], None),
        ] {
            let supervised = supervised.iter().copied().collect();
            assert_eq!(server(&sockets, &key("a"), &supervised), expected, "{what}");
        }
    }
}
