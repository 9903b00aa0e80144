//! git's index (gitformat-index(5)) as a file: read as it stands, and written new. What it means for a worktree is
//! decided elsewhere.

mod bytes;
mod cached;
mod read;
mod stat;
mod tree;
mod unread;
mod write;

pub use cached::find_index_words;
pub use read::{IndexEntry, IndexFile};
pub use stat::StatData;
pub use tree::TreeCache;
pub use unread::UnreadIndex;
pub(crate) use write::{Cached, NewEntry, encode};
