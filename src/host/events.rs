//! `events.jsonl`: one line for each change and conflict, appended, and put aside when it grows large.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::model::event::Event;

/// The size in bytes at which the file is put aside.
const LARGEST: u64 = 4 * 1024 * 1024;

/// How many files that were put aside are kept.
const KEPT: u32 = 2;

/// Appends `events` to the log in `folder`. The registry's lock is held, so nobody rotates at the same time.
///
/// # Errors
///
/// Those of the system.
pub fn append(folder: &Path, events: &[Event]) -> std::io::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let path = folder.join("events.jsonl");
    if path.metadata().is_ok_and(|found| found.len() >= LARGEST) {
        rotate(folder)?;
    }
    let mut lines = Vec::new();
    for event in events {
        serde_json::to_writer(&mut lines, event)?;
        lines.push(b'\n');
    }
    // One write, so that a reader never sees half a line.
    OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?.write_all(&lines)
}

fn rotate(folder: &Path) -> std::io::Result<()> {
    let numbered = |number: u32| folder.join(format!("events.jsonl.{number}"));
    for number in (1..KEPT).rev() {
        if numbered(number).exists() {
            fs::rename(numbered(number), numbered(number + 1))?;
        }
    }
    fs::rename(folder.join("events.jsonl"), numbered(1))
}
