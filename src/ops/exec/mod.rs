//! One command in several worktrees: which ones, and running it in each.

mod choice;
mod run;

pub use choice::{Request, Wanted, target_of};
pub use run::{Listener, Report, Run, exec};
