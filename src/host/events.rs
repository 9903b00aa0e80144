//! `events.jsonl`: one line for each change and conflict, appended, and put aside when it grows large.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use jiff::Timestamp;

use super::{files, ownership};
use crate::model::event::Event;

/// The size in bytes at which the file is put aside.
const LARGEST: u64 = 4 * 1024 * 1024;

/// How much of the first line is read, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

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
    let mut options = OpenOptions::new();
    let options = files::plain(options.read(true).append(true));
    let mut file = ownership::open_or_make(options, &path).and_then(files::require_plain)?;
    // A line that a full disk cut short must not swallow the next one.
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    if last != [b'\n'] {
        lines.insert(0, b'\n');
    }
    // One write, so that a reader never sees half a line.
    file.write_all(&lines)
}

/// Returns what was logged in `folder`, the oldest first, and how many lines could not be read and were passed over.
///
/// # Errors
///
/// Those of the system; a log that is not there yet is empty.
pub fn read(folder: &Path) -> std::io::Result<(Vec<Event>, usize)> {
    let aside = (1..=KEPT).rev().map(|number| folder.join(format!("events.jsonl.{number}")));
    let (mut found, mut unreadable) = (Vec::new(), 0);
    for path in aside.chain([folder.join("events.jsonl")]) {
        let bytes = match files::read_plain(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(event) => found.push(event),
                Err(_) => unreadable += 1,
            }
        }
    }
    Ok((found, unreadable))
}

/// Answers whether something was logged before `time`, as [`forget`] sees it.
#[must_use]
pub fn is_any_before(folder: &Path, time: Timestamp) -> bool {
    let aside = (1..=KEPT).any(|number| matches!(is_aside_before(folder, number, time), Ok(true)));
    aside || matches!(begins_before(folder, time), Ok(true))
}

fn is_aside_before(folder: &Path, number: u32, time: Timestamp) -> std::io::Result<bool> {
    match folder.join(format!("events.jsonl.{number}")).symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        found => Ok(Timestamp::try_from(found?.modified()?).is_ok_and(|written| written < time)),
    }
}

fn begins_before(folder: &Path, time: Timestamp) -> std::io::Result<bool> {
    let mut first = String::new();
    match files::open_plain(&folder.join("events.jsonl")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => BufReader::new(opened?.0).take(LONGEST_LINE).read_line(&mut first)?,
    };
    let first: Option<Event> = serde_json::from_str(&first).ok();
    Ok(first.is_some_and(|event| event.at < time))
}

/// Forgets what was logged before `time`: files that were put aside and not written to since then go, and the log itself is
/// put aside once its first line is older. The registry's lock is held.
///
/// # Errors
///
/// Those of the system.
pub fn forget(folder: &Path, time: Timestamp) -> std::io::Result<()> {
    for number in 1..=KEPT {
        if is_aside_before(folder, number, time)? {
            fs::remove_file(folder.join(format!("events.jsonl.{number}")))?;
        }
    }
    if begins_before(folder, time)? { rotate(folder) } else { Ok(()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn events(name: &str) -> Vec<Event> {
        vec![Event::new(name)]
    }

    #[test]
    fn a_line_cut_short_spoils_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"event\":\"cre")
            .unwrap();
        append(folder.path(), &events("removed")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let last: Event = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((text.lines().count(), last.event.as_str()), (2, "removed"));
    }

    #[test]
    fn a_full_log_is_put_aside_and_two_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..4 {
            let path = folder.path().join("events.jsonl");
            OpenOptions::new().create(true).append(true).open(&path).unwrap().set_len(LARGEST).unwrap();
            append(folder.path(), &events(&format!("round-{round}"))).unwrap();
        }
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }

    #[test]
    fn the_files_put_aside_are_read_first_and_what_is_no_event_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text).unwrap();
        };
        append(folder.path(), &events("third")).unwrap();
        fs::rename(folder.path().join("events.jsonl"), folder.path().join("now")).unwrap();
        for (name, file) in [("first", "events.jsonl.2"), ("second", "events.jsonl.1")] {
            append(folder.path(), &events(name)).unwrap();
            fs::rename(folder.path().join("events.jsonl"), folder.path().join(file)).unwrap();
        }
        fs::rename(folder.path().join("now"), folder.path().join("events.jsonl")).unwrap();
        write("events.jsonl", b"{\"event\":\"cut sh\n\xff\xfe\n[]\n\n");
        let (found, unreadable) = read(folder.path()).unwrap();
        let names: Vec<&str> = found.iter().map(|event| event.event.as_str()).collect();
        assert_eq!((names, unreadable), (vec!["first", "second", "third"], 3));
        assert_eq!(read(&folder.path().join("nowhere")).unwrap(), (Vec::new(), 0));
    }
}
