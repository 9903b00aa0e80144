//! Those who keep claims over a network: the refs of a remote, or an etcd.

use jiff::Timestamp;
use serde::Serialize;

#[cfg(feature = "etcd")]
use super::etcd::{self, Etcd};
use super::remote::Remote;
use crate::error::{Failure, Result};
use crate::host::interrupt::Interrupt;
use crate::model::claim_change::{Answer, RefChange, SILENCE};
use crate::model::claim_ref::repository_name;
#[cfg(feature = "etcd")]
use crate::model::etcd::EtcdNames;

/// One of them.
#[derive(Debug)]
pub enum Keeper {
    Git(Box<Remote>),
    #[cfg(feature = "etcd")]
    Etcd(Box<Etcd>),
}

impl Keeper {
    /// Returns what people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Git(remote) => &remote.name,
            #[cfg(feature = "etcd")]
            Self::Etcd(_) => etcd::NAME,
        }
    }

    /// Returns where it is: what is written there is given back there, whatever the settings say later.
    #[must_use]
    pub fn address(&self) -> &str {
        match self {
            Self::Git(remote) => &remote.address,
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => etcd.names.address(),
        }
    }

    /// Returns the one at another address; `None` where nobody can be asked by an address alone.
    #[must_use]
    pub fn at(&self, address: &str) -> Option<Self> {
        match self {
            Self::Git(remote) => Some(Self::Git(Box::new(remote.at(address)))),
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => Some(Self::Etcd(Box::new(etcd.at(address)?))),
        }
    }

    /// Returns where `commit` was put, of which the record says `noted`.
    #[must_use]
    pub fn address_of(&self, noted: &str, commit: &str) -> String {
        match self {
            #[cfg(feature = "etcd")]
            Self::Etcd(_) => EtcdNames::address_of(noted, commit),
            Self::Git(_) => {
                // A commit has the address of its remote alone.
                let _ = commit;
                noted.to_owned()
            }
        }
    }

    /// Answers whether `address` is this one's: of a remote whatever the protocol.
    #[must_use]
    pub fn is_at(&self, address: &str) -> bool {
        match self {
            Self::Git(remote) => repository_name(address) == repository_name(&remote.address),
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => address == etcd.names.address(),
        }
    }

    /// Takes away what has grown for it on this machine: to be called while nobody else is at it.
    pub fn tidy(&self) {
        match self {
            Self::Git(remote) => remote.annex.tidy(),
            #[cfg(feature = "etcd")]
            Self::Etcd(_) => {}
        }
    }

    /// Answers whether what was made by [`Keeper::write`] can be pushed still.
    #[must_use]
    pub fn has(&self, commit: &str) -> bool {
        match self {
            Self::Git(remote) => remote.annex.has(commit),
            #[cfg(feature = "etcd")]
            Self::Etcd(_) => !commit.is_empty(),
        }
    }

    /// Returns what ends its work early.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        match self {
            Self::Git(remote) => &remote.interrupt,
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => &etcd.gateway.interrupt,
        }
    }

    /// Makes what is to stand for `words`, unlike anything that stood before, and returns it as changes and lists name it.
    ///
    /// # Errors
    ///
    /// `git_failed`, `permission`, `disk_full`, `internal`.
    pub fn write<T: Serialize>(&self, title: &str, at: Timestamp, words: &T) -> Result<String> {
        match self {
            Self::Git(remote) => remote.write(title, at, words),
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => etcd.write(words),
        }
    }

    /// Makes changes, each where it is as expected; with `atomic` all of them or none. Answers in their order.
    ///
    /// # Errors
    ///
    /// `interrupted`; `git_failed` where git cannot be started.
    pub fn push(&self, changes: &[RefChange<'_>], atomic: bool) -> Result<Vec<Answer>> {
        match self {
            Self::Git(remote) => remote.push(changes, atomic),
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => etcd.push(changes, atomic),
        }
    }

    /// Returns what stands under the names that match one of `patterns`: a name, or the beginning of names with `*` behind it.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where nobody answers.
    pub fn list(&self, patterns: &[&str]) -> Result<Vec<(String, String)>> {
        match self {
            Self::Git(remote) => remote.list(patterns),
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => etcd.list(patterns),
        }
    }

    /// Returns the words of what stands under names, in their order.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where nobody answers.
    pub fn read(&self, listed: &[(String, String)]) -> Result<Vec<Option<String>>> {
        match self {
            Self::Git(remote) => remote.read(listed),
            #[cfg(feature = "etcd")]
            // What stands there are the words.
            Self::Etcd(_) => Ok(listed.iter().map(|(_, value)| Some(value.clone())).collect()),
        }
    }

    /// Answers whether a change that was refused may be made yet, by somebody who did not answer.
    #[must_use]
    pub fn is_in_doubt(&self, commit: &str) -> bool {
        match self {
            Self::Git(_) => {
                // Its child is dead by then, and the remote heard a lease that does not hold any more, whatever was pushed.
                let _ = commit;
                false
            }
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => etcd.is_in_doubt(commit),
        }
    }

    /// Has the team see rows that end by themselves after `lasts` seconds, and takes others away; a remote has no such rows.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`, `interrupted`.
    pub fn show(&self, rows: &[(String, String)], gone: &[String], lasts: u32) -> Result<()> {
        match self {
            Self::Git(_) => {
                let _ = (rows, gone, lasts);
                Ok(())
            }
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => etcd.show(rows, gone, lasts),
        }
    }

    /// Answers whether those who keep claims have rows of what runs where.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        match self {
            Self::Git(_) => false,
            #[cfg(feature = "etcd")]
            Self::Etcd(_) => true,
        }
    }

    /// Answers whether a push that nobody answered may come to stand after it was given back.
    #[must_use]
    pub fn may_be_late(&self) -> bool {
        match self {
            Self::Git(_) => true,
            #[cfg(feature = "etcd")]
            // Its mark keeps that from happening.
            Self::Etcd(_) => false,
        }
    }

    /// The failure of whoever made a change that came to nothing.
    #[must_use]
    pub fn unmade(&self, answer: &Answer) -> Failure {
        let (why, reason) = answer.obstacle().unwrap_or((SILENCE, "timeout"));
        self.unreachable(why, reason)
    }

    /// The failure of whoever could not ask.
    #[must_use]
    pub fn unreachable(&self, why: &str, reason: &str) -> Failure {
        match self {
            Self::Git(remote) => remote.unreachable(why, reason),
            #[cfg(feature = "etcd")]
            Self::Etcd(etcd) => etcd.unreachable(why, reason),
        }
    }
}
