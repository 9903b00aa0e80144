//! Appends to the log, and puts it aside when it grows large. The numbers of its lines grow.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::gate::open_locked;
use super::place::{KEPT, aside};
use super::{counters, shortening};
use crate::host::files;
use crate::host::notify::spool;
use crate::host::process::users::{self, Users};
use crate::model::event::{By, Event};

/// How much of the end of the log is looked at for its last number, in bytes.
const LONGEST_END: u64 = 64 * 1024;

/// The same where that end has no line of ours: more than a log of the usual size has.
const FARTHEST: u64 = 64 * 1024 * 1024;

/// Who writes, and how large the log may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// The word of the command.
    pub command: String,
    /// Bytes of all files together.
    pub max_size: u64,
}

impl Default for Writing {
    fn default() -> Self {
        Self { command: String::new(), max_size: 64 * 1024 * 1024 }
    }
}

impl Writing {
    fn by(&self) -> By {
        let user = Users::default().name(users::ourselves());
        By { user, pid: std::process::id(), command: self.command.clone() }
    }
}

/// Appends `events` to the log in `folder`, each with the next number: its own, or a higher one where lines were written that
/// the registry does not know of.
///
/// # Errors
///
/// Those of the system; `WouldBlock` where another writer does not let go of the log.
pub fn append(folder: &Path, mut events: Vec<Event>, writing: &Writing) -> std::io::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let by = writing.by();
    let mut file = open_locked(folder)?;
    let mut length = file.metadata()?.len();
    let mut last = last_number(&file, length)?;
    if last == 0 {
        last = floor(folder);
    }
    let mut lines = Vec::new();
    for event in &mut events {
        last = event.sequence.max(last.saturating_add(1));
        event.sequence = last;
        if event.by.is_none() {
            event.by = Some(by.clone());
        }
        serde_json::to_writer(&mut lines, &event)?;
        lines.push(b'\n');
    }
    let share = writing.max_size / u64::from(KEPT + 1);
    if length > 0 && length.saturating_add(lines.len() as u64) > share {
        // A log that cannot be put aside goes on growing: nothing is dropped that was not counted.
        if shortening::rotate(folder).is_ok() {
            file = open_locked(folder)?;
            length = file.metadata()?.len();
        }
    }
    // A line that a full disk cut short must not swallow the next one.
    let mut end = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut end, length - 1)?;
    }
    if end != [b'\n'] {
        lines.insert(0, b'\n');
    }
    // One write, so that a reader never sees half a line.
    file.write_all(&lines)?;
    // Nobody who writes an event waits for those who keep what is to be told.
    drop(file);
    // Whoever is to be told hears of what is on record; what cannot be told is on record all the same.
    let _ = spool::hear(folder, &events);
    Ok(())
}

/// Returns the number of the last line that has one; 0 where none has. What somebody else wrote behind it may be long.
fn last_number(file: &File, length: u64) -> std::io::Result<u64> {
    #[derive(serde::Deserialize)]
    struct Number {
        sequence: u64,
    }
    let mut part = length.min(LONGEST_END);
    loop {
        let mut bytes = vec![0; usize::try_from(part).unwrap_or_default()];
        file.read_exact_at(&mut bytes, length - part)?;
        let numbers = bytes.split(|byte| *byte == b'\n').rev();
        let mut numbers = numbers.filter_map(|line| serde_json::from_slice::<Number>(line).ok());
        if let Some(line) = numbers.next() {
            return Ok(line.sequence);
        }
        if part == length || part >= FARTHEST {
            return Ok(0);
        }
        part = length.min(part.saturating_mul(16)).min(FARTHEST);
    }
}

/// Returns the number after which a new log begins.
fn floor(folder: &Path) -> u64 {
    let counted = counters::read(folder).map_or(0, |tally| tally.sequence);
    let aside = files::open_plain(&aside(folder, 1)).and_then(|(file, found)| last_number(&file, found));
    counted.max(aside.unwrap_or_default())
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs::OpenOptions;

    use super::super::place::log;
    use super::super::{Tail, read};
    use super::*;

    pub fn events(name: &str) -> Vec<Event> {
        vec![Event::new(name)]
    }

    pub fn put(folder: &Path, name: &str) {
        append(folder, events(name), &Writing::default()).unwrap();
    }

    #[test]
    fn a_line_cut_short_spoils_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = log(folder.path());
        let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        file.write_all(b"{\"event\":\"cre").unwrap();
        put(folder.path(), "removed");
        let text = std::fs::read_to_string(&path).unwrap();
        let last: Event = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((text.lines().count(), last.event.as_str()), (2, "removed"));
    }

    #[test]
    fn numbers_grow_whatever_stands_behind_the_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let numbered = vec![Event::new("x").numbered(10_001, jiff::Timestamp::UNIX_EPOCH)];
        append(folder.path(), numbered, &Writing::default()).unwrap();
        let mut file = OpenOptions::new().append(true).open(log(folder.path())).unwrap();
        file.write_all(&vec![b'#'; 3 << 20]).unwrap();
        put(folder.path(), "y");
        assert_eq!(read(folder.path()).unwrap().0.last().unwrap().sequence, 10_002);
    }

    #[test]
    fn numbers_grow_whatever_the_registry_says() {
        let folder = tempfile::tempdir().unwrap();
        let numbered = |number| vec![Event::new("x").numbered(number, jiff::Timestamp::UNIX_EPOCH)];
        for number in [7, 0, 0, 5, 20] {
            append(folder.path(), numbered(number), &Writing::default()).unwrap();
        }
        let numbers: Vec<u64> =
            read(folder.path()).unwrap().0.into_iter().map(|event| event.sequence).collect();
        assert_eq!(numbers, [7, 8, 9, 10, 20]);
    }

    #[test]
    fn several_writers_and_rotation_lose_no_line_and_no_count() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        // Small enough for rotation, large enough that no line is dropped before it was read.
        let writing = Writing { command: "test".to_owned(), max_size: 150_000 };
        let mut tail = Tail::of_all(folder).unwrap();
        let seen = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    let writing = &writing;
                    scope.spawn(move || {
                        for line in 0..60 {
                            let event = Event::new("tick").with("writer", writer).with("line", line);
                            let event = event.with("more", "x".repeat(300));
                            append(folder, vec![event], writing).unwrap();
                        }
                    })
                })
                .collect();
            let mut seen = Vec::new();
            while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                seen.extend(tail.read_on().unwrap());
            }
            seen.extend(tail.read_on().unwrap());
            seen
        });
        let numbers: Vec<u64> = seen.iter().map(|event| event.sequence).collect();
        assert_eq!(numbers, (1..=240).collect::<Vec<u64>>());
        let tally = counters::count(folder).unwrap().0;
        assert_eq!((tally.events["tick"], tally.sequence), (240, 240));
        let kept: u64 = std::fs::read_dir(folder)
            .unwrap()
            .map(Result::unwrap)
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("events.jsonl"))
            .map(|entry| entry.metadata().unwrap().len())
            .sum();
        assert!(kept <= 150_000 && aside(folder, 1).exists(), "{kept}");
    }
}
