//! Settings of what is seen from outside: names, the server, the standing watch, events, numbers and the team.

use std::path::PathBuf;
use std::time::Duration;

/// `[url]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlSettings {
    /// Template of the host in what people click.
    pub host: String,
}

/// `[monitor]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonitorSettings {
    /// The time between two looks.
    pub interval: Duration,
    /// Whether conflicts are acted on.
    pub resolve: bool,
    /// How long an allocation must have been idle to be released; `None` where none is.
    pub release_after: Option<Duration>,
}

/// `[serve]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeSettings {
    /// Where it is tried first, 1-65535.
    pub port: u32,
    /// What is shown without the token: `metrics`, `health`.
    pub open: Vec<String>,
}

/// `[team]`: those beside this user and this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamSettings {
    /// The folder in which the users of this machine keep their ports apart; `None` where it is switched off.
    pub shared_host: Option<PathBuf>,
    /// Whether somebody named the folder: the built-in one need not exist.
    pub is_shared_host_set: bool,
    /// Who keeps claims on branches.
    pub keeper: TeamKeeper,
    /// The remote that has them.
    pub remote: String,
    /// What the repository is called among the team's clones; `None` for the remote's address.
    pub repository: Option<String>,
    /// Whether a create goes on where nobody answers.
    pub goes_on_offline: bool,
    /// How long a command waits for those who keep claims.
    pub timeout: Duration,
    /// What is claimed.
    pub scope: ClaimScope,
    /// The program for ssh, and its options.
    pub ssh: String,
    /// How long a host may be unseen before its claims are told of.
    pub stale_after: Duration,
}

/// What is claimed on the remote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimScope {
    /// Every branch.
    pub branch: bool,
    /// Branches whose name is a number, and a number that is taken counts on.
    pub number: bool,
    /// Ports, over all machines.
    pub port: bool,
}

impl ClaimScope {
    /// Reads the words of the setting.
    #[must_use]
    pub fn of(words: &[String]) -> Self {
        let has = |word: &str| words.iter().any(|one| one == word);
        Self { branch: has("branch"), number: has("number"), port: has("port") }
    }

    /// Answers whether the branch of a worktree that was asked for as `identifier` is claimed.
    #[must_use]
    pub fn takes_branch(self, identifier: &str) -> bool {
        let is_number = !identifier.is_empty() && identifier.bytes().all(|byte| byte.is_ascii_digit());
        self.branch || self.number && is_number
    }
}

/// Who keeps the claims on branches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TeamKeeper {
    #[default]
    Nobody,
    /// The refs of the remote.
    Git,
    Etcd(Box<EtcdSettings>),
}

/// `[team.etcd]`. Paths may begin with `~/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EtcdSettings {
    /// The members, as URLs.
    pub endpoints: Vec<String>,
    /// What the team's keys begin with: `/wt/v1/TEAM/`.
    pub team: String,
    /// The user, and the file that has the password.
    pub user: Option<(String, String)>,
    /// The file of those who sign servers' certificates; `None` for those whom the machine trusts.
    pub ca: Option<String>,
    /// The files of our own certificate and its key.
    pub own: Option<(String, String)>,
}

/// `[discovery]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscoverySettings {
    /// Whether `wt monitor` announces healthy services on the local network.
    pub dns_sd: bool,
}

/// `[events]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSettings {
    /// How long events are kept.
    pub keep: Duration,
    /// Bytes that all of them together may take.
    pub max_size: u64,
}

/// `[metrics]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricSettings {
    /// Whether each worktree has rows of its own, beside the sums.
    pub per_worktree: bool,
    /// How many worktrees have rows of their own.
    pub max_worktrees: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_the_scope_is_its_own() {
        let of =
            |words: &[&str]| ClaimScope::of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let none = ClaimScope::default();
        for (words, scope) in [
            (&[][..], none),
            (&["branch"], ClaimScope { branch: true, ..none }),
            (&["number"], ClaimScope { number: true, ..none }),
            (&["port"], ClaimScope { port: true, ..none }),
            (&["port", "branch", "number"], ClaimScope { branch: true, number: true, port: true }),
        ] {
            assert_eq!(of(words), scope, "{words:?}");
        }
    }

    #[test]
    fn a_branch_is_claimed_where_every_one_is_or_its_name_is_a_number() {
        let none = ClaimScope::default();
        let (every, numbers) = (ClaimScope { branch: true, ..none }, ClaimScope { number: true, ..none });
        for (identifier, is_number) in [("17", true), ("login", false), ("17a", false), ("", false)] {
            assert!(every.takes_branch(identifier) && !none.takes_branch(identifier), "{identifier}");
            assert_eq!(numbers.takes_branch(identifier), is_number, "{identifier}");
        }
    }
}
