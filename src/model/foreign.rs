//! Whose code is in a worktree: the mark of a stranger's, kept in two places, and the rule that says what it amounts to.
//! Where the two differ or cannot be read the worktree is a stranger's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The pull request that is checked out.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Pull {
    pub number: u64,
    /// Its page; `None` where nobody said.
    #[serde(default)]
    pub url: Option<String>,
    /// The remote that serves it.
    pub remote: String,
    /// Its ref on that remote: `refs/pull/7/head`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The commit that was fetched last, in hexadecimal.
    pub head: String,
    /// The branch that it comes from, in whatever repository that is.
    #[serde(default)]
    pub head_branch: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub author: Option<String>,
}

/// What was written down about a worktree's code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignMark {
    /// Whether it is not proven to be of the repository's own people.
    pub foreign: bool,
    /// The commit that somebody looked at and allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<Pull>,
    /// The remote that was made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_remote: Option<String>,
    /// The ref that keeps its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_ref: Option<String>,
}

impl ForeignMark {
    /// Answers whether the code is a stranger's while that commit is checked out.
    #[must_use]
    pub fn is_foreign_at(&self, commit: Option<&str>) -> bool {
        self.foreign && (commit.is_none() || self.allowed.as_deref() != commit)
    }
}

/// What stands in one of the two places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenMark {
    Nothing,
    /// Something that cannot be read.
    Unreadable,
    Mark(Box<ForeignMark>),
}

impl WrittenMark {
    fn mark(&self) -> Option<&ForeignMark> {
        match self {
            Self::Mark(mark) => Some(mark),
            Self::Nothing | Self::Unreadable => None,
        }
    }
}

/// How a worktree's code stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignStanding {
    /// What is written down, the two places as one; `None` where nothing is.
    pub mark: Option<ForeignMark>,
    /// Whether the code is a stranger's and nobody allowed the commit that is checked out.
    pub is_foreign: bool,
}

impl ForeignStanding {
    /// Returns what an answer says: whether it is foreign where it is marked so, and nothing elsewhere.
    #[must_use]
    pub fn shown(&self) -> Option<bool> {
        let is_marked = self.mark.as_ref().is_some_and(|mark| mark.foreign);
        (is_marked || self.is_foreign).then_some(self.is_foreign)
    }

    /// Returns the pull request.
    #[must_use]
    pub fn pull(&self) -> Option<&Pull> {
        self.mark.as_ref()?.pull.as_ref()
    }
}

/// Decides how a worktree's code stands, by the record, by git's folder of the worktree, by whether its branch certainly
/// follows a pull request, and by the commit that is checked out.
#[must_use]
pub fn standing(
    record: &WrittenMark,
    git: &WrittenMark,
    is_certain: bool,
    head: Option<&str>,
) -> ForeignStanding {
    let is_doubtful = [record, git].contains(&&WrittenMark::Unreadable);
    let (Some(first), other) = (match (record.mark(), git.mark()) {
        (Some(first), other) => (Some(first), other),
        (None, other) => (other, None),
    }) else {
        let mark = is_doubtful.then(|| ForeignMark { foreign: true, ..ForeignMark::default() });
        return ForeignStanding { mark, is_foreign: is_doubtful || is_certain };
    };
    let second = other.unwrap_or(first);
    let mark = ForeignMark {
        foreign: first.foreign || second.foreign || is_doubtful || is_certain,
        allowed: first.allowed.clone().filter(|_| first.allowed == second.allowed && !is_doubtful),
        pull: first.pull.clone().or_else(|| second.pull.clone()),
        made_remote: first.made_remote.clone().or_else(|| second.made_remote.clone()),
        kept_ref: first.kept_ref.clone().or_else(|| second.kept_ref.clone()),
    };
    let is_foreign = mark.is_foreign_at(head);
    ForeignStanding { mark: Some(mark), is_foreign }
}

/// What the configuration says of the branch that is checked out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// `branch.NAME.remote`.
    pub remote: Option<String>,
    /// `branch.NAME.merge`.
    pub merge: Option<String>,
}

/// Where the repository's own people keep what a branch may follow. Whatever else is followed is what a forge keeps of others:
/// `refs/pull/`, `refs/merge-requests/`, or the place that its configuration names.
const OWN: [&str; 3] = ["refs/heads/", "refs/tags/", "refs/remotes/"];

/// Answers whether the ref of a remote is one that its forge keeps of others.
#[must_use]
pub fn is_kept_by_forge(reference: &str) -> bool {
    reference.starts_with("refs/") && may_be_kept_by_forge(reference)
}

/// Answers whether a ref that a pattern of names fits may be such a one.
#[must_use]
pub fn may_be_kept_by_forge(pattern: &str) -> bool {
    let (before, is_pattern) = pattern.split_once('*').map_or((pattern, false), |(before, _)| (before, true));
    let is_ref = before.starts_with("refs/") || is_pattern && "refs/".starts_with(before);
    is_ref && !OWN.iter().any(|prefix| before.starts_with(prefix))
}

impl Followed {
    /// Answers whether the branch follows a pull request and nothing else.
    #[must_use]
    pub fn is_pull(&self) -> bool {
        self.merge.as_deref().is_some_and(is_kept_by_forge)
    }

    /// Answers whether it names a remote of which it has to be asked whose it is.
    #[must_use]
    pub fn names_another(&self) -> bool {
        self.remote.as_deref().is_some_and(|remote| remote != "." && !USUAL_REMOTES.contains(&remote))
    }

    /// Answers whether a worktree that something else made is to be taken for a stranger's; `own` are the remotes of the
    /// repository's own people.
    #[must_use]
    pub fn is_of_strangers(&self, own: &[String]) -> bool {
        let is_other = |remote: &String| remote != "." && !own.contains(remote);
        self.is_pull() || self.remote.as_ref().is_some_and(is_other)
    }
}

/// The remotes that are the repository's own people's by their names: who works from a fork has the second beside the first.
pub const USUAL_REMOTES: [&str; 2] = ["origin", "upstream"];

/// Returns the remotes of the repository's own people: the usual ones, the one that is pushed to, the one that has the default
/// branch, and the only one.
#[must_use]
pub fn own_remotes(all: &[String], pushed_to: Option<&str>, of_default: Option<&str>) -> Vec<String> {
    let only = if let [only] = all { Some(only.as_str()) } else { None };
    let own = USUAL_REMOTES.into_iter().chain(pushed_to).chain(of_default).chain(only);
    own.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(foreign: bool, allowed: Option<&str>) -> WrittenMark {
        WrittenMark::Mark(Box::new(ForeignMark {
            foreign,
            allowed: allowed.map(str::to_owned),
            ..ForeignMark::default()
        }))
    }

    #[test]
    fn lost_in_one_place_it_is_taken_from_the_other_and_in_doubt_it_is_foreign() {
        use WrittenMark::{Nothing, Unreadable};
        let own = || mark(false, None);
        let foreign = || mark(true, None);
        let allowed = |commit| mark(true, Some(commit));
        for (record, git, is_certain, is_foreign) in [
            (Nothing, Nothing, false, false),
            (Nothing, Nothing, true, true),
            (foreign(), Nothing, false, true),
            (Nothing, foreign(), false, true),
            (foreign(), foreign(), false, true),
            (own(), own(), false, false),
            (own(), foreign(), false, true),
            (foreign(), own(), false, true),
            (own(), own(), true, true),
            (Unreadable, Nothing, false, true),
            (Nothing, Unreadable, false, true),
            (own(), Unreadable, false, true),
            (Unreadable, allowed("a"), false, true),
            (allowed("a"), allowed("a"), false, false),
            (allowed("a"), allowed("a"), true, false),
            (allowed("a"), Nothing, false, false),
            (Nothing, allowed("a"), false, false),
            (allowed("a"), foreign(), false, true),
            (allowed("a"), allowed("b"), false, true),
            (allowed("b"), allowed("b"), false, true),
        ] {
            let found = standing(&record, &git, is_certain, Some("a"));
            assert_eq!(found.is_foreign, is_foreign, "{record:?} {git:?} {is_certain}");
            assert_eq!(found.shown().unwrap_or_default(), is_foreign, "{record:?} {git:?} {is_certain}");
        }
        assert!(standing(&allowed("a"), &allowed("a"), false, None).is_foreign, "no commit is allowed");
        assert_eq!(standing(&allowed("a"), &allowed("a"), false, Some("a")).shown(), Some(false));
        assert_eq!(standing(&own(), &own(), false, Some("a")).shown(), None);
    }

    #[test]
    fn a_branch_of_a_pull_request_a_url_or_another_remote_is_a_strangers() {
        let all = ["origin", "upstream", "mine", "theirs", "alice"].map(str::to_owned);
        let own = own_remotes(&all, Some("mine"), Some("theirs"));
        for (remote, merge, is_theirs) in [
            (None, None, false),
            (Some("origin"), Some("refs/heads/x"), false),
            (Some("mine"), Some("refs/heads/x"), false),
            (Some("upstream"), Some("refs/heads/x"), false),
            (Some("theirs"), Some("refs/heads/x"), false),
            (Some("."), Some("refs/heads/x"), false),
            (Some("alice"), Some("refs/heads/x"), true),
            (Some("https://example.org/alice/x.git"), Some("refs/heads/x"), true),
            (Some("git@example.org:alice/x"), None, true),
            (Some("origin"), Some("refs/pull/7/head"), true),
            (Some("origin"), Some("refs/merge-requests/7/head"), true),
            (Some("origin"), Some("refs/pull-requests/7/from"), true),
            (Some("origin"), Some("refs/reviews/7"), true),
            (Some("origin"), Some("refs/tags/v1"), false),
            (Some("."), Some("refs/remotes/svn/trunk"), false),
            (Some("origin"), Some("x"), false),
        ] {
            let text = |text: Option<&str>| text.map(str::to_owned);
            let followed = Followed { remote: text(remote), merge: text(merge) };
            assert_eq!(followed.is_of_strangers(&own), is_theirs, "{followed:?}");
        }
        assert_eq!(own_remotes(&["github".to_owned()], None, None), ["origin", "upstream", "github"]);
    }

    #[test]
    fn what_is_known_of_a_pull_request_is_taken_from_whichever_place_has_it() {
        let pull = Pull { number: 7, remote: "origin".to_owned(), ..Pull::default() };
        let text = |text: &str| Some(text.to_owned());
        let with = ForeignMark {
            foreign: true,
            allowed: None,
            pull: Some(pull.clone()),
            made_remote: text("alice"),
            kept_ref: text("refs/wt/pull/7"),
        };
        let bare = ForeignMark { foreign: true, ..ForeignMark::default() };
        let mark = |mark: &ForeignMark| WrittenMark::Mark(Box::new(mark.clone()));
        for (record, git) in
            [(mark(&with), mark(&bare)), (mark(&bare), mark(&with)), (WrittenMark::Nothing, mark(&with))]
        {
            let found = standing(&record, &git, false, Some("a"));
            assert_eq!(found.pull(), Some(&pull));
            assert_eq!(found.mark, Some(with.clone()));
        }
        assert_eq!(standing(&mark(&bare), &mark(&bare), false, None).pull(), None);
        assert_eq!(ForeignStanding::default().pull(), None);
    }

    #[test]
    fn a_remote_has_to_be_asked_about_where_its_name_is_not_a_usual_one() {
        for (remote, asks) in [
            (None, false),
            (Some("origin"), false),
            (Some("upstream"), false),
            (Some("."), false),
            (Some("alice"), true),
        ] {
            let followed = Followed { remote: remote.map(str::to_owned), merge: None };
            assert_eq!(followed.names_another(), asks, "{remote:?}");
        }
    }

    #[test]
    fn the_only_remote_is_ones_own_and_of_several_the_named_ones() {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(own_remotes(&all(&["hub"]), None, None), ["origin", "upstream", "hub"]);
        assert_eq!(own_remotes(&all(&["hub", "b"]), None, None), ["origin", "upstream"]);
        assert_eq!(own_remotes(&all(&["hub", "b"]), Some("b"), Some("c")), ["origin", "upstream", "b", "c"]);
    }

    #[test]
    fn a_pattern_of_refs_may_fit_what_a_forge_keeps() {
        for (pattern, may_be) in [
            ("refs/pull/*/head", true),
            ("refs/*", true),
            ("re*", true),
            ("*", true),
            ("refs/heads/*", false),
            ("refs/tags/v*", false),
            ("refs/remotes/*", false),
            ("heads/*", false),
            ("pull/7", false),
            ("refs/pull/7/head", true),
        ] {
            assert_eq!(may_be_kept_by_forge(pattern), may_be, "{pattern}");
            let is_ref = pattern.starts_with("refs/");
            assert_eq!(is_kept_by_forge(pattern), may_be && is_ref, "{pattern}");
        }
    }
}
