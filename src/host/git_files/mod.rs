//! git's files, read and written without git: each kind has one reader. What a worktree's files say against them is told by
//! `host/git/scan`; the patterns of ignore and attribute files are matched by `model/glob` alone.

pub mod checkout;
pub mod conversion;
pub mod index;
pub mod objects;
pub mod packs;
