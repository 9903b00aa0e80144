//! Ports that two parties claim, as they are to be settled: one port with two allocations, or an allocated port that a
//! process holds which is not of its worktree. Pure: allocations and holders are arguments.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::port::Port;
use crate::model::port::doubled;
use crate::model::port::listener::WorktreeKey;
use crate::model::port::tenant::Contender;
use crate::model::port::words::Words;
use crate::model::process::killing::Refusal;

/// How bad a conflict is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    /// Returns the word used in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a holder is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A process of a worktree that is gone.
    Stray,
    /// A process of another worktree of ours.
    Sibling,
    Stranger,
}

/// A process that holds a port; `pid` is `None` where it cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub port: Port,
    pub pid: Option<u32>,
    /// When it started: with the pid, its identity.
    pub started: u64,
    pub command: String,
    pub folder: Option<PathBuf>,
    pub belongs_to: Option<WorktreeKey>,
    pub is_stray: bool,
    /// Why it would not be ended.
    pub refusal: Option<Refusal>,
}

impl Holding {
    /// Returns what it is to us.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.is_stray, &self.belongs_to) {
            (true, _) => Standing::Stray,
            (false, Some(_)) => Standing::Sibling,
            (false, None) => Standing::Stranger,
        }
    }

    /// Returns it in words: `python3 (pid 4242, worktree feature-login)`.
    #[must_use]
    pub fn named(&self) -> String {
        let words = Words {
            command: Some(&self.command),
            pid: self.pid,
            worktree: self.belongs_to.as_ref().map(|key| key.name.as_str()),
            folder: self.folder.as_deref(),
            user: None,
        };
        let left = if self.is_stray { ", left by a worktree that is gone" } else { "" };
        format!("{}{left}", words.sentence())
    }
}

/// What is disputed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// One port, several allocations; the oldest first.
    Doubled { claims: Vec<Contender>, is_held: bool },
    /// Held by processes that are not of the worktree; `is_shared` when one of the worktree holds it too.
    Held { claim: Contender, holders: Vec<Holding>, is_shared: bool },
}

/// A port that two parties claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    pub port: Port,
    pub trouble: Trouble,
}

impl Dispute {
    /// Returns how bad it is, with the reason.
    #[must_use]
    pub fn level(&self) -> (Level, String) {
        match &self.trouble {
            Trouble::Doubled { claims, is_held } => {
                let told = doubled::told(claims, &doubled::settle(claims));
                if *is_held {
                    (Level::Critical, format!("{told}; a server listens"))
                } else {
                    (Level::High, told)
                }
            }
            Trouble::Held { claim, holders, is_shared } => {
                let named: Vec<String> = holders.iter().map(Holding::named).collect();
                let named = named.join(", ");
                if *is_shared {
                    let name = &claim.worktree.name;
                    (
                        Level::Critical,
                        format!("{named} and a server of {name} hold it: requests reach either"),
                    )
                } else if holders.iter().all(|holder| holder.standing() == Standing::Stray) {
                    (Level::Medium, format!("held by {named}"))
                } else {
                    (Level::High, format!("held by {named}"))
                }
            }
        }
    }

    /// Answers whether a worktree of `repository` has part in it.
    #[must_use]
    pub fn concerns(&self, repository: &crate::model::registry::repository::RepositoryId) -> bool {
        match &self.trouble {
            Trouble::Doubled { claims, .. } => {
                claims.iter().any(|claim| claim.worktree.repository == *repository)
            }
            Trouble::Held { claim, .. } => claim.worktree.repository == *repository,
        }
    }
}

/// Returns the disputes over ports, by port. A doubled port is one dispute, whoever holds it: that is settled first.
#[must_use]
pub fn disputes(claims: &[Contender], holdings: &[Holding]) -> Vec<Dispute> {
    let mut by_port: BTreeMap<Port, Vec<&Contender>> = BTreeMap::new();
    for claim in claims {
        by_port.entry(claim.port).or_default().push(claim);
    }
    let found = by_port.into_iter().filter_map(|(port, mut claims)| {
        let here: Vec<&Holding> = holdings.iter().filter(|holding| holding.port == port).collect();
        claims.sort_by_key(|claim| (claim.allocated_at, claim.sequence));
        let trouble = match &claims[..] {
            [claim] if claim.visible => held(claim, &here)?,
            [_] => return None,
            _ => {
                let runs = |claim: &Contender| {
                    let is_own = |one: &&&Holding| one.belongs_to.as_ref() == Some(&claim.worktree);
                    here.iter().any(|one| is_own(&one) && !one.is_stray)
                };
                let claims = claims.into_iter().map(|claim| Contender { runs: runs(claim), ..claim.clone() });
                Trouble::Doubled { claims: claims.collect(), is_held: !here.is_empty() }
            }
        };
        Some(Dispute { port, trouble })
    });
    found.collect()
}

fn held(claim: &Contender, holdings: &[&Holding]) -> Option<Trouble> {
    let is_own =
        |holding: &&&Holding| holding.belongs_to.as_ref() == Some(&claim.worktree) && !holding.is_stray;
    let holders: Vec<Holding> =
        holdings.iter().filter(|holding| !is_own(holding)).map(|holding| (*holding).clone()).collect();
    if holders.is_empty() {
        return None;
    }
    let is_shared = holdings.iter().any(|holding| is_own(&holding));
    Some(Trouble::Held { claim: claim.clone(), holders, is_shared })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::registry::repository::RepositoryId;

    pub fn key(name: &str) -> WorktreeKey {
        WorktreeKey { repository: RepositoryId("r".to_owned()), name: name.to_owned() }
    }

    pub fn claim(name: &str, number: u16, age: i64) -> Contender {
        Contender {
            sequence: age.unsigned_abs(),
            worktree: key(name),
            service: "web".parse().unwrap(),
            port: Port::new(number).unwrap(),
            allocated_at: jiff::Timestamp::from_second(age).unwrap(),
            pinned: false,
            locked: false,
            visible: true,
            runs: false,
        }
    }

    pub fn holding(number: u16, of: Option<&str>) -> Holding {
        Holding {
            port: Port::new(number).unwrap(),
            pid: Some(42),
            started: 7,
            command: "node".to_owned(),
            folder: None,
            belongs_to: of.map(key),
            is_stray: false,
            refusal: None,
        }
    }

    #[test]
    fn a_port_that_only_its_own_worktree_holds_or_nobody_is_no_dispute() {
        assert!(disputes(&[claim("a", 5000, 1)], &[]).is_empty());
        assert!(disputes(&[claim("a", 5000, 1)], &[holding(5000, Some("a"))]).is_empty());
        assert!(disputes(&[], &[holding(5000, None)]).is_empty());
        let elsewhere = Contender { visible: false, ..claim("a", 5000, 1) };
        assert!(disputes(&[elsewhere], &[holding(5000, None)]).is_empty(), "another network's listeners");
    }

    #[test]
    fn the_level_says_how_bad_it_is_and_why() {
        let level = |claims: &[Contender], holdings: &[Holding]| disputes(claims, holdings)[0].level();
        let a = claim("a", 5000, 1);
        let stray = Holding { is_stray: true, ..holding(5000, None) };
        let cases = [
            (vec![a.clone()], vec![stray.clone()], Level::Medium, "gone"),
            (vec![a.clone()], vec![holding(5000, None)], Level::High, "node (pid 42)"),
            (vec![a.clone()], vec![stray, holding(5000, Some("b"))], Level::High, "worktree b"),
            (vec![a.clone()], vec![holding(5000, Some("a")), holding(5000, None)], Level::Critical, "either"),
            (
                vec![a.clone(), claim("b", 5000, 2)],
                vec![],
                Level::High,
                "`a` keeps it, since it is the older one",
            ),
            (vec![a, claim("b", 5000, 2)], vec![holding(5000, Some("a"))], Level::Critical, "listens"),
        ];
        for (claims, holdings, expected, word) in cases {
            let (found, reason) = level(&claims, &holdings);
            assert_eq!(found, expected, "{reason}");
            assert!(reason.contains(word), "{reason}");
        }
        assert!(Level::None < Level::Low && Level::High < Level::Critical);
    }

    #[test]
    fn the_oldest_claim_of_a_doubled_port_stands_first() {
        let claims = [claim("young", 5000, 9), claim("old", 5000, 1), claim("other", 5001, 1)];
        let found = disputes(&claims, &[]);
        let [Dispute { trouble: Trouble::Doubled { claims, .. }, .. }] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(claims.iter().map(|claim| &*claim.worktree.name).collect::<Vec<_>>(), ["old", "young"]);
    }
}
