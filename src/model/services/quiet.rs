//! How long nobody needed a service: no connection is open, none came since the last look, and no other service needs it.
//! Our own checks connect as well, and are nobody.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

/// What a look at the connections of a service showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenConnections {
    /// Those who are connected, by their addresses; whether the connection has ended, and the kernel still remembers it.
    pub clients: Vec<(SocketAddr, bool)>,
    /// From where our own checks connected since the last look.
    pub own: BTreeSet<SocketAddr>,
    /// How many checks by a command there were, which may each have connected once.
    pub commands: usize,
    /// Whether another service that runs needs it.
    pub is_needed: bool,
}

/// A service that nobody seems to need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quiet {
    since: Duration,
    /// Connections that had ended already at the last look.
    past: BTreeSet<SocketAddr>,
    /// Those that were open then.
    open: BTreeSet<SocketAddr>,
    /// Our own connections of which the kernel may still know.
    own: BTreeSet<SocketAddr>,
    /// How many commands asked before the last look: the end of a connection may show late.
    commands: usize,
}

impl Quiet {
    /// A service that is up since then.
    #[must_use]
    pub fn since(now: Duration) -> Self {
        Self { since: now, ..Self::default() }
    }

    /// Takes in a look, and returns for how long nobody has needed the service.
    pub fn take_in(&mut self, seen: &SeenConnections, now: Duration) -> Duration {
        let is_own = |address: &SocketAddr| self.own.contains(address) || seen.own.contains(address);
        let of = |wanted: bool| {
            let matching = seen.clients.iter().filter(move |(_, is_past)| *is_past == wanted);
            matching.map(|(address, _)| *address)
        };
        let past: BTreeSet<SocketAddr> = of(true).collect();
        // Both ends of a connection may be on this machine: it counts once, and as ended where one end is.
        let open: BTreeSet<SocketAddr> = of(false).filter(|address| !past.contains(address)).collect();
        let came = past.difference(&self.past).chain(&open).filter(|address| !is_own(address)).count();
        // What a command of ours opens is gone by the next look.
        let lasts = open.intersection(&self.open).any(|address| !is_own(address));
        if seen.is_needed || lasts || came > seen.commands + self.commands {
            self.since = now;
        }
        let is_known = |address: &SocketAddr| seen.clients.iter().any(|(client, _)| client == address);
        self.own.retain(is_known);
        self.own.extend(&seen.own);
        self.past = past;
        self.open = open;
        self.commands = seen.commands;
        now.saturating_sub(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn seen(open: &[u16], past: &[u16]) -> SeenConnections {
        let open = open.iter().map(|port| (at(*port), false));
        let clients = open.chain(past.iter().map(|port| (at(*port), true))).collect();
        SeenConnections { clients, ..SeenConnections::default() }
    }

    /// How long it was quiet after each look, one a second, the first at once.
    fn after(looks: &[SeenConnections]) -> Vec<u64> {
        let mut quiet = Quiet::since(Duration::ZERO);
        let looks = (0..).zip(looks);
        looks.map(|(second, seen)| quiet.take_in(seen, Duration::from_secs(second)).as_secs()).collect()
    }

    #[test]
    fn a_service_is_quiet_while_no_connection_is_open_and_none_came() {
        assert_eq!(after(&[seen(&[], &[]), seen(&[], &[]), seen(&[], &[])]), [0, 1, 2]);
        // An open one keeps it awake for as long as it is open, and so does one that came and went between two looks.
        assert_eq!(after(&[seen(&[1], &[]), seen(&[1], &[]), seen(&[], &[]), seen(&[], &[])]), [0, 0, 1, 2]);
        assert_eq!(
            after(&[seen(&[], &[]), seen(&[], &[1]), seen(&[], &[1]), seen(&[], &[1, 2])]),
            [0, 0, 1, 0]
        );
        // The end of one that was open is no new one, though the kernel remembers it on one side and not on the other.
        assert_eq!(after(&[seen(&[1], &[]), seen(&[1], &[1]), seen(&[], &[1])]), [0, 0, 1]);
        let needed = SeenConnections { is_needed: true, ..SeenConnections::default() };
        assert_eq!(after(&[SeenConnections::default(), needed, SeenConnections::default()]), [0, 0, 1]);
    }

    #[test]
    fn our_own_checks_keep_nothing_awake() {
        let own =
            |look: SeenConnections, port: u16| SeenConnections { own: BTreeSet::from([at(port)]), ..look };
        // SeenConnections while it is open, when it has ended, and noted before it could be seen at all.
        let looks = [
            own(seen(&[7], &[]), 7),
            seen(&[], &[7]),
            seen(&[], &[7]),
            own(seen(&[], &[7]), 8),
            seen(&[], &[7, 8]),
        ];
        assert_eq!(after(&looks), [0, 1, 2, 3, 4]);
        assert_eq!(after(&[own(seen(&[7], &[]), 7), seen(&[9], &[7])]), [0, 0], "somebody else");
        // A number that the kernel gives away again is somebody else's.
        assert_eq!(after(&[own(seen(&[7], &[]), 7), seen(&[], &[]), seen(&[7], &[])]), [0, 1, 0]);
    }

    #[test]
    fn a_check_by_a_command_may_connect_once_and_its_end_may_show_late() {
        let command = |look: SeenConnections| SeenConnections { commands: 1, ..look };
        let looks = [command(seen(&[], &[])), seen(&[], &[1]), seen(&[], &[1]), command(seen(&[2], &[1]))];
        assert_eq!(after(&looks), [0, 1, 2, 3]);
        assert_eq!(after(&[command(seen(&[], &[])), seen(&[], &[1, 2])]), [0, 0]);
        // One that is still there is none of a command's.
        let stays = || command(seen(&[1], &[]));
        assert_eq!(after(&[stays(), stays(), stays()]), [0, 0, 0]);
    }
}
