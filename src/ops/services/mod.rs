//! Running the services of worktrees: starting, stopping, looking, and the supervisor that does it.

pub mod logs;
pub mod run;
