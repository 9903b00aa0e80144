//! The folder that removed worktrees lie in: made when one comes, gone with the last.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;

use super::clock::Clock;
use super::files;
use super::interrupt::Interrupt;
use crate::error::{Code, Failure, Result};

const NAME: &str = ".wt-trash";

/// Whoever takes the empty folder away holds it for some microseconds only.
const PATIENCE: u32 = 200;
const PAUSE: Duration = Duration::from_millis(5);

/// While this lives, nobody takes the trash folder away, empty as it may be.
#[derive(Debug)]
pub struct TrashHold {
    _folder: Option<File>,
}

/// Makes the trash folder, which git is told to ignore wherever it lies. A link in its place is refused: whoever made
/// it would choose where a worktree goes.
///
/// # Errors
///
/// `permission` or `disk_full`.
pub fn prepare(folder: &Path) -> Result<TrashHold> {
    let mut left = PATIENCE;
    loop {
        left = left.saturating_sub(1);
        let prepared = try_prepare(folder);
        match prepared {
            Ok(Some(hold)) => return Ok(hold),
            // Another process took it away, empty, since we looked.
            Ok(None) if left > 0 => {}
            Err(failure) if left > 0 && is_missing(&failure) => {}
            // Somebody sits on the lock, which guards a folder without content: no reason to wait longer.
            Ok(None) => return Ok(TrashHold { _folder: None }),
            Err(failure) => return Err(failure),
        }
        let _ = Clock.wait(PAUSE, &Interrupt::default());
    }
}

/// `None` where the folder is being taken away.
fn try_prepare(folder: &Path) -> Result<Option<TrashHold>> {
    if folder.is_symlink() {
        return Err(Failure::new(
            Code::Permission,
            format!("{} is a symbolic link: nothing is moved through it", folder.display()),
        )
        .hint("take the link away, then try again"));
    }
    files::make_folders(folder)?;
    let refused =
        |error| Failure::from_io(error, Code::Permission, format!("{} cannot be opened", folder.display()));
    let held = opened(folder).map_err(refused)?;
    // Another error is a file system without locks: as well as it can be had there.
    let locked = flock(&held, FlockOperation::NonBlockingLockShared);
    if matches!(locked, Err(Errno::WOULDBLOCK | Errno::INTR)) || !is_at(&held, folder) {
        return Ok(None);
    }
    let ignore = folder.join(".gitignore");
    if ignore.symlink_metadata().is_err() {
        files::replace(&ignore, b"*\n", 0o644)?;
    }
    Ok(Some(TrashHold { _folder: Some(held) }))
}

/// Removes the trash folder once only its `.gitignore` is left, and nobody is about to move something into it.
pub fn remove_if_empty(folder: &Path) {
    if folder.file_name().is_none_or(|name| name != NAME) {
        return;
    }
    let Ok(held) = opened(folder) else { return };
    // Whoever has it now takes it away in turn.
    if matches!(flock(&held, FlockOperation::NonBlockingLockExclusive), Err(Errno::WOULDBLOCK | Errno::INTR))
        || !is_at(&held, folder)
    {
        return;
    }
    files::sweep_drafts(folder, ".gitignore");
    if files::holds_only(folder, |entry| entry.file_name() == ".gitignore") {
        let _ = fs::remove_file(folder.join(".gitignore"));
        let _ = fs::remove_dir(folder);
    }
}

fn is_missing(failure: &Failure) -> bool {
    let cause = failure.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::NotFound)
}

fn opened(folder: &Path) -> std::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(open(folder, flags, Mode::empty())?.into())
}

/// Answers whether the open folder is still the one of that path.
fn is_at(held: &File, folder: &Path) -> bool {
    match (held.metadata(), folder.symlink_metadata()) {
        (Ok(held), Ok(there)) => held.ino() == there.ino() && held.dev() == there.dev(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_something_is_about_to_be_moved_into_stays() {
        let place = tempfile::tempdir().unwrap();
        let trash = place.path().join(NAME);
        let hold = prepare(&trash).unwrap();
        remove_if_empty(&trash);
        assert_eq!(fs::read(trash.join(".gitignore")).unwrap(), b"*\n");
        drop(hold);
        remove_if_empty(&trash);
        assert!(!trash.exists());
    }

    #[test]
    fn many_that_make_it_and_take_it_away_at_once_find_it_whole() {
        let place = tempfile::tempdir().unwrap();
        let trash = place.path().join(NAME);
        std::thread::scope(|scope| {
            for worker in 0..8 {
                let trash = &trash;
                scope.spawn(move || {
                    for _ in 0..50 {
                        let hold = prepare(trash).unwrap();
                        let mine = trash.join(format!("{worker}"));
                        fs::create_dir(&mine).unwrap();
                        assert!(trash.join(".gitignore").exists());
                        fs::remove_dir(&mine).unwrap();
                        drop(hold);
                        remove_if_empty(trash);
                    }
                });
            }
        });
        remove_if_empty(&trash);
        assert!(!trash.exists());
    }
}
