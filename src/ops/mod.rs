//! ops: wiring only.

pub mod config;
pub mod init;
pub mod run;
pub mod switch;
