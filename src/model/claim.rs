//! A claim: that a name or a port is one worktree's, also where others than this machine's registry say so.

use serde::{Deserialize, Serialize};

use super::port::Port;

/// The random name of one claim: whoever made it gives back that one, and no other of the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimId(pub String);

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A worktree's name in the repository with that id.
    Name {
        repository: String,
        name: String,
    },
    Port(Port),
}

/// One claim. It is written into the worktree's record before it is taken, so that it can be given back whatever happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub id: ClaimId,
    pub subject: Subject,
}

/// Whose claims are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The names of the repository with that id.
    Repository(String),
    /// The ports of this machine.
    Host,
}

/// A claim that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub claim: Claim,
    pub host: String,
    pub user: String,
    pub worktree: String,
}

/// What became of claims that were to be taken: all of them are, or none is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    All,
    /// Somebody has one of them.
    Lost(Holding),
}

/// Returns the claims that are in `wanted` and not in `held`.
#[must_use]
pub fn beyond(wanted: &[Claim], held: &[Claim]) -> Vec<Claim> {
    wanted.iter().filter(|claim| held.iter().all(|known| known.id != claim.id)).cloned().collect()
}
