//! The machine, read and changed: files, locks, git, sockets, processes, clock, environment. No policy.

pub mod checkout;
pub mod clock;
pub mod config_files;
pub mod directive;
pub mod dirs;
pub mod env_file;
pub mod environment;
pub mod events;
pub mod exclude;
pub mod files;
pub mod folder;
pub mod git;
pub mod index;
pub mod inside;
pub mod interrupt;
pub mod lock;
pub mod machine;
pub mod net;
pub mod packs;
pub mod place;
pub mod process;
pub mod remove_tree;
pub mod store;
pub mod token;
pub mod trust_file;
pub mod unit_files;
