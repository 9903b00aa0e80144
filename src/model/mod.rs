//! The rules, pure: types and their invariants, decisions, rendering. No I/O, no clock, no environment.

pub mod attribution;
pub mod branch;
pub mod config;
pub mod env_block;
pub mod event;
pub mod exclusion;
pub mod history;
pub mod identifier;
pub mod killing;
pub mod listener;
pub mod loss;
pub mod port;
pub mod presence;
pub mod process;
pub mod purpose;
pub mod quantity;
pub mod quoting;
pub mod registry;
pub mod resolve;
pub mod selection;
pub mod service;
pub mod signal;
pub mod suggestion;
pub mod template;
pub mod variables;
pub mod view;
