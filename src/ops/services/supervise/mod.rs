//! The supervisor of a worktree's services.

mod callers;
mod chronicle;
mod claims;
mod ending;
mod holders;
mod keep;
mod launching;
mod leaving;
mod looking;
mod running;
mod supervisor;
mod takeover;
mod terminal;

pub use supervisor::{Wish, supervise};
