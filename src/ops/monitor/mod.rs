//! `wt monitor`: a standing watch over every worktree.

mod announcing;
mod beats;
mod look;
mod mend;
mod naming;
mod stand;
mod tell;

pub use look::{Look, MonitorMemory};
pub use mend::Permit;
pub use stand::Stand;
