//! Whose the refs are that a commit may come from, by the remotes that they were fetched from, and what they add up to.

use crate::model::foreign::{Followed, ForeignMark, USUAL_REMOTES, is_kept_by_forge, may_be_kept_by_forge};
use crate::model::refspec;

/// Whose a ref is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefOwner {
    /// The repository's own people's.
    Own,
    /// A remote's that is not known to be of the repository's own people.
    Other,
    /// Whoever opened a pull request.
    Stranger,
    /// No remote's, or nobody can tell.
    Unknown,
}

/// Where git and we keep what nobody fetched; a mirror's refspec fits it all the same.
const HERE: [&str; 9] = [
    "refs/wt/",
    "refs/prefetch/",
    "refs/stash",
    "refs/notes/",
    "refs/bisect/",
    "refs/worktree/",
    "refs/rewritten/",
    "refs/original/",
    "refs/replace/",
];

/// Where people write refs themselves: what stands there proves nothing, whoever else may write it.
const BY_HAND: [&str; 2] = ["refs/heads/", "refs/tags/"];

/// Decides whose the ref `name` is that a fetch may have written: `specs` are the remotes with each of their fetch refspecs,
/// `own` the remotes of the repository's own people. What may have come from a pull request is a stranger's, whatever else
/// fits. Where no remote is known to be one's own nothing tells the others apart.
#[must_use]
pub fn owner(name: &str, specs: &[(String, String)], own: &[String]) -> RefOwner {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let mut found = RefOwner::Unknown;
    for (remote, spec) in specs {
        let Some(source) = refspec::source_of(spec, name) else { continue };
        if source == name && starts(&HERE) {
            continue;
        }
        if is_kept_by_forge(&source) {
            return RefOwner::Stranger;
        }
        match own.contains(remote) {
            true if found == RefOwner::Unknown && !starts(&BY_HAND) => found = RefOwner::Own,
            false if has_own(specs, own) => found = RefOwner::Other,
            _ => {}
        }
    }
    found
}

/// Answers whether any remote that is fetched from is known to be of the repository's own people.
fn has_own(specs: &[(String, String)], own: &[String]) -> bool {
    specs.iter().any(|(remote, _)| own.contains(remote))
}

/// Answers whether a fetch refspec brings pull requests.
#[must_use]
pub fn brings_pulls(spec: &str) -> bool {
    refspec::sides(spec).is_some_and(|(from, _)| may_be_kept_by_forge(from))
}

/// Returns the beginnings of all names that a fetch may write, none within another.
#[must_use]
pub fn places(specs: &[(String, String)]) -> Vec<String> {
    let place = |(_, spec): &(String, String)| {
        let (_, to) = refspec::sides(spec)?;
        let (before, _) = to.split_once('*').unwrap_or((to, ""));
        let end = if before == to { to.len() } else { before.rfind('/')? + 1 };
        to.get(..end).filter(|place| place.starts_with("refs/")).map(str::to_owned)
    };
    let mut places: Vec<String> = specs.iter().filter_map(place).collect();
    places.sort();
    places.dedup_by(|next, kept| kept.ends_with('/') && next.starts_with(kept.as_str()) || next == kept);
    places
}

/// A worktree whose mark tells something about the commit that is checked out there.
#[derive(Clone, Debug)]
pub struct MarkedCode {
    pub mark: ForeignMark,
    pub commit: Option<String>,
}

/// What tells where strangers' commits are.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub marked: Vec<MarkedCode>,
    /// The refs of ours that keep pull requests, with their commits.
    pub kept: Vec<(String, String)>,
    /// The branches that follow something.
    pub followed: Vec<(String, Followed)>,
    /// The remotes with each of their fetch refspecs.
    pub specs: Vec<(String, String)>,
    /// The remotes of the repository's own people.
    pub own: Vec<String>,
    /// The commits of the default branch.
    pub trunks: Vec<String>,
}

impl Sources {
    /// Answers whether any remote is named here of which it has to be asked whose it is.
    #[must_use]
    pub fn names_others(&self) -> bool {
        self.specs.iter().any(|(remote, _)| !USUAL_REMOTES.contains(&remote.as_str()))
            || self.followed.iter().any(|(_, followed)| followed.names_another())
    }

    /// Answers whether any commit of strangers may be there.
    #[must_use]
    pub fn may_be_strangers(&self) -> bool {
        !self.kept.is_empty()
            || self.marked.iter().any(|known| known.mark.foreign)
            || self.specs.iter().any(|(remote, spec)| self.is_other(remote) || brings_pulls(spec))
            || self.followed_of_strangers().next().is_some()
    }

    /// Returns the branches that follow a stranger's.
    pub fn followed_of_strangers(&self) -> impl Iterator<Item = &(String, Followed)> {
        // Of a remote one cannot tell whose it is where none is known to be one's own.
        let is_known = |remote: &String| {
            has_own(&self.specs, &self.own) || !self.specs.iter().any(|(name, _)| name == remote)
        };
        self.followed.iter().filter(move |(_, followed)| {
            followed.is_pull()
                || followed.is_of_strangers(&self.own) && followed.remote.as_ref().is_some_and(is_known)
        })
    }

    fn is_other(&self, remote: &String) -> bool {
        !self.own.contains(remote) && has_own(&self.specs, &self.own)
    }

    /// Answers whether a ref that keeps a pull request keeps one that is proven to be of one's own people.
    #[must_use]
    pub fn is_proven(&self, kept: &str) -> bool {
        let is_its = |known: &&MarkedCode| known.mark.kept_ref.as_deref() == Some(kept);
        let mut of_ref = self.marked.iter().filter(is_its).peekable();
        of_ref.peek().is_some() && of_ref.all(|known| !known.mark.foreign)
    }

    /// Answers whether somebody allowed that very commit.
    #[must_use]
    pub fn is_allowed(&self, commit: &str) -> bool {
        self.marked.iter().any(|known| known.mark.allowed.as_deref() == Some(commit))
    }
}

/// The commits up to which everything is somebody's.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// Our own people's.
    pub own: Vec<String>,
    /// Strangers'.
    pub theirs: Vec<String>,
    /// The refs of remotes that are not known to be one's own, with their commits.
    pub others: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(specs: &[(&str, &str)]) -> Vec<(String, String)> {
        specs.iter().map(|(remote, spec)| ((*remote).to_owned(), (*spec).to_owned())).collect()
    }

    #[test]
    fn a_fetched_ref_is_its_remotes_and_a_pull_requests_wherever_it_is_put() {
        let specs = specs(&[
            ("origin", "+refs/heads/*:refs/remotes/origin/*"),
            ("origin", "+refs/pull/*/head:refs/remotes/origin/pr/*"),
            ("origin", "+refs/pull/*/head:refs/heads/pr/*"),
            ("alice", "+refs/heads/*:refs/remotes/alice/*"),
            ("alice", "+refs/heads/*:refs/both/*"),
            ("origin", "+refs/heads/*:refs/both/*"),
            ("origin", "+refs/tags/*:refs/tags/*"),
            ("origin", "^refs/heads/secret"),
            ("origin", "refs/heads/one:refs/one"),
        ]);
        let own = ["origin".to_owned()];
        for (name, whose) in [
            ("refs/remotes/origin/main", RefOwner::Own),
            ("refs/remotes/origin/HEAD", RefOwner::Own),
            ("refs/one", RefOwner::Own),
            ("refs/remotes/origin/pr/8", RefOwner::Stranger),
            ("refs/heads/pr/8", RefOwner::Stranger),
            ("refs/heads/main", RefOwner::Unknown),
            ("refs/tags/v1", RefOwner::Unknown),
            ("refs/remotes/alice/main", RefOwner::Other),
            ("refs/both/main", RefOwner::Other),
            ("refs/remotes/svn/trunk", RefOwner::Unknown),
        ] {
            assert_eq!(owner(name, &specs, &own), whose, "{name}");
        }
        let bringing: Vec<usize> = (0..specs.len()).filter(|at| brings_pulls(&specs[*at].1)).collect();
        assert_eq!(bringing, [1, 2]);
        assert_eq!(
            places(&specs),
            [
                "refs/both/",
                "refs/heads/pr/",
                "refs/one",
                "refs/remotes/alice/",
                "refs/remotes/origin/",
                "refs/tags/"
            ]
        );
    }

    #[test]
    fn a_mirrors_refs_say_themselves_what_they_are_and_what_is_kept_here_is_nobodys() {
        let specs = specs(&[("origin", "+refs/*:refs/*")]);
        for (name, whose) in [
            ("refs/pull/8/head", RefOwner::Stranger),
            ("refs/merge-requests/8/head", RefOwner::Stranger),
            ("refs/remotes/origin/main", RefOwner::Own),
            ("refs/heads/main", RefOwner::Unknown),
            ("refs/stash", RefOwner::Unknown),
            ("refs/wt/trash/x", RefOwner::Unknown),
        ] {
            assert_eq!(owner(name, &specs, &["origin".to_owned()]), whose, "{name}");
        }
        assert!(brings_pulls(&specs[0].1));
        assert_eq!(places(&specs), ["refs/"]);
    }

    #[test]
    fn of_remotes_none_of_which_is_known_to_be_ones_own_nothing_is_said() {
        let usual =
            specs(&[("github", "+refs/heads/*:refs/remotes/github/*"), ("b", "+refs/heads/*:refs/b/*")]);
        let own = ["origin".to_owned()];
        assert_eq!(owner("refs/remotes/github/x", &usual, &own), RefOwner::Unknown);
        let follow = |remote: &str, merge: &str| {
            ("x".to_owned(), Followed { remote: Some(remote.to_owned()), merge: Some(merge.to_owned()) })
        };
        let sources = |remote: &str, merge: &str| Sources {
            specs: usual.clone(),
            own: own.to_vec(),
            followed: vec![follow(remote, merge)],
            ..Sources::default()
        };
        assert!(!sources("github", "refs/heads/x").may_be_strangers());
        assert!(sources("github", "refs/pull/8/head").may_be_strangers());
        assert!(sources("https://example.org/x", "refs/heads/x").may_be_strangers());
    }

    fn marked(mark: ForeignMark) -> Vec<MarkedCode> {
        vec![MarkedCode { mark, commit: None }]
    }

    fn follows(remote: &str, merge: &str) -> Vec<(String, Followed)> {
        vec![("x".to_owned(), Followed { remote: Some(remote.to_owned()), merge: Some(merge.to_owned()) })]
    }

    #[test]
    fn a_remote_of_a_usual_name_needs_no_question_and_any_other_does() {
        for (remote, is_other) in [("origin", false), ("upstream", false), ("alice", true)] {
            let of_specs = Sources {
                specs: specs(&[("origin", "refs/heads/*:refs/o/*"), (remote, "refs/heads/*:refs/r/*")]),
                ..Sources::default()
            };
            assert_eq!(of_specs.names_others(), is_other, "{remote}");
            let followed = Sources { followed: follows(remote, "refs/heads/x"), ..Sources::default() };
            assert_eq!(followed.names_others(), is_other, "{remote}");
        }
        assert!(!Sources::default().names_others());
        assert!(!Sources { followed: follows(".", "refs/heads/x"), ..Sources::default() }.names_others());
    }

    #[test]
    fn each_trace_of_strangers_is_enough_by_itself() {
        let none = || Sources {
            specs: specs(&[("origin", "+refs/heads/*:refs/remotes/origin/*")]),
            own: vec!["origin".to_owned()],
            ..Sources::default()
        };
        let with = |spec: (&str, &str)| specs(&[("origin", "+refs/heads/*:refs/remotes/origin/*"), spec]);
        let (foreign, own) =
            (ForeignMark { foreign: true, ..ForeignMark::default() }, ForeignMark::default());
        let kept = vec![("refs/wt/pull/7".to_owned(), "1".to_owned())];
        for (sources, may_be, what) in [
            (none(), false, "nothing"),
            (Sources { kept, ..none() }, true, "a pull request is kept"),
            (Sources { marked: marked(foreign), ..none() }, true, "a worktree is marked"),
            (Sources { marked: marked(own), ..none() }, false, "a worktree is marked as one's own"),
            (Sources { specs: with(("alice", "refs/heads/*:refs/a/*")), ..none() }, true, "another remote"),
            (Sources { specs: with(("origin", "refs/pull/*:refs/p/*")), ..none() }, true, "pull requests"),
            (Sources { specs: with(("origin", "refs/tags/*:refs/t/*")), ..none() }, false, "tags"),
            (
                Sources { followed: follows("alice", "refs/heads/x"), ..none() },
                true,
                "a branch follows another's",
            ),
            (
                Sources { followed: follows("origin", "refs/heads/x"), ..none() },
                false,
                "a branch follows one's own",
            ),
        ] {
            assert_eq!(sources.may_be_strangers(), may_be, "{what}");
        }
    }

    #[test]
    fn a_commit_is_allowed_that_somebody_allowed_and_no_other() {
        let allowed = |commit: Option<&str>| Sources {
            marked: marked(ForeignMark { allowed: commit.map(str::to_owned), ..ForeignMark::default() }),
            ..Sources::default()
        };
        assert!(allowed(Some("1")).is_allowed("1") && !allowed(Some("1")).is_allowed("2"));
        assert!(!allowed(None).is_allowed("1") && !Sources::default().is_allowed("1"));
    }

    #[test]
    fn a_kept_pull_request_is_proven_where_each_worktree_that_keeps_it_is() {
        let mark = |kept: &str, foreign| MarkedCode {
            mark: ForeignMark { foreign, kept_ref: Some(kept.to_owned()), ..ForeignMark::default() },
            commit: None,
        };
        for (marked, is_proven) in [
            (vec![], false),
            (vec![mark("a", false)], true),
            (vec![mark("a", true)], false),
            (vec![mark("a", false), mark("a", true)], false),
            (vec![mark("a", false), mark("b", true)], true),
            (vec![mark("b", false)], false),
        ] {
            let sources = Sources { marked, ..Sources::default() };
            assert_eq!(sources.is_proven("a"), is_proven, "{:?}", sources.marked);
        }
    }
}
