//! One command in several worktrees: which ones, and running it in each.

mod choice;
mod run;

pub use choice::{Request, WantedWorktrees, target_of};
pub use run::{ExecListener, ExecRun, Report, exec};
