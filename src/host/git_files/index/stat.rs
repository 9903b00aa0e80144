//! A path's stat data as git's index has it.

use rustix::fs::Stat;

/// What git compares to see whether a file was touched: cut to 32 bits (gitformat-index(5)), but for the size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatData {
    /// Seconds and nanoseconds.
    pub changed: (i32, u32),
    /// Seconds and nanoseconds.
    pub modified: (i32, u32),
    pub device: u32,
    pub inode: u32,
    pub user: u32,
    pub group: u32,
    /// Bytes; an index keeps the low 32 bits only.
    pub size: u64,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "git cuts each of them to 32 bits"
)]
impl From<Stat> for StatData {
    fn from(stat: Stat) -> Self {
        Self {
            changed: (stat.st_ctime as i32, stat.st_ctime_nsec as u32),
            modified: (stat.st_mtime as i32, stat.st_mtime_nsec as u32),
            device: stat.st_dev as u32,
            inode: stat.st_ino as u32,
            user: stat.st_uid,
            group: stat.st_gid,
            size: stat.st_size as u64,
        }
    }
}

impl StatData {
    /// Returns the size as an index keeps it.
    #[must_use]
    pub fn size_in_index(&self) -> u32 {
        u32::try_from(self.size & u64::from(u32::MAX)).unwrap_or(u32::MAX)
    }

    /// Answers whether a file found with `found` is the one that this was written down for, untouched since: size,
    /// times, inode, owner. Stricter than git, which can be told to leave some of them out; the device is left out by
    /// git as well, since some systems number it anew at each mount.
    #[must_use]
    pub fn is_same_file(&self, found: &Self) -> bool {
        self.size_in_index() == found.size_in_index()
            && self.modified == found.modified
            && self.changed == found.changed
            && self.inode == found.inode
            && (self.user, self.group) == (found.user, found.group)
    }
}
