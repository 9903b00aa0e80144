//! `CACHEDIR.TAG`: by its signature, not by its name alone, a folder is known as a cache (<https://bford.info/cachedir/>).

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};

use crate::model::cache::SIGNATURE;

/// Answers whether the folder at `path`, which is no link, is tagged as a cache.
#[must_use]
pub fn is_tagged(path: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).is_ok_and(|folder| is_in(&folder))
}

/// Answers whether the tag lies in an opened folder.
pub(super) fn is_in(folder: impl AsFd) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(tag) = openat(folder, "CACHEDIR.TAG", flags, Mode::empty()) else { return false };
    let is_file =
        fstat(&tag).is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::RegularFile);
    let mut begin = Vec::new();
    let length = SIGNATURE.len() as u64;
    is_file && File::from(tag).take(length).read_to_end(&mut begin).is_ok() && begin == SIGNATURE.as_bytes()
}
