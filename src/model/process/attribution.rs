//! Which worktree a process belongs to, decided from facts about processes and the registry.
//! Only holders of sockets are asked about: a shell or an editor that stands in a worktree serves nothing.

use std::path::{Path, PathBuf};

use crate::model::process::ProcessId;
use crate::model::process::evidence::{Evidence, is_recorded, weigh};
use crate::model::process::facts::ProcessFacts;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;

/// The environment variable that everything we start carries: `<repository id>/<worktree name>`.
pub const WT_MARKER: &str = "WT_MARKER";

/// The environment variable that everything carries which was started as (part of) a service: the service's name.
pub const WT_SERVICE: &str = "WT_SERVICE";

/// The environment variable that everything carries which a worktree's own commands started: `setup/0`, `background/1`.
pub const WT_SETUP: &str = "WT_SETUP";

/// What is put behind a service's name for what looks after it: it is the worktree's, and not the service.
pub const CHECK: &str = "/check";

/// What a living worktree can claim processes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessClaim {
    pub repository: RepositoryId,
    pub name: String,
    /// Its folder; empty where what stands there is not the worktree, so that standing there proves nothing.
    pub path: PathBuf,
    /// git's own name of the worktree.
    pub admin: String,
    /// Whether it is the main worktree.
    pub is_main: bool,
    /// Folders below it that are worktrees of their own: whoever stands there does not stand in this one.
    pub apart: Vec<PathBuf>,
    /// The processes recorded for it.
    pub processes: Vec<ProcessId>,
}

impl ProcessClaim {
    /// Returns what the entry claims; recorded processes that cannot be read are left out.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            repository: entry.repository_id.clone(),
            name: entry.name.clone(),
            path: entry.path.clone(),
            admin: entry.admin.clone(),
            is_main: entry.is_main(),
            apart: Vec::new(),
            processes: entry.notes.processes.read_each(),
        }
    }

    /// Returns the value of [`WT_MARKER`] that names this worktree.
    #[must_use]
    pub fn marker(&self) -> String {
        format!("{}/{}", self.repository, self.name)
    }

    fn records(&self, process: &ProcessFacts) -> bool {
        self.processes.iter().any(|known| is_recorded(known, process.pid, process.started))
    }
}

/// Returns the claims of all living worktrees.
#[must_use]
pub fn claims(registry: &Registry) -> Vec<ProcessClaim> {
    registry.entries().filter(|entry| entry.is_living()).map(ProcessClaim::of).collect()
}

/// Returns the worktree that `process` belongs to, if any, by the strongest [evidence](weigh); `look` tells what is known
/// about another pid.
#[must_use]
pub fn find_worktree<'a>(
    process: &ProcessFacts,
    claims: &'a [ProcessClaim],
    look: &dyn Fn(u32) -> Option<ProcessFacts>,
) -> Option<&'a ProcessClaim> {
    weigh(process, look, &mut |evidence| match evidence {
        Evidence::Process(one) => claims.iter().find(|claim| claim.records(one)),
        Evidence::Marker(marker) => claims.iter().find(|claim| claim.marker() == marker),
        Evidence::Folder(folder) => standing_in(folder, claims),
    })
}

fn standing_in<'a>(folder: &Path, claims: &'a [ProcessClaim]) -> Option<&'a ProcessClaim> {
    claims
        .iter()
        .filter(|claim| !claim.path.as_os_str().is_empty() && folder.starts_with(&claim.path))
        .filter(|claim| !claim.apart.iter().any(|apart| folder.starts_with(apart)))
        .max_by_key(|claim| claim.path.components().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(name: &str, path: &str, recorded: &[(u32, u64)]) -> ProcessClaim {
        let process = |(pid, started): &(u32, u64)| ProcessId {
            pid: *pid,
            started: *started,
            boot: String::new(),
            namespace: String::new(),
        };
        ProcessClaim {
            repository: RepositoryId("r".to_owned()),
            name: name.to_owned(),
            path: PathBuf::from(path),
            admin: name.to_owned(),
            is_main: false,
            apart: Vec::new(),
            processes: recorded.iter().map(process).collect(),
        }
    }

    fn process(pid: u32, parent: u32) -> ProcessFacts {
        ProcessFacts {
            pid,
            parent,
            session: pid,
            command: "server".to_owned(),
            folder: None,
            user: 1000,
            started: u64::from(pid),
            marker: None,
        }
    }

    fn found(process: &ProcessFacts, claims: &[ProcessClaim], others: &[ProcessFacts]) -> Option<String> {
        let look = |pid| others.iter().chain([process]).find(|other| other.pid == pid).cloned();
        find_worktree(process, claims, &look).map(|claim| claim.name.clone())
    }

    #[test]
    fn a_recorded_process_owns_its_descendants_whatever_folder_they_stand_in() {
        let claims = [claim("a", "/w/a", &[(10, 10)]), claim("b", "/w/b", &[])];
        let server = ProcessFacts { folder: Some("/w/b".into()), ..process(30, 20) };
        let parents = [process(20, 10), process(10, 1)];
        assert_eq!(found(&server, &claims, &parents).as_deref(), Some("a"));
        assert_eq!(found(&process(10, 1), &claims, &[]).as_deref(), Some("a"));
    }

    #[test]
    fn a_reused_pid_is_not_the_recorded_process() {
        let claims = [claim("a", "/w/a", &[(10, 9)])];
        assert_eq!(found(&process(10, 1), &claims, &[]), None);
        assert_eq!(found(&process(30, 10), &claims, &[process(10, 1)]), None);
    }

    #[test]
    fn a_marker_outweighs_the_folder_and_must_name_the_repository_too() {
        let claims = [claim("a", "/w/a", &[]), claim("b", "/w/b", &[])];
        let marked = |marker: &str| ProcessFacts {
            folder: Some("/w/b/sub".into()),
            marker: Some(marker.to_owned()),
            ..process(30, 1)
        };
        assert_eq!(found(&marked("r/a"), &claims, &[]).as_deref(), Some("a"));
        assert_eq!(found(&marked("other/a"), &claims, &[]).as_deref(), Some("b"));
    }

    #[test]
    fn a_server_that_wiped_its_environment_is_found_by_its_session_or_an_ancestor() {
        let claims = [claim("a", "/w/a", &[(10, 10)]), claim("b", "/w/b", &[])];
        let orphan = ProcessFacts { session: 10, ..process(30, 1) };
        assert_eq!(found(&orphan, &claims, &[process(10, 1)]).as_deref(), Some("a"), "leader alive");
        assert_eq!(found(&orphan, &claims, &[]), None, "leader gone: its pid may have been another's since");
        let parent = ProcessFacts { marker: Some("r/b".to_owned()), ..process(20, 1) };
        assert_eq!(found(&process(30, 20), &claims, &[parent]).as_deref(), Some("b"));
    }

    #[test]
    fn the_folder_decides_last_and_the_innermost_worktree_wins() {
        let claims = [claim("outer", "/w", &[]), claim("inner", "/w/inner", &[])];
        let at = |folder: &str| ProcessFacts { folder: Some(folder.into()), ..process(30, 1) };
        assert_eq!(found(&at("/w/inner/src"), &claims, &[]).as_deref(), Some("inner"));
        assert_eq!(found(&at("/w/inner-2"), &claims, &[]).as_deref(), Some("outer"));
        assert_eq!(found(&at("/srv/demo"), &claims, &[]), None);
        assert_eq!(found(&process(30, 1), &claims, &[]), None);
    }

    #[test]
    fn a_claim_without_a_folder_claims_nobody_by_folder() {
        let claims = [claim("a", "", &[])];
        let at = ProcessFacts { folder: Some("/srv/demo".into()), ..process(30, 1) };
        assert_eq!(found(&at, &claims, &[]), None);
    }

    #[test]
    fn parents_that_form_a_circle_are_walked_once() {
        let claims = [claim("a", "/w/a", &[])];
        assert_eq!(found(&process(30, 20), &claims, &[process(20, 30)]), None);
    }

    #[test]
    fn whoever_stands_in_a_worktree_below_the_main_one_does_not_stand_in_the_main_one() {
        let main = ProcessClaim { apart: vec!["/p/.wt/x".into()], is_main: true, ..claim("main", "/p", &[]) };
        let standing = |folder: &str, claims: &[ProcessClaim]| {
            let process = ProcessFacts { folder: Some(folder.into()), ..process(9, 1) };
            find_worktree(&process, claims, &|_| None).map(|claim| claim.name.clone())
        };
        let claims = [main, claim("y", "/p/.wt/y", &[])];
        assert_eq!(standing("/p/src", &claims).as_deref(), Some("main"));
        assert_eq!(standing("/p/.wt/x/src", &claims), None, "nobody recorded that one");
        assert_eq!(standing("/p/.wt/y", &claims).as_deref(), Some("y"));
    }
}
