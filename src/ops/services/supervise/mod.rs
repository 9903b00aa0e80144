//! The supervisor of a worktree's services.

mod caller;
mod callers;
mod chronicle;
mod claims;
mod ending;
mod holders;
mod keep;
mod launching;
mod leaving;
mod looking;
mod refusal;
mod registrar;
mod running;
mod supervisor;
mod takeover;
mod terminal;
mod waiting;

pub use supervisor::supervise;
