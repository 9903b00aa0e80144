//! `notify.jsonl`: what was heard, told and is due. It is there where somebody wants to be told; whoever records an event appends
//! to it. One writer at a time, by a lock on the file itself, which is replaced as a whole; nothing is sent under that lock. What
//! comes while somebody does not let go of it is kept in `notify-late.jsonl`, and taken in with the next change.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::clock::Clock;
use crate::host::sole_seat::PRIVATE;
use crate::host::{files, lock, ownership};
use crate::model::event::Event;
use crate::model::notify::change::{Turn, changes};
use crate::model::notify::ledger::{Ledger, Row};

/// How long another writer is waited for: it writes a few lines.
const PATIENCE: Duration = Duration::from_secs(2);

/// How large the file may become while nobody reads it, in bytes.
const MOST: u64 = 4 * 1024 * 1024;

/// Returns where it is.
#[must_use]
pub fn path(state: &Path) -> PathBuf {
    state.join("notify.jsonl")
}

/// Returns where that is kept which found no place there.
fn late(state: &Path) -> PathBuf {
    state.join("notify-late.jsonl")
}

/// Returns where that is while it is taken in.
fn taken(state: &Path) -> PathBuf {
    state.join("notify-late.jsonl.taken")
}

fn is_any_late(state: &Path) -> bool {
    [late(state), taken(state)].iter().any(|path| path.symlink_metadata().is_ok())
}

/// Makes the file where it is missing: from now on events are kept for whoever is to be told.
///
/// # Errors
///
/// Those of the system.
pub fn begin(state: &Path) -> std::io::Result<()> {
    if path(state).symlink_metadata().is_ok() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    ownership::open_or_make(files::plain(options.append(true)), &path(state)).map(drop)
}

/// Answers whether something is to be done, without a lock.
#[must_use]
pub fn is_waiting(state: &Path) -> bool {
    files::read_plain(&path(state)).is_ok_and(|bytes| !Ledger::read(&bytes).is_idle()) || is_any_late(state)
}

/// Keeps the events that somebody may want to be told of; answers whether there are any. Nothing is kept where nobody wants to be
/// told.
///
/// # Errors
///
/// Those of the system.
pub fn hear(state: &Path, events: &[Event]) -> std::io::Result<bool> {
    let heard: Vec<&Event> = events.iter().filter(|event| !changes(event).is_empty()).collect();
    if heard.is_empty() {
        return Ok(false);
    }
    let mut file = match open_locked(state) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(false),
        Err(error) if error.kind() == ErrorKind::WouldBlock => return hear_late(state, &heard),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    // Where nothing was told of as wrong it is no news that something is well.
    let is_wrong =
        |event: &&Event| changes(event).iter().any(|change| matches!(change.turn, Turn::Wrong(..)));
    // What found no place here may have told of it, and is told before this.
    let is_nothing_told = || length == 0 && !is_any_late(state);
    if !heard.iter().any(is_wrong) && is_nothing_told() {
        return Ok(false);
    }
    if length > MOST {
        return Ok(true);
    }
    file.write_all(&lines(&heard)?)?;
    Ok(true)
}

fn lines(heard: &[&Event]) -> std::io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for event in heard {
        serde_json::to_writer(&mut lines, &Row::Heard((*event).clone()))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Keeps them beside the file, without its lock.
fn hear_late(state: &Path, heard: &[&Event]) -> std::io::Result<bool> {
    let (path, lines) = (late(state), lines(heard)?);
    loop {
        let mut options = OpenOptions::new();
        let mut file = ownership::open_or_make(files::plain(options.append(true)), &path)?;
        let open = file.metadata()?;
        if open.len() > MOST {
            return Ok(true);
        }
        file.write_all(&lines)?;
        // Whoever took it away meanwhile may have read it before; an event that is heard twice is told once.
        let named = path.metadata();
        if named.is_ok_and(|named| (named.dev(), named.ino()) == (open.dev(), open.ino())) {
            return Ok(true);
        }
    }
}

/// Takes in what was kept beside the file, and returns whether anything is there. Under the lock of the file.
fn take_late(state: &Path, ledger: &mut Ledger) -> std::io::Result<bool> {
    let (path, taken) = (late(state), taken(state));
    if taken.symlink_metadata().is_ok() {
        let kept = Ledger::read(&files::read_plain(&taken)?).heard;
        if !is_taken_in(ledger, &kept) {
            // Somebody ended before it was noted that it is taken in.
            take_in(ledger, kept);
            return Ok(true);
        }
        std::fs::remove_file(&taken)?;
    }
    ledger.taken_in.clear();
    match std::fs::rename(&path, &taken) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        renamed => renamed?,
    }
    take_in(ledger, Ledger::read(&files::read_plain(&taken)?).heard);
    Ok(true)
}

fn take_in(ledger: &mut Ledger, mut kept: Vec<Event>) {
    kept.retain(|event| !ledger.taken_in.contains(&event.sequence));
    ledger.taken_in.extend(kept.iter().map(|event| event.sequence));
    ledger.heard.extend(kept);
}

/// Answers whether all of it is on record in the file.
fn is_taken_in(ledger: &Ledger, kept: &[Event]) -> bool {
    kept.iter().all(|event| ledger.taken_in.contains(&event.sequence))
}

/// Changes the file, which is replaced where the change made a difference; `None` where there is none.
///
/// # Errors
///
/// Those of the system; `WouldBlock` where another writer does not let go of the file.
pub fn update<R>(state: &Path, change: impl FnOnce(&mut Ledger) -> R) -> std::io::Result<Option<R>> {
    let (answer, is_late) = {
        // The lock is let go of when this goes.
        let Some(_locked) = open_locked(state)? else { return Ok(None) };
        let known = files::read_plain(&path(state))?;
        let mut ledger = Ledger::read(&known);
        let is_late = take_late(state, &mut ledger)?;
        let answer = change(&mut ledger);
        let bytes = ledger.write()?;
        if bytes != known {
            let replaced = files::replace(&path(state), &bytes, PRIVATE);
            replaced.map_err(|failure| Error::other(failure.message().to_owned()))?;
        }
        (answer, is_late)
    };
    // Only now is it certain that it is in the file: whoever ends before leaves it to the next one.
    if is_late && let Some(_locked) = open_locked(state)? {
        let ledger = Ledger::read(&files::read_plain(&path(state))?);
        let kept = files::read_plain(&taken(state)).map(|bytes| Ledger::read(&bytes).heard);
        if kept.is_ok_and(|kept| is_taken_in(&ledger, &kept)) {
            std::fs::remove_file(taken(state))?;
        }
    }
    Ok(Some(answer))
}

/// Takes the file away where nothing is in it.
///
/// # Errors
///
/// Those of the system.
pub fn end(state: &Path) -> std::io::Result<()> {
    let Some(_locked) = open_locked(state)? else { return Ok(()) };
    if path(state).metadata()?.len() == 0 { std::fs::remove_file(path(state)) } else { Ok(()) }
}

/// Opens it for appending once nobody else writes to it or replaces it; `None` where it is not there.
fn open_locked(state: &Path) -> std::io::Result<Option<File>> {
    let path = path(state);
    let begun = Clock.instant();
    let mut is_given_up = || Clock.since(begun) >= PATIENCE;
    loop {
        let mut options = OpenOptions::new();
        let file = match files::plain(options.read(true).append(true)).open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.and_then(files::require_plain)?,
        };
        if !lock::when_free(&file, &mut is_given_up)? {
            return Err(Error::from(ErrorKind::WouldBlock));
        }
        let (open, named) = (file.metadata()?, path.metadata());
        if named.is_ok_and(|named| (named.dev(), named.ino()) == (open.dev(), open.ino())) {
            return Ok(Some(file));
        }
        if is_given_up() {
            return Err(Error::from(ErrorKind::WouldBlock));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn failed() -> Vec<Event> {
        vec![Event::new("failed").with("service", "web"), Event::new("created")]
    }

    #[test]
    fn nothing_is_kept_where_nobody_wants_to_be_told_and_only_what_matters_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        assert!(!hear(state, &failed()).unwrap() && !path(state).exists() && !is_waiting(state));
        assert_eq!(update(state, |_| ()).unwrap(), None);
        begin(state).unwrap();
        assert!(!hear(state, &[Event::new("created")]).unwrap() && !is_waiting(state));
        assert!(hear(state, &failed()).unwrap() && is_waiting(state));
        let mode = || path(state).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        let heard = update(state, |ledger| std::mem::take(&mut ledger.heard)).unwrap().unwrap();
        assert_eq!((heard.len(), mode()), (1, 0o600));
        end(state).unwrap();
        assert!(!path(state).exists());
    }

    #[test]
    fn what_comes_while_somebody_does_not_let_go_of_the_file_is_kept_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        begin(state).unwrap();
        let locked = open_locked(state).unwrap();
        assert!(hear(state, &failed()).unwrap() && is_waiting(state));
        drop(locked);
        let heard = update(state, |ledger| ledger.heard.len()).unwrap();
        assert_eq!((heard, update(state, |ledger| ledger.heard.len()).unwrap()), (Some(1), Some(1)));
        assert!(!late(state).exists() && is_waiting(state));
    }

    #[test]
    fn the_end_of_a_failure_that_is_kept_beside_the_file_is_kept_too() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        begin(state).unwrap();
        let ready = || vec![Event::new("ready").with("service", "web")];
        assert!(!hear(state, &ready()).unwrap(), "nothing was wrong");
        hear_late(state, &failed().iter().take(1).collect::<Vec<_>>()).unwrap();
        assert!(hear(state, &ready()).unwrap());
        assert_eq!(update(state, |ledger| ledger.heard.len()).unwrap(), Some(2));
    }

    #[test]
    fn what_was_taken_in_by_somebody_who_was_killed_then_is_heard_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        begin(state).unwrap();
        let failed = Event { sequence: 7, ..Event::new("failed").with("service", "web") };
        hear_late(state, &[&failed]).unwrap();
        let kept = std::fs::read(late(state)).unwrap();
        let take = |ledger: &mut Ledger| std::mem::take(&mut ledger.heard).len();
        assert_eq!(update(state, take).unwrap(), Some(1));
        assert!(!is_any_late(state));
        // As it is where the file was replaced, and what was taken in was not removed any more.
        files::replace(&taken(state), &kept, 0o600).unwrap();
        let later = Event { sequence: 9, ..failed };
        hear_late(state, &[&later]).unwrap();
        assert_eq!(update(state, take).unwrap(), Some(1), "the later one alone");
        assert_eq!((update(state, take).unwrap(), is_any_late(state)), (Some(0), false));
        end(state).unwrap();
        assert!(!path(state).exists());
    }

    #[test]
    fn writers_lose_nothing_while_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        begin(state).unwrap();
        let writers = 4;
        std::thread::scope(|scope| {
            for _ in 0..writers {
                scope.spawn(|| (0..25).for_each(|_| assert!(hear(state, &failed()).unwrap())));
            }
            let mut seen = 0;
            while seen < writers * 25 {
                seen += update(state, |ledger| std::mem::take(&mut ledger.heard).len()).unwrap().unwrap();
            }
            assert_eq!(seen, writers * 25);
        });
    }
}
