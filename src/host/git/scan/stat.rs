//! An entry's stat data against the file's, as `ie_match_stat` of git compares them: what is certain, and what is not.

use rustix::fs::{FileType, Stat};

use super::index_file::{Entry, low};
use super::rules::Rules;

/// What stat data tells of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Same,
    Changed,
    /// Only the content can tell.
    Doubtful,
}

/// The object of the empty file.
const EMPTY: [u8; 20] = [
    0xe6, 0x9d, 0xe2, 0x9b, 0xb2, 0xd1, 0xd6, 0x43, 0x4b, 0x8b, 0x29, 0xae, 0x77, 0x5a, 0xd8, 0xc2, 0xe4,
    0x8c, 0x53, 0x91,
];

/// `written` is when the index was: a file as young as that may have changed again unseen.
pub(super) fn sight(entry: &Entry, stat: &Stat, rules: &Rules, written: (u32, u32)) -> Sight {
    let kind = FileType::from_raw_mode(stat.st_mode);
    let expected = if entry.is_link() { FileType::Symlink } else { FileType::RegularFile };
    let is_executable = stat.st_mode & 0o100 != 0;
    if kind != expected
        || (kind == FileType::RegularFile && rules.minds_modes && is_executable != entry.is_executable())
    {
        return Sight::Changed;
    }
    let size = low(stat.st_size);
    if size != entry.size && entry.size != 0 {
        return Sight::Changed;
    }
    // A size of 0 is also what git writes where it does not know.
    if size != entry.size || (entry.size == 0 && entry.oid != EMPTY) {
        return Sight::Doubtful;
    }
    let (mtime, ctime) = (times(stat.st_mtime, stat.st_mtime_nsec), times(stat.st_ctime, stat.st_ctime_nsec));
    let is_other = |known: (u32, u32), now: (u32, u32)| {
        known.0 != now.0 || (known.1 != 0 && known.1 != now.1 && !rules.is_minimal)
    };
    let is_changed = is_other(entry.mtime, mtime)
        || (!rules.is_minimal
            && ((rules.trusts_ctime && is_other(entry.ctime, ctime))
                || entry.inode != low(stat.st_ino.cast_signed())
                || entry.owner != (stat.st_uid, stat.st_gid)));
    if is_changed || is_racy(entry.mtime, written, rules.is_minimal) { Sight::Doubtful } else { Sight::Same }
}

/// The type of nanoseconds differs between systems.
fn times(seconds: i64, nanoseconds: impl TryInto<i64>) -> (u32, u32) {
    (low(seconds), low(nanoseconds.try_into().unwrap_or_default()))
}

/// Where nanoseconds are missing, or not compared, the whole second counts, as in git.
fn is_racy(mtime: (u32, u32), written: (u32, u32), is_minimal: bool) -> bool {
    let has_parts = mtime.1 != 0 && written.1 != 0 && !is_minimal;
    if has_parts { mtime >= written } else { mtime.0 >= written.0 }
}
