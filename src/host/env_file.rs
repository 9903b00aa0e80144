//! `.env` on disk, beneath its worktree: no link is followed, and it is replaced whole.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::files;
use crate::error::{Code, Failure, Result};

/// The file's name in a worktree.
pub const NAME: &str = ".env";

/// The largest file that is taken for an env file, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads the file; `None` when there is none.
///
/// # Errors
///
/// `permission` for a link, a folder, or anything else that is not a plain file.
pub fn read(folder: &Path) -> Result<Option<Vec<u8>>> {
    let path = path(folder);
    let Ok(found) = path.symlink_metadata() else { return Ok(None) };
    if !found.is_file() {
        return Err(not_plain(&path));
    }
    let failed =
        |error| Failure::from_io(error, Code::Permission, format!("{} cannot be read", path.display()));
    let opened = openat(
        CWD,
        &path,
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
    );
    let file = match opened {
        Ok(file) => File::from(file),
        Err(error) if std::io::Error::from(error).kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.into())),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::new(
            Code::Permission,
            format!("{} is too large for an env file", path.display()),
        )
        .hint("make it smaller; `wt create --no-env` makes a worktree without an env block"));
    }
    Ok(Some(bytes))
}

/// Replaces the file: mode 0600 when new, else the mode it has.
///
/// # Errors
///
/// As [`read`]; `disk_full`. The old file is untouched then.
pub fn write(folder: &Path, bytes: &[u8]) -> Result<()> {
    let path = path(folder);
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => files::replace(&path, bytes, found.permissions().mode() & 0o777),
        Ok(_) => Err(not_plain(&path)),
        Err(_) => files::make(&path, bytes, 0o600),
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

fn not_plain(path: &Path) -> Failure {
    Failure::new(
        Code::Permission,
        format!("{} is not a plain file: nothing is written through a link", path.display()),
    )
    .hint("put a plain file there; `wt create --no-env` makes a worktree without an env block")
}
