//! The lock on the shared folder, held for the length of one change of the registry, and who sits on it.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::shared_folder::refused;
use crate::error::Result;
use crate::host::clock::Clock;
use crate::host::lock;
use crate::host::process::users::Users;

/// Locks the folder; false where others kept it for longer than `within`.
///
/// # Errors
///
/// `claims_unreachable` where the file system has no locks.
pub fn take(folder: &File, path: &Path, within: Duration) -> Result<bool> {
    let started = Clock.instant();
    let mut is_given_up = || Clock.since(started) >= within;
    lock::when_free(folder, &mut is_given_up)
        .map_err(|error| refused(path, &format!("cannot be locked: {error}"), "no_locks"))
}

/// Says who has the folder locked: `ana (pid 4242)`; `None` where the system does not tell.
pub fn holder(folder: &File) -> Option<String> {
    let found = folder.metadata().ok()?;
    let (major, minor) = (rustix::fs::major(found.dev()), rustix::fs::minor(found.dev()));
    let pid = pid_of(&std::fs::read_to_string("/proc/locks").ok()?, major, minor, found.ino())?;
    let process = Path::new("/proc").join(pid.to_string()).metadata().ok()?;
    Some(format!("{} (pid {pid})", Users::default().name(process.uid())))
}

/// The process that has the lock in the kernel's list (proc(5), `/proc/locks`): `1: FLOCK  ADVISORY  WRITE 42 08:01:77 0 EOF`.
fn pid_of(locks: &str, major: u32, minor: u32, inode: u64) -> Option<u32> {
    let place = format!("{major:02x}:{minor:02x}:{inode}");
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "FLOCK")?;
        (words.get(1) != Some(&"->") && words.get(at + 4) == Some(&place.as_str()))
            .then(|| words.get(at + 3)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_the_lock_is_found_among_those_who_wait() {
        let locks = "1: POSIX  ADVISORY  WRITE 7 08:01:77 0 EOF\n2: FLOCK  ADVISORY  WRITE 42 08:01:77 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 43 08:01:77 0 EOF\n3: FLOCK  ADVISORY  WRITE 44 00:2d:78 0 EOF\n";
        assert_eq!(pid_of(locks, 8, 1, 77), Some(42));
        assert_eq!(pid_of(locks, 0, 0x2d, 78), Some(44));
        assert_eq!(pid_of(locks, 0, 0x2d, 77), None);
    }
}
