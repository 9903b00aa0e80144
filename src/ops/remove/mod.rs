//! Taking a worktree back: say what would be lost, refuse, or put it away so that it can be restored.

mod apply;
mod losses;
mod marking;
mod plan;
mod records;
mod settle;

pub use apply::{Removed, Report, apply};
pub use plan::{Plan, RemovalLook, RemovalTarget, Request, inspect, inspect_record, plan};
pub use settle::{put_admin_back, settle_dead, settle_saying};
