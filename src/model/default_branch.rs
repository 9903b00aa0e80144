//! Which branch others are merged into: one rule for all commands, from what the configuration and the remotes say.

use crate::error::{Code, Failure};

/// What there is to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clues {
    /// `[git] default_branch`.
    pub configured: Option<String>,
    /// The remote that the main worktree's branch follows.
    pub followed: Option<String>,
    /// The remotes of which anything was ever fetched.
    pub remotes: Vec<RemoteClue>,
    /// Those of `init.defaultBranch`, `main` and `master` that are branches here.
    pub local: Vec<String>,
}

/// What one remote says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteClue {
    pub name: String,
    /// The branch that its recorded HEAD names, short.
    pub head: Option<String>,
    /// Those of `main` and `master` that it has.
    pub usual: Vec<String>,
}

/// The default branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultBranch {
    Known {
        /// Short: `main`.
        name: String,
        /// The remote that says so, or that is asked for its state of the branch.
        remote: Option<String>,
    },
    Unknown(DefaultBranchDoubt),
}

/// Why it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultBranchDoubt {
    /// Several remotes, and the main worktree's branch follows none.
    Remotes(Vec<String>),
    /// The remote has no recorded HEAD, and both `main` and `master`, or neither.
    Remote(String),
    /// No remote, and these branches, of which none or several may be it.
    Branches(Vec<String>),
}

/// Decides which branch is the default one.
#[must_use]
pub fn decide(clues: &Clues) -> DefaultBranch {
    let followed = clues.followed.as_ref();
    let remote = match followed.and_then(|name| clues.remotes.iter().find(|remote| remote.name == *name)) {
        Some(remote) => Ok(remote),
        None if clues.remotes.len() > 1 => Err(Some(DefaultBranchDoubt::Remotes(
            clues.remotes.iter().map(|remote| remote.name.clone()).collect(),
        ))),
        None => clues.remotes.first().ok_or(None),
    };
    if let Some(name) = &clues.configured {
        let remote = remote.ok().map(|remote| remote.name.clone());
        return DefaultBranch::Known { name: name.clone(), remote };
    }
    let (found, doubt) = match remote {
        Ok(remote) => {
            let only = remote.head.clone().or_else(|| only(&remote.usual));
            (
                only.map(|name| (name, Some(remote.name.clone()))),
                DefaultBranchDoubt::Remote(remote.name.clone()),
            )
        }
        Err(Some(doubt)) => (None, doubt),
        Err(None) => {
            (only(&clues.local).map(|name| (name, None)), DefaultBranchDoubt::Branches(clues.local.clone()))
        }
    };
    found.map_or(DefaultBranch::Unknown(doubt), |(name, remote)| DefaultBranch::Known { name, remote })
}

/// Returns the only one of `names`, whether or not it stands there twice.
fn only(names: &[String]) -> Option<String> {
    let (first, rest) = names.split_first()?;
    rest.iter().all(|name| name == first).then(|| first.clone())
}

impl DefaultBranch {
    /// Answers whether `branch` is it, or may be it where that is not known.
    #[must_use]
    pub fn may_be(&self, branch: &str) -> bool {
        match self {
            Self::Known { name, .. } => name == branch,
            Self::Unknown(DefaultBranchDoubt::Branches(names)) => names.iter().any(|name| name == branch),
            Self::Unknown(_) => matches!(branch, "main" | "master"),
        }
    }
}

impl DefaultBranchDoubt {
    /// The refusal of a command that has to know it.
    #[must_use]
    pub fn refusal(&self) -> Failure {
        let configure =
            "name it in .wt.toml, or in your own file (`wt config path`): `[git] default_branch = \"NAME\"`";
        let (why, hint) = match self {
            Self::Remotes(names) => {
                let names = names.join(", ");
                (
                    format!(
                        "there are several remotes ({names}), and the main worktree's branch follows none"
                    ),
                    format!(
                        "{configure}, or let that branch follow one: git branch --set-upstream-to=REMOTE/NAME"
                    ),
                )
            }
            Self::Remote(name) => (
                format!("the remote `{name}` has no recorded HEAD"),
                format!("record it: git remote set-head {name} -a; or {configure}"),
            ),
            Self::Branches(names) if names.is_empty() => {
                ("there is no remote, and no branch `main` or `master`".to_owned(), configure.to_owned())
            }
            Self::Branches(names) => (
                format!("there is no remote, and it may be any of {}", names.join(", ")),
                configure.to_owned(),
            ),
        };
        Failure::new(Code::BranchNotFound, format!("the default branch is not known: {why}")).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(name: &str, head: Option<&str>, usual: &[&str]) -> RemoteClue {
        let usual = usual.iter().map(|name| (*name).to_owned()).collect();
        RemoteClue { name: name.to_owned(), head: head.map(str::to_owned), usual }
    }

    fn known(clues: &Clues) -> Option<String> {
        match decide(clues) {
            DefaultBranch::Known { name, .. } => Some(name),
            DefaultBranch::Unknown(_) => None,
        }
    }

    #[test]
    fn the_followed_remote_says_else_the_only_one() {
        let origin = remote("origin", Some("develop"), &["main"]);
        let mut clues = Clues { remotes: vec![origin], local: vec!["main".to_owned()], ..Clues::default() };
        assert_eq!(known(&clues).as_deref(), Some("develop"), "the remote's HEAD, not the local `main`");
        clues.remotes.push(remote("upstream", Some("trunk"), &[]));
        let doubt = DefaultBranch::Unknown(DefaultBranchDoubt::Remotes(vec![
            "origin".to_owned(),
            "upstream".to_owned(),
        ]));
        assert_eq!(decide(&clues), doubt);
        clues.followed = Some("upstream".to_owned());
        assert_eq!(known(&clues).as_deref(), Some("trunk"));
        clues.configured = Some("next".to_owned());
        assert_eq!(known(&clues).as_deref(), Some("next"));
    }

    #[test]
    fn a_remote_without_a_head_counts_with_one_usual_branch_only() {
        for (usual, expected) in [
            (&["main"][..], Some("main")),
            (&["master"], Some("master")),
            (&["main", "master"], None),
            (&[], None),
        ] {
            let remotes = vec![remote("origin", None, usual)];
            let clues = Clues { remotes, local: vec!["main".to_owned()], ..Clues::default() };
            assert_eq!(known(&clues).as_deref(), expected, "{usual:?}");
        }
    }

    #[test]
    fn without_a_remote_it_is_the_only_usual_branch() {
        let local = |names: &[&str]| Clues {
            local: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Clues::default()
        };
        assert_eq!(known(&local(&["main", "main"])).as_deref(), Some("main"));
        assert_eq!(known(&local(&["trunk", "main"])), None);
        assert_eq!(known(&local(&[])), None);
        assert!(decide(&local(&["trunk", "main"])).may_be("trunk"), "in doubt it is protected");
    }

    #[test]
    fn the_branch_is_known_with_the_remote_that_says_so() {
        let of = |clues: &Clues| match decide(clues) {
            DefaultBranch::Known { name, remote } => (name, remote),
            DefaultBranch::Unknown(doubt) => panic!("{doubt:?}"),
        };
        let pair = |name: &str, remote: Option<&str>| (name.to_owned(), remote.map(str::to_owned));
        let origin = || vec![remote("origin", Some("develop"), &[])];
        let configured = || Some("next".to_owned());
        assert_eq!(of(&Clues { remotes: origin(), ..Clues::default() }), pair("develop", Some("origin")));
        let named = Clues { configured: configured(), remotes: origin(), ..Clues::default() };
        assert_eq!(of(&named), pair("next", Some("origin")));
        assert_eq!(of(&Clues { configured: configured(), ..Clues::default() }), pair("next", None));
        let two = [origin(), vec![remote("hub", None, &[])]].concat();
        assert_eq!(
            of(&Clues { configured: configured(), remotes: two, ..Clues::default() }),
            pair("next", None)
        );
        let local = vec!["main".to_owned()];
        assert_eq!(of(&Clues { local, ..Clues::default() }), pair("main", None));
        let elsewhere = Clues { followed: Some("gone".to_owned()), remotes: origin(), ..Clues::default() };
        assert_eq!(of(&elsewhere), pair("develop", Some("origin")), "the followed one was never fetched");
    }

    #[test]
    fn in_doubt_each_branch_that_may_be_it_is_protected() {
        let names = || vec!["trunk".to_owned(), "main".to_owned()];
        let known = DefaultBranch::Known { name: "next".to_owned(), remote: None };
        for (found, branch, may_be) in [
            (&known, "next", true),
            (&known, "main", false),
            (&DefaultBranch::Unknown(DefaultBranchDoubt::Branches(names())), "trunk", true),
            (&DefaultBranch::Unknown(DefaultBranchDoubt::Branches(names())), "master", false),
            (&DefaultBranch::Unknown(DefaultBranchDoubt::Remote("o".to_owned())), "master", true),
            (&DefaultBranch::Unknown(DefaultBranchDoubt::Remotes(names())), "main", true),
            (&DefaultBranch::Unknown(DefaultBranchDoubt::Remotes(names())), "trunk", false),
        ] {
            assert_eq!(found.may_be(branch), may_be, "{found:?} {branch}");
        }
    }

    #[test]
    fn a_command_that_has_to_know_it_says_what_is_missing() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let configure =
            "name it in .wt.toml, or in your own file (`wt config path`): `[git] default_branch = \"NAME\"`";
        for (doubt, why, hint) in [
            (
                DefaultBranchDoubt::Remotes(names(&["a", "b"])),
                "there are several remotes (a, b), and the main worktree's branch follows none",
                format!(
                    "{configure}, or let that branch follow one: git branch --set-upstream-to=REMOTE/NAME"
                ),
            ),
            (
                DefaultBranchDoubt::Remote("hub".to_owned()),
                "the remote `hub` has no recorded HEAD",
                format!("record it: git remote set-head hub -a; or {configure}"),
            ),
            (
                DefaultBranchDoubt::Branches(Vec::new()),
                "there is no remote, and no branch `main` or `master`",
                configure.to_owned(),
            ),
            (
                DefaultBranchDoubt::Branches(names(&["a", "b"])),
                "there is no remote, and it may be any of a, b",
                configure.to_owned(),
            ),
        ] {
            let refusal = doubt.refusal();
            assert_eq!(refusal.code(), Code::BranchNotFound);
            assert_eq!(refusal.message(), format!("the default branch is not known: {why}"));
            assert_eq!(refusal.next_step(), Some(&*hint));
        }
    }
}
