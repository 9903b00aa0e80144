//! What `validate` says: a finding, how bad it is, and the repair as data.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

pub use super::finding_kind::{FindingKind, Severity};
use super::registry::entry::Entry;
use super::registry::repository::RepositoryId;
use super::service::ServiceName;
use crate::model::advised::{git, wt};
use crate::model::port::Port;

/// A recorded worktree that a fix is about, and how to find its record again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
pub struct FixTarget {
    #[serde(rename = "worktree")]
    pub name: String,
    pub path: PathBuf,
    #[serde(skip)]
    pub repository: RepositoryId,
    /// Where its repository was when last seen.
    #[serde(skip)]
    pub repository_path: PathBuf,
    #[serde(skip)]
    pub sequence: u64,
}

impl FixTarget {
    /// Names the worktree of `entry`.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            name: entry.name.clone(),
            path: entry.path.clone(),
            repository: entry.repository_id.clone(),
            repository_path: entry.repository.clone(),
            sequence: entry.sequence,
        }
    }

    /// Answers whether `entry` is the record that is meant.
    #[must_use]
    pub fn is(&self, entry: &Entry) -> bool {
        entry.sequence == self.sequence
            && entry.repository_id == self.repository
            && entry.name == self.name
            && entry.path == self.path
    }
}

/// A repair, as data: shown, counted, applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Fix {
    /// The registry's backup takes its place; the damaged bytes are kept.
    RestoreBackup,
    /// The registry is made anew from git's worktrees and their env blocks; the damaged bytes are kept.
    RebuildRegistry,
    /// Rows that cannot be read are rebuilt from git, or set aside in a file.
    MendRows,
    /// The younger of two records for one worktree goes.
    DropRecord {
        #[serde(flatten)]
        target: FixTarget,
    },
    /// An allocation goes: its number is no port.
    DropAllocation {
        #[serde(flatten)]
        target: FixTarget,
        service: ServiceName,
    },
    /// A port is released and taken out of the env block.
    ReleasePort {
        #[serde(flatten)]
        target: FixTarget,
        service: ServiceName,
        port: Port,
    },
    /// A service gets another port, and the env block says so.
    MovePort {
        #[serde(flatten)]
        target: FixTarget,
        service: ServiceName,
        port: Port,
    },
    /// The record of a vanished worktree is released.
    ReleaseEntry {
        #[serde(flatten)]
        target: FixTarget,
    },
    /// git's record of a vanished worktree that nobody recorded is put away, restorable.
    PutAway { repository: PathBuf, path: PathBuf },
    /// A worktree that something else made is recorded.
    Adopt { path: PathBuf },
    /// The record follows a worktree to where git moved it.
    UpdatePath {
        #[serde(flatten)]
        target: FixTarget,
        to: PathBuf,
    },
    /// git's links between a worktree and its repository are repaired, and the record follows.
    Repair {
        #[serde(flatten)]
        target: FixTarget,
        to: PathBuf,
    },
    /// The record follows a switch of branch.
    RecordBranch {
        #[serde(flatten)]
        target: FixTarget,
        branch: Option<String>,
    },
    /// What a command left unfinished when it died is undone, or finished when it was whole.
    Heal {
        #[serde(flatten)]
        target: FixTarget,
    },
    /// What a dead `git worktree add` left half-made is taken away, or finished when it was whole.
    SettleHalfMade { repository: PathBuf, admin: String },
    /// The env block is rendered again.
    RenderEnv {
        #[serde(flatten)]
        target: FixTarget,
    },
    /// git's hooks are installed again.
    InstallHooks,
    /// The branch and the ports of a worktree are claimed.
    TakeClaim {
        #[serde(flatten)]
        target: FixTarget,
    },
    /// A claim of ours that no worktree needs is given back.
    GiveBackClaim { repository: PathBuf, branch: String },
    /// Claims of ours on ports that no worktree has are given back.
    SettlePortClaims,
}

impl fmt::Display for Fix {
    /// What it does, for people.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RestoreBackup => {
                write!(formatter, "take the backup in its place; the damaged bytes are kept")
            }
            Self::RebuildRegistry => {
                write!(
                    formatter,
                    "rebuild it from git's worktrees and their env blocks; the damaged bytes are kept"
                )
            }
            Self::MendRows => write!(formatter, "rebuild the rows from git, or set them aside in a file"),
            Self::DropRecord { target } => {
                write!(formatter, "drop the younger record `{}` ({})", target.name, target.path.display())
            }
            Self::DropAllocation { target, service } => {
                write!(formatter, "release what `{service}` of `{}` has for a port", target.name)
            }
            Self::ReleasePort { target, service, port } => {
                write!(formatter, "release {port} (`{service}` of `{}`) and take it out of .env", target.name)
            }
            Self::MovePort { target, service, port } => {
                write!(
                    formatter,
                    "move `{service}` of `{}` from {port} to a free port, .env too",
                    target.name
                )
            }
            Self::ReleaseEntry { target } => {
                write!(formatter, "release the record and its ports ({})", target.name)
            }
            Self::PutAway { .. } => {
                write!(formatter, "put git's record of it away, for `wt restore` to bring back")
            }
            Self::Adopt { path } => {
                write!(formatter, "record it (as `{adopt}`)", adopt = wt("adopt {}", &[&path.display()]))
            }
            Self::UpdatePath { to, .. } => write!(formatter, "record its folder as {}", to.display()),
            Self::Repair { to, .. } => {
                write!(
                    formatter,
                    "repair git's links (`{}`) and record the folder",
                    git("worktree repair {}", &[&to.display()])
                )
            }
            Self::RecordBranch { branch, .. } => match branch {
                Some(branch) => write!(formatter, "record the branch {branch}"),
                None => write!(formatter, "record that HEAD is detached"),
            },
            Self::Heal { .. } => write!(formatter, "undo it, or finish it when it is whole"),
            Self::SettleHalfMade { admin, .. } => {
                write!(formatter, "take away what git left of `{admin}`, or finish it when it is whole")
            }
            Self::RenderEnv { target } => {
                write!(formatter, "render the env block (as `{}`)", wt("env {}", &[&target.name]))
            }
            Self::InstallHooks => write!(formatter, "install the hooks (as `wt hooks install`)"),
            Self::TakeClaim { target } => write!(formatter, "claim it for `{}`", target.name),
            Self::GiveBackClaim { branch, .. } => {
                write!(formatter, "give it back (as `{}`)", wt("team release {}", &[branch]))
            }
            Self::SettlePortClaims => write!(formatter, "give it back"),
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Finding {
    #[schemars(with = "String")]
    pub code: FindingKind,
    pub severity: Severity,
    /// What it is about: a worktree's name, a port, a file.
    pub subject: String,
    pub message: String,
    pub fixable: bool,
    /// `null` where only a person can settle it.
    pub fix: Option<Fix>,
    /// What a person may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The worktree that people would look for it under; absent for the registry, the configuration and hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<PathBuf>,
    /// Whether it was fixed.
    pub fixed: bool,
}

impl Finding {
    /// A finding that only a person can settle.
    #[must_use]
    pub fn new(code: FindingKind, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            subject: subject.into(),
            message: message.into(),
            fixable: false,
            fix: None,
            hint: None,
            worktree: None,
            repository: None,
            fixed: false,
        }
    }

    /// A finding about a recorded worktree.
    #[must_use]
    pub fn about(code: FindingKind, entry: &Entry, message: impl Into<String>) -> Self {
        let mut finding = Self::new(code, entry.name.clone(), message);
        finding.worktree = Some(entry.name.clone());
        finding.repository = Some(entry.repository.clone());
        finding
    }

    /// Adds the repair.
    #[must_use]
    pub fn fixed_by(mut self, fix: Fix) -> Self {
        self.fixable = true;
        self.fix = Some(fix);
        self
    }

    /// Adds what a person may do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns what is the same when it is found again; another fix of the same worktree may have changed the fix.
    #[must_use]
    pub fn identity(&self) -> (FindingKind, Option<PathBuf>, String, String) {
        (self.code, self.repository.clone(), self.subject.clone(), self.message.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::entry;

    #[test]
    fn a_fix_is_about_one_record_and_no_other_that_is_like_it() {
        let meant = entry("a", 1, &[]);
        let target = FixTarget::of(&meant);
        assert!(target.is(&meant));
        let moved = Entry { path: "/w/b".into(), ..meant.clone() };
        let renamed = Entry { name: "b".to_owned(), ..meant.clone() };
        let younger = Entry { sequence: 2, ..meant.clone() };
        let elsewhere = Entry { repository_id: RepositoryId("s".to_owned()), ..meant.clone() };
        for other in [moved, renamed, younger, elsewhere] {
            assert!(!target.is(&other), "{other:?}");
        }
        assert!(target.is(&Entry { repository: "/w/else".into(), ..meant }), "wherever its repository lies");
    }

    #[test]
    fn a_finding_is_the_same_when_another_fix_is_found_for_it() {
        let entry = entry("a", 1, &[]);
        let finding = || Finding::about(FindingKind::DuplicatePort, &entry, "so");
        let identity =
            (FindingKind::DuplicatePort, Some(PathBuf::from("/w/shop")), "a".to_owned(), "so".to_owned());
        assert_eq!(finding().identity(), identity);
        let fixed = finding().fixed_by(Fix::RenderEnv { target: FixTarget::of(&entry) }).hint("do it");
        assert_eq!(fixed.identity(), identity);
        assert!(fixed.fixable && !finding().fixable);
        assert_eq!((fixed.worktree.as_deref(), fixed.hint.as_deref()), (Some("a"), Some("do it")));
    }

    #[test]
    fn a_fix_says_what_it_does() {
        let entry = entry("a", 1, &[]);
        let (target, service, port) =
            (FixTarget::of(&entry), "web".parse::<ServiceName>().unwrap(), Port::new(5000).unwrap());
        for (fix, said) in [
            (Fix::RestoreBackup, "take the backup in its place; the damaged bytes are kept"),
            (Fix::DropRecord { target: target.clone() }, "drop the younger record `a` (/w/a)"),
            (
                Fix::ReleasePort { target: target.clone(), service: service.clone(), port },
                "release 5000 (`web` of `a`) and take it out of .env",
            ),
            (
                Fix::MovePort { target: target.clone(), service, port },
                "move `web` of `a` from 5000 to a free port, .env too",
            ),
            (Fix::Adopt { path: "/w/b c".into() }, "record it (as `wt adopt '/w/b c'`)"),
            (
                Fix::RecordBranch { target: target.clone(), branch: Some("x".to_owned()) },
                "record the branch x",
            ),
            (Fix::RecordBranch { target: target.clone(), branch: None }, "record that HEAD is detached"),
            (Fix::RenderEnv { target }, "render the env block (as `wt env a`)"),
            (
                Fix::GiveBackClaim { repository: "/w/shop".into(), branch: "x".to_owned() },
                "give it back (as `wt team release x`)",
            ),
        ] {
            assert_eq!(fix.to_string(), said);
        }
    }
}
