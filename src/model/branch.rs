//! Branches and HEADs: what a worktree's HEAD points at, who uses a branch, which remotes have it.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

/// What the HEAD of a worktree points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// A branch, by its short name: `feature/login`.
    Branch(String),
    /// A commit, in hexadecimal.
    Detached(String),
    /// A branch without commits, by its short name.
    Unborn(String),
    /// Something else; the text says what was found.
    Unreadable(String),
}

impl Head {
    /// Reads the text of a `HEAD` file as gitrepository-layout(5) has it; a branch is taken to exist.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let line = text.trim_end();
        if let Some(target) = line.strip_prefix("ref:") {
            let target = target.trim();
            return match target.strip_prefix("refs/heads/") {
                // What a repository with reftable leaves in HEAD for older readers.
                Some(".invalid") | None => Self::Unreadable(line.to_owned()),
                Some(branch) => Self::Branch(branch.to_owned()),
            };
        }
        if is_object_id(line) { Self::Detached(line.to_owned()) } else { Self::Unreadable(line.to_owned()) }
    }

    /// Returns the branch's short name, born or not.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        match self {
            Self::Branch(name) | Self::Unborn(name) => Some(name),
            Self::Detached(_) | Self::Unreadable(_) => None,
        }
    }
}

/// The longest name of a file, in bytes (`NAME_MAX`).
const LONGEST_NAME: usize = 255;

/// Answers whether git can keep a branch of that name as files: each part is a file's or a folder's name, and that of the
/// lock beside it.
#[must_use]
pub fn fits_files(name: &str) -> bool {
    name.split('/').all(|part| part.len() + ".lock".len() <= LONGEST_NAME)
}

/// Answers whether `text` is a full object id: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits.
#[must_use]
pub fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// How a worktree holds a branch, so that no second one may check it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchHold {
    CheckedOut,
    Rebase,
    Bisect,
}

impl BranchHold {
    /// Returns the words for a message: "checked out at", "being rebased at".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheckedOut => "checked out",
            Self::Rebase => "being rebased",
            Self::Bisect => "being bisected",
        }
    }
}

/// The worktree that holds a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchUse {
    /// The worktree's folder, which may be missing.
    pub path: PathBuf,
    /// git's name of the worktree; `None` for the main one.
    pub admin: Option<String>,
    pub hold: BranchHold,
}

/// Why a branch that was to be deleted stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptReason {
    /// Another worktree has it checked out.
    CheckedOut,
    /// A rebase in another worktree will come back to it, or move it.
    Rebasing,
    /// A bisection in another worktree will come back to it.
    Bisecting,
    /// It is the default branch, and nobody insisted.
    DefaultBranch,
    /// It is at another commit than the one that was looked at.
    Moved,
    /// git's files could not be changed, or not be read.
    Failed,
}

impl KeptReason {
    /// Returns the reason that a hold on the branch is.
    #[must_use]
    pub fn of(hold: BranchHold) -> Self {
        match hold {
            BranchHold::CheckedOut => Self::CheckedOut,
            BranchHold::Rebase => Self::Rebasing,
            BranchHold::Bisect => Self::Bisecting,
        }
    }
}

/// A branch that stays although its worktree goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchKept {
    pub reason: KeptReason,
    /// The worktree that has it.
    pub path: Option<PathBuf>,
}

/// As the end of a sentence: `it is checked out in /p/x`.
impl fmt::Display for BranchKept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.reason {
            KeptReason::CheckedOut => "it is checked out",
            KeptReason::Rebasing => "it is being rebased",
            KeptReason::Bisecting => "it is being bisected",
            KeptReason::DefaultBranch => "it is the default branch (`--force` deletes it all the same)",
            KeptReason::Moved => "it has moved on, or is gone",
            KeptReason::Failed => "it cannot be deleted",
        })?;
        self.path.as_ref().map_or(Ok(()), |path| write!(formatter, " in {}", path.display()))
    }
}

/// A branch as a remote had it when last fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteBranch {
    pub remote: String,
    /// The branch's name on the remote, short.
    pub name: String,
    /// The remote-tracking ref, in full: `refs/remotes/origin/feature`.
    pub tracking: String,
    /// The commit, in hexadecimal.
    pub commit: String,
}

/// What a new branch follows without being told (`branch.autoSetupMerge`, git-config(1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoSetupMerge {
    Never,
    /// The branch that it is made from.
    OfBase,
    /// What the branch follows that it is made from.
    Inherited,
}

impl AutoSetupMerge {
    /// Reads the value; git has `true` where nothing is set. `always`, `simple` and `true` differ for branches here, and for
    /// those of another name: neither is ever followed.
    #[must_use]
    pub fn parse(value: Option<&str>) -> Self {
        match value.map(str::to_ascii_lowercase).as_deref() {
            Some("false" | "no" | "off" | "0" | "") => Self::Never,
            Some("inherit") => Self::Inherited,
            _ => Self::OfBase,
        }
    }
}

/// A local branch's upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The remote's name; `.` for a local branch.
    pub remote: String,
    /// The ref on the remote, in full: `refs/heads/feature`.
    pub merge: String,
    /// The tracking ref here, in full; `None` when no refspec maps it.
    pub tracking: Option<String>,
    /// The commit of the tracking ref, in hexadecimal; `None` when it is gone.
    pub commit: Option<String>,
}

/// How far two commits have grown apart, in commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance {
    pub ahead: usize,
    pub behind: usize,
}

/// The branch that a detached HEAD will come back to.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, serde::Serialize)]
pub struct Returning {
    /// `rebasing` or `bisecting`.
    pub doing: &'static str,
    pub branch: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_a_branch_a_commit_or_unreadable() {
        assert_eq!(Head::parse("ref: refs/heads/feat/x\n"), Head::Branch("feat/x".into()));
        assert_eq!(Head::parse(&"a".repeat(40)), Head::Detached("a".repeat(40)));
        assert_eq!(Head::parse(&"0b".repeat(32)), Head::Detached("0b".repeat(32)));
        assert!(matches!(Head::parse(""), Head::Unreadable(_)));
        assert!(matches!(Head::parse("ref: refs/heads/.invalid"), Head::Unreadable(_)));
        assert!(matches!(Head::parse("ref: refs/remotes/origin/x"), Head::Unreadable(_)));
    }

    #[test]
    fn only_a_head_on_a_branch_names_one() {
        let name = || "x".to_owned();
        for (head, branch) in [
            (Head::Branch(name()), Some("x")),
            (Head::Unborn(name()), Some("x")),
            (Head::Detached(name()), None),
            (Head::Unreadable(name()), None),
        ] {
            assert_eq!(head.branch(), branch);
        }
    }

    #[test]
    fn each_part_of_a_branchs_name_has_room_for_its_lock() {
        for (name, fits) in [
            ("a".repeat(250), true),
            ("a".repeat(251), false),
            (format!("{}/{}", "a".repeat(250), "b".repeat(250)), true),
            (format!("a/{}", "b".repeat(251)), false),
        ] {
            assert_eq!(fits_files(&name), fits, "{name}");
        }
    }

    #[test]
    fn an_object_id_has_forty_or_sixty_four_digits() {
        for (text, is) in [
            ("0a".repeat(20), true),
            ("0A".repeat(32), true),
            ("0a".repeat(19), false),
            ("0a".repeat(21), false),
            ("0g".repeat(20), false),
        ] {
            assert_eq!(is_object_id(&text), is, "{text}");
        }
    }

    #[test]
    fn a_hold_has_its_words_and_its_reason() {
        for (hold, words, reason) in [
            (BranchHold::CheckedOut, "checked out", KeptReason::CheckedOut),
            (BranchHold::Rebase, "being rebased", KeptReason::Rebasing),
            (BranchHold::Bisect, "being bisected", KeptReason::Bisecting),
        ] {
            assert_eq!((hold.as_str(), KeptReason::of(hold)), (words, reason));
        }
    }

    #[test]
    fn a_branch_that_stays_says_why_and_where() {
        let said = |reason, path: Option<&str>| BranchKept { reason, path: path.map(Into::into) }.to_string();
        assert_eq!(said(KeptReason::CheckedOut, Some("/p/x")), "it is checked out in /p/x");
        assert_eq!(said(KeptReason::Rebasing, None), "it is being rebased");
        assert_eq!(said(KeptReason::Bisecting, None), "it is being bisected");
        let default = "it is the default branch (`--force` deletes it all the same)";
        assert_eq!(said(KeptReason::DefaultBranch, None), default);
        assert_eq!(said(KeptReason::Moved, None), "it has moved on, or is gone");
        assert_eq!(said(KeptReason::Failed, None), "it cannot be deleted");
    }

    #[test]
    fn a_new_branch_follows_its_base_unless_git_is_told_otherwise() {
        for (value, follows) in [
            (None, AutoSetupMerge::OfBase),
            (Some("true"), AutoSetupMerge::OfBase),
            (Some("always"), AutoSetupMerge::OfBase),
            (Some("simple"), AutoSetupMerge::OfBase),
            (Some("Inherit"), AutoSetupMerge::Inherited),
            (Some("False"), AutoSetupMerge::Never),
            (Some("no"), AutoSetupMerge::Never),
            (Some("off"), AutoSetupMerge::Never),
            (Some("0"), AutoSetupMerge::Never),
            (Some(""), AutoSetupMerge::Never),
        ] {
            assert_eq!(AutoSetupMerge::parse(value), follows, "{value:?}");
        }
    }
}
