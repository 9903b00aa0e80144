//! git's index (gitformat-index(5)) as a file: read as it stands, and written new. What it means for a worktree is
//! decided elsewhere.

mod read;
mod stat;
mod write;

pub use read::IndexFile;
pub use stat::StatData;
pub(crate) use write::{Cached, NewEntry, encode};
