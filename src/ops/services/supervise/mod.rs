//! The supervisor of a worktree's services.

mod beating;
mod caller;
mod callers;
mod chronicle;
mod claims;
mod door;
mod ending;
mod ground;
mod holders;
mod journal;
mod keep;
mod launching;
mod looking;
mod ports;
mod reaping;
mod refusal;
mod registrar;
mod running;
mod sampled;
mod sampling;
mod sharing;
mod sleeping;
mod supervisor;
mod takeover;
mod team_told;
mod terminal;
mod waiting;

pub use supervisor::supervise;
