//! What changed in a worktree, told by ourselves: stat data against the index, on all cores. Where that leaves a doubt it
//! says so, and git is asked: it never guesses.

mod content;
mod doubt;
mod ignoring;
mod judge;
mod listing;
mod rules;
mod staged;
mod stat;
mod walk;
mod worktree;

pub(in crate::host::git) use doubt::ScanDoubt;
pub use judge::{Depth, Ignores};
pub(in crate::host::git) use rules::{Rules, user_file};
pub(in crate::host::git) use worktree::{ScannedWorktree, Trees, assumed_paths, scan, submodule_paths};
