//! Puts the log aside and drops what is old, after it was counted.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use jiff::Timestamp;

use super::counters;
use super::gate::open_locked;
use super::place::{KEPT, aside, log};
use crate::host::files;
use crate::model::event::Event;

/// How much of the first line is read, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// Answers whether something was logged before `time`, as [`forget`] sees it.
#[must_use]
pub fn is_any_before(folder: &Path, time: Timestamp) -> bool {
    let aside = (1..=KEPT).any(|number| matches!(is_aside_before(folder, number, time), Ok(true)));
    aside || matches!(begins_before(folder, time), Ok(true))
}

fn is_aside_before(folder: &Path, number: u32, time: Timestamp) -> std::io::Result<bool> {
    match aside(folder, number).symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        found => Ok(Timestamp::try_from(found?.modified()?).is_ok_and(|written| written < time)),
    }
}

fn begins_before(folder: &Path, time: Timestamp) -> std::io::Result<bool> {
    let mut first = String::new();
    match files::open_plain(&log(folder)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => BufReader::new(opened?.0).take(LONGEST_LINE).read_line(&mut first)?,
    };
    let first: Option<Event> = serde_json::from_str(&first).ok();
    Ok(first.is_some_and(|event| event.at < time))
}

/// Forgets what was logged before `time`: files that were put aside and not written to since then go, and the log itself is
/// put aside once its first line is older.
///
/// # Errors
///
/// Those of the system; nothing is dropped that could not be counted.
pub fn forget(folder: &Path, time: Timestamp) -> std::io::Result<()> {
    let _locked = open_locked(folder)?;
    for number in 1..=KEPT {
        if is_aside_before(folder, number, time)? {
            counters::keep(folder)?;
            fs::remove_file(aside(folder, number))?;
        }
    }
    if begins_before(folder, time)? { rotate(folder) } else { Ok(()) }
}

/// Puts the log aside, and drops the oldest part of it. The log is locked.
pub(super) fn rotate(folder: &Path) -> std::io::Result<()> {
    counters::keep(folder)?;
    for number in (1..KEPT).rev() {
        if aside(folder, number).exists() {
            fs::rename(aside(folder, number), aside(folder, number + 1))?;
        }
    }
    fs::rename(log(folder), aside(folder, 1))
}

#[cfg(test)]
mod tests {
    use super::super::append::tests::{events, put};
    use super::super::{Writing, append, read};
    use super::*;

    #[test]
    fn a_full_log_is_put_aside_and_two_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..5 {
            let writing = Writing { max_size: 3, ..Writing::default() };
            append(folder.path(), events(&format!("round-{round}")), &writing).unwrap();
        }
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["counters.json", "events.jsonl", "events.jsonl.1", "events.jsonl.2"]);
        let counted = counters::count(folder.path()).unwrap().0;
        assert_eq!((counted.events.len(), counted.sequence), (5, 5), "what was dropped is counted");
    }

    #[test]
    fn nothing_is_dropped_that_cannot_be_counted() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("counters.json")).unwrap();
        let writing = Writing { max_size: 3, ..Writing::default() };
        for round in 0..5 {
            append(folder.path(), events(&format!("round-{round}")), &writing).unwrap();
        }
        assert_eq!(read(folder.path()).unwrap().0.len(), 5);
    }

    #[test]
    fn what_is_forgotten_is_counted_first() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "old");
        let later = Timestamp::from_second(4_000_000_000).unwrap();
        assert!(is_any_before(folder.path(), later));
        for _ in 0..3 {
            forget(folder.path(), later).unwrap();
        }
        let (counted, _) = counters::count(folder.path()).unwrap();
        assert_eq!((counted.events["old"], read(folder.path()).unwrap().0.len()), (1, 0));
        put(folder.path(), "new");
        assert_eq!(counters::count(folder.path()).unwrap().0.sequence, 2);
    }
}
