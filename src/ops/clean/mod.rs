//! Deleting caches of worktrees: what git ignores, is known by a name, and nobody works with.

mod apply;
mod choice;
mod plan;
mod report;

pub use apply::{apply, settle_leftovers};
pub use plan::plan;
pub use report::{Cleaned, LeftFolder, Report, Request};
