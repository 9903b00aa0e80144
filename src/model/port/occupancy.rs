//! Who is on a service's port, seen from its own worktree: nobody, itself, or somebody else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::holder::{self, Background, Holder, Relation};
use super::listener::{Listener, WorktreeKey};

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

/// Returns who is on a port whose sockets are `sockets`, seen from the worktree `key`.
///
/// A stranger beside our own server matters only where `localhost` may lead to it: on a loopback or wildcard address.
#[must_use]
pub fn occupancy(sockets: &[Listener], key: &WorktreeKey) -> Occupancy {
    let holders = holder::holders(sockets, &Background::default(), &|of| of == key);
    let (ours, theirs): (Vec<Holder>, Vec<Holder>) =
        holders.into_iter().partition(|holder| holder.relation == Relation::Own);
    let pid = |holder: &Holder| holder.pid.unwrap_or_default();
    if let Some(server) = ours.iter().find(|holder| holder.is_listening()) {
        let addresses = addresses(ours.iter().flat_map(|holder| holder.addresses.iter().copied()));
        let beside = theirs.into_iter().find(Holder::is_near);
        return Occupancy::Ours { pid: pid(server), addresses, beside };
    }
    let first = theirs.iter().find(|holder| holder.is_listening()).or(theirs.first());
    match (first, ours.first()) {
        (Some(holder), _) => Occupancy::Theirs(holder.clone()),
        (None, Some(holder)) => Occupancy::Reserved { pid: pid(holder) },
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
    use crate::model::port::listener::Owner;
    use crate::model::port::sample::{self, key};
    use crate::model::registry::repository::RepositoryId;

    fn socket(address: &str, listening: bool, owner: Option<(u32, Option<&str>)>) -> Listener {
        let owner = owner.map(|(pid, of)| Owner { pid, ..sample::socket(of).owners.remove(0) });
        Listener {
            address: address.parse().unwrap(),
            listening,
            user: 33,
            owners: owner.into_iter().collect(),
            ..sample::socket(None)
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
        assert!(!holder.is_listening());
    }

    #[test]
    fn an_owner_who_cannot_be_seen_is_named_by_the_user() {
        let Occupancy::Theirs(holder) = seen(&[socket("::", true, None)]) else { panic!() };
        assert_eq!(holder.named(), "a process out of sight (user 33)");
    }

    #[test]
    fn the_address_that_listens_is_the_one_to_ask() {
        let ours = |address| socket(address, true, Some((1, Some("a"))));
        assert_eq!(reached(&[ours("::1")]), ["::1"]);
        assert_eq!(reached(&[ours("0.0.0.0")]), ["127.0.0.1"]);
        assert_eq!(reached(&[ours("::")]), ["127.0.0.1", "::1"]);
        assert_eq!(reached(&[ours("::ffff:127.0.0.1")]), ["127.0.0.1"]);
        assert_eq!(reached(&[ours("10.0.0.7"), ours("127.0.0.1")]), ["127.0.0.1", "10.0.0.7"]);
        assert_eq!(reached(&[ours("10.0.0.7"), ours("127.0.0.2")]), ["127.0.0.2", "10.0.0.7"]);
        assert_eq!(reached(&[ours("::1"), ours("127.0.0.2"), ours("::1")]), ["::1", "127.0.0.2"]);
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
