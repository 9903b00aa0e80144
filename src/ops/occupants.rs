//! The processes that stand in a worktree's folder, whoever started them.

use std::path::Path;

use crate::host::process::table;
use crate::model::loss::Process;

/// Returns them, ourselves and those that we run below aside.
#[must_use]
pub fn inside(folder: &Path) -> Vec<Process> {
    let mut ourselves = table::ancestors(std::process::id());
    ourselves.push(std::process::id());
    let others = table::inside(folder).into_iter().filter(|process| !ourselves.contains(&process.pid));
    others
        .map(|process| Process { pid: process.pid, command: process.command, folder: process.folder })
        .collect()
}
