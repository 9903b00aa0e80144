//! A claim: that a branch, a number or a port is one worktree's, also where others than this machine's registry say so.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::port::Port;

/// The random name of one claim: whoever made it gives back that one, and no other of the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClaimId(pub String);

impl ClaimId {
    /// Answers whether it is made of letters and digits alone, as every id is that we made.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        (1..=64).contains(&self.0.len()) && self.0.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }
}

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimSubject {
    /// A branch of the repository that the team calls so: one key for a branch, whatever identifier it was made from.
    Branch { repository: String, branch: String },
    /// A port of this machine.
    Port(Port),
    /// A port over all machines of those who work on a repository: forwarded, it meets no other.
    TeamPort { repository: String, port: Port },
}

impl ClaimSubject {
    /// Says what it is: a branch by its name, a port as `port 5000`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Branch { branch, .. } => branch.clone(),
            Self::Port(port) | Self::TeamPort { port, .. } => format!("port {port}"),
        }
    }
}

/// One claim. It is written into the worktree's record before it is taken, so that it can be given back whatever happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub id: ClaimId,
    pub subject: ClaimSubject,
}

impl Claim {
    /// Answers whether it is about a port of this machine.
    #[must_use]
    pub fn is_of_port(&self) -> bool {
        matches!(self.subject, ClaimSubject::Port(_))
    }
}

/// A claim that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub claim: Claim,
    pub host: String,
    pub user: String,
    pub worktree: String,
    pub since: Option<Timestamp>,
}

impl Holding {
    /// Of a claim that says nothing of whose it is.
    #[must_use]
    pub fn unknown(claim: Claim, branch: &str) -> Self {
        let (host, user) = ("an unknown host".to_owned(), "somebody".to_owned());
        Self { claim, host, user, worktree: branch.to_owned(), since: None }
    }

    /// Says who has it: `held by ana (feature-login)`.
    #[must_use]
    pub fn told(&self) -> String {
        format!("held by {} ({})", self.user, self.worktree)
    }
}

/// Who has a thing, as answers show it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ClaimView {
    pub host: String,
    pub user: String,
    pub worktree: String,
    pub since: Option<Timestamp>,
}

impl ClaimView {
    /// Returns it without the thing itself.
    #[must_use]
    pub fn of(holding: &Holding) -> Self {
        Self {
            host: holding.host.clone(),
            user: holding.user.clone(),
            worktree: holding.worktree.clone(),
            since: holding.since,
        }
    }
}

/// What became of claims that were to be taken: all of them are, or none is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimsTaken {
    All,
    /// Somebody has one of them.
    Lost(Box<Holding>),
}

/// Returns the claims that are in `wanted` and not in `held`.
#[must_use]
pub fn beyond(wanted: &[Claim], held: &[Claim]) -> Vec<Claim> {
    wanted.iter().filter(|claim| held.iter().all(|known| known.id != claim.id)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(id: &str, subject: ClaimSubject) -> Claim {
        Claim { id: ClaimId(id.to_owned()), subject }
    }

    fn subjects() -> [ClaimSubject; 3] {
        let (repository, port) = ("example.org/shop".to_owned(), Port::new(5000).unwrap());
        [
            ClaimSubject::Branch { repository: repository.clone(), branch: "feature/x".to_owned() },
            ClaimSubject::Port(port),
            ClaimSubject::TeamPort { repository, port },
        ]
    }

    #[test]
    fn a_claim_is_called_by_its_branch_or_by_its_port() {
        assert_eq!(subjects().map(|subject| subject.label()), ["feature/x", "port 5000", "port 5000"]);
    }

    #[test]
    fn only_a_port_of_this_machine_is_one_of_its_ports() {
        assert_eq!(subjects().map(|subject| claim("i", subject).is_of_port()), [false, true, false]);
    }

    #[test]
    fn an_id_of_ours_is_letters_and_digits_and_not_too_long() {
        for (id, is_plain) in [
            ("a", true),
            ("Az09", true),
            (&*"a".repeat(64), true),
            (&*"a".repeat(65), false),
            ("", false),
            ("a-b", false),
            ("../a", false),
            ("ä", false),
        ] {
            assert_eq!(ClaimId(id.to_owned()).is_plain(), is_plain, "{id}");
        }
    }

    #[test]
    fn whoever_says_nothing_of_himself_is_somebody_on_an_unknown_host() {
        let [branch, ..] = subjects();
        let mut holding = Holding::unknown(claim("i", branch), "feature/x");
        assert_eq!(holding.told(), "held by somebody (feature/x)");
        holding.since = Some(Timestamp::UNIX_EPOCH);
        let view = ClaimView {
            host: "an unknown host".to_owned(),
            user: "somebody".to_owned(),
            worktree: "feature/x".to_owned(),
            since: Some(Timestamp::UNIX_EPOCH),
        };
        assert_eq!(ClaimView::of(&holding), view);
    }

    #[test]
    fn what_is_held_already_is_told_by_its_id_and_not_by_what_it_is_about() {
        let [branch, port, _] = subjects();
        let (a, b) = (claim("a", branch.clone()), claim("b", port));
        let again = claim("c", branch);
        let wanted = [a.clone(), b.clone(), again.clone()];
        assert_eq!(beyond(&wanted, &[b]), [a.clone(), again.clone()]);
        assert_eq!(beyond(&wanted, &[]), wanted);
        assert_eq!(beyond(std::slice::from_ref(&again), &[a]), [again]);
    }
}
