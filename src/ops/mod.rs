//! ops: wiring only.

pub mod config;
pub mod run;
