//! The ref by which a host is seen to live: written with each claim that is taken or given back. It frees nothing; two machines
//! that share one identity are found by it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Where the hosts stand.
pub const PREFIX: &str = "refs/wt/hosts/";

/// How old a host's entry may become while a monitor watches or services run there.
pub const BEAT: SignedDuration = SignedDuration::from_mins(15);

/// The words of a host's commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostWords {
    pub id: String,
    pub name: String,
    pub user: String,
    /// Which start of the machine wrote it.
    pub boot: String,
    pub at: Timestamp,
}

/// Returns the ref of the host with that id.
#[must_use]
pub fn reference(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// Answers whether another machine wrote `found` under our identity: it names another start of a machine, and later than ours
/// began. What an earlier start of this machine wrote is older than that.
#[must_use]
pub fn is_of_a_twin(found: &HostWords, boot: &str, began: Option<Timestamp>) -> bool {
    !found.boot.is_empty()
        && !boot.is_empty()
        && found.boot != boot
        && began.is_some_and(|began| found.at > began)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_writes_from_another_start_while_ours_lasts() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let words = |boot: &str, second| HostWords {
            id: "m-1".to_owned(),
            name: "laptop".to_owned(),
            user: "ana".to_owned(),
            boot: boot.to_owned(),
            at: at(second),
        };
        assert!(is_of_a_twin(&words("other", 150), "ours", Some(at(100))));
        assert!(!is_of_a_twin(&words("ours", 150), "ours", Some(at(100))));
        assert!(!is_of_a_twin(&words("other", 50), "ours", Some(at(100))), "we were started again since");
        assert!(!is_of_a_twin(&words("other", 150), "ours", None), "nothing tells when ours began");
        assert!(!is_of_a_twin(&words("", 150), "ours", Some(at(100))));
    }

    #[test]
    fn each_host_has_a_ref_of_its_own() {
        assert_eq!(reference("m-1"), "refs/wt/hosts/m-1");
    }
}
