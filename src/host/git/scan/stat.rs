//! An entry's stat data against the file's, as `ie_match_stat` of git compares them: what is certain, and what is not.

use rustix::fs::{FileType, Stat};

use super::rules::Rules;
use crate::host::git_files::index::{IndexEntry, StatData};

/// What stat data tells of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatMatch {
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
pub(super) fn sight(entry: &IndexEntry, stat: &Stat, rules: &Rules, written: (i32, u32)) -> StatMatch {
    let kind = FileType::from_raw_mode(stat.st_mode);
    let expected = if entry.is_link() { FileType::Symlink } else { FileType::RegularFile };
    let is_executable = stat.st_mode & 0o100 != 0;
    if kind != expected
        || (kind == FileType::RegularFile && rules.minds_modes && is_executable != entry.is_executable())
    {
        return StatMatch::Changed;
    }
    let (known, now) = (&entry.stat, StatData::from(*stat));
    if now.size_in_index() != known.size_in_index() && known.size != 0 {
        return StatMatch::Changed;
    }
    // A size of 0 is also what git writes where it does not know.
    if now.size_in_index() != known.size_in_index() || (known.size == 0 && entry.id != EMPTY) {
        return StatMatch::Doubtful;
    }
    let is_other = |known: (i32, u32), now: (i32, u32)| {
        known.0 != now.0 || (known.1 != 0 && known.1 != now.1 && !rules.is_minimal)
    };
    let is_changed = is_other(known.modified, now.modified)
        || (!rules.is_minimal
            && ((rules.trusts_ctime && is_other(known.changed, now.changed))
                || known.inode != now.inode
                || (known.user, known.group) != (now.user, now.group)));
    let is_doubtful = is_changed || is_racy(unsigned(known.modified), unsigned(written), rules.is_minimal);
    if is_doubtful { StatMatch::Doubtful } else { StatMatch::Same }
}

/// git compares seconds as the index has them: cut to 32 bits, without a sign.
fn unsigned((seconds, nanoseconds): (i32, u32)) -> (u32, u32) {
    (seconds.cast_unsigned(), nanoseconds)
}

/// Where nanoseconds are missing, or not compared, the whole second counts, as in git.
fn is_racy(mtime: (u32, u32), written: (u32, u32), is_minimal: bool) -> bool {
    let has_parts = mtime.1 != 0 && written.1 != 0 && !is_minimal;
    if has_parts { mtime >= written } else { mtime.0 >= written.0 }
}
