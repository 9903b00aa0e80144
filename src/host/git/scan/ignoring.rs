//! Which ignore files count in a folder: its own, those above it, then those of repository and user.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::fs::{Mode, OFlags, openat};

use super::doubt::ScanDoubt;
use super::rules::Rules;
use crate::model::ignore::IgnorePatterns;

/// About a second of matching, for one command.
const MOST_STEPS: u64 = 1 << 29;

/// The ignore files above a place, nearest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignoring(Option<Arc<Level>>);

#[derive(Debug)]
struct Level {
    patterns: IgnorePatterns,
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
        let patterns = if read { IgnorePatterns::parse(&text) } else { IgnorePatterns::default() };
        if patterns.is_empty() {
            return self.clone();
        }
        Self(Some(Arc::new(Level { patterns, base, above: self.clone() })))
    }

    /// Answers whether a path, relative to the worktree and without a slash at its end, is ignored. A doubt once patterns
    /// have taken more steps than any that were written in good faith.
    pub(super) fn verdict(&self, rules: &Rules, path: &[u8], is_folder: bool) -> Result<bool, ScanDoubt> {
        let mut spent = 0;
        let verdict = self.verdict_among(&rules.ignores, path, is_folder, &mut spent).unwrap_or(false);
        let before = rules.spent.fetch_add(spent, Ordering::Relaxed);
        if before > MOST_STEPS { Err(ScanDoubt("the ignore patterns take too long")) } else { Ok(verdict) }
    }

    /// As [`verdict`](Self::verdict), `outside` being the patterns of repository and user; `None` where nothing is said.
    pub(super) fn verdict_among(
        &self,
        outside: &[IgnorePatterns],
        path: &[u8],
        is_folder: bool,
        spent: &mut u64,
    ) -> Option<bool> {
        let mut at = self;
        while let Some(level) = &at.0 {
            if let Some(verdict) = level.patterns.verdict(&path[level.base..], is_folder, spent) {
                return Some(verdict);
            }
            at = &level.above;
        }
        outside.iter().find_map(|patterns| patterns.verdict(path, is_folder, spent))
    }
}
