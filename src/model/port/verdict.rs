//! The one verdict about a port, with its reason. Pure: what the registry and the machine say are arguments.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::port::Port;
use crate::model::port::listener::{Listener, Owner, Probe, WorktreeKey};
use crate::model::port::words::Words;
use crate::model::service::ServiceName;

/// What a port is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A server can start on it.
    Free,
    /// A worktree has it, and nothing listens.
    Allocated,
    /// A worktree has it, and its own server listens.
    OwnListener,
    /// Held by a process of a worktree that does not have it.
    Sibling,
    Stranger,
    OtherUser,
    Container,
    /// Bound, and nobody listens.
    Bound,
    /// A connection has it.
    Outgoing,
    /// A connection had it a moment ago (`TIME_WAIT`): free for a server.
    TimeWait,
    Excluded,
    /// We may not bind it.
    Privileged,
}

impl Verdict {
    /// Returns the word used in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Allocated => "allocated",
            Self::OwnListener => "own_listener",
            Self::Sibling => "sibling",
            Self::Stranger => "stranger",
            Self::OtherUser => "other_user",
            Self::Container => "container",
            Self::Bound => "bound",
            Self::Outgoing => "outgoing",
            Self::TimeWait => "time_wait",
            Self::Excluded => "excluded",
            Self::Privileged => "privileged",
        }
    }

    /// Returns the word that people read.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OwnListener => "own server",
            Self::OtherUser => "another user's",
            Self::TimeWait => "free",
            other => other.as_str(),
        }
    }

    /// Returns it for people: its own word first, then the reason.
    #[must_use]
    pub fn told(self, reason: &str) -> String {
        let word = self.sentence();
        if reason.is_empty() || reason.starts_with(word) {
            return format!("{word}{}", reason.strip_prefix(word).unwrap_or_default());
        }
        format!("{word}: {reason}")
    }

    /// Answers whether anybody may have the port and start a server on it now.
    #[must_use]
    pub fn is_free(self) -> bool {
        matches!(self, Self::Free | Self::TimeWait)
    }

    /// Answers whether somebody has it who is not of the worktree that it is allocated to.
    #[must_use]
    pub fn is_foreign(self) -> bool {
        matches!(self, Self::Sibling | Self::Stranger | Self::OtherUser | Self::Container)
    }
}

/// A worktree that has the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub worktree: WorktreeKey,
    pub service: ServiceName,
}

/// Whether a connection has the port on this side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traffic {
    #[default]
    None,
    Past,
    Present,
}

/// What is known of a port.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub probe: Probe,
    pub sockets: &'a [Listener],
    pub tenants: &'a [Tenant],
    /// The reason of an exclusion that covers it.
    pub exclusion: Option<&'a str>,
    pub traffic: Traffic,
    /// The container that publishes it.
    pub container: Option<&'a str>,
    /// The user that asks.
    pub user: u32,
}

/// A process that holds a port; all but the user is unknown of one out of sight.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Holder {
    pub pid: Option<u32>,
    pub command: Option<String>,
    pub folder: Option<PathBuf>,
    pub user: Option<String>,
    pub worktree: Option<String>,
    pub since: Option<Timestamp>,
    #[serde(skip)]
    pub belongs_to: Option<WorktreeKey>,
}

impl Holder {
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
}

/// The verdict about a port.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Judgement {
    pub port: Port,
    pub verdict: Verdict,
    pub reason: String,
    pub owners: Vec<Holder>,
}

impl Judgement {
    /// Returns the verdict for people: its own word first, then the reason.
    #[must_use]
    pub fn told(&self) -> String {
        self.verdict.told(&self.reason)
    }
}

/// What one socket's holder is, the gravest last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// `wt` itself keeps the port for its worktree.
    Kept,
    Bound,
    Own,
    Sibling,
    Container,
    OtherUser,
    Stranger,
}

/// Judges `port` by what is known of it.
#[must_use]
pub fn judge(port: Port, evidence: &Evidence<'_>) -> Judgement {
    let mut owners: Vec<Holder> = Vec::new();
    let mut ranks: Vec<(Rank, String)> = Vec::new();
    for socket in evidence.sockets {
        if socket.owners.is_empty() {
            let holder = unseen(socket);
            ranks.push((rank_unseen(socket, evidence), holder.named()));
            if !owners.contains(&holder) {
                owners.push(holder);
            }
        }
        for owner in &socket.owners {
            let holder = seen(owner);
            ranks.push((rank(socket, owner, evidence), holder.named()));
            if !owners.contains(&holder) {
                owners.push(holder);
            }
        }
    }
    let (verdict, reason) = match ranks.iter().max_by_key(|(rank, _)| *rank) {
        Some((worst, name)) => held(*worst, name, &ranks, &owners, evidence),
        None => unheld(evidence),
    };
    Judgement { port, verdict, reason, owners }
}

fn rank(socket: &Listener, owner: &Owner, evidence: &Evidence<'_>) -> Rank {
    let is_tenant = |key: &WorktreeKey| evidence.tenants.iter().any(|tenant| tenant.worktree == *key);
    let is_own = owner.belongs_to.as_ref().is_some_and(is_tenant);
    if !socket.listening {
        return if is_own && owner.command == "wt" { Rank::Kept } else { Rank::Bound };
    }
    if is_own {
        Rank::Own
    } else if owner.belongs_to.is_some() {
        Rank::Sibling
    } else if evidence.container.is_some() || serves_containers(&owner.command) {
        Rank::Container
    } else if socket.user != evidence.user {
        Rank::OtherUser
    } else {
        Rank::Stranger
    }
}

fn rank_unseen(socket: &Listener, evidence: &Evidence<'_>) -> Rank {
    if !socket.listening {
        Rank::Bound
    } else if evidence.container.is_some() {
        Rank::Container
    } else if socket.user != evidence.user {
        Rank::OtherUser
    } else {
        Rank::Stranger
    }
}

/// Answers whether a program of that name publishes containers' ports.
#[must_use]
pub fn serves_containers(command: &str) -> bool {
    ["docker-proxy", "dockerd", "containerd", "rootlessport", "conmon"]
        .iter()
        .any(|known| command.starts_with(known))
}

fn held(
    worst: Rank,
    name: &str,
    ranks: &[(Rank, String)],
    owners: &[Holder],
    evidence: &Evidence<'_>,
) -> (Verdict, String) {
    let allotted = allotted(evidence.tenants);
    let of = allotted.as_ref().map(|to| format!("; allocated to {to}")).unwrap_or_default();
    let shared = if worst > Rank::Own && ranks.iter().any(|(rank, _)| *rank == Rank::Own) {
        "; its own server listens too, and requests reach either"
    } else {
        ""
    };
    let (verdict, reason) = match worst {
        Rank::Kept => {
            (Verdict::Allocated, format!("{}; kept for it by wt", nothing_listens(allotted.as_deref())))
        }
        Rank::Bound => (Verdict::Bound, format!("{name} is bound to it and does not listen{of}")),
        Rank::Own => {
            let to = allotted.unwrap_or_default();
            (Verdict::OwnListener, format!("allocated to {to}, its own server listens: {name}"))
        }
        Rank::Sibling => (Verdict::Sibling, format!("held by {name}, a sibling{of}")),
        Rank::Container => {
            let by = evidence.container.map_or_else(|| name.to_owned(), |container| format!("`{container}`"));
            (Verdict::Container, format!("published by a container ({by}){of}"))
        }
        Rank::OtherUser => {
            let owner = owners.iter().find(|holder| holder.named() == name && holder.pid.is_some());
            let user = owner.and_then(|one| one.user.as_deref());
            let user = user.map(|user| format!(" of user {user}")).unwrap_or_default();
            (Verdict::OtherUser, format!("held by {name}{user}, another user{of}"))
        }
        Rank::Stranger => (Verdict::Stranger, format!("held by {name}, a stranger{of}")),
    };
    (verdict, format!("{reason}{shared}"))
}

fn unheld(evidence: &Evidence<'_>) -> (Verdict, String) {
    let allotted = allotted(evidence.tenants);
    let of = allotted.as_ref().map(|to| format!("; allocated to {to}")).unwrap_or_default();
    match evidence.probe {
        Probe::Denied => (Verdict::Privileged, format!("the system does not let this user bind it{of}")),
        Probe::Busy => match (evidence.container, evidence.traffic) {
            (Some(container), _) => {
                (Verdict::Container, format!("published by a container (`{container}`){of}"))
            }
            (None, Traffic::Present) => (Verdict::Outgoing, format!("used by an outgoing connection{of}")),
            (None, Traffic::Past) => (
                Verdict::Outgoing,
                format!("kept by a connection that ended a moment ago (TIME_WAIT); free within a minute{of}"),
            ),
            (None, Traffic::None) => {
                (Verdict::Bound, format!("busy, and the system does not say who has it{of}"))
            }
        },
        Probe::Free if allotted.is_some() => (Verdict::Allocated, nothing_listens(allotted.as_deref())),
        Probe::Free => match (evidence.exclusion, evidence.traffic) {
            (Some(reason), _) => (Verdict::Excluded, format!("excluded: {reason}")),
            (None, Traffic::Past) => {
                (Verdict::TimeWait, "recently used (TIME_WAIT); free for a server".to_owned())
            }
            (None, _) => (Verdict::Free, "nobody has it".to_owned()),
        },
    }
}

fn nothing_listens(allotted: Option<&str>) -> String {
    format!("allocated to {}, nothing listens", allotted.unwrap_or("a worktree"))
}

/// `feature-login (web)`, all of them where there are several.
fn allotted(tenants: &[Tenant]) -> Option<String> {
    let named = tenants.iter().map(|tenant| format!("{} ({})", tenant.worktree.name, tenant.service));
    let named: Vec<String> = named.collect();
    (!named.is_empty()).then(|| named.join(" and "))
}

fn seen(owner: &Owner) -> Holder {
    Holder {
        pid: Some(owner.pid),
        command: Some(owner.command.clone()),
        folder: owner.folder.clone(),
        user: owner.user.clone(),
        worktree: owner.worktree.clone(),
        since: owner.since,
        belongs_to: owner.belongs_to.clone(),
    }
}

fn unseen(socket: &Listener) -> Holder {
    Holder {
        pid: None,
        command: None,
        folder: None,
        user: Some(socket.user.to_string()),
        worktree: None,
        since: None,
        belongs_to: None,
    }
}

#[cfg(test)]
mod tests;
