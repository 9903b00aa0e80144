//! The main worktree as a member: how it joins, what `[main]` of the configuration makes of it, and how it leaves.

mod follow;
mod join;
mod leave;

pub use follow::{follow, foreseen};
pub use join::join;
pub use leave::{leave, leave_without_ports};
