//! What a process has open, by its descriptors (`proc_pid_fd(5)`): the one place that walks `/proc/PID/fd`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Returns where the descriptors of `pid` lead: files, and what the kernel calls sockets and pipes.
///
/// # Errors
///
/// Fails for a process that is gone, or does not let us look: another user's; and where we have
/// [no room for another open file](super::open_files::is_lack).
pub fn targets(pid: u32) -> io::Result<impl Iterator<Item = PathBuf>> {
    let opened = fs::read_dir(format!("/proc/{pid}/fd"))?;
    Ok(opened.flatten().filter_map(|file| fs::read_link(file.path()).ok()))
}

/// Returns the inodes of the sockets that `pid` has open.
///
/// # Errors
///
/// As [`targets`].
pub fn sockets(pid: u32) -> io::Result<impl Iterator<Item = u64>> {
    Ok(targets(pid)?.filter_map(|target| socket_inode(&target)))
}

/// Returns the inode in `socket:[12345]`.
fn socket_inode(target: &Path) -> Option<u64> {
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_link_has_an_inode_and_a_file_has_none() {
        let inode = |target: &str| socket_inode(Path::new(target));
        assert_eq!(inode("socket:[123]"), Some(123));
        assert_eq!((inode("/tmp/socket:[1]"), inode("pipe:[1]")), (None, None));
    }
}
