//! Which ignore files count in a folder: its own, those above it, then those of repository and user.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, openat};

use super::rules::Rules;
use crate::model::ignore::Patterns;

/// The ignore files above a place, nearest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignoring(Option<Arc<Level>>);

#[derive(Debug)]
struct Level {
    patterns: Patterns,
    /// How long the path of its folder is, the slash counted.
    base: usize,
    above: Ignoring,
}

impl Ignoring {
    pub(super) fn new() -> Self {
        Self(None)
    }

    /// Adds the `.gitignore` of the open folder, whose path is `base` bytes long. git follows no link there.
    pub(super) fn with_file_of(&self, folder: &OwnedFd, base: usize) -> Self {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut text = Vec::new();
        let file = openat(folder, ".gitignore", flags, Mode::empty()).map(std::fs::File::from);
        let read = file.is_ok_and(|mut file| {
            file.metadata().is_ok_and(|facts| facts.is_file()) && file.read_to_end(&mut text).is_ok()
        });
        let patterns = if read { Patterns::parse(&text) } else { Patterns::default() };
        if patterns.is_empty() {
            return self.clone();
        }
        Self(Some(Arc::new(Level { patterns, base, above: self.clone() })))
    }

    /// Answers whether a path, relative to the worktree and without a slash at its end, is ignored.
    pub(super) fn verdict(&self, rules: &Rules, path: &[u8], is_folder: bool) -> bool {
        let mut at = self;
        while let Some(level) = &at.0 {
            if let Some(verdict) = level.patterns.verdict(&path[level.base..], is_folder) {
                return verdict;
            }
            at = &level.above;
        }
        rules.ignores.iter().find_map(|patterns| patterns.verdict(path, is_folder)).unwrap_or(false)
    }
}
