//! Where the log is, and the parts of it that were put aside.

use std::path::{Path, PathBuf};

/// How many files that were put aside are kept.
pub(super) const KEPT: u32 = 2;

pub(super) fn log(folder: &Path) -> PathBuf {
    folder.join("events.jsonl")
}

pub(super) fn aside(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("events.jsonl.{number}"))
}
