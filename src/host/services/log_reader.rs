//! Reads a log line by line while somebody writes it and its head may be taken away underneath.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use super::own_file;

/// How much is read at once.
const CHUNK: usize = 256 << 10;

/// The longest line that is kept together; what is longer comes in pieces.
const LONGEST_LINE: usize = 1 << 20;

/// A place in a log.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    file: File,
    position: u64,
    /// Where reading ends: what is added later belongs to nobody who does not follow.
    end: Option<u64>,
    /// The line that is not finished yet.
    partial: Vec<u8>,
    /// Whether what follows is the rest of a line whose beginning is gone: not shown unless it is very long.
    is_inside_line: bool,
}

impl LogReader {
    /// Stands at the first line that is kept whole, and ends where the log ends now.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for what is no plain file; those of opening it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = own_file::read(path)?;
        let (position, end) = (first_data(&file, 0)?, Some(file.metadata()?.len()));
        let path = path.to_owned();
        Ok(Self { path, file, position, end, partial: Vec::new(), is_inside_line: position > 0 })
    }

    /// Stands before the last `count` lines that are there now.
    ///
    /// # Errors
    ///
    /// Those of opening and reading it.
    pub fn tail(path: &Path, count: usize) -> io::Result<Self> {
        let mut reader = Self::open(path)?;
        let (floor, end) = (reader.position, reader.end.unwrap_or_default());
        let mut wanted = count;
        let mut buffer = vec![0; CHUNK];
        let mut until = end;
        while until > floor {
            let from = floor.max(until.saturating_sub(CHUNK as u64));
            let piece = &mut buffer[..usize::try_from(until - from).unwrap_or(CHUNK)];
            reader.file.read_exact_at(piece, from)?;
            for at in memchr::memrchr_iter(b'\n', piece) {
                let after = from + at as u64 + 1;
                // The newline at the very end finishes the last line and begins none.
                if after == end && count > 0 {
                    continue;
                }
                if wanted <= 1 {
                    (reader.position, reader.is_inside_line) = (after, false);
                    return Ok(reader);
                }
                wanted -= 1;
            }
            until = from;
        }
        if count == 0 {
            (reader.position, reader.is_inside_line) = (end, end > 0);
        }
        Ok(reader)
    }

    /// Reads on beyond where the log ended when it was opened.
    pub fn follow(&mut self) {
        self.end = None;
    }

    /// Returns the next whole lines without their ends, none when all there is has been read. A call reads a limited
    /// amount and returns nothing only at the end.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn next_lines(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let mut lines = Vec::new();
        let mut buffer = vec![0; CHUNK];
        while lines.is_empty() {
            let left = self.end.map_or(u64::MAX, |end| end.saturating_sub(self.position));
            let most = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
            let count = self.file.read_at(&mut buffer[..most], self.position)?;
            let piece = &buffer[..count];
            if piece.is_empty() {
                break;
            }
            // Zeros are what a hole reads as: the head was given back while we stood in it.
            if piece[0] == 0 && self.leap()? {
                continue;
            }
            self.position += count as u64;
            self.split(piece, &mut lines);
        }
        Ok(lines)
    }

    fn leap(&mut self) -> io::Result<bool> {
        let data = first_data(&self.file, self.position)?;
        let has_moved = data > self.position;
        if has_moved {
            (self.position, self.is_inside_line) = (data, true);
            self.partial.clear();
        }
        Ok(has_moved)
    }

    fn split(&mut self, piece: &[u8], lines: &mut Vec<Vec<u8>>) {
        let mut rest = piece;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            self.partial.extend_from_slice(&rest[..at]);
            let line = std::mem::take(&mut self.partial);
            if !std::mem::take(&mut self.is_inside_line) {
                lines.push(line);
            }
            rest = &rest[at + 1..];
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() >= LONGEST_LINE {
            // Of a line that long its rest is told without its beginning: it may be all that there is.
            self.is_inside_line = false;
            lines.push(std::mem::take(&mut self.partial));
        }
    }

    /// Returns the line that was begun and not finished, and forgets it.
    pub fn take_unfinished(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.partial);
        (!line.is_empty() && !self.is_inside_line).then_some(line)
    }

    /// Answers whether the service has begun another log since: this one is then that of an earlier run, and may still
    /// get its last lines.
    #[must_use]
    pub fn is_of_earlier_run(&self) -> bool {
        self.path.symlink_metadata().is_ok_and(|found| found.is_file()) && !self.is_at(&self.path)
    }

    /// Answers whether this log is the file at `path` now.
    #[must_use]
    pub fn is_at(&self, path: &Path) -> bool {
        matches!((self.file.metadata(), path.symlink_metadata()), (Ok(open), Ok(named))
            if (open.dev(), open.ino()) == (named.dev(), named.ino()))
    }

    /// Takes `path` for the place of the service's current log, whatever the file is called by now.
    pub fn follow_as(&mut self, path: &Path) {
        path.clone_into(&mut self.path);
    }
}

/// Returns the last `count` lines as text, the unfinished one too; what is not UTF-8 is replaced.
///
/// # Errors
///
/// Those of reading.
pub fn last_lines(path: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut reader = LogReader::tail(path, count)?;
    let mut lines = Vec::new();
    loop {
        let more = reader.next_lines()?;
        if more.is_empty() {
            break;
        }
        lines.extend(more);
    }
    lines.extend(reader.take_unfinished());
    // It may have grown since.
    let surplus = lines.len().saturating_sub(count);
    Ok(lines.iter().skip(surplus).map(|line| String::from_utf8_lossy(line).into_owned()).collect())
}

/// Returns where at or after `from` the first bytes are that are no hole; the end when there are none.
fn first_data(file: &File, from: u64) -> io::Result<u64> {
    match rustix::fs::seek(file, SeekFrom::Data(from)) {
        Ok(position) => Ok(position),
        Err(Errno::NXIO) => Ok(file.metadata()?.len()),
        // A file system that does not know holes has none.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(from),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::*;

    fn log(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.log");
        File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        (folder, path)
    }

    fn append(path: &Path, text: &str) {
        OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn the_last_lines_are_those_that_tail_shows() {
        let many: String = (0..50_000).fold(String::new(), |text, number| text + &format!("line {number}\n"));
        for text in ["", "\n", "a", "a\n", "a\nb", "a\nb\n", "\n\na\n\n", many.as_str()] {
            let (_folder, path) = log(text);
            let all: Vec<&str> = text.lines().collect();
            for count in [0, 1, 2, 3, 20, 49_999, 60_000] {
                let expected = &all[all.len().saturating_sub(count)..];
                assert!(last_lines(&path, count).unwrap() == expected, "{count} of {text:.20}");
            }
        }
    }

    #[test]
    fn a_line_comes_when_it_is_finished_and_the_next_log_is_noticed() {
        let (folder, path) = log("one\ntw");
        let mut reader = LogReader::open(&path).unwrap();
        reader.follow();
        assert_eq!(reader.next_lines().unwrap(), [b"one"]);
        assert!(reader.next_lines().unwrap().is_empty() && !reader.is_of_earlier_run());
        append(&path, "o\nthree");
        assert_eq!(reader.next_lines().unwrap(), [b"two"]);
        std::fs::rename(&path, folder.path().join("web.log.1")).unwrap();
        assert!(!reader.is_of_earlier_run(), "nothing has replaced it yet");
        File::create(&path).unwrap();
        assert!(reader.is_of_earlier_run());
        assert!(reader.next_lines().unwrap().is_empty());
        assert_eq!(reader.take_unfinished().as_deref(), Some(&b"three"[..]));
    }

    #[test]
    fn of_a_line_without_end_all_that_is_kept_is_shown() {
        let (_folder, path) = log(&"x".repeat(6 << 20));
        let hole = rustix::fs::FallocateFlags::PUNCH_HOLE | rustix::fs::FallocateFlags::KEEP_SIZE;
        let file = OpenOptions::new().append(true).open(&path).unwrap();
        if rustix::fs::fallocate(&file, hole, 0, 3 << 20).is_err() {
            eprintln!("skipped: this file system knows no holes");
            return;
        }
        append(&path, "end\nlast\n");
        for count in [1, 2, 5] {
            let lines = last_lines(&path, count).unwrap();
            assert_eq!(lines.last().unwrap(), "last");
            let length: usize = lines.iter().map(String::len).sum();
            assert!(count != 5 || length == (3 << 20) + "endlast".len(), "{length}");
        }
        append(&path, &"y".repeat(1 << 10));
        assert_eq!(last_lines(&path, 1).unwrap(), ["y".repeat(1 << 10)]);
    }

    #[test]
    fn without_following_what_is_added_later_is_not_read() {
        let (_folder, path) = log("one\ntw");
        let mut reader = LogReader::open(&path).unwrap();
        append(&path, "o\nthree\n");
        assert_eq!(reader.next_lines().unwrap(), [b"one"]);
        assert!(reader.next_lines().unwrap().is_empty());
        assert_eq!(reader.take_unfinished().as_deref(), Some(&b"tw"[..]));
    }

    #[test]
    fn what_follows_the_end_of_an_unfinished_line_waits_for_the_next_one() {
        let (_folder, path) = log("tw");
        let mut reader = LogReader::tail(&path, 0).unwrap();
        reader.follow();
        append(&path, "o");
        assert!(reader.next_lines().unwrap().is_empty() && reader.take_unfinished().is_none());
        append(&path, "\nthree\n");
        assert_eq!(reader.next_lines().unwrap(), [b"three"]);
    }

    #[test]
    fn a_line_without_end_comes_in_pieces() {
        let (_folder, path) = log(&"x".repeat(3 << 20));
        let mut reader = LogReader::open(&path).unwrap();
        let length: usize =
            std::iter::from_fn(|| Some(reader.next_lines().unwrap()).filter(|some| !some.is_empty()))
                .flatten()
                .map(|piece| piece.len())
                .sum();
        assert_eq!(length + reader.take_unfinished().map_or(0, |rest| rest.len()), 3 << 20);
    }
}
