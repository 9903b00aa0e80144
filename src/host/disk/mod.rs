//! What worktrees take on disk: counted on few threads, their caches apart; and caches taken away.

pub mod aside;
mod count;
pub mod folder;
mod walk;

pub use count::{Cache, Place, count};
