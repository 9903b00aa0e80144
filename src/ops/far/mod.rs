//! Other hosts that this user works on, over ssh: which there are, what their `wt` lists, and ports of theirs that are reached
//! as if they were here.

mod forward;
mod known;
mod list;
mod worktree;

pub use forward::{Forwarded, forward};
pub use known::{HostAdded, HostList, HostRemoved, add, hosts, remove};
pub use list::{Report, Whose, list};
pub use worktree::{FarPort, FarWorktree};
