//! Looks which carried paths the source has changed since: by size and time, and only where these differ by the bytes.

use std::path::Path;

use super::proof::is_as_made;
use crate::host::files;
use crate::model::carry::drift::Drift;
use crate::model::carry::record::{CarriedPath, CarryRecord};

/// So many bytes are compared in one worktree; what else has another time counts as changed.
const COMPARED: u64 = 64 * 1024 * 1024;

/// Looks at every carried file of the worktree `target`. What the source has no more is no change: there is nothing to carry.
#[must_use]
pub fn drift(target: &Path, record: &CarryRecord, interrupted: &dyn Fn() -> bool) -> Drift {
    let mut drift = Drift::default();
    let mut left = COMPARED;
    for (path, row) in &record.rows {
        let CarriedPath::File { size, hash, .. } = row else { continue };
        if interrupted() {
            break;
        }
        let there = record.source.join(path);
        let Ok(found) = there.symlink_metadata() else { continue };
        if !found.is_file() || is_as_made(&record.source, path, row) {
            continue;
        }
        let is_copy = is_as_made(target, path, row);
        // Of one in a tree no hash is known: the copy stands for it.
        if hash.is_none() && is_copy && found.len() == *size && *size <= left {
            left -= size;
            if files::is_same_tree(&there, &target.join(path)) {
                continue;
            }
        }
        if is_copy { &mut drift.unchanged } else { &mut drift.edited }.push(path.clone());
    }
    drift
}
