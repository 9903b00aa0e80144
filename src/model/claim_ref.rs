//! The ref that holds a claim on a branch, and the commit that it points to: unique, so that of two callers who push at once one
//! alone wins.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claim::{Claim, ClaimId, ClaimSubject, Holding};
use super::port::Port;
use super::process::ProcessId;

/// Where claims on branches stand: outside of heads and tags, so that they start no CI.
pub const PREFIX: &str = "refs/wt/claims/branch/";

/// Where claims on ports stand, each under its number.
pub const PORT_PREFIX: &str = "refs/wt/claims/port/";

/// Who has the branch or the port: the words of the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimWords {
    pub id: ClaimId,
    pub repository: String,
    /// Empty for a port.
    pub branch: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    pub worktree: String,
    pub host: String,
    pub user: String,
    /// The id of the host, which its name need not tell from others; empty where an older program wrote it.
    #[serde(default)]
    pub host_id: String,
    /// The random id of the registry that has the worktree.
    pub registry: String,
    pub pid: u32,
    /// When that process began, in clock ticks since the machine's start, and which start that was.
    pub started: u64,
    pub boot: String,
    /// The pid namespace of that process.
    #[serde(default)]
    pub namespace: String,
    pub since: Timestamp,
    /// Whether a person claimed it before there was a worktree.
    #[serde(default)]
    pub by_hand: bool,
}

/// A claim as the remote has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingClaim {
    pub words: ClaimWords,
    pub reference: String,
    pub commit: String,
}

impl ClaimWords {
    /// Reads the words of a claim; `None` where they are none.
    #[must_use]
    pub fn parse(said: &str) -> Option<Self> {
        words(said).filter(|words: &Self| words.id.is_plain())
    }

    /// Answers whether the host with that id wrote it, for the registry with that id.
    #[must_use]
    pub fn is_of(&self, host: &str, registry: &str) -> bool {
        if self.host_id.is_empty() { self.registry == registry } else { self.host_id == host }
    }

    /// Returns the process that claimed it.
    #[must_use]
    pub fn process(&self) -> ProcessId {
        let (boot, namespace) = (self.boot.clone(), self.namespace.clone());
        ProcessId { pid: self.pid, started: self.started, boot, namespace }
    }

    /// Returns what is claimed.
    #[must_use]
    pub fn subject(&self) -> ClaimSubject {
        let repository = self.repository.clone();
        match self.port {
            Some(port) => ClaimSubject::TeamPort { repository, port },
            None => ClaimSubject::Branch { repository, branch: self.branch.clone() },
        }
    }

    /// Returns who has what.
    #[must_use]
    pub fn holding(&self) -> Holding {
        Holding {
            claim: Claim { id: self.id.clone(), subject: self.subject() },
            host: self.host.clone(),
            user: self.user.clone(),
            worktree: self.worktree.clone(),
            since: Some(self.since),
        }
    }
}

/// Reads what was said of a claim, or of a host; `None` where it is no such words.
#[must_use]
pub fn words<T: for<'a> Deserialize<'a>>(said: &str) -> Option<T> {
    serde_json::from_str(said).ok()
}

/// Returns the words in a commit of ours, as git stores it; `None` for another one.
#[must_use]
pub fn said(commit: &str) -> Option<&str> {
    let (_, message) = commit.split_once("\n\n")?;
    message.lines().last()
}

/// Returns a commit that says `words`, as git stores it, over the empty `tree`.
#[must_use]
pub fn commit<T: Serialize>(tree: &str, title: &str, at: Timestamp, words: &T) -> String {
    let words = serde_json::to_string(words).unwrap_or_default();
    let who = format!("wt <wt@localhost> {} +0000", at.as_second());
    format!("tree {tree}\nauthor {who}\ncommitter {who}\n\n{title}\n\n{words}\n")
}

/// Returns the ref of the claim on `branch`: one for a branch, and none inside of another's.
#[must_use]
pub fn reference(branch: &str) -> String {
    format!("{PREFIX}{}", encoded(branch))
}

/// Returns `text` as one part of a name: letters, digits, `-` and `_` stay, and of everything else there are its bytes.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut name, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
        name
    })
}

/// Returns the ref of a claim; `None` for what no remote keeps.
#[must_use]
pub fn reference_of(subject: &ClaimSubject) -> Option<String> {
    match subject {
        ClaimSubject::Branch { branch, .. } => Some(reference(branch)),
        ClaimSubject::TeamPort { port, .. } => Some(format!("{PORT_PREFIX}{port}")),
        ClaimSubject::Port(_) => None,
    }
}

/// Returns the branch that a ref claims; `None` for a ref that no branch has.
#[must_use]
pub fn branch_of(name: &str) -> Option<String> {
    let mut rest = name.strip_prefix(PREFIX)?.as_bytes();
    let mut branch = Vec::new();
    while let Some((byte, after)) = rest.split_first() {
        (branch, rest) = if *byte == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            branch.push(u8::from_str_radix(digits, 16).ok()?);
            (branch, &after[2..])
        } else {
            branch.push(*byte);
            (branch, after)
        };
    }
    let branch = String::from_utf8(branch).ok()?;
    (reference(&branch) == name).then_some(branch)
}

/// Returns the name by which clones of one remote know each other: host and path of its URL, else the path.
#[must_use]
pub fn repository_name(url: &str) -> String {
    if let Some(place) = super::pull::ForgePlace::of(url).filter(|_| !url.starts_with("file:")) {
        return format!("{}/{}", place.host, place.path);
    }
    let path = url.strip_prefix("file://").unwrap_or(url).trim_end_matches('/');
    path.strip_suffix(".git").unwrap_or(path).to_owned()
}

/// Returns a remote's URL as it may be shown: without a user, whose password may stand behind the name.
#[must_use]
pub fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[host..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_has_one_ref_whatever_its_name() {
        assert_eq!(reference("feature/login"), "refs/wt/claims/branch/feature%2Flogin");
        assert_eq!(reference("a.lock"), "refs/wt/claims/branch/a%2Elock");
        assert_ne!(reference("a/b"), reference("a%2Fb"));
        assert_ne!(reference("ä"), reference("a"));
        for branch in ["feature/login", "ä%2F", "a-b_c"] {
            assert_eq!(branch_of(&reference(branch)).as_deref(), Some(branch));
        }
        for strange in ["refs/wt/claims/branch/a/b", "refs/wt/claims/branch/%zz", "refs/wt/claims/branch/%2"]
        {
            assert_eq!(branch_of(strange), None, "{strange}");
        }
    }

    #[test]
    fn clones_of_one_remote_agree_on_its_name() {
        for url in [
            "https://Example.org/team/shop.git",
            "ssh://git@example.org:22/team/shop",
            "git@example.org:team/shop.git",
            "git://example.org/team/shop/",
        ] {
            assert_eq!(repository_name(url), "example.org/team/shop", "{url}");
        }
        assert_eq!(repository_name("file:///srv/shop.git"), "/srv/shop");
        assert_eq!(repository_name("/srv/shop.git/"), "/srv/shop");
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            ("https://ana:SECRET@example.org/shop.git", "https://example.org/shop.git"),
            ("https://ana:SE@CRET@example.org:8/a@b", "https://example.org:8/a@b"),
            ("https://example.org/a@b", "https://example.org/a@b"),
            ("git@example.org:team/shop", "git@example.org:team/shop"),
            ("/srv/a@b.git", "/srv/a@b.git"),
        ] {
            assert_eq!(without_user(url), shown);
        }
    }

    #[test]
    fn what_a_commit_says_is_read_back() {
        let words = ClaimWords {
            id: ClaimId("i".to_owned()),
            repository: "example.org/shop".to_owned(),
            branch: "feature/\"x\"\n".to_owned(),
            port: None,
            worktree: "feature-x".to_owned(),
            host: "h".to_owned(),
            user: "ana".to_owned(),
            host_id: "m-1".to_owned(),
            registry: "r".to_owned(),
            pid: 7,
            started: 9,
            boot: "b".to_owned(),
            namespace: "n".to_owned(),
            since: Timestamp::UNIX_EPOCH,
            by_hand: false,
        };
        assert!(words.is_of("m-1", "other") && !words.is_of("m-2", "r"), "a registry may have been copied");
        let older = ClaimWords { host_id: String::new(), ..words.clone() };
        assert!(older.is_of("m-2", "r") && !older.is_of("m-1", "other"));
        let read = |words: &ClaimWords| {
            let commit = commit("4b825dc6", "Claim a branch", words.since, words);
            said(&commit).and_then(ClaimWords::parse)
        };
        assert_eq!(read(&words), Some(words));
        let port = ClaimWords { branch: String::new(), port: Port::new(5000), ..older.clone() };
        assert_eq!(reference_of(&port.subject()).as_deref(), Some("refs/wt/claims/port/5000"));
        assert_eq!(read(&port), Some(port));
        let led_out = ClaimWords { id: ClaimId("/home/ana/package".to_owned()), ..older };
        assert_eq!(read(&led_out), None, "an id of ours is letters and digits");
        assert_eq!(said("tree x\n\nMerge a branch\n").and_then(ClaimWords::parse), None);
    }
}
