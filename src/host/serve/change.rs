//! Word of what changes in the state folder: the registry, the events, and what supervisors write down. The kernel says so
//! (inotify(7)); elsewhere the files are looked at.

use std::io;
use std::path::{Path, PathBuf};

/// The files whose change is worth a word.
const FILES: [&str; 3] = ["registry.json", "events.jsonl", "services.json"];

/// How deep the folders of supervisors lie below the state folder: `services/REPOSITORY/WORKTREE`.
const DEPTH: usize = 3;

/// What is watched.
#[derive(Debug)]
pub struct StateWatch {
    state: PathBuf,
    /// Further folders in which new folders are a change.
    others: Vec<PathBuf>,
    #[cfg(target_os = "linux")]
    watches: linux::Watches,
    #[cfg(not(target_os = "linux"))]
    seen: Vec<(PathBuf, Option<std::time::SystemTime>)>,
}

impl StateWatch {
    /// Watches the state folder.
    ///
    /// # Errors
    ///
    /// Those of `inotify_init1(2)`.
    pub fn watch(state: &Path) -> io::Result<Self> {
        let mut changes = Self {
            state: state.to_owned(),
            others: Vec::new(),
            #[cfg(target_os = "linux")]
            watches: linux::Watches::new()?,
            #[cfg(not(target_os = "linux"))]
            seen: Vec::new(),
        };
        changes.has_changed();
        Ok(changes)
    }

    /// Has new folders in `others` be a change as well, as git's records of worktrees are.
    pub fn also(&mut self, others: Vec<PathBuf>) {
        #[cfg(target_os = "linux")]
        self.watches.add(&others);
        self.others = others;
    }

    /// Every folder in which one of the files may stand.
    fn folders(&self) -> Vec<PathBuf> {
        let mut level = vec![self.state.join("services")];
        let mut all = vec![self.state.clone()];
        for _ in 0..DEPTH {
            all.extend(level.iter().cloned());
            let below = level.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
            level = below
                .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|entry| entry.path())
                .collect();
        }
        all.extend(self.others.iter().cloned());
        all
    }
}

#[cfg(target_os = "linux")]
impl StateWatch {
    /// Waits until something happens in a folder, or the time is over; answers whether something did. With `is_deaf` only time
    /// counts. A signal that comes right before is not noticed: whoever waits for long does it in slices.
    pub fn wait(&self, most: std::time::Duration, is_deaf: bool) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let most = Timespec::try_from(most).ok();
        let mut heard = [PollFd::new(&self.watches, PollFlags::IN)];
        let heard = if is_deaf { &mut heard[..0] } else { &mut heard[..] };
        // A signal ends it too: whoever waits looks what it was.
        poll(heard, most.as_ref()).is_ok_and(|count| count > 0)
    }

    /// Answers whether something changed since it was asked last; takes up folders that are new.
    pub fn has_changed(&mut self) -> bool {
        let (is_changed, has_new_folders) = self.watches.drain();
        if has_new_folders {
            // What was written into them before they were watched is a change too.
            let folders = self.folders();
            self.watches.add(&folders);
            return true;
        }
        is_changed
    }
}

#[cfg(target_os = "linux")]
impl std::os::fd::AsRawFd for StateWatch {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        std::os::fd::AsFd::as_fd(self).as_raw_fd()
    }
}

#[cfg(target_os = "linux")]
impl std::os::fd::AsFd for StateWatch {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.watches.as_fd()
    }
}

#[cfg(not(target_os = "linux"))]
impl StateWatch {
    /// Waits as long as that. Untested.
    #[expect(clippy::disallowed_methods, reason = "this is where waiting is done")]
    pub fn wait(&self, most: std::time::Duration, _is_deaf: bool) -> bool {
        std::thread::sleep(most);
        false
    }

    /// Answers whether something changed since it was asked last. Untested.
    pub fn has_changed(&mut self) -> bool {
        let files = self.folders().into_iter().flat_map(|folder| FILES.map(|name| folder.join(name)));
        let seen: Vec<_> = files
            .map(|file| {
                let modified = file.metadata().and_then(|found| found.modified()).ok();
                (file, modified)
            })
            .collect();
        let is_changed = seen != self.seen;
        self.seen = seen;
        is_changed
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! inotify(7): a watch for each folder, and no wake-up while nothing happens.

    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::path::PathBuf;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

    use super::FILES;

    #[derive(Debug)]
    pub(super) struct Watches {
        descriptor: OwnedFd,
        /// Whether the folders were never looked for.
        is_new: bool,
    }

    impl Watches {
        pub(super) fn new() -> io::Result<Self> {
            let descriptor = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            Ok(Self { descriptor, is_new: true })
        }

        /// One that cannot be watched (the limit of watches, a folder that is gone) is passed over.
        pub(super) fn add(&mut self, folders: &[PathBuf]) {
            let what = WatchFlags::CREATE
                | WatchFlags::MOVED_TO
                | WatchFlags::MODIFY
                | WatchFlags::DELETE
                | WatchFlags::ONLYDIR;
            for folder in folders {
                let _ = inotify::add_watch(&self.descriptor, folder, what);
            }
        }

        /// Whether one of the files changed, and whether there may be folders that are not watched yet.
        pub(super) fn drain(&mut self) -> (bool, bool) {
            let mut has_new_folders = std::mem::take(&mut self.is_new);
            let mut is_changed = false;
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut reader = Reader::new(&self.descriptor, &mut buffer);
            // Nothing more to read ends it, as WouldBlock.
            while let Ok(event) = reader.next() {
                let flags = event.events();
                has_new_folders |= flags.contains(ReadFlags::ISDIR) && flags.contains(ReadFlags::CREATE)
                    || flags.contains(ReadFlags::QUEUE_OVERFLOW);
                let name = event.file_name().and_then(|name| name.to_str().ok());
                is_changed |= name.is_some_and(|name| FILES.contains(&name));
            }
            (is_changed, has_new_folders)
        }
    }

    impl AsFd for Watches {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.descriptor.as_fd()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::files;

    #[test]
    fn what_is_written_in_the_state_folder_and_by_new_supervisors_is_told_and_nothing_else() {
        let state = tempfile::tempdir().unwrap();
        let mut changes = StateWatch::watch(state.path()).unwrap();
        assert!(!changes.has_changed());
        files::replace(&state.path().join("registry.json"), b"{}", 0o600).unwrap();
        assert!(changes.has_changed() && !changes.has_changed());
        files::replace(&state.path().join("trust.json"), b"{}", 0o600).unwrap();
        assert!(!changes.has_changed());
        let folder = state.path().join("services/repository/1-feature");
        std::fs::create_dir_all(&folder).unwrap();
        assert!(changes.has_changed());
        while changes.has_changed() {}
        files::replace(&folder.join("services.json"), b"{}", 0o600).unwrap();
        assert!(changes.has_changed() && !changes.has_changed());
    }
}
