//! Running the services of worktrees: starting, stopping, looking, and the supervisor that does it.

pub mod contact;
mod conversation;
pub mod down;
mod elsewhere;
mod failures;
pub mod foreground;
pub mod forget;
pub mod leftovers;
pub mod logs;
mod naming;
mod occupied;
pub mod place;
pub mod plans;
pub mod report;
pub mod restart;
pub mod run;
pub mod settling;
pub mod status;
pub mod supervise;
pub mod taking_over;
pub mod up;
