//! Renames a worktree: name, folder, branch, env block and Compose project together, or not at all.

mod apply;
mod heal;
mod plan;
mod refusal;
mod settle;

pub use apply::{Report, apply};
pub use heal::heal;
pub use plan::{Plan, Request, Unasked, plan};
