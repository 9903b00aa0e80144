//! The one verdict about a port, with its reason: its situation in a word, and what the probe says where nobody holds it.

use schemars::JsonSchema;
use serde::Serialize;

use super::Port;
use super::holder::{Holder, Relation};
use super::listener::Probe;
use super::situation::Situation;
use crate::model::claim::{ClaimView, Holding};

/// What a port is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PortVerdict {
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
    /// Another user of this machine has it.
    Claimed,
}

impl PortVerdict {
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
            Self::Claimed => "claimed",
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
        // Each by name: whoever adds a verdict is asked.
        match self {
            Self::Sibling | Self::Stranger | Self::OtherUser | Self::Container => true,
            Self::Free
            | Self::Allocated
            | Self::OwnListener
            | Self::Bound
            | Self::Outgoing
            | Self::TimeWait
            | Self::Excluded
            | Self::Privileged
            | Self::Claimed => false,
        }
    }
}

/// Whether a connection has the port on this side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traffic {
    #[default]
    None,
    Past,
    Present,
}

/// What is known of a port beside its situation.
#[derive(Clone, Copy, Debug)]
pub struct PortEvidence<'a> {
    pub probe: Probe,
    /// The reason of an exclusion that covers it.
    pub exclusion: Option<&'a str>,
    pub traffic: Traffic,
    /// Another user of this machine who has it.
    pub claim: Option<&'a Holding>,
}

/// The verdict about a port, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Ruling {
    pub port: Port,
    pub verdict: PortVerdict,
    pub reason: String,
    pub owners: Vec<Holder>,
    /// Another user of this machine who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimView>,
}

impl Ruling {
    /// Returns the verdict for people: its own word first, then the reason.
    #[must_use]
    pub fn told(&self) -> String {
        if self.is_stray() { format!("stray: {}", self.reason) } else { self.verdict.told(&self.reason) }
    }

    /// Answers whether strays of ours hold it, and nobody graver does.
    #[must_use]
    pub fn is_stray(&self) -> bool {
        let gravest = self.owners.iter().map(|owner| owner.relation).max();
        self.verdict == PortVerdict::Stranger && gravest == Some(Relation::Stray)
    }
}

/// Rules on a port by its situation, and by the evidence where nobody holds it.
#[must_use]
pub fn rule(situation: &Situation, evidence: &PortEvidence<'_>) -> Ruling {
    let (verdict, reason) = if situation.holders.is_empty() {
        unheld(situation, evidence)
    } else {
        let verdict = match situation.intruders().first() {
            Some(gravest) => of_intruder(gravest),
            None if situation.is_served() => PortVerdict::OwnListener,
            // `wt` itself keeps the port for its worktree.
            None if situation.holders.iter().all(|holder| holder.command.as_deref() == Some("wt")) => {
                PortVerdict::Allocated
            }
            None => PortVerdict::Bound,
        };
        (verdict, held(verdict, situation))
    };
    Ruling {
        port: situation.port,
        verdict,
        reason,
        owners: situation.holders.clone(),
        claim: evidence.claim.map(ClaimView::of),
    }
}

fn of_intruder(holder: &Holder) -> PortVerdict {
    match holder.relation {
        _ if !holder.is_listening() => PortVerdict::Bound,
        Relation::Own => PortVerdict::OwnListener,
        Relation::Sibling => PortVerdict::Sibling,
        Relation::Container => PortVerdict::Container,
        Relation::Unseen if holder.is_other_user => PortVerdict::OtherUser,
        Relation::Stray | Relation::Unseen | Relation::Stranger => PortVerdict::Stranger,
    }
}

fn held(verdict: PortVerdict, situation: &Situation) -> String {
    let had = situation.had_by();
    let of = had.as_ref().map(|had| format!("; {had}")).unwrap_or_default();
    if let Some(held) = situation.held_by_others() {
        return format!("{held}{of}");
    }
    let had = had.unwrap_or_else(|| "allocated to a worktree".to_owned());
    let listening = situation.holders.iter().find(|holder| holder.is_listening());
    let named = listening.or(situation.holders.first()).map(Holder::named).unwrap_or_default();
    match verdict {
        PortVerdict::Allocated => format!("{had}, nothing listens; kept for it by wt"),
        PortVerdict::Bound => format!("{named} is bound to it and does not listen{of}"),
        _ => format!("{had}, its own server listens: {named}"),
    }
}

fn unheld(situation: &Situation, evidence: &PortEvidence<'_>) -> (PortVerdict, String) {
    let had = situation.had_by();
    let of = had.as_ref().map(|had| format!("; {had}")).unwrap_or_default();
    match evidence.probe {
        Probe::Denied => (PortVerdict::Privileged, format!("the system does not let this user bind it{of}")),
        Probe::Busy => match (&situation.container, evidence.traffic) {
            (Some(container), _) => {
                (PortVerdict::Container, format!("published by a container (`{container}`){of}"))
            }
            (None, Traffic::Present) => {
                (PortVerdict::Outgoing, format!("used by an outgoing connection{of}"))
            }
            (None, Traffic::Past) => (
                PortVerdict::Outgoing,
                format!("kept by a connection that ended a moment ago (TIME_WAIT); free within a minute{of}"),
            ),
            (None, Traffic::None) => {
                (PortVerdict::Bound, format!("busy, and the system does not say who has it{of}"))
            }
        },
        Probe::Free => match (had, evidence.exclusion, evidence.traffic) {
            (Some(had), _, _) => (PortVerdict::Allocated, format!("{had}, nothing listens")),
            (None, _, _) if let Some(holding) = evidence.claim => (PortVerdict::Claimed, holding.told()),
            (None, Some(reason), _) => (PortVerdict::Excluded, format!("excluded: {reason}")),
            (None, None, Traffic::Past) => {
                (PortVerdict::TimeWait, "recently used (TIME_WAIT); free for a server".to_owned())
            }
            (None, None, _) => (PortVerdict::Free, "nobody has it".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests;
