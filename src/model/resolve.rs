//! Which worktree a person means by a name, a branch, a path, an identifier or, where nothing is taken or written, the
//! beginning of one. What fits exactly beats what merely begins so.

use std::path::{Path, PathBuf};

use super::plain_path::without_dots;
use super::suggestion;

/// A worktree that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedWorktree {
    pub name: String,
    pub identifier: Option<String>,
    pub branch: Option<String>,
    pub path: PathBuf,
}

/// How much of a name must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// All of it: a beginning is offered, and never taken.
    Whole,
    /// A beginning is enough where only one worktree begins so: for what merely shows the way.
    Beginning,
}

/// What was found, by position among the candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    One(usize),
    /// With the words that may have been meant.
    None {
        near: Vec<String>,
    },
    Many(Vec<usize>),
}

/// Finds what `wanted` means; a relative path is seen from `here`.
#[must_use]
pub fn resolve(wanted: &str, candidates: &[NamedWorktree], here: &Path, naming: Naming) -> Resolution {
    let place = without_dots(&here.join(wanted));
    let exact: [&dyn Fn(&NamedWorktree) -> bool; 4] = [
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
        return Resolution::None { near: Vec::new() };
    }
    let begun = matching(candidates, &|candidate| begun(candidate, wanted).is_some());
    match (begun.as_slice(), naming) {
        ([], _) => Resolution::None { near: near(wanted, candidates).into_iter().collect() },
        (many, Naming::Whole) => {
            let words = many.iter().filter_map(|index| begun_word(candidates, *index, wanted));
            Resolution::None { near: words.collect() }
        }
        ([one], Naming::Beginning) => Resolution::One(*one),
        (many, Naming::Beginning) => Resolution::Many(many.to_vec()),
    }
}

/// The word of the candidate that begins with `wanted`.
fn begun<'a>(candidate: &'a NamedWorktree, wanted: &str) -> Option<&'a str> {
    let words = [Some(candidate.name.as_str()), candidate.branch.as_deref(), candidate.identifier.as_deref()];
    words.into_iter().flatten().find(|word| word.starts_with(wanted))
}

/// The same, for one that no other candidate answers to; else its name, else its folder.
fn begun_word(candidates: &[NamedWorktree], index: usize, wanted: &str) -> Option<String> {
    let candidate = candidates.get(index)?;
    let is_alone = |word: &str| {
        let answers = |other: &&NamedWorktree| {
            other.name == word
                || other.branch.as_deref() == Some(word)
                || other.identifier.as_deref() == Some(word)
        };
        candidates.iter().filter(answers).count() == 1
    };
    let words = [begun(candidate, wanted), Some(candidate.name.as_str())];
    let word = words.into_iter().flatten().find(|word| is_alone(word));
    Some(word.map_or_else(|| candidate.path.display().to_string(), ToOwned::to_owned))
}

fn matching(candidates: &[NamedWorktree], fits: &dyn Fn(&NamedWorktree) -> bool) -> Vec<usize> {
    candidates.iter().enumerate().filter(|(_, candidate)| fits(candidate)).map(|(index, _)| index).collect()
}

fn near(wanted: &str, candidates: &[NamedWorktree]) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for candidate in candidates {
        words.push(&candidate.name);
        words.extend(candidate.identifier.as_deref());
        words.extend(candidate.branch.as_deref());
    }
    suggestion::nearest(wanted, &words).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<NamedWorktree> {
        let candidate = |name: &str, identifier: &str, branch: &str| NamedWorktree {
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
        resolve(wanted, &candidates(), Path::new("/w/feature-login/src"), Naming::Beginning)
    }

    fn taken(wanted: &str) -> Resolution {
        resolve(wanted, &candidates(), Path::new("/w/feature-login/src"), Naming::Whole)
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
        assert_eq!(found("feature-logn"), Resolution::None { near: vec!["feature-login".to_owned()] });
        assert_eq!(found(""), Resolution::None { near: Vec::new() });
    }

    #[test]
    fn what_takes_whole_names_is_offered_a_beginning_and_never_given_it() {
        let near =
            |words: &[&str]| Resolution::None { near: words.iter().map(ToString::to_string).collect() };
        assert_eq!(taken("rev"), near(&["review-GH-42"]));
        assert_eq!(taken("GH"), near(&["GH-42"]));
        assert_eq!(taken("feature-"), near(&["feature-login", "feature-login-2"]));
        // The word alone would be ambiguous.
        assert_eq!(taken("bug"), near(&["bugfix-login"]));
        assert_eq!(taken("logi"), near(&["feature-login", "login-2", "bugfix-login"]));
        assert_eq!(taken("feature-login"), Resolution::One(0));
        assert_eq!(taken("login-2"), Resolution::One(1));
    }
}
