//! What is mounted where, as a process sees it: the lines of `proc_pid_mountinfo(5)`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct Mount {
    pub device: String,
    /// What of the file system is mounted.
    pub root: PathBuf,
    pub place: PathBuf,
}

/// Returns what we see mounted; nothing where the kernel does not say.
#[must_use]
pub fn of_us() -> Vec<Mount> {
    mounts(&fs::read("/proc/self/mountinfo").unwrap_or_default())
}

/// Returns what a process sees mounted; nothing where it is gone or not ours to ask.
#[must_use]
pub fn of(pid: u32) -> Vec<Mount> {
    mounts(&fs::read(format!("/proc/{pid}/mountinfo")).unwrap_or_default())
}

fn mounts(mountinfo: &[u8]) -> Vec<Mount> {
    let lines = mountinfo.split(|byte| *byte == b'\n');
    let mount = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b' ').skip(2);
        let device = String::from_utf8_lossy(fields.next()?).into_owned();
        let (root, place) = (unescaped(fields.next()?), unescaped(fields.next()?));
        Some(Mount { device, root, place })
    };
    lines.filter_map(mount).collect()
}

/// Blanks and the like are written as three octal digits behind a backslash.
fn unescaped(field: &[u8]) -> PathBuf {
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
        let line = b"36 35 98:0 /w/a\\040b /mnt/x\\134y rw - ext4 /dev/root rw\nshort\n30 22 0:31 / / rw shared:1 - x y rw\n";
        let mount = |device: &str, root: &str, place: &str| Mount {
            device: device.to_owned(),
            root: root.into(),
            place: place.into(),
        };
        assert_eq!(mounts(line), [mount("98:0", "/w/a b", "/mnt/x\\y"), mount("0:31", "/", "/")]);
    }
}
