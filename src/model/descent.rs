//! Whose the refs are that a commit may come from, by the remotes that they were fetched from.

use crate::model::foreign::is_kept_by_forge;
use crate::model::refspec;

/// Whose a ref is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefOwner {
    /// The repository's own people's.
    Own,
    /// Whoever opened a pull request.
    Stranger,
    /// Nobody can tell, or somebody's who asks for nothing.
    Unknown,
}

/// Decides whose the ref `name` is that a fetch wrote: `specs` are the remotes with each of their fetch refspecs, `own` the
/// remotes of the repository's own people. What may have come from a pull request is a stranger's, whatever else fits.
#[must_use]
pub fn owner(name: &str, specs: &[(String, String)], own: &[String]) -> RefOwner {
    let mut found = RefOwner::Unknown;
    for (remote, spec) in specs {
        let Some(source) = refspec::source_of(spec, name) else { continue };
        if is_kept_by_forge(&source) {
            return RefOwner::Stranger;
        }
        if own.contains(remote) {
            found = RefOwner::Own;
        }
    }
    found
}

/// Answers whether a fetch refspec brings pull requests.
#[must_use]
pub fn brings_pulls(spec: &str) -> bool {
    refspec::sides(spec).is_some_and(|(from, _)| is_kept_by_forge(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetched_ref_is_its_remotes_and_a_pull_requests_wherever_it_is_put() {
        let spec = |remote: &str, spec: &str| (remote.to_owned(), spec.to_owned());
        let specs = [
            spec("origin", "+refs/heads/*:refs/remotes/origin/*"),
            spec("origin", "+refs/pull/*/head:refs/remotes/origin/pr/*"),
            spec("alice", "+refs/heads/*:refs/remotes/alice/*"),
            spec("origin", "^refs/heads/secret"),
            spec("origin", "refs/heads/one:refs/one"),
        ];
        let own = ["origin".to_owned()];
        for (name, whose) in [
            ("refs/remotes/origin/main", RefOwner::Own),
            ("refs/remotes/origin/HEAD", RefOwner::Own),
            ("refs/one", RefOwner::Own),
            ("refs/remotes/origin/pr/8", RefOwner::Stranger),
            ("refs/remotes/alice/main", RefOwner::Unknown),
            ("refs/remotes/svn/trunk", RefOwner::Unknown),
        ] {
            assert_eq!(owner(name, &specs, &own), whose, "{name}");
        }
        assert!(brings_pulls(&specs[1].1) && !brings_pulls(&specs[0].1) && !brings_pulls(&specs[3].1));
        assert!(!brings_pulls("+refs/tags/*:refs/tags/*"));
        // A mirror brings all there is, and the refs themselves say what they are.
        assert_eq!(owner("refs/pull/8/head", &[spec("origin", "+refs/*:refs/*")], &own), RefOwner::Stranger);
    }
}
