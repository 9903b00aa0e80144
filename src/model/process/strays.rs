//! Which processes are strays of ours: they belong to worktrees that are gone, or carry our mark and no record. Pure; a
//! process of a worktree that is there is never one, and neither is anything that only stands near.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::port::listener::WorktreeKey;
use crate::model::process::ProcessId;
use crate::model::process::evidence::{Evidence, is_recorded, weigh};
use crate::model::process::facts::ProcessFacts;
use crate::model::registry::repository::RepositoryId;

/// What is remembered of worktrees, those that are gone and those that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The worktrees that are there.
    pub living: Vec<WorktreeKey>,
    /// The worktrees that are known to have been there: a mark that names another one proves nothing.
    pub gone: Vec<WorktreeKey>,
    /// Processes on record for worktrees that are gone; of this boot and pid namespace only.
    pub recorded: Vec<(String, ProcessId)>,
    pub folders: Vec<FormerFolder>,
}

/// Where a worktree was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerFolder {
    pub worktree: String,
    /// As the kernel names it: links resolved.
    pub path: PathBuf,
    /// Whether the folder is there still, put away: what works in it is a stray. Else only in a deleted one.
    pub is_trash: bool,
}

/// A process, with what is asked about it beside its facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspect<'a> {
    pub process: &'a ProcessFacts,
    /// The worktree that it belongs to.
    pub belongs_to: Option<&'a WorktreeKey>,
    /// Its working folder where that was deleted, without the kernel's ` (deleted)`.
    pub deleted_folder: Option<&'a Path>,
}

/// Why a process is a stray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StrayReason {
    /// It is on record for a worktree that is gone.
    Recorded,
    /// Its mark names a worktree that is gone.
    Marked,
    /// It works in a folder that was put away with its worktree.
    InTrash,
    /// It works in a deleted folder of a worktree that is gone.
    InDeletedFolder,
}

impl StrayReason {
    /// Returns the reason in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "on record for a worktree that is gone",
            Self::Marked => "started for a worktree that is gone",
            Self::InTrash => "works in the folder of a worktree that was removed",
            Self::InDeletedFolder => "works in the deleted folder of a worktree that is gone",
        }
    }
}

/// Returns the worktree that a stray was for, and why it is one, by the strongest [evidence](weigh); `None` for everything
/// else. `look` tells what is known about another pid.
#[must_use]
pub fn find_stray(
    suspect: &Suspect<'_>,
    past: &Past,
    look: &dyn Fn(u32) -> Option<ProcessFacts>,
) -> Option<(String, StrayReason)> {
    // Whatever a worktree that is there runs is its own business.
    if suspect.belongs_to.is_some() {
        return None;
    }
    // The nearest mark that names a worktree decides among marks.
    let mut is_named = false;
    let found = weigh(suspect.process, look, &mut |evidence| match evidence {
        Evidence::Process(one) => {
            let found = past.recorded.iter().find(|(_, known)| is_recorded(known, one.pid, one.started));
            found.map(|(name, _)| (name.clone(), StrayReason::Recorded))
        }
        Evidence::Marker(_) if is_named => None,
        Evidence::Marker(marker) => {
            let named = key(marker)?;
            is_named = true;
            let is_gone = past.gone.contains(&named) && !past.living.contains(&named);
            is_gone.then_some((named.name, StrayReason::Marked))
        }
        Evidence::Folder(folder) if suspect.deleted_folder.is_none() => in_trash(folder, past),
        Evidence::Folder(_) => None,
    });
    found.or_else(|| in_deleted(suspect.deleted_folder?, past))
}

fn in_deleted(deleted: &Path, past: &Past) -> Option<(String, StrayReason)> {
    let found = past.folders.iter().find(|former| deleted.starts_with(&former.path))?;
    Some((found.worktree.clone(), StrayReason::InDeletedFolder))
}

fn in_trash(folder: &Path, past: &Past) -> Option<(String, StrayReason)> {
    let found = past.folders.iter().filter(|former| former.is_trash);
    let found = found.into_iter().find(|former| folder.starts_with(&former.path))?;
    Some((found.worktree.clone(), StrayReason::InTrash))
}

/// Reads `<repository id>/<worktree name>`.
fn key(marker: &str) -> Option<WorktreeKey> {
    let (repository, name) = marker.split_once('/')?;
    Some(WorktreeKey { repository: RepositoryId(repository.to_owned()), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RepositoryId {
        RepositoryId(text.to_owned())
    }

    fn worktree(name: &str) -> WorktreeKey {
        WorktreeKey { repository: id("r"), name: name.to_owned() }
    }

    fn process(pid: u32, folder: &str, marker: Option<&str>) -> ProcessFacts {
        ProcessFacts {
            pid,
            // The next of a line.
            parent: match pid {
                30 => 20,
                20 => 10,
                6 => 5,
                _ => 1,
            },
            session: pid,
            command: "server".to_owned(),
            folder: Some(folder.into()),
            user: 1000,
            started: u64::from(pid),
            marker: marker.map(str::to_owned),
        }
    }

    fn past() -> Past {
        let recorded = ProcessId { pid: 10, started: 10, boot: String::new(), namespace: String::new() };
        let former =
            |path: &str, is_trash| FormerFolder { worktree: "gone".to_owned(), path: path.into(), is_trash };
        Past {
            living: vec![worktree("there"), worktree("run")],
            gone: vec![worktree("gone"), worktree("there")],
            recorded: vec![("gone".to_owned(), recorded)],
            folders: vec![former("/w/gone", false), former("/w/.wt-trash/gone-1", true)],
        }
    }

    fn found(
        line: &[ProcessFacts],
        belongs_to: Option<&WorktreeKey>,
        deleted: Option<&str>,
    ) -> Option<StrayReason> {
        let suspect = Suspect { process: &line[0], belongs_to, deleted_folder: deleted.map(Path::new) };
        let look = |pid: u32| line.iter().find(|known| known.pid == pid).cloned();
        find_stray(&suspect, &past(), &look).map(|(_, reason)| reason)
    }

    #[test]
    fn what_is_on_record_for_a_worktree_that_is_gone_is_a_stray_with_all_its_children() {
        assert_eq!(found(&[process(10, "/", None)], None, None), Some(StrayReason::Recorded));
        let child = [process(30, "/", None), process(20, "/", None), process(10, "/", None)];
        assert_eq!(found(&child, None, None), Some(StrayReason::Recorded));
        let reused = ProcessFacts { started: 11, ..process(10, "/", None) };
        assert_eq!(found(&[reused], None, None), None, "another process has that pid now");
    }

    #[test]
    fn what_is_in_the_session_of_a_recorded_leader_that_is_there_is_a_stray_too() {
        let daemon = ProcessFacts { session: 10, ..process(40, "/", None) };
        let leader = process(10, "/", None);
        assert_eq!(found(&[daemon.clone(), leader.clone()], None, None), Some(StrayReason::Recorded));
        assert_eq!(found(std::slice::from_ref(&daemon), None, None), None, "the leader is gone");
        let reused = ProcessFacts { started: 11, ..leader };
        assert_eq!(found(&[daemon, reused], None, None), None, "another process has its pid");
    }

    #[test]
    fn a_mark_counts_when_its_worktree_was_there_and_is_gone() {
        assert_eq!(found(&[process(5, "/", Some("r/gone"))], None, None), Some(StrayReason::Marked));
        let child = [process(6, "/", None), process(5, "/", Some("r/gone"))];
        assert_eq!(found(&child, None, None), Some(StrayReason::Marked));
        for marker in ["other/gone", "r/there", "r/never", "r", "", "/", "/gone"] {
            assert_eq!(found(&[process(5, "/", Some(marker))], None, None), None, "{marker}");
        }
    }

    #[test]
    fn a_folder_that_was_put_away_or_deleted_with_its_worktree_tells() {
        let at = |folder: &str, deleted| found(&[process(5, folder, None)], None, deleted);
        assert_eq!(at("/w/.wt-trash/gone-1/src", None), Some(StrayReason::InTrash));
        assert_eq!(at("/w/gone/src (deleted)", Some("/w/gone/src")), Some(StrayReason::InDeletedFolder));
        assert_eq!(
            at("/w/.wt-trash/gone-1", Some("/w/.wt-trash/gone-1")),
            Some(StrayReason::InDeletedFolder)
        );
        assert_eq!(at("/w/gone/src", None), None, "somebody else's folder stands there now");
        assert_eq!(at("/w/gone-2 (deleted)", Some("/w/gone-2")), None);
        assert_eq!(at("/w/.wt-trash", None), None);
        assert_eq!(at("/srv (deleted)", Some("/srv")), None);
    }

    #[test]
    fn a_process_of_a_worktree_that_is_there_is_never_a_stray() {
        let there = worktree("there");
        assert_eq!(found(&[process(5, "/w/there", None)], Some(&there), None), None);
        assert_eq!(found(&[process(10, "/w/there", None)], Some(&there), None), None);
        assert_eq!(found(&[process(5, "/", Some("r/there"))], Some(&there), None), None);
        assert_eq!(found(&[process(5, "/", Some("r/gone"))], Some(&there), None), None);
    }
}
