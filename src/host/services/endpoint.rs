//! Where a supervisor is reached: a Unix socket in a folder that only we may enter, for processes of our own user only.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::host::clock::Clock;
use crate::host::interrupt::Interrupt;
use crate::host::process::users;
use crate::host::{lock, ownership};

/// The longest path of a socket (`sun_path` of unix(7), with its NUL; 104 on BSD).
const LONGEST_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// How long a place in the queue of a supervisor is waited for, and the pause between two tries.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(5);

/// The place of one supervisor's socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    folder: PathBuf,
    name: String,
}

impl Endpoint {
    /// Finds the place for `key` (which worktree's): in `run` of the state folder, which is made where it is missing. The
    /// environment has no say: whoever finds the state folder, from a login or a timer, finds the supervisor.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` when that folder is not ours alone.
    pub fn find(state: &Path, key: &str) -> io::Result<Self> {
        Ok(Self { folder: private(&state.join("run"))?, name: name(state, key)? })
    }

    /// The same for a look: nothing is made, and where no socket is there is no endpoint.
    #[must_use]
    pub fn find_if_there(state: &Path, key: &str) -> Option<Self> {
        let endpoint = Self { folder: state.join("run"), name: name(state, key).ok()? };
        let is_there = endpoint.path().symlink_metadata().is_ok() && is_ours_alone(&endpoint.folder);
        is_there.then_some(endpoint)
    }

    /// Returns the socket's path, for people.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Listens there. What a supervisor that is gone left is replaced.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when somebody answers there; `Interrupted` when `is_given_up` says so while another one begins to listen;
    /// `StorageFull`, `PermissionDenied`.
    pub fn listen(&self, is_given_up: &mut dyn FnMut() -> bool) -> io::Result<SupervisorSocket> {
        let folder = File::open(&self.folder)?;
        // Look and replace as one step: two who start at once never take the other's new socket for a remnant. Let go
        // when the folder is closed.
        if !lock::when_free(&folder, is_given_up)? {
            return Err(ErrorKind::Interrupted.into());
        }
        if self.connect()?.is_some() {
            return Err(ErrorKind::AddrInUse.into());
        }
        let path = self.path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(short(&folder, &path, &self.name))?;
        listener.set_nonblocking(true)?;
        let inode = path.symlink_metadata()?.ino();
        Ok(SupervisorSocket { listener, path, inode })
    }

    /// Reaches whoever listens there; `None` when nobody does.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` when another user listens there; `TimedOut` when so many wait there already that nobody more can;
    /// those of connecting.
    pub fn connect(&self) -> io::Result<Option<UnixStream>> {
        self.connect_within(PATIENCE)
    }

    /// The same, and whoever is not free at once is not waited for.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::connect`].
    pub fn connect_now(&self) -> io::Result<Option<UnixStream>> {
        self.connect_within(Duration::ZERO)
    }

    fn connect_within(&self, patience: Duration) -> io::Result<Option<UnixStream>> {
        let folder = File::open(&self.folder)?;
        // A link may lead to the supervisor of another worktree.
        if self.path().symlink_metadata().is_ok_and(|found| !found.file_type().is_socket()) {
            return Ok(None);
        }
        match connect(&short(&folder, &self.path(), &self.name), patience) {
            Ok(stream) => {
                require_our_user(&stream)?;
                Ok(Some(stream))
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// A supervisor's socket; dropping it takes it away.
#[derive(Debug)]
pub struct SupervisorSocket {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl SupervisorSocket {
    /// Returns what can be polled.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// Returns the next one who has connected, `None` when nobody waits. Other users are sent away.
    ///
    /// # Errors
    ///
    /// Those of accept(2), as when descriptors run out.
    pub fn find_caller(&self) -> io::Result<Option<UnixStream>> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) if require_our_user(&stream).is_ok() => return Ok(Some(stream)),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error)
                    if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Answers whether its file is still there: somebody who clears the folder makes it unreachable.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.path.symlink_metadata().is_ok_and(|found| found.ino() == self.inode)
    }
}

impl Drop for SupervisorSocket {
    fn drop(&mut self) {
        if self.is_reachable() {
            // Somebody may have taken it away meanwhile.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns what the socket for `key` is called.
fn name(state: &Path, key: &str) -> io::Result<String> {
    let mut text = state.as_os_str().as_encoded_bytes().to_vec();
    text.push(0);
    text.extend_from_slice(key.as_bytes());
    let hash = git2::Oid::hash_object(git2::ObjectType::Blob, &text).map_err(io::Error::other)?;
    Ok(format!("{}.sock", &hash.to_string()[..16]))
}

/// Connects without ever waiting in the kernel, where the end of a stopped listener's full queue would never come.
fn connect(path: &Path, patience: Duration) -> io::Result<UnixStream> {
    let address = SockAddr::unix(path)?;
    let begun = Clock.instant();
    loop {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&address) {
            Ok(()) => {
                socket.set_nonblocking(false)?;
                return Ok(UnixStream::from(OwnedFd::from(socket)));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && Clock.since(begun) < patience => {
                Clock.wait(PAUSE, &Interrupt::default()).map_err(|_| ErrorKind::Interrupted)?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(io::Error::new(ErrorKind::TimedOut, "too many wait for it already"));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Returns a path of the same socket that fits into an address.
fn short(folder: &File, path: &Path, name: &str) -> PathBuf {
    if path.as_os_str().len() <= LONGEST_PATH || !cfg!(target_os = "linux") {
        return path.to_owned();
    }
    Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name)
}

/// The peer as the kernel knows it (`SO_PEERCRED`, unix(7)). Elsewhere the folder alone keeps others away.
fn require_our_user(stream: &UnixStream) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw() != users::ourselves() {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "another user is at the other end"));
    }
    let _ = stream;
    Ok(())
}

/// Makes `folder` where it is missing and returns it when nobody else may enter.
fn private(folder: &Path) -> io::Result<PathBuf> {
    match ownership::make_private_folders(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if is_ours_alone(folder) {
        return Ok(folder.to_owned());
    }
    let message = format!("{} is not a folder of ours alone (mode 0700)", folder.display());
    Err(io::Error::new(ErrorKind::PermissionDenied, message))
}

/// Six zeros at the end: no bit for group and others. Root may enter whatever is one user's alone; who is at the other end of
/// a socket there is looked at all the same.
fn is_ours_alone(folder: &Path) -> bool {
    let may_enter = |owner: u32| owner == users::ourselves() || users::ourselves() == 0;
    folder
        .symlink_metadata()
        .is_ok_and(|found| found.is_dir() && may_enter(found.uid()) && found.mode().trailing_zeros() >= 6)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn private_folder() -> tempfile::TempDir {
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir().unwrap()
    }

    #[test]
    fn a_caller_is_heard_and_a_second_supervisor_is_refused() {
        let folder = private_folder();
        let endpoint = Endpoint::find(folder.path(), "r/a").unwrap();
        assert!(endpoint.path().starts_with(folder.path().join("run")));
        assert!(endpoint.connect().unwrap().is_none());
        let listening = endpoint.listen(&mut || false).unwrap();
        assert!(listening.find_caller().unwrap().is_none());
        let mut caller = endpoint.connect().unwrap().unwrap();
        let mut heard = listening.find_caller().unwrap().unwrap();
        caller.write_all(b"x").unwrap();
        heard.read_exact(&mut [0]).unwrap();
        assert_eq!(endpoint.listen(&mut || false).unwrap_err().kind(), ErrorKind::AddrInUse);
        assert!(listening.is_reachable());
        drop(listening);
        assert!(!endpoint.path().exists());
    }

    #[test]
    fn what_a_killed_supervisor_left_is_replaced_and_not_removed_by_it_later() {
        let folder = private_folder();
        let endpoint = Endpoint::find(folder.path(), "r/a").unwrap();
        drop(UnixListener::bind(endpoint.path()).unwrap());
        assert!(endpoint.connect().unwrap().is_none(), "nobody listens");
        let first = endpoint.listen(&mut || false).unwrap();
        fs::remove_file(endpoint.path()).unwrap();
        assert!(!first.is_reachable());
        let second = endpoint.listen(&mut || false).unwrap();
        drop(first);
        assert!(second.is_reachable() && endpoint.connect().unwrap().is_some());
    }

    #[test]
    fn a_link_to_another_worktrees_supervisor_reaches_nobody_and_is_replaced() {
        let folder = private_folder();
        let [ours, theirs] = ["r/a", "r/b"].map(|key| Endpoint::find(folder.path(), key).unwrap());
        let other = theirs.listen(&mut || false).unwrap();
        std::os::unix::fs::symlink(theirs.path(), ours.path()).unwrap();
        assert!(ours.connect().unwrap().is_none());
        let listening = ours.listen(&mut || false).unwrap();
        assert!(listening.is_reachable() && other.is_reachable());
    }

    #[test]
    fn worktrees_and_state_folders_have_places_of_their_own() {
        let folder = private_folder();
        let find = |state: &str, key: &str| Endpoint::find(&folder.path().join(state), key).unwrap().path();
        let places = [find("one", "r/a"), find("one", "r/b"), find("two", "r/a")];
        assert!(places[0] != places[1] && places[0] != places[2]);
        assert_eq!(places[0], find("one", "r/a"));
    }

    #[test]
    fn a_folder_that_others_may_enter_is_not_used() {
        let state = tempfile::tempdir().unwrap();
        Endpoint::find(state.path(), "r/a").unwrap();
        fs::set_permissions(state.path().join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        let refused = Endpoint::find(state.path(), "r/a").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_queue_is_not_waited_for_without_an_end() {
        let folder = private_folder();
        let endpoint = Endpoint::find(folder.path(), "r/a").unwrap();
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::unix(endpoint.path()).unwrap()).unwrap();
        socket.listen(0).unwrap();
        let first = endpoint.connect().unwrap();
        let second = endpoint.connect();
        assert!(first.is_some() && second.unwrap_err().kind() == ErrorKind::TimedOut);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_state_folder_with_a_very_long_name_does_too() {
        let folder = private_folder();
        let state = folder.path().join("x".repeat(120));
        let endpoint = Endpoint::find(&state, "r/a").unwrap();
        let listening = endpoint.listen(&mut || false).unwrap();
        assert!(endpoint.connect().unwrap().is_some() && listening.is_reachable());
    }
}
