//! Whether a service listens where it should, from the kernel's sockets and those that its processes hold.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::plan::ExtraPort;
use crate::model::health::judgement::{NOBODY_LISTENS, nobody_listens};
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::model::port::occupancy;

/// What stands between the port that a service was given and those where it listens.
const ELSEWHERE: &str = ", listening on ";

/// How a service stands to a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortStanding {
    /// Its own process listens there, and can be reached at these addresses.
    Ours { reached_at: Vec<IpAddr> },
    /// Why not, in words.
    Not(String),
}

/// Returns how a service whose processes hold the sockets with the inodes `own` stands to `port`, one of all its `ports`.
#[must_use]
pub fn standing(port: Port, ports: &[Port], sockets: &[Listener], own: &BTreeSet<u64>) -> PortStanding {
    let listening = || sockets.iter().filter(|socket| socket.listening);
    let (ours, theirs): (Vec<&Listener>, Vec<&Listener>) =
        listening().filter(|socket| socket.port == port).partition(|socket| own.contains(&socket.inode));
    if ours.is_empty() {
        let elsewhere: BTreeSet<u16> = listening()
            .filter(|socket| own.contains(&socket.inode) && !ports.contains(&socket.port))
            .map(|socket| socket.port.number())
            .collect();
        let elsewhere: Vec<String> = elsewhere.into_iter().map(|port| port.to_string()).collect();
        return PortStanding::Not(match (&elsewhere[..], theirs.is_empty()) {
            ([], true) => format!("{} yet", nobody_listens(port)),
            ([], false) => format!("port {port} is held by somebody else"),
            (ports, _) => format!("allocated {port}{ELSEWHERE}{}", ports.join(", ")),
        });
    }
    let is_near = |socket: &&Listener| {
        let address = socket.address.to_canonical();
        address.is_loopback() || address.is_unspecified()
    };
    // A socket without an inode may still be one of theirs; who is beside us matters where `localhost` may lead there.
    if theirs.iter().any(is_near) {
        return PortStanding::Not(format!("somebody else listens on {port} too"));
    }
    PortStanding::Ours { reached_at: occupancy::addresses(ours.iter().map(|socket| socket.address)) }
}

/// Returns what cures a service of which `reason` says that it does not listen where it should, in the words of
/// [`standing`]; `None` for other reasons.
#[must_use]
pub fn cure(service: &str, reason: &str) -> Option<String> {
    if reason.contains(NOBODY_LISTENS) {
        return Some(format!(
            "a service that is no server says so: `listens = false` under [service.{service}]"
        ));
    }
    reason
        .contains(ELSEWHERE)
        .then(|| format!("let it read $PORT, or write `{{{{ port }}}}` into `run` under [service.{service}]"))
}

/// Returns why a service is not ready over one of its further ports.
#[must_use]
pub fn of_extra(extra: &ExtraPort, reason: &str) -> String {
    let variable = extra.variable.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("its further port `{}`{variable}: {reason}", extra.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(port: u16, inode: u64, address: &str) -> Listener {
        Listener {
            port: Port::new(port).unwrap(),
            address: address.parse().unwrap(),
            listening: true,
            user: 1000,
            inode,
            owners: Vec::new(),
        }
    }

    fn seen(sockets: &[Listener], own: &[u64]) -> Result<usize, String> {
        let port = |number| Port::new(number).unwrap();
        match standing(port(5001), &[port(5001), port(5002)], sockets, &own.iter().copied().collect()) {
            PortStanding::Ours { reached_at } => Ok(reached_at.len()),
            PortStanding::Not(reason) => Err(reason),
        }
    }

    #[test]
    fn what_listens_nowhere_or_elsewhere_is_told_its_cure() {
        let words = |sockets: &[Listener]| cure("web", &seen(sockets, &[7]).unwrap_err());
        assert!(words(&[]).unwrap().contains("`listens = false` under [service.web]"));
        let elsewhere = words(&[socket(4999, 7, "127.0.0.1")]).unwrap();
        assert!(elsewhere.contains("$PORT") && elsewhere.contains("`{{ port }}`"), "{elsewhere}");
        assert_eq!(words(&[socket(5001, 8, "127.0.0.1")]), None);
        assert_eq!(cure("web", "ended with status 3"), None);
    }

    #[test]
    fn a_service_is_there_once_its_own_process_listens() {
        assert_eq!(seen(&[], &[7]), Err("nothing listens on 5001 yet".to_owned()));
        assert_eq!(seen(&[socket(5001, 7, "127.0.0.1")], &[7]), Ok(1));
        assert_eq!(seen(&[socket(5001, 7, "::")], &[7]), Ok(2));
        let bound = Listener { listening: false, ..socket(5001, 7, "::") };
        assert!(seen(&[bound], &[7]).is_err(), "a held port is no server");
    }

    #[test]
    fn another_port_than_the_allocated_one_is_said() {
        let sockets = [socket(5173, 7, "::1"), socket(9229, 8, "127.0.0.1"), socket(5001, 9, "127.0.0.1")];
        assert_eq!(seen(&sockets[..2], &[7]), Err("allocated 5001, listening on 5173".to_owned()));
        assert_eq!(seen(&sockets, &[7, 8]), Err("allocated 5001, listening on 5173, 9229".to_owned()));
        assert_eq!(seen(&sockets, &[]), Err("port 5001 is held by somebody else".to_owned()));
    }

    #[test]
    fn its_other_ports_are_no_drift() {
        let sockets = [socket(5002, 7, "127.0.0.1")];
        assert_eq!(seen(&sockets, &[7]), Err("nothing listens on 5001 yet".to_owned()));
    }

    #[test]
    fn a_stranger_beside_us_counts_where_localhost_may_lead_to_it() {
        let ours = socket(5001, 7, "127.0.0.1");
        assert!(seen(&[ours.clone(), socket(5001, 8, "::1")], &[7]).is_err());
        assert!(seen(&[ours, socket(5001, 8, "10.0.0.7")], &[7]).is_ok());
    }
}
