//! Which worktree a person means by a name, a branch, a path, an identifier or a unique prefix. What fits exactly beats
//! what merely begins so.

use std::path::{Component, Path, PathBuf};

use super::suggestion;

/// A worktree that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub name: String,
    pub identifier: Option<String>,
    pub branch: Option<String>,
    pub path: PathBuf,
}

/// What was found, by position among the candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    One(usize),
    None { near: Option<String> },
    Many(Vec<usize>),
}

/// Finds what `wanted` means; a relative path is seen from `here`.
#[must_use]
pub fn resolve(wanted: &str, candidates: &[Candidate], here: &Path) -> Resolution {
    let place = lexical(&here.join(wanted));
    let exact: [&dyn Fn(&Candidate) -> bool; 4] = [
        &|candidate| candidate.name == wanted,
        &|candidate| candidate.branch.as_deref() == Some(wanted),
        &|candidate| !wanted.is_empty() && candidate.path == place,
        &|candidate| candidate.identifier.as_deref() == Some(wanted),
    ];
    for fits in exact {
        match matching(candidates, fits).as_slice() {
            [] => {}
            [one] => return Resolution::One(*one),
            many => return Resolution::Many(many.to_vec()),
        }
    }
    if wanted.is_empty() {
        return Resolution::None { near: None };
    }
    let begins = |candidate: &Candidate| {
        candidate.name.starts_with(wanted)
            || candidate.branch.as_ref().is_some_and(|branch| branch.starts_with(wanted))
            || candidate.identifier.as_ref().is_some_and(|identifier| identifier.starts_with(wanted))
    };
    match matching(candidates, &begins).as_slice() {
        [] => Resolution::None { near: near(wanted, candidates) },
        [one] => Resolution::One(*one),
        many => Resolution::Many(many.to_vec()),
    }
}

fn matching(candidates: &[Candidate], fits: &dyn Fn(&Candidate) -> bool) -> Vec<usize> {
    candidates.iter().enumerate().filter(|(_, candidate)| fits(candidate)).map(|(index, _)| index).collect()
}

fn near(wanted: &str, candidates: &[Candidate]) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for candidate in candidates {
        words.push(&candidate.name);
        words.extend(candidate.identifier.as_deref());
        words.extend(candidate.branch.as_deref());
    }
    suggestion::nearest(wanted, &words).map(ToOwned::to_owned)
}

/// Takes `.` and `..` out of a path without asking the disk.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<Candidate> {
        let candidate = |name: &str, identifier: &str, branch: &str| Candidate {
            name: name.to_owned(),
            identifier: Some(identifier.to_owned()),
            branch: Some(branch.to_owned()),
            path: PathBuf::from("/w").join(name),
        };
        vec![
            candidate("feature-login", "login", "feature/login"),
            candidate("feature-login-2", "login-2", "feature/login-2"),
            candidate("bugfix-login", "login", "bugfix/login"),
            candidate("review-GH-42", "GH-42", "review/GH-42"),
        ]
    }

    fn found(wanted: &str) -> Resolution {
        resolve(wanted, &candidates(), Path::new("/w/feature-login/src"))
    }

    #[test]
    fn an_exact_name_beats_a_prefix_of_others() {
        assert_eq!(found("feature-login"), Resolution::One(0));
        assert_eq!(found("feature/login"), Resolution::One(0));
    }

    #[test]
    fn a_path_may_be_absolute_or_relative() {
        assert_eq!(found("/w/bugfix-login"), Resolution::One(2));
        assert_eq!(found("../../bugfix-login"), Resolution::One(2));
        assert_eq!(found(".."), Resolution::One(0));
    }

    #[test]
    fn a_unique_prefix_is_enough() {
        assert_eq!(found("rev"), Resolution::One(3));
        assert_eq!(found("GH"), Resolution::One(3));
    }

    #[test]
    fn two_that_fit_equally_are_both_named() {
        assert_eq!(found("login"), Resolution::Many(vec![0, 2]));
        assert_eq!(found("feature"), Resolution::Many(vec![0, 1]));
    }

    #[test]
    fn a_slip_is_answered_with_the_near_word() {
        assert_eq!(found("feature-logn"), Resolution::None { near: Some("feature-login".to_owned()) });
        assert_eq!(found(""), Resolution::None { near: None });
    }
}
