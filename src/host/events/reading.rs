//! Reads the log: as it stands, or on and on while it is written and put aside, each line once.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::place::{KEPT, aside, log};
use crate::host::files;
use crate::model::event::Event;

/// How much is read at once, in bytes.
const PIECE: usize = 256 * 1024;

/// Returns what was logged in `folder`, the oldest first, and how many lines could not be read and were passed over.
///
/// # Errors
///
/// Those of the system; a log that is not there yet is empty.
pub fn read(folder: &Path) -> std::io::Result<(Vec<Event>, usize)> {
    let (mut found, mut unreadable) = (Vec::new(), 0);
    for part in parts(folder)?.into_iter().rev() {
        let mut part = Part { file: part, offset: 0 };
        let bytes = part.rest()?;
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(event) => found.push(event),
                Err(_) => unreadable += 1,
            }
        }
    }
    Ok((found, unreadable))
}

/// Returns what was logged behind the event with that sequence, the oldest first. Lines stand in the order of their sequences,
/// so that no more is understood than is returned, however long the log is.
///
/// # Errors
///
/// As [`read`].
pub fn read_behind(folder: &Path, sequence: u64) -> std::io::Result<Vec<Event>> {
    let mut found: Vec<Event> = Vec::new();
    'parts: for part in parts(folder)? {
        let bytes = Part { file: part, offset: 0 }.rest()?;
        for line in bytes.rsplit(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Event>(line) {
                Ok(event) if event.sequence <= sequence => break 'parts,
                Ok(event) => found.push(event),
                Err(_) => {}
            }
        }
    }
    found.reverse();
    Ok(found)
}

/// The files there are, the newest first, each once: one of them may be put aside while they are opened.
fn parts(folder: &Path) -> std::io::Result<Vec<File>> {
    let mut found: Vec<(File, Metadata)> = Vec::new();
    let paths = std::iter::once(log(folder)).chain((1..=KEPT).map(|number| aside(folder, number)));
    for path in paths {
        match files::open_plain(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => {
                let (file, _) = opened?;
                let about = file.metadata()?;
                if !found.iter().any(|(_, known)| is_same(known, &about)) {
                    found.push((file, about));
                }
            }
        }
    }
    Ok(found.into_iter().map(|(file, _)| file).collect())
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A file of the log, and how far it was read.
#[derive(Debug)]
struct Part {
    file: File,
    offset: u64,
}

impl Part {
    /// Returns what was not read yet, a line that is not whole included.
    fn rest(&mut self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut piece = vec![0; PIECE];
        loop {
            match self.file.read_at(&mut piece, self.offset) {
                Ok(0) => return Ok(bytes),
                Ok(count) => {
                    bytes.extend_from_slice(&piece[..count]);
                    self.offset += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns where the last whole line ends.
    fn end(&self) -> std::io::Result<u64> {
        let mut end = self.file.metadata()?.len();
        let mut piece = vec![0; PIECE];
        while end > 0 {
            let begin = end.saturating_sub(PIECE as u64);
            let wanted = usize::try_from(end - begin).unwrap_or(PIECE);
            self.file.read_exact_at(&mut piece[..wanted], begin)?;
            if let Some(last) = piece[..wanted].iter().rposition(|byte| *byte == b'\n') {
                return Ok(begin + last as u64 + 1);
            }
            end = begin;
        }
        Ok(0)
    }

    /// Returns the events of the lines that became whole since.
    fn events(&mut self) -> std::io::Result<Vec<Event>> {
        if self.file.metadata()?.len() <= self.offset {
            return Ok(Vec::new());
        }
        let mut bytes = self.rest()?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        self.offset -= (bytes.len() - whole) as u64;
        bytes.truncate(whole);
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }
}

/// Reads on where it stopped, also where files were put aside meanwhile.
#[derive(Debug)]
pub struct Tail {
    folder: PathBuf,
    /// Those that are not read to their end, the newest first.
    parts: Vec<Part>,
}

impl Tail {
    /// Begins with the oldest line there is.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn of_all(folder: &Path) -> std::io::Result<Self> {
        let parts = parts(folder)?.into_iter().map(|file| Part { file, offset: 0 }).collect();
        Ok(Self { folder: folder.to_path_buf(), parts })
    }

    /// Begins behind the last line there is.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn of_new(folder: &Path) -> std::io::Result<Self> {
        let mut tail = Self::of_all(folder)?;
        tail.parts.truncate(1);
        for part in &mut tail.parts {
            part.offset = part.end()?;
        }
        Ok(tail)
    }

    /// Returns what came since it was asked last.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn read_on(&mut self) -> std::io::Result<Vec<Event>> {
        self.find_newer()?;
        let mut found = Vec::new();
        while self.parts.len() > 1 {
            if let Some(part) = self.parts.last_mut() {
                found.extend(part.events()?);
            }
            self.parts.pop();
        }
        if let Some(newest) = self.parts.first_mut() {
            found.extend(newest.events()?);
        }
        Ok(found)
    }

    /// Opens the files that came after the newest we know.
    fn find_newer(&mut self) -> std::io::Result<()> {
        let Some(newest) = self.parts.first() else {
            *self = Self::of_all(&self.folder)?;
            return Ok(());
        };
        let known = newest.file.metadata()?;
        if log(&self.folder).metadata().is_ok_and(|now| is_same(&now, &known)) {
            return Ok(());
        }
        let now = parts(&self.folder)?;
        let mut newer = Vec::new();
        for file in now {
            if is_same(&file.metadata()?, &known) {
                break;
            }
            newer.push(Part { file, offset: 0 });
        }
        newer.append(&mut self.parts);
        self.parts = newer;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::super::append::tests::put;
    use super::*;

    #[test]
    fn the_files_put_aside_are_read_first_and_what_is_no_event_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for (name, file) in [("first", aside(folder, 2)), ("second", aside(folder, 1))] {
            put(folder, name);
            fs::rename(log(folder), file).unwrap();
        }
        put(folder, "third");
        let mut file = OpenOptions::new().append(true).open(log(folder)).unwrap();
        file.write_all(b"{\"event\":\"cut sh\n\xff\xfe\n[]\n\n").unwrap();
        let (found, unreadable) = read(folder).unwrap();
        let names: Vec<&str> = found.iter().map(|event| event.event.as_str()).collect();
        assert_eq!((names, unreadable), (vec!["first", "second", "third"], 3));
        assert_eq!(read(&folder.join("nowhere")).unwrap(), (Vec::new(), 0));
    }

    #[test]
    fn a_line_that_is_being_written_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut tail = Tail::of_new(folder).unwrap();
        put(folder, "one");
        let line = fs::read(log(folder)).unwrap();
        let mut file = OpenOptions::new().append(true).open(log(folder)).unwrap();
        file.write_all(&line[..10]).unwrap();
        assert_eq!(tail.read_on().unwrap().len(), 1);
        assert_eq!(tail.read_on().unwrap().len(), 0);
        file.write_all(&line[10..]).unwrap();
        assert_eq!(tail.read_on().unwrap().len(), 1);
        assert_eq!(Tail::of_new(folder).unwrap().read_on().unwrap().len(), 0);
    }

    #[test]
    fn what_is_new_begins_behind_the_last_whole_line_and_in_no_older_file() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        put(folder, "old");
        fs::rename(log(folder), aside(folder, 1)).unwrap();
        put(folder, "known");
        let line = fs::read(log(folder)).unwrap();
        let mut file = OpenOptions::new().append(true).open(log(folder)).unwrap();
        // Longer than what is read at once.
        file.write_all(&vec![b' '; PIECE + 10]).unwrap();
        let mut tail = Tail::of_new(folder).unwrap();
        assert_eq!(tail.read_on().unwrap().len(), 0);
        file.write_all(&line).unwrap();
        assert_eq!(tail.read_on().unwrap().len(), 1);
        files::replace(&log(folder), b"", 0o600).unwrap();
        assert_eq!(Tail::of_new(folder).unwrap().read_on().unwrap().len(), 0);
    }

    #[test]
    fn what_stands_behind_an_event_is_told_in_order_over_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let line = |sequence: u64| {
            format!("{{\"sequence\":{sequence},\"at\":\"2026-01-01T00:00:00Z\",\"event\":\"created\"}}\n")
        };
        let older = format!("{}no event\n{}", line(1), line(2));
        files::replace(&aside(folder, 1), older.as_bytes(), 0o600).unwrap();
        let newer = format!("{}{}{{\"sequ", line(3), line(4));
        files::replace(&log(folder), newer.as_bytes(), 0o600).unwrap();
        let behind = |sequence| -> Vec<u64> {
            read_behind(folder, sequence).unwrap().iter().map(|event| event.sequence).collect()
        };
        assert_eq!((behind(0), behind(1), behind(3)), (vec![1, 2, 3, 4], vec![2, 3, 4], vec![4]));
        assert_eq!((behind(4), behind(9)), (vec![], vec![]));
    }
}
