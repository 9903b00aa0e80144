//! What becomes of the links that were found, once it is known what is carried.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::search::{CarryMatches, PathKind};
use crate::model::carry::left_out::LeftOutReason;
use crate::model::carry::link::{LinkVerdict, judge};

/// Has links to what is carried too lead to the copy, and leaves out those that lead where they must not.
pub fn redirect(found: &mut CarryMatches, source: &Path, target: &Path, others: &[PathBuf]) {
    if !found.items.iter().any(|item| matches!(item.kind, PathKind::Link { .. })) {
        return;
    }
    let carried: BTreeSet<PathBuf> = found.items.iter().map(|item| PathBuf::from(&item.path)).collect();
    for mut item in std::mem::take(&mut found.items) {
        let PathKind::Link { target: leads } = &item.kind else {
            found.items.push(item);
            continue;
        };
        let real = source.join(&item.path).canonicalize().ok();
        match judge(Path::new(&item.path), leads, real.as_deref(), source, others) {
            LinkVerdict::Keep => found.items.push(item),
            LinkVerdict::IntoSource(inner) if carried.contains(&inner) => {
                item.kind = PathKind::Link { target: target.join(inner) };
                found.items.push(item);
            }
            LinkVerdict::IntoSource(_) => found.leave(&item, LeftOutReason::Outside),
            LinkVerdict::LeaveOut(reason) => found.leave(&item, reason),
        }
    }
}
