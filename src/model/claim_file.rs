//! One user's file of a shared folder: the ports of this machine that the worktrees of that user have. It is replaced as a
//! whole; a user may keep several registries, and each changes its own claims alone.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claim::ClaimId;
use super::port::Port;

/// How many bytes of a file are read at most: a claim takes about 200, and a machine has 65,535 ports.
pub const MOST_BYTES: u64 = 16 << 20;

/// A user's claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimFile {
    pub schema: u32,
    /// The id of the user whose it is.
    pub user: u32,
    pub claims: Vec<PortClaim>,
}

/// The claim on one port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortClaim {
    pub id: ClaimId,
    pub port: Port,
    /// The random id of the registry that has the worktree.
    pub registry: String,
    pub worktree: String,
    pub since: Timestamp,
}

impl ClaimFile {
    /// A file without claims.
    #[must_use]
    pub fn empty(user: u32) -> Self {
        Self { schema: 1, user, claims: Vec::new() }
    }

    /// Reads the file of `user`; `None` where the bytes are something else.
    #[must_use]
    pub fn parse(bytes: &[u8], user: u32) -> Option<Self> {
        let file: Self = serde_json::from_slice(bytes).ok()?;
        (file.schema == 1 && file.user == user).then_some(file)
    }

    /// Returns the name that the file of `user` has.
    #[must_use]
    pub fn name(user: u32) -> String {
        format!("{user}.json")
    }

    /// Returns whose file is called so.
    #[must_use]
    pub fn user_of(name: &str) -> Option<u32> {
        let user = name.strip_suffix(".json")?.parse().ok()?;
        (Self::name(user) == name).then_some(user)
    }

    /// Returns the file after the registry called `registry` has come to `wanted`: its other claims go, but for those in
    /// `kept`, which a change that is at work may yet need.
    #[must_use]
    pub fn settled(&self, registry: &str, wanted: &[PortClaim], kept: &HashSet<ClaimId>) -> Self {
        let is_wanted = |known: &PortClaim| wanted.iter().any(|claim| claim.id == known.id);
        let stays =
            |known: &&PortClaim| known.registry != registry || is_wanted(known) || kept.contains(&known.id);
        let mut claims: Vec<PortClaim> = self.claims.iter().filter(stays).cloned().collect();
        let new = wanted.iter().filter(|claim| self.claims.iter().all(|known| known.id != claim.id));
        claims.extend(new.cloned());
        Self { claims, ..self.clone() }
    }

    /// Returns the file without the claims of these ids.
    #[must_use]
    pub fn without(&self, ids: &[ClaimId]) -> Self {
        let claims = self.claims.iter().filter(|known| !ids.contains(&known.id)).cloned();
        Self { claims: claims.collect(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(id: &str, port: u16, registry: &str) -> PortClaim {
        PortClaim {
            id: ClaimId(id.to_owned()),
            port: Port::new(port).unwrap(),
            registry: registry.to_owned(),
            worktree: "feature-login".to_owned(),
            since: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_registry_settles_its_own_claims_and_touches_no_others() {
        let file = ClaimFile {
            claims: vec![claim("a", 5000, "r"), claim("b", 5001, "r"), claim("c", 5002, "other")],
            ..ClaimFile::empty(1001)
        };
        let wanted = [claim("a", 5000, "r"), claim("d", 5003, "r")];
        let ids = |file: &ClaimFile| file.claims.iter().map(|claim| claim.id.0.clone()).collect::<String>();
        assert_eq!(ids(&file.settled("r", &wanted, &HashSet::new())), "acd", "what no record has goes");
        let kept = HashSet::from([ClaimId("b".to_owned())]);
        assert_eq!(ids(&file.settled("r", &wanted, &kept)), "abcd", "what a move may come back to stays");
        assert_eq!(ids(&file.without(&[ClaimId("c".to_owned()), ClaimId("z".to_owned())])), "ab");
        let bytes = serde_json::to_vec(&file).unwrap();
        assert_eq!(ClaimFile::parse(&bytes, 1001), Some(file));
        assert_eq!(ClaimFile::parse(&bytes, 1002), None, "another user's copied");
        assert_eq!(ClaimFile::parse(b"garbage", 1001), None);
    }

    #[test]
    fn a_file_is_called_as_its_user() {
        assert_eq!(ClaimFile::user_of("1001.json"), Some(1001));
        for name in ["01001.json", "+1001.json", "1001.json.bak", ".1001.json", "ana.json", "4294967296.json"]
        {
            assert_eq!(ClaimFile::user_of(name), None, "{name}");
        }
    }
}
