//! Running the services of worktrees: starting, stopping, looking, and the supervisor that does it.

pub mod contact;
mod conversation;
pub mod down;
mod elsewhere;
mod failures;
pub mod foreground;
pub mod forget;
mod internal;
pub mod leftovers;
pub mod live;
pub mod logs;
mod naming;
mod occupied;
pub mod place;
pub mod plans;
mod remains;
pub mod report;
pub mod restart;
pub mod run;
mod seat;
pub mod settling;
pub mod status;
pub mod supervise;
mod supervision;
pub mod taking_over;
pub mod up;
pub mod wish;
