//! Taking a worktree back: say what would be lost, refuse, or put it away so that it can be restored.

mod apply;
mod begun;
mod gathered;
mod losses;
mod marking;
mod plan;
mod records;
mod report;
mod settle;
mod single;
mod steps;

pub use self::apply::apply;
pub use gathered::{IN_TRASH, TOGETHER};
pub use plan::{Plan, RemovalLook, RemovalTarget, Request, inspect, inspect_record, plan};
pub use report::{Removed, Report};
pub use settle::{put_admin_back, settle_dead, settle_saying};
