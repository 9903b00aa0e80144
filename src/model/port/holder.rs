//! A process that holds a port, and its relation to the worktrees that have the port: one order for all who ask.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::listener::{Listener, Owner, WorktreeKey};
use super::words::Words;
use crate::model::process::killing::KillRefusal;

/// The relation of a holder to the worktrees that have the port, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// A process of a worktree that has the port.
    Own,
    /// A process of another worktree.
    Sibling,
    /// A process of a worktree that is gone.
    Stray,
    /// A process that publishes a container's port.
    Container,
    /// Another user's process, or one out of our sight.
    Unseen,
    /// A process of ours that belongs to no worktree.
    Stranger,
}

/// A process that holds a port; all but the user is unknown of one out of sight.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Holder {
    pub pid: Option<u32>,
    /// The program's short name.
    pub command: Option<String>,
    pub folder: Option<PathBuf>,
    pub user: Option<String>,
    pub worktree: Option<String>,
    pub since: Option<Timestamp>,
    #[serde(skip)]
    pub belongs_to: Option<WorktreeKey>,
    /// When it started: with the pid, its identity.
    #[serde(skip)]
    pub started: u64,
    /// Where it listens; empty for one that is only bound.
    #[serde(skip)]
    pub addresses: Vec<IpAddr>,
    #[serde(skip)]
    pub relation: Relation,
    /// Whether its socket belongs to another user than the one that asks.
    #[serde(skip)]
    pub is_other_user: bool,
    /// The worktree, now gone, that it was for.
    #[serde(skip)]
    pub stray_of: Option<String>,
    /// Why it would not be ended.
    #[serde(skip)]
    pub refusal: Option<KillRefusal>,
}

/// What is known of holders beside their sockets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Background<'a> {
    /// The user that asks; `None` where it does not matter whose a socket is.
    pub user: Option<u32>,
    /// The container that publishes the port.
    pub container: Option<&'a str>,
    /// The worktree that is gone of each stray, by pid.
    pub strays: Option<&'a HashMap<u32, String>>,
    /// Why a process would not be ended, by pid.
    pub refusals: Option<&'a HashMap<u32, KillRefusal>>,
}

impl Holder {
    /// Answers whether it listens, and is not merely bound.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        !self.addresses.is_empty()
    }

    /// Answers whether `localhost` may lead to it: it listens on a loopback or wildcard address.
    #[must_use]
    pub fn is_near(&self) -> bool {
        let near = |address: &IpAddr| {
            let address = address.to_canonical();
            address.is_loopback() || address.is_unspecified()
        };
        self.addresses.iter().any(near)
    }

    /// Answers whether it is a process of that worktree.
    #[must_use]
    pub fn is_of(&self, worktree: &WorktreeKey) -> bool {
        self.belongs_to.as_ref() == Some(worktree)
    }

    /// Answers whether the engine of containers may hold the port so: a proxy of its own, or a process out of sight.
    #[must_use]
    pub fn may_serve_containers(&self) -> bool {
        let is_proxy = self.command.as_deref().is_some_and(serves_containers);
        self.is_listening() && self.belongs_to.is_none() && (self.pid.is_none() || is_proxy)
    }

    /// Returns it in words: `python3 (pid 4242, /srv/demo)`.
    #[must_use]
    pub fn named(&self) -> String {
        let words = Words {
            command: self.command.as_deref(),
            pid: self.pid,
            worktree: self.worktree.as_deref(),
            folder: self.folder.as_deref(),
            user: self.user.as_deref(),
        };
        words.sentence()
    }

    /// Returns it in words with its relation: `python3 (pid 4242, worktree feature-b), a sibling`.
    #[must_use]
    pub fn told(&self) -> String {
        let named = self.named();
        let user = self.user.as_deref().filter(|_| self.pid.is_some());
        match self.relation {
            Relation::Own => named,
            Relation::Sibling => format!("{named}, a sibling"),
            Relation::Stray => match &self.stray_of {
                Some(gone) => format!("{named}, a stray of {gone}"),
                None => format!("{named}, a stray"),
            },
            Relation::Container => format!("{named}, a container's"),
            Relation::Unseen if self.is_other_user => {
                format!(
                    "{named}{}, another user",
                    user.map(|user| format!(" of user {user}")).unwrap_or_default()
                )
            }
            Relation::Unseen | Relation::Stranger => format!("{named}, a stranger"),
        }
    }

    /// Returns the same, and whether it is merely bound.
    #[must_use]
    pub fn told_with_its_socket(&self) -> String {
        let bound = if self.is_listening() { "" } else { "; it is bound and does not listen" };
        format!("{}{bound}", self.told())
    }
}

/// Answers whether a program of that name publishes containers' ports.
#[must_use]
pub fn serves_containers(command: &str) -> bool {
    ["docker-proxy", "dockerd", "containerd", "rootlessport", "conmon"]
        .iter()
        .any(|known| command.starts_with(known))
}

/// Returns the holders of a port whose sockets are `sockets`, one for each process; `has_port` says which worktrees have it.
///
/// A socket that a worktree's process holds is that worktree's, whoever else was handed it.
#[must_use]
pub fn holders(
    sockets: &[Listener],
    background: &Background<'_>,
    has_port: &dyn Fn(&WorktreeKey) -> bool,
) -> Vec<Holder> {
    let mut found: Vec<Holder> = Vec::new();
    for socket in sockets {
        let mut add = |holder: Holder| {
            let is_it = |known: &&mut Holder| {
                (known.pid, known.started, &known.user) == (holder.pid, holder.started, &holder.user)
            };
            match found.iter_mut().find(is_it) {
                Some(known) => known.addresses.extend(holder.addresses),
                None => found.push(holder),
            }
        };
        if socket.owners.is_empty() {
            add(unseen(socket, background));
        }
        let handed_by = socket.owners.iter().find_map(|owner| owner.belongs_to.clone());
        for owner in &socket.owners {
            let belongs_to = owner.belongs_to.clone().or_else(|| handed_by.clone());
            add(seen(socket, owner, belongs_to, background, has_port));
        }
    }
    found
}

fn seen(
    socket: &Listener,
    owner: &Owner,
    belongs_to: Option<WorktreeKey>,
    background: &Background<'_>,
    has_port: &dyn Fn(&WorktreeKey) -> bool,
) -> Holder {
    let is_other_user = background.user.is_some_and(|user| user != socket.user);
    let stray_of = background.strays.and_then(|strays| strays.get(&owner.pid)).cloned();
    let relation = match &belongs_to {
        Some(key) if has_port(key) => Relation::Own,
        Some(_) => Relation::Sibling,
        None if stray_of.is_some() => Relation::Stray,
        None if background.container.is_some() || serves_containers(&owner.command) => Relation::Container,
        None if is_other_user => Relation::Unseen,
        None => Relation::Stranger,
    };
    Holder {
        pid: Some(owner.pid),
        command: Some(owner.command.clone()),
        folder: owner.folder.clone(),
        user: owner.user.clone(),
        worktree: belongs_to.as_ref().map(|key| key.name.clone()),
        since: owner.since,
        belongs_to,
        started: owner.started,
        addresses: addresses(socket),
        relation,
        is_other_user,
        stray_of,
        refusal: background.refusals.and_then(|refusals| refusals.get(&owner.pid)).copied(),
    }
}

fn unseen(socket: &Listener, background: &Background<'_>) -> Holder {
    let is_container = background.container.is_some();
    Holder {
        pid: None,
        command: None,
        folder: None,
        user: Some(socket.user.to_string()),
        worktree: None,
        since: None,
        belongs_to: None,
        started: 0,
        addresses: addresses(socket),
        relation: if is_container { Relation::Container } else { Relation::Unseen },
        is_other_user: background.user.is_some_and(|user| user != socket.user),
        stray_of: None,
        refusal: Some(KillRefusal::Unseen),
    }
}

fn addresses(socket: &Listener) -> Vec<IpAddr> {
    if socket.listening { vec![socket.address] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::sample::{USER, holding, key, socket, strays};

    fn background() -> Background<'static> {
        Background { user: Some(USER), ..Background::default() }
    }

    #[test]
    fn what_a_holder_is_to_a_port_follows_one_order() {
        let gone = strays(42, "gone");
        let (with_strays, with_container) = (
            Background { strays: Some(&gone), ..background() },
            Background { container: Some("db"), ..background() },
        );
        let own = |key: &WorktreeKey| key.name == "login";
        let foreign = Listener { user: 0, ..socket(None) };
        let mut proxy = socket(None);
        proxy.owners[0].command = "docker-proxy".to_owned();
        for (socket, background, relation, is_other_user) in [
            (socket(Some("login")), background(), Relation::Own, false),
            (socket(Some("pay")), background(), Relation::Sibling, false),
            (socket(Some("login")), with_strays, Relation::Own, false),
            (socket(None), with_strays, Relation::Stray, false),
            (socket(None), with_container, Relation::Container, false),
            (proxy, background(), Relation::Container, false),
            (foreign.clone(), background(), Relation::Unseen, true),
            (foreign, Background::default(), Relation::Stranger, false),
            (socket(None), background(), Relation::Stranger, false),
        ] {
            let found = holders(std::slice::from_ref(&socket), &background, &own);
            assert_eq!((found[0].relation, found[0].is_other_user), (relation, is_other_user), "{socket:?}");
        }
        let out_of_sight = Listener { owners: Vec::new(), ..socket(None) };
        for (background, relation) in
            [(background(), Relation::Unseen), (with_container, Relation::Container)]
        {
            let found = holders(std::slice::from_ref(&out_of_sight), &background, &own);
            assert_eq!((found[0].relation, found[0].pid), (relation, None));
            assert_eq!(found[0].refusal, Some(KillRefusal::Unseen));
        }
    }

    #[test]
    fn a_process_is_one_holder_for_all_of_its_sockets_and_a_socket_is_its_worktrees() {
        let second = Listener { address: "::1".parse().unwrap(), ..socket(None) };
        let mut other = socket(None);
        other.owners[0].pid = 43;
        let found = holders(&[socket(None), second, other.clone()], &background(), &|_| false);
        let said: Vec<(Option<u32>, usize)> =
            found.iter().map(|holder| (holder.pid, holder.addresses.len())).collect();
        assert_eq!(said, [(Some(42), 2), (Some(43), 1)]);
        let mut handed = socket(Some("login"));
        handed.owners.extend(other.owners);
        let found = holders(&[handed], &background(), &|_| true);
        assert!(found.iter().all(|holder| holder.is_of(&key("login")) && !holder.is_of(&key("pay"))));
    }

    #[test]
    fn only_what_listens_for_nobody_may_serve_containers() {
        let proxy = Holder { command: Some("docker-proxy".to_owned()), ..holding(None) };
        for (holder, expected) in [
            (proxy.clone(), true),
            (Holder { addresses: Vec::new(), ..proxy.clone() }, false),
            (Holder { belongs_to: Some(key("a")), ..proxy.clone() }, false),
            (holding(None), false),
            (Holder { command: None, ..holding(None) }, false),
            (Holder { pid: None, command: None, ..holding(None) }, true),
        ] {
            assert_eq!(holder.may_serve_containers(), expected, "{holder:?}");
        }
        for (command, expected) in [
            ("docker-proxy", true),
            ("dockerd", true),
            ("containerd-shim", true),
            ("rootlessport", true),
            ("conmon", true),
            ("docker", false),
            ("node", false),
        ] {
            assert_eq!(serves_containers(command), expected, "{command}");
        }
    }

    #[test]
    fn a_holder_is_told_with_its_relation_and_its_socket() {
        let with = |relation| Holder { relation, ..holding(None) };
        let unseen =
            Holder { pid: None, command: None, user: Some("0".to_owned()), ..with(Relation::Unseen) };
        let named = holding(None).named();
        for (holder, expected) in [
            (with(Relation::Own), named.clone()),
            (with(Relation::Sibling), format!("{named}, a sibling")),
            (with(Relation::Stray), format!("{named}, a stray")),
            (
                Holder { stray_of: Some("x".to_owned()), ..with(Relation::Stray) },
                format!("{named}, a stray of x"),
            ),
            (with(Relation::Container), format!("{named}, a container's")),
            (with(Relation::Unseen), format!("{named}, a stranger")),
            (
                Holder { is_other_user: true, ..with(Relation::Unseen) },
                format!("{named} of user me, another user"),
            ),
            (Holder { is_other_user: true, ..unseen.clone() }, format!("{}, another user", unseen.named())),
            (with(Relation::Stranger), format!("{named}, a stranger")),
        ] {
            assert_eq!(holder.told(), expected);
            assert_eq!(holder.told_with_its_socket(), expected);
            let bound = Holder { addresses: Vec::new(), ..holder };
            assert_eq!(bound.told_with_its_socket(), format!("{expected}; it is bound and does not listen"));
        }
    }

    #[test]
    fn localhost_leads_to_loopback_and_wildcard_addresses() {
        for (address, is_near) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("0.0.0.0", true),
            ("::", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            let holder = Holder { addresses: vec![address.parse().unwrap()], ..holding(None) };
            assert_eq!(holder.is_near(), is_near, "{address}");
        }
        assert!(!Holder { addresses: Vec::new(), ..holding(None) }.is_near());
    }
}
