//! The machine, read and changed: files, locks, git, sockets, processes, clock, environment. No policy.

pub mod checkout;
pub mod config_files;
pub mod directive;
pub mod git;
pub mod net;
pub mod process;
