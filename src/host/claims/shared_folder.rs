//! The folder that the users of a machine share: root's, writable by all, nobody's to take another's file out of, and on a
//! file system whose locks all of them see.

use std::fs::{DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::error::{Code, Failure, Result};
use crate::host::process::users;
use crate::model::advised::wt;

/// The mode of the folder: all may write, nobody may take away what is another's (inode(7), the sticky bit).
const MODE: u32 = 0o1777;

/// Opens the folder; `None` where none is there.
///
/// # Errors
///
/// `claims_unreachable` for one that cannot be trusted.
pub fn open(path: &Path) -> Result<Option<File>> {
    let Some(folder) = open_any(path)? else { return Ok(None) };
    match why_untrusted(&folder).or_else(|| why_of_mode(&folder)) {
        None => Ok(Some(folder)),
        Some((why, reason)) => Err(refused(path, &why, reason)),
    }
}

fn open_any(path: &Path) -> Result<Option<File>> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed();
    match File::options().read(true).custom_flags(flags).open(path) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(path, &format!("cannot be opened as a folder: {error}"), "unreadable")),
    }
}

/// The failure of a folder that is not used.
pub fn refused(path: &Path, why: &str, reason: &str) -> Failure {
    Failure::new(Code::ClaimsUnreachable, format!("the shared folder {} {why}", path.display()))
        .hint("root puts it right, or `WT_TEAM_SHARED_HOST=off` does without: ports are then kept apart for you alone")
        .detail("reason", reason)
        .detail("path", path.display().to_string())
}

fn why_untrusted(folder: &File) -> Option<(String, &'static str)> {
    let found = folder.metadata().ok()?;
    if found.uid() != 0 && found.uid() != users::ourselves() {
        return Some((
            format!("belongs to user {}, who can take claims away: it must be root's", found.uid()),
            "owner",
        ));
    }
    let kind = rustix::fs::fstatfs(folder).ok()?.f_type;
    network_kind(kind).map(|name| {
        (
            format!("is on {name}, where each machine has locks of its own: two of us would be let in"),
            "no_locks",
        )
    })
}

/// A folder that not all may write in keeps nobody apart, and in one without the sticky bit others take claims away.
fn why_of_mode(folder: &File) -> Option<(String, &'static str)> {
    let mode = folder.metadata().ok()?.mode() & 0o7777;
    if mode == MODE {
        return None;
    }
    let what = if mode & 0o022 == 0 {
        "others cannot write their claims there"
    } else if mode & 0o1000 == 0 {
        "others can take claims away"
    } else {
        "not all users are let in alike"
    };
    Some((format!("has mode {mode:04o}: {what} (it must be 1777)"), "mode"))
}

/// Returns what the file system is called where a lock on a folder means nothing to other machines (statfs(2)).
fn network_kind(kind: impl TryInto<i64>) -> Option<&'static str> {
    Some(match kind.try_into().ok()? & 0xffff_ffff {
        0x6969 => "NFS",
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => "SMB",
        0x0102_1997 => "9p",
        0x5346_414f => "AFS",
        _ => return None,
    })
}

/// Makes the folder, or finds it made.
///
/// # Errors
///
/// `permission` for whoever is not root; `claims_unreachable` where something else stands there.
pub fn make(path: &Path) -> Result<bool> {
    if let Some(folder) = open_any(path)?
        && why_of_mode(&folder).is_none()
    {
        return open(path).map(|_| false);
    }
    if users::ourselves() != 0 {
        return Err(Failure::new(Code::Permission, format!("only root makes {}", path.display()))
            .hint(wt("team init --shared-host", &[]).by_root().to_string()));
    }
    let failed =
        |error| Failure::from_io(error, Code::Permission, format!("{} cannot be made", path.display()));
    DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(failed)?;
    let Some(folder) = open_any(path)? else {
        return Err(Failure::new(Code::Internal, format!("{} went away", path.display())));
    };
    if let Some((why, reason)) = why_untrusted(&folder) {
        return Err(refused(path, &why, reason));
    }
    // Beside what the mask of new files takes away.
    folder.set_permissions(PermissionsExt::from_mode(MODE)).map_err(failed)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_of_network_file_systems_are_not_believed() {
        for kind in [0x6969_i64, 0xfe53_4d42, 0xff53_4d42, 0x0102_1997, 0x5346_414f] {
            assert!(network_kind(kind).is_some(), "{kind:x}");
        }
        for kind in [0xef53_i64, 0x0102_1994, 0x9123_683e, 0x5846_5342, 0x794c_7630] {
            assert_eq!(network_kind(kind), None, "{kind:x}");
        }
    }
}
