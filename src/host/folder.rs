//! A folder as it is judged before anything is kept in it: whose it is, who may write, what it lies on.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use crate::model::diagnosis::StateFolderFacts;

/// Looks at `path`, or where it is not there at the nearest folder above it; nothing is made.
#[must_use]
pub fn facts(path: &Path) -> StateFolderFacts {
    let nearest = path.ancestors().find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(Path::new("/"));
    let found = nearest.metadata().ok().filter(std::fs::Metadata::is_dir);
    let access = rustix::fs::access(nearest, Access::WRITE_OK | Access::EXEC_OK);
    StateFolderFacts {
        exists: nearest == path,
        owner: found.as_ref().map_or(0, MetadataExt::uid),
        mode: found.as_ref().map_or(0, |found| found.permissions().mode() & 0o777),
        writable: found.is_some() && access.is_ok(),
        network: network(nearest),
    }
}

/// Returns the folders above `path` that are not there, outermost first.
#[must_use]
pub fn missing_above(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1).take_while(|parent| parent.symlink_metadata().is_err());
    let mut missing: Vec<_> = above.map(Path::to_path_buf).collect();
    missing.reverse();
    missing
}

/// The network file systems by their magic numbers (`statfs(2)`).
#[cfg(target_os = "linux")]
fn network(path: &Path) -> Option<&'static str> {
    const KNOWN: [(u32, &str); 8] = [
        (0x6969, "nfs"),
        (0x517B, "smb"),
        (0xFE53_4D42, "smb"),
        (0xFF53_4D42, "cifs"),
        (0x5346_414F, "afs"),
        (0x00C3_6400, "ceph"),
        (0x0102_1997, "9p"),
        (0x7375_7245, "coda"),
    ];
    let found = rustix::fs::statfs(path).ok()?;
    KNOWN.iter().find(|(magic, _)| i64::from(*magic) == found.f_type as i64).map(|(_, name)| *name)
}

#[cfg(not(target_os = "linux"))]
fn network(_: &Path) -> Option<&'static str> {
    None
}
