//! The use cases, one each: gather, decide, act. They plan, then apply, and return reports; they never speak.

pub mod adopt;
pub mod choose;
pub mod config;
pub mod create;
pub mod env;
pub mod find;
pub mod heal;
pub mod health;
pub mod hook;
pub mod hooks;
pub mod init;
pub mod list;
pub mod origin;
pub mod path;
pub mod ports;
pub mod reclaim;
pub mod remove;
pub mod restore;
pub mod rows;
pub mod run;
pub mod sweep;
pub mod switch;
pub mod undo;
pub mod vanished;
pub mod view;
pub mod watch;
