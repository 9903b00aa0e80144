//! What worktrees take on disk: counted on few threads, their caches apart; and caches taken away.

pub mod aside;
mod count;
mod extents;
pub mod folder;
mod tag;
mod walk;

pub use count::{Cache, CountedPlace, count};
pub use tag::is_tagged;
