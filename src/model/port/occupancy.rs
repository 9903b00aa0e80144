//! Who is on a service's port, seen from its own worktree: nobody, itself, or somebody else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use crate::model::port::listener::{Listener, Owner, WorktreeKey};
use crate::model::port::verdict::serves_containers;
use crate::model::port::words::Words;

/// Who is on the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occupancy {
    /// No socket listens on it or is bound to it.
    Nobody,
    /// A process of this worktree is bound to it, and does not listen.
    Reserved { pid: u32 },
    /// A process of this worktree listens, at these addresses; 0 where it is out of our sight.
    Ours { pid: u32, addresses: Vec<IpAddr>, beside: Option<Holder> },
    /// Somebody else has it.
    Theirs(Holder),
}

/// Somebody else on the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// `None` for a process that we may not look into.
    pub pid: Option<u32>,
    /// The program's short name.
    pub command: Option<String>,
    /// The worktree that it belongs to, where it is another one of ours.
    pub worktree: Option<String>,
    pub folder: Option<PathBuf>,
    /// The user id that owns the socket.
    pub user: u32,
    pub listening: bool,
}

impl Holder {
    fn of(socket: &Listener, owner: Option<&Owner>) -> Self {
        Self {
            pid: owner.map(|owner| owner.pid),
            command: owner.map(|owner| owner.command.clone()),
            worktree: owner.and_then(|owner| owner.worktree.clone()),
            folder: owner.and_then(|owner| owner.folder.clone()),
            user: socket.user,
            listening: socket.listening,
        }
    }

    /// Answers whether the engine of containers may hold the port so: a proxy of its own, or a process out of sight.
    #[must_use]
    pub fn may_serve_containers(&self) -> bool {
        self.listening
            && self.worktree.is_none()
            && (self.pid.is_none() || self.command.as_deref().is_some_and(serves_containers))
    }

    /// Returns who it is, in words: `python3 (pid 4242, /srv/demo)`.
    #[must_use]
    pub fn words(&self) -> String {
        let user = self.user.to_string();
        let words = Words {
            command: self.command.as_deref(),
            pid: self.pid,
            worktree: self.worktree.as_deref(),
            folder: self.folder.as_deref(),
            user: Some(&user),
        };
        words.sentence()
    }
}

/// Returns who is on a port whose sockets are `sockets`, seen from the worktree `key`.
///
/// A stranger beside our own server matters only where `localhost` may lead to it: on a loopback or wildcard address.
#[must_use]
pub fn occupancy<'a>(sockets: impl IntoIterator<Item = &'a Listener>, key: &WorktreeKey) -> Occupancy {
    let mut ours: Vec<(&Listener, u32)> = Vec::new();
    let mut theirs: Vec<(&Listener, Option<&Owner>)> = Vec::new();
    for socket in sockets {
        match socket.owners.iter().find(|owner| owner.belongs_to.as_ref() == Some(key)) {
            Some(owner) => ours.push((socket, owner.pid)),
            None => theirs.push((socket, socket.owners.first())),
        }
    }
    let holder =
        |found: Option<&(&Listener, Option<&Owner>)>| found.map(|(socket, owner)| Holder::of(socket, *owner));
    let listening: Vec<&(&Listener, u32)> = ours.iter().filter(|(socket, _)| socket.listening).collect();
    if let Some((_, pid)) = listening.first() {
        let addresses = addresses(listening.iter().map(|(socket, _)| socket.address));
        let within_reach = |(socket, _): &&(&Listener, Option<&Owner>)| {
            let address = socket.address.to_canonical();
            socket.listening && (address.is_loopback() || address.is_unspecified())
        };
        return Occupancy::Ours { pid: *pid, addresses, beside: holder(theirs.iter().find(within_reach)) };
    }
    let first = theirs.iter().find(|(socket, _)| socket.listening).or(theirs.first());
    match (holder(first), ours.first()) {
        (Some(holder), _) => Occupancy::Theirs(holder),
        (None, Some((_, pid))) => Occupancy::Reserved { pid: *pid },
        (None, None) => Occupancy::Nobody,
    }
}

/// Returns where to connect to, best first: a wildcard is reached by loopback, and that of IPv6 by both as a rule.
pub fn addresses(bound: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    const FOUR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const SIX: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let mut found: Vec<IpAddr> = Vec::new();
    for address in bound {
        let reached_by: &[IpAddr] = match address.to_canonical() {
            IpAddr::V4(four) if four.is_unspecified() => &[FOUR],
            IpAddr::V6(six) if six.is_unspecified() => &[SIX, FOUR],
            other => &[other],
        };
        found.extend(reached_by);
    }
    let place = |address: &IpAddr| match address {
        address if *address == FOUR => 0,
        address if *address == SIX => 1,
        address if address.is_loopback() => 2,
        _ => 3,
    };
    found.sort_by_key(|address| (place(address), *address));
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::Port;
    use crate::model::registry::repository::RepositoryId;

    fn key(name: &str) -> WorktreeKey {
        WorktreeKey { repository: RepositoryId("r".to_owned()), name: name.to_owned() }
    }

    fn socket(address: &str, listening: bool, owner: Option<(u32, Option<&str>)>) -> Listener {
        let owner = owner.map(|(pid, worktree)| Owner {
            pid,
            command: "python3".to_owned(),
            folder: None,
            user: None,
            worktree: worktree.map(str::to_owned),
            since: None,
            belongs_to: worktree.map(key),
            started: 1,
            parent: 1,
        });
        Listener {
            port: Port::new(5000).unwrap(),
            address: address.parse().unwrap(),
            listening,
            user: 33,
            inode: 1,
            owners: owner.into_iter().collect(),
        }
    }

    fn seen(sockets: &[Listener]) -> Occupancy {
        occupancy(sockets, &key("a"))
    }

    fn reached(sockets: &[Listener]) -> Vec<String> {
        match seen(sockets) {
            Occupancy::Ours { addresses, .. } => addresses.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_a_process_of_this_very_worktree_is_ours() {
        assert_eq!(seen(&[]), Occupancy::Nobody);
        assert!(matches!(
            seen(&[socket("127.0.0.1", true, Some((1, Some("a"))))]),
            Occupancy::Ours { pid: 1, .. }
        ));
        for other in [Some((2, None)), Some((2, Some("b"))), None] {
            assert!(matches!(seen(&[socket("127.0.0.1", true, other)]), Occupancy::Theirs(_)), "{other:?}");
        }
        let elsewhere = WorktreeKey { repository: RepositoryId("other".to_owned()), name: "a".to_owned() };
        let sockets = [socket("127.0.0.1", true, Some((1, Some("a"))))];
        assert!(
            matches!(occupancy(&sockets, &elsewhere), Occupancy::Theirs(_)),
            "a name alone is not enough"
        );
    }

    #[test]
    fn our_own_bound_socket_is_a_reservation_and_a_strangers_is_not() {
        assert_eq!(seen(&[socket("0.0.0.0", false, Some((9, Some("a"))))]), Occupancy::Reserved { pid: 9 });
        let Occupancy::Theirs(holder) = seen(&[socket("0.0.0.0", false, Some((2, None)))]) else { panic!() };
        assert!(!holder.listening);
    }

    #[test]
    fn an_owner_who_cannot_be_seen_is_named_by_the_user() {
        let Occupancy::Theirs(holder) = seen(&[socket("::", true, None)]) else { panic!() };
        assert_eq!(holder.words(), "a process out of sight (user 33)");
    }

    #[test]
    fn the_address_that_listens_is_the_one_to_ask() {
        let ours = |address| socket(address, true, Some((1, Some("a"))));
        assert_eq!(reached(&[ours("::1")]), ["::1"]);
        assert_eq!(reached(&[ours("0.0.0.0")]), ["127.0.0.1"]);
        assert_eq!(reached(&[ours("::")]), ["127.0.0.1", "::1"]);
        assert_eq!(reached(&[ours("::ffff:127.0.0.1")]), ["127.0.0.1"]);
        assert_eq!(reached(&[ours("10.0.0.7"), ours("127.0.0.1")]), ["127.0.0.1", "10.0.0.7"]);
    }

    #[test]
    fn a_stranger_beside_us_counts_where_localhost_may_lead_to_it() {
        let ours = socket("127.0.0.1", true, Some((1, Some("a"))));
        let beside = |address| match seen(&[ours.clone(), socket(address, true, Some((2, None)))]) {
            Occupancy::Ours { beside, .. } => beside.is_some(),
            other => panic!("{other:?}"),
        };
        assert!(beside("::1") && beside("127.0.0.1") && beside("0.0.0.0"));
        assert!(!beside("10.0.0.7"));
    }
}
