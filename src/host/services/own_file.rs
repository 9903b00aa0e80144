//! Opens the files that we keep of services: each a plain file in a folder of ours, never what a link names, and never a
//! pipe that would be waited for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::host::process::users;
use crate::host::{files, ownership};

/// How many things can be put aside of one file.
const ASIDE: usize = 100;

/// Opens a file that exists to read it; it may have other names, and another owner.
///
/// # Errors
///
/// `InvalidInput` for what is no plain file; those of opening it.
pub fn read(path: &Path) -> io::Result<File> {
    let file = open(OpenOptions::new().read(true), path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(strange("no plain file")) }
}

/// Returns what stands in such a file.
///
/// # Errors
///
/// As [`read`].
pub fn read_all(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a file that exists to add to it, or to make holes in it.
///
/// # Errors
///
/// `InvalidInput` unless it is a plain file of our own with one name; those of opening it.
pub fn append(path: &Path) -> io::Result<File> {
    let file = open(OpenOptions::new().append(true), path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(strange("no plain file"));
    }
    if found.nlink() != 1 {
        return Err(strange("a file that has other names too"));
    }
    if found.uid() != users::ourselves() {
        return Err(strange("a file of another user"));
    }
    Ok(file)
}

/// Makes a file, mode 0600, where none is.
///
/// # Errors
///
/// `AlreadyExists`; those of making it.
pub fn make(path: &Path) -> io::Result<File> {
    ownership::make(OpenOptions::new().append(true), path)
}

/// Renames what stands at `path` to a name beside it that nothing has, and returns that.
///
/// # Errors
///
/// Those of renaming.
pub fn put_aside(path: &Path) -> io::Result<PathBuf> {
    for number in 1..=ASIDE {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".aside-{number}"));
        let aside = PathBuf::from(name);
        if aside.symlink_metadata().is_ok() {
            continue;
        }
        if files::rename_new(path, &aside).is_ok() {
            return Ok(aside);
        }
        // Somebody was faster, or it cannot be renamed at all.
        if aside.symlink_metadata().is_err() {
            fs::rename(path, &aside)?;
            return Ok(aside);
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Refuses a folder that is a link, or another user's: what is made there would be made elsewhere.
///
/// # Errors
///
/// `InvalidInput`; those of looking.
pub fn require_folder(folder: &Path) -> io::Result<()> {
    let found = folder.symlink_metadata()?;
    if found.is_dir() && found.uid() == users::ourselves() {
        return Ok(());
    }
    Err(strange("no folder of our own"))
}

/// Answers whether `error` says that something else stands where our file should be.
#[must_use]
pub fn is_strange(error: &io::Error) -> bool {
    error.kind() == ErrorKind::InvalidInput
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Without waiting for whoever is at the other end of a pipe; plain files know no such waiting.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    options.custom_flags(flags).open(path).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP | Errno::MLINK) => strange("a link"),
        // A pipe that nobody reads, a socket; a folder.
        Some(Errno::NXIO | Errno::ISDIR) => strange("no plain file"),
        _ => error,
    })
}

fn strange(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, format!("it is {what}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn only_a_plain_file_with_one_name_is_written_to_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::File::create(path("plain")).unwrap();
        append(&path("plain")).unwrap();
        fs::File::create(path("precious")).unwrap();
        std::os::unix::fs::symlink(path("plain"), path("link")).unwrap();
        fs::hard_link(path("precious"), path("other name")).unwrap();
        mknodat(CWD, path("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _socket = UnixListener::bind(path("socket")).unwrap();
        fs::create_dir(path("folder")).unwrap();
        for name in ["link", "other name", "pipe", "socket", "folder", "/dev/null", "/dev/tty"] {
            let error = append(&path(name)).unwrap_err();
            assert!(is_strange(&error) || name == "/dev/tty", "{name}: {error}");
        }
        for name in ["link", "pipe", "socket", "folder"] {
            assert!(is_strange(&read(&path(name)).unwrap_err()), "{name}");
        }
        read(&path("other name")).unwrap();
        assert_eq!(append(&path("nothing")).unwrap_err().kind(), ErrorKind::NotFound);
        make(&path("link")).unwrap_err();
        require_folder(folder.path()).unwrap();
        assert!(is_strange(&require_folder(&path("plain")).unwrap_err()));
    }

    #[test]
    fn what_is_put_aside_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.log");
        for text in ["one", "two"] {
            fs::File::create(&path).unwrap();
            let aside = put_aside(&path).unwrap();
            assert!(!path.exists() && aside.exists(), "{text}");
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
    }
}
