//! Folders of ours that processes of another mount namespace see by another path, as containers do that mount a worktree
//! (`mount_namespaces(7)`).

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::table;

/// One line of `proc_pid_mountinfo(5)`.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    device: String,
    /// What of the file system is mounted.
    root: PathBuf,
    place: PathBuf,
}

/// Returns a process of another mount namespace in which `folder`, or a part of it, is mounted by itself.
#[must_use]
pub fn find(folder: &Path) -> Option<u32> {
    let own = fs::read_link("/proc/self/ns/mnt").ok()?;
    let mounts = mounts(&fs::read("/proc/self/mountinfo").ok()?);
    let holding = mounts.iter().filter(|mount| folder.starts_with(&mount.place));
    let holding = holding.max_by_key(|mount| mount.place.components().count())?;
    let inside = holding.root.join(folder.strip_prefix(&holding.place).ok()?);
    let mut others: HashMap<PathBuf, u32> = HashMap::new();
    for pid in table::pids() {
        if let Ok(space) = fs::read_link(format!("/proc/{pid}/ns/mnt"))
            && space != own
        {
            others.entry(space).or_insert(pid);
        }
    }
    let is_bound = |pid: &u32| {
        let mounts = mounts_of(*pid);
        mounts.iter().any(|mount| mount.device == holding.device && mount.root.starts_with(&inside))
    };
    others.into_values().find(is_bound)
}

fn mounts_of(pid: u32) -> Vec<Mount> {
    mounts(&fs::read(format!("/proc/{pid}/mountinfo")).unwrap_or_default())
}

fn mounts(mountinfo: &[u8]) -> Vec<Mount> {
    let lines = mountinfo.split(|byte| *byte == b'\n');
    let mount = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b' ').skip(2);
        let device = String::from_utf8_lossy(fields.next()?).into_owned();
        let (root, place) = (plain(fields.next()?), plain(fields.next()?));
        Some(Mount { device, root, place })
    };
    lines.filter_map(mount).collect()
}

/// Blanks and the like are written as three octal digits behind a backslash.
fn plain(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let number = after.get(..3).filter(|_| *first == b'\\').and_then(|digits| {
            digits.iter().try_fold(0_u8, |sum, digit| {
                let value = digit.checked_sub(b'0').filter(|value| *value < 8)?;
                sum.checked_mul(8)?.checked_add(value)
            })
        });
        bytes.push(number.unwrap_or(*first));
        rest = if number.is_some() { &after[3..] } else { after };
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_read_with_its_blanks() {
        let line = b"36 35 98:0 /w/a\\040b /mnt/x\\134y rw - ext4 /dev/root rw\nshort\n";
        let expected = Mount { device: "98:0".to_owned(), root: "/w/a b".into(), place: "/mnt/x\\y".into() };
        assert_eq!(mounts(line), [expected]);
    }
}
