//! What shows for whom a process runs, in one order for all who ask: the strongest first. Whose it is (`attribution`), whose
//! it was (`strays`) and which ones are a service's (`kinship`) are three questions over this evidence.

use std::path::Path;

use crate::model::process::ProcessId;
use crate::model::process::facts::ProcessFacts;

/// One piece of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence<'a> {
    /// The process may be on record: it is the one in question, an ancestor of it, or the leader of its session.
    Process(&'a ProcessFacts),
    /// The value of `WT_MARKER` in the environment of one of these.
    Marker(&'a str),
    /// The working folder of the process in question.
    Folder(&'a Path),
}

/// Returns what `judge` makes of the strongest evidence that it can make something of; `look` tells what is known about another
/// pid.
///
/// The order: a recorded process among it and its ancestors, its own marker, the leader of its session (on record, then by its
/// marker), a marker among its ancestors, and last its folder. A leader counts only while it is there: the pid of one that is
/// gone may have been somebody else's since, whose session this is.
pub fn weigh<T>(
    process: &ProcessFacts,
    look: &dyn Fn(u32) -> Option<ProcessFacts>,
    judge: &mut dyn FnMut(Evidence<'_>) -> Option<T>,
) -> Option<T> {
    let line = lineage(process, look);
    if let Some(found) = line.iter().find_map(|one| judge(Evidence::Process(one))) {
        return Some(found);
    }
    let of_marker = |one: &ProcessFacts, judge: &mut dyn FnMut(Evidence<'_>) -> Option<T>| {
        one.marker.as_deref().and_then(|marker| judge(Evidence::Marker(marker)))
    };
    if let Some(found) = of_marker(process, judge) {
        return Some(found);
    }
    if let Some(leader) = look(process.session) {
        let found = judge(Evidence::Process(&leader));
        if let Some(found) = found.or_else(|| of_marker(&leader, judge)) {
            return Some(found);
        }
    }
    if let Some(found) = line.iter().skip(1).find_map(|ancestor| of_marker(ancestor, judge)) {
        return Some(found);
    }
    process.folder.as_deref().and_then(|folder| judge(Evidence::Folder(folder)))
}

/// Answers whether `known`, a process on record, is the one with that pid and start: a pid alone is reused.
#[must_use]
pub fn is_recorded(known: &ProcessId, pid: u32, started: u64) -> bool {
    known.pid == pid && known.started == started
}

/// Returns the process and its ancestors, nearest first, without the first process of all.
fn lineage(process: &ProcessFacts, look: &dyn Fn(u32) -> Option<ProcessFacts>) -> Vec<ProcessFacts> {
    let mut line = vec![process.clone()];
    let mut parent = process.parent;
    while parent > 1 && line.iter().all(|known| known.pid != parent) {
        let Some(next) = look(parent) else { break };
        parent = next.parent;
        line.push(next);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_record_marker_session_ancestors_folder() {
        let process = |pid: u32, parent: u32| ProcessFacts {
            pid,
            parent,
            session: 5,
            command: "server".to_owned(),
            folder: Some(format!("/{pid}").into()),
            user: 1000,
            started: 1,
            marker: Some(format!("r/{pid}")),
        };
        let all = [process(5, 1), process(10, 1), process(20, 10), process(30, 20)];
        let look = |pid: u32| all.iter().find(|known| known.pid == pid).cloned();
        let mut seen = Vec::new();
        let found = weigh(&all[3], &look, &mut |evidence| {
            seen.push(match evidence {
                Evidence::Process(one) => format!("process {}", one.pid),
                Evidence::Marker(marker) => format!("marker {marker}"),
                Evidence::Folder(folder) => format!("folder {}", folder.display()),
            });
            None::<()>
        });
        assert_eq!(found, None);
        let expected = [
            "process 30",
            "process 20",
            "process 10",
            "marker r/30",
            "process 5",
            "marker r/5",
            "marker r/20",
            "marker r/10",
            "folder /30",
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_process_on_record_is_known_by_its_pid_and_its_start() {
        let known = ProcessId { pid: 7, started: 9, boot: String::new(), namespace: String::new() };
        for (pid, started, expected) in [(7, 9, true), (7, 8, false), (8, 9, false)] {
            assert_eq!(is_recorded(&known, pid, started), expected, "{pid} {started}");
        }
    }
}
